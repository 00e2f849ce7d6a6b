//! Opens the TCP connections of the pool: directly or through a proxy, plain or with TLS.

use std::{
    error::Error as StdError,
    future::poll_fn,
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures::future::BoxFuture;
use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use tower_service::Service;

use super::{http_error::HttpError, proxy::ProxySettings};

/// What the pool calls for a new connection. The pool clones it for every request.
#[derive(Clone, Debug)]
pub(crate) struct Connector(Arc<Way>);

#[derive(Clone, Debug)]
struct Way {
    tcp: HttpConnector,
    proxy: ProxySettings,
    timeout: Duration,
    #[cfg(feature = "tls")]
    tls: super::tls::Tls,
}

/// A connection, whatever it goes through.
pub(crate) struct Connect {
    io: Pin<Box<dyn Io>>,
    /// Whether the other end is a proxy that wants to see whole URLs.
    proxied: bool,
}

type BoxError = Box<dyn StdError + Send + Sync>;

trait Io: Read + Write + Connection + Send {}

impl<T: Read + Write + Connection + Send> Io for T {}

impl Connector {
    pub(crate) fn new(settings: &super::http_client::HttpSettings) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(Duration::from_mins(1)));
        Self(Arc::new(Way {
            tcp,
            proxy: settings.proxy.clone(),
            timeout: settings.connect_timeout,
            #[cfg(feature = "tls")]
            tls: super::tls::Tls::new(settings.roots.clone()),
        }))
    }
}

impl Way {
    async fn connect(self, target: Uri) -> Result<Connect, HttpError> {
        let secure = target.scheme_str() == Some("https");
        match self.proxy.intercept(&target) {
            None if secure => self.secure(target).await,
            None => direct(self.tcp, target).await,
            Some(proxy) if !matches!(proxy.uri().scheme_str(), Some("http" | "https")) => Err(HttpError::ProxyScheme),
            Some(proxy) if secure => self.tunnel(&proxy, target).await,
            Some(proxy) => {
                let there = proxy.uri().clone();
                let secure = there.scheme_str() == Some("https");
                let connect = if secure { self.secure(there).await } else { direct(self.tcp, there).await };
                connect
                    .map(|connect| Connect { proxied: true, ..connect })
                    .map_err(|error| HttpError::Proxy(error.into()))
            }
        }
    }
}

#[cfg(feature = "tls")]
impl Way {
    async fn secure(self, target: Uri) -> Result<Connect, HttpError> {
        let tcp = Named { inner: self.tcp, name: HttpError::Connect };
        call(self.tls.over(tcp).await?, target).await.map(Connect::new).map_err(named_or_tls)
    }

    async fn tunnel(
        self,
        proxy: &hyper_util::client::proxy::matcher::Intercept,
        target: Uri,
    ) -> Result<Connect, HttpError> {
        use hyper_util::client::legacy::connect::proxy::Tunnel;

        let mut tunnel = Tunnel::new(proxy.uri().clone(), self.tls.over(self.tcp).await?);
        if let Some(credentials) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(credentials.clone());
        }
        let tunnel = Named { inner: tunnel, name: HttpError::Proxy };
        call(self.tls.over(tunnel).await?, target).await.map(Connect::new).map_err(named_or_tls)
    }
}

/// What went wrong below TLS, or else TLS itself.
#[cfg(feature = "tls")]
fn named_or_tls(error: BoxError) -> HttpError {
    error.downcast().map_or_else(HttpError::Tls, |named| *named)
}

/// A service whose errors say at which stage they happened.
#[cfg(feature = "tls")]
struct Named<S> {
    inner: S,
    name: fn(BoxError) -> HttpError,
}

#[cfg(feature = "tls")]
impl<S> Service<Uri> for Named<S>
where
    S: Service<Uri, Error: Into<BoxError>, Future: Send + 'static>,
{
    type Response = S::Response;
    type Error = HttpError;
    type Future = BoxFuture<'static, Result<S::Response, HttpError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), HttpError>> {
        self.inner.poll_ready(context).map_err(|error| (self.name)(error.into()))
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let (calling, name) = (self.inner.call(target), self.name);
        Box::pin(async move { calling.await.map_err(|error| name(error.into())) })
    }
}

#[cfg(not(feature = "tls"))]
impl Way {
    #[expect(clippy::unused_async, reason = "stands in for the one with TLS")]
    async fn secure(self, _: Uri) -> Result<Connect, HttpError> {
        Err(HttpError::NoTls)
    }

    #[expect(clippy::unused_async, reason = "stands in for the one with TLS")]
    async fn tunnel(self, _: &hyper_util::client::proxy::matcher::Intercept, _: Uri) -> Result<Connect, HttpError> {
        Err(HttpError::NoTls)
    }
}

async fn direct(tcp: HttpConnector, target: Uri) -> Result<Connect, HttpError> {
    call(tcp, target).await.map(Connect::new).map_err(HttpError::Connect)
}

async fn call<S>(mut service: S, target: Uri) -> Result<S::Response, BoxError>
where
    S: Service<Uri, Error: Into<BoxError>>,
{
    poll_fn(|context| service.poll_ready(context)).await.map_err(Into::into)?;
    service.call(target).await.map_err(Into::into)
}

impl Service<Uri> for Connector {
    type Response = Connect;
    type Error = HttpError;
    type Future = BoxFuture<'static, Result<Connect, HttpError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), HttpError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let this = Way::clone(&self.0);
        Box::pin(async move {
            let after = this.timeout;
            tokio::time::timeout(after, this.connect(target)).await.unwrap_or(Err(HttpError::Timeout(after)))
        })
    }
}

impl Connect {
    fn new(io: impl Io + 'static) -> Self {
        Self { io: Box::pin(io), proxied: false }
    }
}

impl Connection for Connect {
    fn connected(&self) -> Connected {
        self.io.connected().proxy(self.proxied)
    }
}

impl Read for Connect {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        self.io.as_mut().poll_read(cx, buf)
    }
}

impl Write for Connect {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.io.as_mut().poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.as_mut().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.as_mut().poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.io.as_mut().poll_write_vectored(cx, bufs)
    }
}
