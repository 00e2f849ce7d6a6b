//! Whoever listens to all that a server says.

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use futures::Stream;
use mcp_jsonrpc::Message;
use mcp_transport::{EventSender, Events, NoteLimits, Partition, events};
use slab::Slab;

use super::lock;

/// The listeners of a server. A slow one misses what it has no room for; nobody waits for it.
#[derive(Debug, Default)]
pub(crate) struct Audience(Mutex<Slab<(Partition, EventSender)>>);

/// One of the listeners, for as long as it lives.
#[derive(Debug)]
pub(crate) struct Listener {
    events: Events,
    audience: Arc<Audience>,
    key: usize,
}

impl Audience {
    pub(crate) fn join(self: &Arc<Self>, partition: Partition, room: NoteLimits) -> Listener {
        let (sender, events) = events(room);
        let key = lock(&self.0).insert((partition, sender));
        Listener { events, audience: Arc::clone(self), key }
    }

    /// Tells everyone, or those of one partition.
    pub(crate) fn tell(&self, partition: Option<&Partition>, message: &Message) {
        for (_, (own, sender)) in lock(&self.0).iter() {
            if partition.is_none_or(|partition| partition == own) {
                // What is told expects no answer, and such never comes back.
                let _ = sender.push(message.clone());
            }
        }
    }
}

impl Stream for Listener {
    type Item = Message;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Message>> {
        Pin::new(&mut self.events).poll_next(context)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        lock(&self.audience.0).try_remove(self.key);
    }
}
