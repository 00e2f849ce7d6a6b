//! The stream on which a server of the legacy era says what belongs to no call.

use std::sync::Arc;

use http::StatusCode;
use mcp_jsonrpc::{Incoming as Parsed, Kind, Message};
use mcp_protocol::method;
use mcp_transport::Caller;

use super::{
    event_stream::{Bookmark, EventStream, is_event_stream},
    link::Link,
    reply::BATCH_LIMIT,
};
use crate::sse::{Decoded, Event};

/// Reads the stream into the connection's events, and opens it again whenever it ends, until the connection does.
pub(crate) async fn run(link: Arc<Link>, caller: Arc<Caller>) {
    let mut bookmark = Bookmark::default();
    let mut failures = 0;
    loop {
        match link.open(bookmark.last.as_ref(), &caller).await {
            Ok(response) if response.status() == StatusCode::OK && is_event_stream(&response) => {
                let mut events = EventStream::new(response, link.remote.limits.event);
                failures = 0;
                while let Some(decoded) = events.next().await {
                    match decoded {
                        Decoded::Event(event) => take(&link, &caller, &mut bookmark, event).await,
                        Decoded::TooLong => tracing::warn!("an event of the server was too long and was left out"),
                    }
                }
            }
            Ok(response) if is_passing(response.status()) => failures += 1,
            Ok(response) if response.status() == StatusCode::NOT_FOUND && bookmark.last.is_some() => {
                // Either the session or just the event is forgotten; the next call tells.
                bookmark.last = None;
                failures += 1;
            }
            Ok(response) => {
                tracing::debug!(status = response.status().as_u16(), "the server has no stream of its own");
                return;
            }
            Err(_) => failures += 1,
        }
        tokio::time::sleep(bookmark.delay(failures)).await;
    }
}

/// Whether a refusal may be over later. A server without the stream says 405, some say 501.
fn is_passing(status: StatusCode) -> bool {
    let renewable = matches!(status.as_u16(), 401 | 403 | 408 | 429);
    renewable || (status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED)
}

async fn take(link: &Link, caller: &Caller, bookmark: &mut Bookmark, event: Event) {
    bookmark.note(&event);
    let is_message = event.is_message();
    let Some(data) = event.data.filter(|data| is_message && !data.is_empty()) else { return };
    let Ok(data) = link.remote.limits.budget.charge(data) else {
        tracing::warn!("an event of the server was left out: too many bytes are held");
        return;
    };
    match Parsed::parse(data, BATCH_LIMIT) {
        Ok(Parsed::One(message)) => pass(link, caller, message).await,
        Ok(Parsed::Many(messages)) => {
            for message in messages.into_iter().flatten() {
                pass(link, caller, message).await;
            }
        }
        Err(error) => tracing::debug!(%error, "the server sent no message"),
    }
}

async fn pass(link: &Link, caller: &Caller, message: Message) {
    let Some(message) = link.answer_ping(message, caller).await else { return };
    if message.is_method(method::PROGRESS) {
        // Its token is one of ours, of no use to anyone but the call.
        if !link.asides.push(message) {
            tracing::debug!("the server sent progress of no call that waits");
        }
        return;
    }
    if message.kind() == Kind::Response {
        tracing::debug!("the server sent a response where none is expected");
        return;
    }
    link.event(message, caller).await;
}
