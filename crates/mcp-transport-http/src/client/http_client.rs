//! The pool of connections that all servers share.

use std::{
    error::Error as StdError,
    fmt,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Buf, Bytes};
use http::{Request, Response, header::PROXY_AUTHORIZATION};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioTimer},
};
use mcp_jsonrpc::Message;

use super::{connector::Connector, proxy::ProxySettings};

/// A pool of HTTP/1.1 connections, to be shared by all transports of a program. Cloning it is cheap.
///
/// Making one does no I/O; the system's root certificates are read when the first `https` URL is met.
#[derive(Clone)]
pub struct HttpClient {
    pool: Client<Connector, Chunks>,
    proxy: ProxySettings,
}

/// How an [`HttpClient`] connects.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HttpSettings {
    /// How long a connection may take to come about, name lookup and TLS included. Default: 10 s.
    pub connect_timeout: Duration,
    /// How long a connection that nobody uses is kept. Default: 75 s.
    pub idle_timeout: Duration,
    /// How many connections that nobody uses are kept per server. Default: 64.
    pub idle_per_host: usize,
    /// The proxies to go through. Default: none.
    pub proxy: ProxySettings,
    /// Root certificates in DER that are trusted besides the system's. Default: none.
    #[cfg(feature = "tls")]
    pub roots: Vec<Vec<u8>>,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            idle_per_host: 64,
            proxy: ProxySettings::default(),
            #[cfg(feature = "tls")]
            roots: Vec::new(),
        }
    }
}

/// The body of a request: a message, of which a large one is sent in its parts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chunks(pub(crate) [Bytes; 3]);

/// Why there is no response.
#[derive(Debug)]
pub(crate) enum Broken {
    /// Nothing was sent.
    Unsent(Box<dyn StdError + Send + Sync>),
    /// The connection broke after something was sent.
    Sent(Box<dyn StdError + Send + Sync>),
}

/// Up to this length in bytes a message is sent in one piece: a copy is cheaper than more buffers on the way.
const SMALL: usize = 4096;

impl Chunks {
    pub(crate) fn of(message: &Message) -> Self {
        if message.len() <= SMALL {
            Self([message.to_bytes(), Bytes::new(), Bytes::new()])
        } else {
            Self(message.chunks())
        }
    }
}

impl HttpClient {
    /// An empty pool.
    #[must_use]
    pub fn new(settings: &HttpSettings) -> Self {
        let pool = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(settings.idle_timeout)
            .pool_max_idle_per_host(settings.idle_per_host)
            .build(Connector::new(settings));
        Self { pool, proxy: settings.proxy.clone() }
    }

    /// Sends one request and waits for the head of its response.
    pub(crate) async fn send(&self, mut request: Request<Chunks>) -> Result<Response<Incoming>, Broken> {
        // Towards https servers the tunnel has the proxy's credentials; here they go with each request.
        if request.uri().scheme_str() == Some("http")
            && let Some(proxy) = self.proxy.intercept(request.uri())
            && let Some(credentials) = proxy.basic_auth()
        {
            request.headers_mut().insert(PROXY_AUTHORIZATION, credentials.clone());
        }
        self.pool.request(request).await.map_err(|error| {
            let cancelled = error.source().and_then(|source| source.downcast_ref::<hyper::Error>());
            if error.is_connect() || cancelled.is_some_and(hyper::Error::is_canceled) {
                Broken::Unsent(error.into())
            } else {
                Broken::Sent(error.into())
            }
        })
    }
}

impl Default for HttpClient {
    fn default() -> Self {
        Self::new(&HttpSettings::default())
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient").field("proxy", &self.proxy).finish_non_exhaustive()
    }
}

impl Body for Chunks {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::convert::Infallible>>> {
        let next = self.0.iter_mut().find(|chunk| !chunk.is_empty());
        Poll::Ready(next.map(|chunk| Ok(Frame::data(std::mem::take(chunk)))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.iter().all(Bytes::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.iter().map(|chunk| chunk.remaining() as u64).sum())
    }
}
