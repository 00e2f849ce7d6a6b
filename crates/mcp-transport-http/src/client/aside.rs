//! Progress that comes on the server's own stream instead of on that of its call, as many servers send it.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use futures::{Stream, StreamExt};
use mcp_jsonrpc::{Id, Message};
use mcp_protocol::ProgressParams;
use mcp_transport::{EventSender, Events, NoteLimits, events};

/// The calls in flight that asked for progress, by the token they have on the wire.
#[derive(Debug, Default)]
pub(crate) struct Asides(Mutex<HashMap<Id, EventSender>>);

/// What comes for one call on the server's own stream.
#[derive(Debug)]
pub(crate) struct Aside {
    token: Id,
    events: Events,
    all: Arc<Asides>,
}

impl Asides {
    pub(crate) fn open(self: &Arc<Self>, token: &Id, limits: NoteLimits) -> Aside {
        let (sender, events) = events(limits);
        self.lock().insert(token.clone(), sender);
        Aside { token: token.clone(), events, all: Arc::clone(self) }
    }

    /// Hands progress to its call; `false` if there is no such call.
    pub(crate) fn push(&self, progress: Message) -> bool {
        let token = progress.value(&ProgressParams::TOKEN_PATH).and_then(Id::parse);
        let calls = self.lock();
        let call = token.and_then(|token| calls.get(&token));
        // Only requests come back for want of room.
        call.is_some_and(|call| call.push(progress).is_ok())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Id, EventSender>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stream for Aside {
    type Item = Message;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Message>> {
        self.events.poll_next_unpin(context)
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        self.all.lock().remove(&self.token);
    }
}
