//! Hears from a server that its lists have changed, in the way of either era.

use std::{future::pending, sync::Arc};

use futures::StreamExt;
use mcp_jsonrpc::{Id, Kind, Message};
use mcp_protocol::{Envelope, Era, ListKind, Revision, ServerCapabilities, SubscriptionFilter, listen_params, method};
use mcp_transport::{Caller, Connection, Events, Reply, Request};

/// What a server says of its lists.
pub(super) enum Notes {
    /// Nothing, ever.
    None,
    /// What it says on its own.
    Events(Events),
    /// The stream of changes of the modern era.
    Stream(Reply),
}

/// What was heard.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum News {
    Changed(ListKind),
    /// Nothing more is heard.
    Over,
}

impl Notes {
    /// What `connection` says from now on.
    pub(super) async fn of(connection: &Arc<dyn Connection>, caller: &Arc<Caller>) -> Self {
        match caller.era() {
            Era::Legacy => connection.events().map_or(Self::None, Self::Events),
            Era::Modern => listen(connection, caller).await.map_or(Self::None, Self::Stream),
        }
    }

    /// The next news. Without anybody to tell, there is none, ever.
    pub(super) async fn next(&mut self) -> News {
        loop {
            let note = match self {
                Self::Stream(stream) => match stream.next().await {
                    Some(Ok(note)) if note.kind() == Kind::Notification => note,
                    // It declares that it tells, and does not: asking again would not help.
                    Some(Ok(note)) if note.is_error() => {
                        *self = Self::None;
                        continue;
                    }
                    _ => return News::Over,
                },
                Self::Events(events) => match events.next().await {
                    Some(event) => event,
                    None => return News::Over,
                },
                Self::None => pending().await,
            };
            let changed = ListKind::ALL.into_iter().find(|kind| note.method() == Some(kind.list_changed()));
            if let Some(kind) = changed {
                return News::Changed(kind);
            }
        }
    }
}

/// Asks a server of the modern era to tell; one that never changes, or does not tell, is not asked.
async fn listen(connection: &Arc<dyn Connection>, caller: &Arc<Caller>) -> Option<Reply> {
    let able = ServerCapabilities::read(connection.peer().capabilities()).unwrap_or_default();
    let everything = SubscriptionFilter {
        tools_list_changed: true,
        prompts_list_changed: true,
        resources_list_changed: true,
        ..SubscriptionFilter::default()
    };
    let filter = everything.honoured(able);
    if filter.is_empty() {
        return None;
    }
    let envelope = Envelope {
        version: Revision::LATEST,
        capabilities: caller.capabilities(),
        client_info: caller.client.as_ref().map(|client| &*client.info),
        log_level: None,
    };
    let params = listen_params(&filter, &envelope);
    let message = Message::request(&Id::from(1), method::SUBSCRIPTIONS_LISTEN, Some(&params));
    connection.call(Request::new(message, Arc::clone(caller)).ok()?).await.ok()
}
