//! HTTP+SSE of 2024-11-05: one stream for what the server says, POSTs for what we say.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::{Stream, StreamExt, future, stream};
use http::{HeaderValue, Method, StatusCode, header::ACCEPT};
use mcp_jsonrpc::{Incoming as Parsed, Kind, Message};
use mcp_protocol::code;
use mcp_transport::{Budget, Caller, ConnectError, Connection, Duplex, DuplexLimits, Lost, NoLifeline, Transport};
use tokio::time::timeout;

use super::{
    event_stream::{EventStream, is_event_stream},
    exchange::{Ask, Failure, refused_connect},
    http_client::Chunks,
    http_error::HttpError,
    poster::Poster,
    remote::Remote,
    reply::BATCH_LIMIT,
    server_url::ServerUrl,
};
use crate::sse::{Decoded, Event};

/// A server that speaks HTTP+SSE of 2024-11-05.
///
/// The conversation lives as long as the stream does: when it ends, calls in flight are lost. The handshake is up to
/// whoever holds this.
#[derive(Clone, Debug)]
pub struct Sse {
    remote: Remote,
}

/// The stream, and where the messages to the server go.
#[derive(Debug)]
pub(crate) struct Opened {
    events: EventStream,
    endpoint: ServerUrl,
}

impl Sse {
    /// Speaks HTTP+SSE with `remote`, whose URL is that of the stream.
    #[must_use]
    pub fn new(remote: Remote) -> Self {
        Self { remote }
    }
}

#[async_trait]
impl Transport for Sse {
    async fn connect(&self, caller: &Arc<Caller>) -> Result<Arc<dyn Connection>, ConnectError> {
        let opened = open(&self.remote, caller, self.remote.limits.post_wait).await?;
        Ok(converse(&self.remote, caller, opened))
    }
}

/// Opens the stream and waits for the event that names the other half of the pair.
pub(crate) async fn open(remote: &Remote, caller: &Caller, patience: Duration) -> Result<Opened, ConnectError> {
    let opening = async {
        let headers = vec![(ACCEPT, HeaderValue::from_static("text/event-stream"))];
        let ask = Ask { method: Method::GET, url: &remote.url, headers, body: Chunks::default(), caller };
        let response = remote.ask(ask).await.map_err(|failure| match failure {
            Failure::NotSent(error) => error,
            Failure::Lost(Lost::Exited(closed)) => ConnectError::Ended(closed),
            Failure::Lost(lost) => ConnectError::Other(lost.into()),
        })?;
        if response.status() != StatusCode::OK {
            return Err(refused_connect(&response));
        }
        if !is_event_stream(&response) {
            return Err(ConnectError::Other(HttpError::NoEndpoint.into()));
        }
        let mut events = EventStream::new(response, remote.limits.event);
        let endpoint = endpoint(&mut events, &remote.url).await.map_err(|error| ConnectError::Other(error.into()))?;
        Ok(Opened { events, endpoint })
    };
    let late = || ConnectError::Timeout { after: patience, stderr: Vec::new() };
    timeout(patience, opening).await.map_err(|_| late())?
}

async fn endpoint(events: &mut EventStream, url: &ServerUrl) -> Result<ServerUrl, HttpError> {
    let Some(Decoded::Event(Event { data: Some(reference), kind, .. })) = events.next().await else {
        return Err(HttpError::NoEndpoint);
    };
    if kind.as_deref() != Some(b"endpoint") {
        return Err(HttpError::NoEndpoint);
    }
    let reference = std::str::from_utf8(&reference).map_err(|_| HttpError::NoEndpoint)?;
    url.join(reference.trim()).map_err(HttpError::Endpoint)
}

/// The connection over an opened pair.
pub(crate) fn converse(remote: &Remote, caller: &Arc<Caller>, opened: Opened) -> Arc<dyn Connection> {
    let limits = DuplexLimits {
        line: remote.limits.event,
        in_flight: remote.limits.in_flight,
        notes: remote.limits.notes,
        budget: remote.limits.budget.clone(),
        ..DuplexLimits::default()
    };
    let (poster, failures) = Poster::new(remote.clone(), Arc::clone(caller), opened.endpoint);
    let messages = messages(opened.events, remote.limits.budget.clone());
    // The conversation ends with the server's stream, whatever could still not be posted.
    let said = messages.map(Some).chain(stream::iter([None]));
    let heard = stream::select(said, failures.map(Some)).take_while(|next| future::ready(next.is_some()));
    let incoming = heard.filter_map(future::ready);
    Duplex::over_messages(Box::pin(incoming), poster, Arc::new(NoLifeline), limits)
}

fn messages(events: EventStream, budget: Budget) -> impl Stream<Item = Message> + Send {
    let events = stream::unfold(events, |mut events| async { Some((events.next().await?, events)) });
    events.flat_map(move |decoded| {
        let messages = match decoded {
            Decoded::Event(event) => read(event, &budget),
            Decoded::TooLong => {
                tracing::warn!("an event of the server was too long and was left out");
                Vec::new()
            }
        };
        stream::iter(messages)
    })
}

fn read(event: Event, budget: &Budget) -> Vec<Message> {
    let is_message = event.is_message();
    let Some(data) = event.data.filter(|data| is_message && !data.is_empty()) else { return Vec::new() };
    let charged = budget.charge(data);
    let fits = charged.is_ok();
    let (Ok(data) | Err(data)) = charged;
    let messages = match Parsed::parse(data, BATCH_LIMIT) {
        Ok(Parsed::One(message)) => vec![message],
        Ok(Parsed::Many(messages)) => messages.into_iter().flatten().collect(),
        Err(error) => {
            tracing::debug!(%error, "the server sent no message");
            Vec::new()
        }
    };
    if fits { messages } else { messages.iter().filter_map(lost).collect() }
}

/// What a call gets instead of a response for which there is no room.
fn lost(message: &Message) -> Option<Message> {
    tracing::warn!("a message of the server was left out: {}", Lost::Overloaded);
    let id = message.id().filter(|_| message.kind() == Kind::Response)?;
    Some(Message::error_response(Some(&id), code::SERVER_ERROR, &Lost::Overloaded.to_string(), None))
}
