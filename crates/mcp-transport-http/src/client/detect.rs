//! Finds out which of the two HTTP transports a URL speaks.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use http::{Method, Response, StatusCode};
use hyper::body::Incoming;
use mcp_jsonrpc::{Id, Message};
use mcp_protocol::{Envelope, Revision, method};
use mcp_transport::{Caller, ConnectError, Connection, Lost, Transport};
use tokio::time::timeout;

use super::{
    answer::error_in,
    event_stream::{is_event_stream, is_json},
    exchange::{Ask, Failure, refused_connect},
    http_client::Chunks,
    http_error::HttpError,
    link::{modern_headers, negotiation},
    remote::Remote,
    sse_pair::{self, Opened, Sse},
    streamable::StreamableHttp,
};

/// A server of which only the URL is known: speaks streamable HTTP with it or, if it does not, HTTP+SSE.
///
/// It asks by posting `server/discover`, which harms no server. Anything that is a JSON-RPC answer, an error included,
/// means streamable HTTP; if there is none, a stream that begins with `endpoint` means HTTP+SSE (2026-07-28, streamable
/// HTTP, backward compatibility). What was found is remembered until connecting that way fails.
#[derive(Debug)]
pub struct Detect {
    remote: Remote,
    streamable: StreamableHttp,
    sse: Sse,
    found: Mutex<Option<Spoken>>,
}

/// What a URL speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spoken {
    Streamable,
    Sse,
}

/// What the answer to the first question says.
enum Hint {
    Streamable,
    /// Perhaps not: the status it refused with.
    Unclear(StatusCode),
}

/// How long a stream may take to begin with `endpoint`.
const ENDPOINT_WAIT: Duration = Duration::from_secs(10);

impl Detect {
    /// Asks `remote` when it is first connected to.
    #[must_use]
    pub fn new(remote: Remote) -> Self {
        let (streamable, sse) = (StreamableHttp::new(remote.clone()), Sse::new(remote.clone()));
        Self { remote, streamable, sse, found: Mutex::new(None) }
    }

    fn found(&self) -> Option<Spoken> {
        *self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, found: Option<Spoken>) {
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = found;
    }

    async fn ask(&self, caller: &Caller) -> Result<Hint, ConnectError> {
        let wait = self.remote.limits.post_wait;
        let late = || ConnectError::Timeout { after: wait, stderr: Vec::new() };
        let response = timeout(wait, self.discover(caller)).await.map_err(|_| late())??;
        let status = response.status();
        if status.is_success() && (is_json(&response) || is_event_stream(&response)) {
            return Ok(Hint::Streamable);
        }
        if is_verdict_on_us(status) {
            return Err(refused_connect(&response));
        }
        match timeout(wait, error_in(response)).await {
            Ok(Some(_)) => Ok(Hint::Streamable),
            Ok(None) | Err(_) => Ok(Hint::Unclear(status)),
        }
    }

    async fn discover(&self, caller: &Caller) -> Result<Response<Incoming>, ConnectError> {
        let client_info = caller.client.as_ref().map(|client| &*client.info);
        let envelope = Envelope { version: Revision::LATEST, capabilities: "{}", client_info, log_level: None };
        let question = Message::request(&Id::from(1), method::SERVER_DISCOVER, Some(&envelope.params()));
        let mut headers = modern_headers(&question).map_err(|error| ConnectError::Other(error.into()))?;
        headers.extend(negotiation());
        let (url, body) = (&self.remote.url, Chunks::of(&question));
        self.remote.ask(Ask { method: Method::POST, url, headers, body, caller }).await.map_err(|failure| match failure
        {
            Failure::NotSent(error) => error,
            Failure::Lost(Lost::Exited(closed)) => ConnectError::Ended(closed),
            Failure::Lost(lost) => ConnectError::Other(lost.into()),
        })
    }

    /// Whether the URL is the stream of an HTTP+SSE pair; if so, that stream.
    async fn pair(&self, refusal: StatusCode, caller: &Caller) -> Result<Option<Opened>, ConnectError> {
        let error = match sse_pair::open(&self.remote, caller, ENDPOINT_WAIT).await {
            Ok(opened) => return Ok(Some(opened)),
            Err(error) => error,
        };
        // Only a wrong path refuses to be posted to like this: no streamable endpoint does.
        let nowhere = refusal == StatusCode::NOT_FOUND || refusal == StatusCode::METHOD_NOT_ALLOWED;
        match error {
            ConnectError::Http { status, .. } if StatusCode::from_u16(status).is_ok_and(is_verdict_on_us) => Err(error),
            ConnectError::Other(source) if matches!(source.downcast_ref(), Some(HttpError::Endpoint(_))) => {
                Err(ConnectError::Other(source))
            }
            _ if nowhere => {
                let url = self.remote.url.to_string();
                Err(ConnectError::Other(HttpError::NotMcp { url }.into()))
            }
            _ => Ok(None),
        }
    }
}

/// Whether a status is about who asks or how the server is, not about what it speaks.
fn is_verdict_on_us(status: StatusCode) -> bool {
    matches!(status.as_u16(), 401 | 403 | 407 | 408 | 429) || status.is_server_error()
}

#[async_trait]
impl Transport for Detect {
    async fn connect(&self, caller: &Arc<Caller>) -> Result<Arc<dyn Connection>, ConnectError> {
        match self.found() {
            Some(Spoken::Streamable) => return self.streamable.connect(caller).await,
            Some(Spoken::Sse) => {
                let connected = self.sse.connect(caller).await;
                if connected.is_err() {
                    self.remember(None);
                }
                return connected;
            }
            None => {}
        }
        if let Hint::Unclear(refusal) = self.ask(caller).await?
            && let Some(opened) = self.pair(refusal, caller).await?
        {
            self.remember(Some(Spoken::Sse));
            return Ok(sse_pair::converse(&self.remote, caller, opened));
        }
        self.remember(Some(Spoken::Streamable));
        self.streamable.connect(caller).await
    }
}
