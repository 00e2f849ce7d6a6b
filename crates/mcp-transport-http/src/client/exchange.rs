//! One HTTP exchange with a server: our headers, credentials, one more try after a challenge, redirects.

use std::{borrow::Cow, error::Error as StdError, sync::Arc};

use http::{
    HeaderMap, HeaderName, Method, Request, Response, StatusCode,
    header::{self, HeaderValue},
};
use hyper::body::Incoming;
use mcp_protocol::header as mcp;
use mcp_transport::{Caller, CloseReason, Closed, ConnectError, Lost};

use super::{
    body,
    http_client::{Broken, Chunks},
    http_error::HttpError,
    remote::Remote,
    server_url::ServerUrl,
};

/// How often a server may send us on to another path.
const REDIRECTS: usize = 5;

/// Who we are, unless the configuration says otherwise: some firewalls turn away who does not say.
const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

/// Headers that are yet to be put together with others.
pub(crate) type Headers = Vec<(HeaderName, HeaderValue)>;

/// What is asked of a server.
#[derive(Clone, Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) method: Method,
    pub(crate) url: &'a ServerUrl,
    /// The headers of the protocol; they win over everybody's.
    pub(crate) headers: Headers,
    pub(crate) body: Chunks,
    pub(crate) caller: &'a Caller,
}

/// Why there is no response.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The server has not seen the request.
    NotSent(ConnectError),
    /// The server may have acted on the request.
    Lost(Lost),
}

impl Remote {
    /// Waits for the head of the response. A refusal for want of credentials comes back as it is if there are no better.
    pub(crate) async fn ask(&self, ask: Ask<'_>) -> Result<Response<Incoming>, Failure> {
        let credentials = self.credentials.headers(ask.caller, None).await;
        let credentials = credentials.map_err(|error| Failure::NotSent(ConnectError::Other(error.into())))?;
        let response = self.follow(&ask, &credentials).await?;
        let Some(challenge) = challenge(&response) else { return Ok(response) };
        let Ok(better) = self.credentials.headers(ask.caller, Some(&challenge)).await else { return Ok(response) };
        body::discard(response).await;
        self.follow(&ask, &better).await
    }

    /// Follows redirects that stay on the server, with the same method and body.
    async fn follow(&self, ask: &Ask<'_>, credentials: &HeaderMap) -> Result<Response<Incoming>, Failure> {
        let mut url = Cow::Borrowed(ask.url);
        for _ in 0..REDIRECTS {
            let response = self.send(ask, &url, credentials).await?;
            match redirect(&response).map(|location| url.join(location)) {
                Some(Ok(next)) => {
                    body::discard(response).await;
                    url = Cow::Owned(next);
                }
                Some(Err(error)) => {
                    tracing::warn!(server = %ask.url, %error, "the server redirects to where we do not follow");
                    return Ok(response);
                }
                None => return Ok(response),
            }
        }
        self.send(ask, &url, credentials).await
    }

    async fn send(
        &self,
        ask: &Ask<'_>,
        url: &ServerUrl,
        credentials: &HeaderMap,
    ) -> Result<Response<Incoming>, Failure> {
        let mut request = Request::new(ask.body.clone());
        *request.method_mut() = ask.method.clone();
        *request.uri_mut() = url.uri().clone();
        let headers = request.headers_mut();
        // With room for these two and for `content-length`, which is added on the way: a table that grows is filled anew.
        *headers = HeaderMap::with_capacity(ask.headers.len() + ask.caller.headers.len() + credentials.len() + 3);
        headers.insert(header::HOST, url.host().clone());
        headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        for (name, value) in ask.caller.headers.iter().chain(credentials) {
            if is_free(name) {
                headers.insert(name, value.clone());
            }
        }
        for (name, value) in &ask.headers {
            headers.insert(name, value.clone());
        }
        self.client.send(request).await.map_err(|broken| match broken {
            Broken::Unsent(source) => Failure::NotSent(unreachable(url, source)),
            Broken::Sent(source) => {
                tracing::debug!(server = %url, error = %source, "the connection broke before the response");
                Failure::Lost(cut())
            }
        })
    }
}

/// What is lost when a connection breaks.
pub(crate) fn cut() -> Lost {
    let reason = CloseReason::Failed("it broke before the answer was complete".to_owned());
    Lost::Exited(Arc::new(Closed::new(reason)))
}

/// What a response that carries no message means for a call.
pub(crate) fn refused<T>(response: &Response<T>) -> Lost {
    let text = |name| response.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    Lost::Http {
        status: response.status().as_u16(),
        challenge: text(header::WWW_AUTHENTICATE).map(Into::into),
        retry_after: text(header::RETRY_AFTER)
            .and_then(|seconds| seconds.trim().parse().ok())
            .map(std::time::Duration::from_secs),
    }
}

/// The same, where nothing was asked yet or nothing was done.
pub(crate) fn refused_connect<T>(response: &Response<T>) -> ConnectError {
    let challenge = response.headers().get(header::WWW_AUTHENTICATE).and_then(|value| value.to_str().ok());
    ConnectError::Http { status: response.status().as_u16(), challenge: challenge.map(Into::into) }
}

fn unreachable(url: &ServerUrl, source: Box<dyn StdError + Send + Sync>) -> ConnectError {
    ConnectError::Other(Box::new(HttpError::Unreachable { url: url.to_string(), source }))
}

/// What better credentials have to answer; empty if the server asks for some without saying which.
fn challenge<T>(response: &Response<T>) -> Option<String> {
    let stated = response.headers().get(header::WWW_AUTHENTICATE).and_then(|value| value.to_str().ok());
    match response.status() {
        StatusCode::UNAUTHORIZED => Some(stated.unwrap_or_default().to_owned()),
        StatusCode::FORBIDDEN => stated.map(str::to_owned),
        _ => None,
    }
}

/// Where to go instead; never for 303, which means to go there with another method.
fn redirect<T>(response: &Response<T>) -> Option<&str> {
    matches!(response.status().as_u16(), 301 | 302 | 307 | 308)
        .then(|| response.headers().get(header::LOCATION)?.to_str().ok())
        .flatten()
}

/// Whether callers and credentials may set a header: not those of one hop, of the framing, or of the protocol.
fn is_free(name: &HeaderName) -> bool {
    const OURS: [HeaderName; 13] = [
        header::HOST,
        header::CONNECTION,
        header::CONTENT_LENGTH,
        header::CONTENT_TYPE,
        header::CONTENT_ENCODING,
        header::ACCEPT,
        header::ACCEPT_ENCODING,
        header::TE,
        header::TRAILER,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
        header::EXPECT,
        header::PROXY_AUTHORIZATION,
    ];
    const MCP: [&str; 5] = [mcp::SESSION_ID, mcp::PROTOCOL_VERSION, mcp::METHOD, mcp::NAME, mcp::LAST_EVENT_ID];
    !OURS.contains(name) && !MCP.contains(&name.as_str()) && name != "keep-alive" && name != "proxy-connection"
}
