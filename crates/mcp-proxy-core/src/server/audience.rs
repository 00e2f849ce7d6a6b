//! Whoever listens to all that a server says.

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use futures::{Stream, StreamExt};
use mcp_jsonrpc::{Kind, Message};
use mcp_transport::{Caller, Connection, EventSender, Events, NoteLimits, Partition, events};
use slab::Slab;

use super::{Server, lock};

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
    fn join(self: &Arc<Self>, partition: Partition, room: NoteLimits) -> Listener {
        let (sender, events) = events(room);
        let key = lock(&self.0).insert((partition, sender));
        Listener { events, audience: Arc::clone(self), key }
    }

    /// Whether nobody listens.
    fn is_empty(&self) -> bool {
        lock(&self.0).is_empty()
    }

    /// Tells what `connection` says outside of calls, until it is over; one that is followed already is left alone. What it
    /// says is for everyone, or for those of one partition.
    fn follow(self: &Arc<Self>, connection: &Arc<dyn Connection>, partition: Option<Partition>) {
        if let Some(events) = connection.events() {
            tokio::spawn(pass_on(events, Arc::clone(self), partition));
        }
    }

    /// Tells everyone, or those of one partition.
    fn tell(&self, partition: Option<&Partition>, message: &Message) {
        for (_, (own, sender)) in lock(&self.0).iter() {
            if partition.is_none_or(|partition| partition == own) {
                // What is told expects no answer, and such never comes back.
                let _ = sender.push(message.clone());
            }
        }
    }
}

impl Server {
    /// Listens, as `caller`, to all that the server says outside of calls.
    pub(crate) fn listen(&self, caller: &Caller, room: NoteLimits) -> Listener {
        let listener = self.audience.join(caller.partition(), room);
        if !self.options.is_dedicated() {
            // Also while it cannot be had: it may come up without anybody calling it.
            self.audience.follow(self.found().sessionless(), None);
        }
        listener
    }

    /// Lets those who listen hear what `connection` says, which serves `caller` without a session.
    pub(crate) fn open_to_listeners(&self, connection: &Arc<dyn Connection>, caller: &Caller) {
        if !self.audience.is_empty() {
            let partition = self.options.is_dedicated().then(|| caller.partition());
            self.audience.follow(connection, partition);
        }
    }

    /// Tells those of the caller's who listen what the server says during a call of `caller`.
    pub(crate) fn overhear(&self, caller: &Caller, note: &Message) {
        if note.kind() == Kind::Notification && !self.audience.is_empty() {
            self.audience.tell(Some(&caller.partition()), note);
        }
    }
}

async fn pass_on(mut events: Events, audience: Arc<Audience>, partition: Option<Partition>) {
    while let Some(event) = events.next().await {
        if event.kind() == Kind::Notification {
            audience.tell(partition.as_ref(), &event);
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
