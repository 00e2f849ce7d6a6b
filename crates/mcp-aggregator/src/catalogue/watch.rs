//! Hears from a server that its lists have changed, in the way of either era.

use std::{future::pending, sync::Arc};

use futures::StreamExt;
use mcp_jsonrpc::{Id, Kind, Message};
use mcp_protocol::{Envelope, Era, ListKind, Revision, ServerCapabilities, SubscriptionFilter, listen_params, method};
use mcp_transport::{Caller, Connection, Events, Reply, Request};

/// What a server says of its lists.
pub(super) struct Notes {
    events: Option<Events>,
    /// The stream of changes of the modern era.
    stream: Option<Reply>,
}

/// What was heard.
pub(super) enum News {
    Changed(ListKind),
    /// Nothing more is heard.
    Over,
}

impl Notes {
    /// What `connection` says on its own.
    pub(super) fn of(connection: &Arc<dyn Connection>, era: Era) -> Self {
        Self { events: if era == Era::Legacy { connection.events() } else { None }, stream: None }
    }

    pub(super) fn none() -> Self {
        Self { events: None, stream: None }
    }

    /// Asks a server of the modern era to tell; one that never changes, or does not tell, is not asked.
    pub(super) async fn listen(
        &mut self,
        connection: &Arc<dyn Connection>,
        caller: &Arc<Caller>,
        able: ServerCapabilities,
    ) {
        if caller.era() == Era::Legacy {
            return;
        }
        let everything = SubscriptionFilter {
            tools_list_changed: true,
            prompts_list_changed: true,
            resources_list_changed: true,
            ..SubscriptionFilter::default()
        };
        let filter = everything.honoured(able);
        if filter.is_empty() {
            return;
        }
        let envelope = Envelope {
            version: Revision::LATEST,
            capabilities: caller.capabilities(),
            client_info: caller.client.as_ref().map(|client| &*client.info),
            log_level: None,
        };
        let params = listen_params(&filter, &envelope);
        let message = Message::request(&Id::from(1), method::SUBSCRIPTIONS_LISTEN, Some(&params));
        if let Ok(request) = Request::new(message, Arc::clone(caller)) {
            self.stream = connection.call(request).await.ok();
        }
    }

    /// The next news. Without anybody to tell, there is none, ever.
    pub(super) async fn next(&mut self) -> News {
        loop {
            let note = match (&mut self.stream, &mut self.events) {
                (Some(stream), _) => match stream.next().await {
                    Some(Ok(note)) if note.kind() == Kind::Notification => note,
                    _ => return News::Over,
                },
                (None, Some(events)) => match events.next().await {
                    Some(event) => event,
                    None => return News::Over,
                },
                (None, None) => pending().await,
            };
            let changed = ListKind::ALL.into_iter().find(|kind| note.method() == Some(kind.list_changed()));
            if let Some(kind) = changed {
                return News::Changed(kind);
            }
        }
    }
}
