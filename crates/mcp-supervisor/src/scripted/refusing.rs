//! Connections that do as they are told, not as a server would.

use std::{
    collections::VecDeque,
    future::pending,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use mcp_jsonrpc::Message;
use mcp_transport::{
    Caller, CloseReason, Closed, ConnectError, Connection, Events, NotSent, NoteLimits, Peer, Reply, Request,
    SendError, Transport, events,
};
use tokio::time::sleep;

/// Connections that refuse messages for the scripted reasons, then answer. Each takes [`CLOSING`] to close.
#[derive(Debug)]
pub(crate) struct Refusing {
    pub(crate) script: Arc<Mutex<VecDeque<NotSent>>>,
    /// Whether each has ended by itself before anybody can use it, with one event as its last words.
    stillborn: bool,
    connects: AtomicUsize,
    closed: Arc<AtomicUsize>,
}

#[derive(Debug, Default)]
pub(crate) struct Refuser {
    script: Arc<Mutex<VecDeque<NotSent>>>,
    stillborn: bool,
    closed: Arc<AtomicUsize>,
}

pub(crate) const CLOSING: Duration = Duration::from_secs(3);

impl Refusing {
    pub(crate) fn new(script: impl IntoIterator<Item = NotSent>) -> Arc<Self> {
        let script = Arc::new(Mutex::new(script.into_iter().collect()));
        Arc::new(Self { script, stillborn: false, connects: AtomicUsize::new(0), closed: Arc::default() })
    }

    pub(crate) fn stillborn() -> Arc<Self> {
        let (script, connects, closed) = (Arc::default(), AtomicUsize::new(0), Arc::default());
        Arc::new(Self { script, stillborn: true, connects, closed })
    }

    /// How many connections there were.
    pub(crate) fn connects(&self) -> usize {
        self.connects.load(Ordering::Relaxed)
    }

    /// How many of them are closed.
    pub(crate) fn closed(&self) -> usize {
        self.closed.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Transport for Refusing {
    async fn connect(&self, _: &Arc<Caller>) -> Result<Arc<dyn Connection>, ConnectError> {
        self.connects.fetch_add(1, Ordering::Relaxed);
        let (script, closed) = (Arc::clone(&self.script), Arc::clone(&self.closed));
        Ok(Arc::new(Refuser { script, stillborn: self.stillborn, closed }))
    }
}

#[async_trait]
impl Connection for Refuser {
    fn peer(&self) -> Arc<Peer> {
        Arc::new(Peer::unknown())
    }

    async fn call(&self, request: Request) -> Result<Reply, SendError> {
        let message = request.into_parts().0;
        match self.script.lock().unwrap().pop_front() {
            Some(reason) => Err(SendError::new(message, reason)),
            None => Ok(Reply::ready(Message::response(&message.id().unwrap(), "{}"))),
        }
    }

    async fn tell(&self, message: Message, _: &Arc<Caller>) -> Result<(), SendError> {
        match self.script.lock().unwrap().pop_front() {
            Some(reason) => Err(SendError::new(message, reason)),
            None => Ok(()),
        }
    }

    fn events(&self) -> Option<Events> {
        self.stillborn.then(|| {
            let (sender, events) = events(NoteLimits::default());
            sender.push(Message::notification("x/last", None)).unwrap();
            events
        })
    }

    async fn closed(&self) -> Arc<Closed> {
        if self.stillborn { Arc::new(Closed::new(CloseReason::Ended)) } else { pending().await }
    }

    async fn close(&self) {
        sleep(CLOSING).await;
        self.closed.fetch_add(1, Ordering::Relaxed);
    }
}
