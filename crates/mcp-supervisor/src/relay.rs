//! The events of a server on their way to those of the supervised connection.

use std::{convert::Infallible, future::pending};

use futures::{FutureExt, StreamExt};
use mcp_jsonrpc::{Kind, Message};
use mcp_protocol::code;
use mcp_transport::{Connection, Events};

use crate::{label, life::Inner, shared::Shared};

/// Passes events on for as long as it is polled.
pub(crate) async fn pass_on(shared: &Shared, inner: &Inner, events: Option<&mut Events>) -> Infallible {
    if let Some(events) = events {
        while let Some(event) = events.next().await {
            pass(shared, inner, event).await;
        }
    }
    pending().await
}

/// Passes on what a connection that is over has said last, if nobody has to wait for it.
pub(crate) async fn pass_last_words(shared: &Shared, inner: &Inner, mut events: Option<&mut Events>) {
    while let Some(Some(Some(event))) = events.as_mut().map(|events| events.next().now_or_never()) {
        pass(shared, inner, event).await;
    }
}

/// Puts an event among those of the supervised connection; a request that finds no room there is answered here.
async fn pass(shared: &Shared, inner: &Inner, event: Message) {
    let asked = if event.kind() == Kind::Request { event.id() } else { None };
    let event = if inner.asks { label::marked(event, inner.number) } else { event };
    let refused = match (&*shared.events(), asked) {
        (Some(sender), None) => {
            // Notifications give way by themselves.
            let _ = sender.push(event);
            None
        }
        (Some(sender), Some(id)) if sender.is_abandoned() || sender.push(event).is_err() => Some(id),
        (Some(_), Some(_)) => None,
        (None, asked) => asked,
    };
    if let Some(id) = refused {
        let text = "the client does not keep up with the server's requests";
        let answer = Message::error_response(Some(&id), code::INTERNAL_ERROR, text, None);
        // A server that is gone needs no answer.
        let _ = inner.connection.tell(answer, &shared.caller).await;
    }
}
