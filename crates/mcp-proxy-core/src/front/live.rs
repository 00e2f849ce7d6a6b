//! What serves a session: everything about it that is no plain data.

use std::{
    collections::{BTreeMap, VecDeque},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    task::{Context, Poll, Waker},
};

use futures::{Stream, future::BoxFuture};
use http::HeaderMap;
use mcp_jsonrpc::Message;
use mcp_session::StreamId;
use mcp_transport::{Caller, Connection, Events, Secret};
use tokio::sync::Notify;

use super::{call::Call, cancel::Cancels, target::Target};
use crate::server::Opened;

/// The live part of a session.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) target: Target,
    /// What its client sets for a process of its own.
    pub(super) variables: BTreeMap<String, Secret>,
    /// What its client says to the server itself.
    pub(super) headers: HeaderMap,
    /// There once the client has introduced itself.
    opened: OnceLock<(Opened, Arc<Caller>)>,
    pub(super) cancels: Arc<Cancels>,
    listening: Mutex<Listening>,
    /// What is yet to begin; there only in a session with one way back for everything.
    inbox: Mutex<Option<Inbox>>,
}

/// Who reads the messages that belong to no call.
#[derive(Debug, Default)]
struct Listening {
    /// Asked for when the first stream opens, and kept when a stream breaks.
    events: Option<Events>,
    /// Counts the streams, so that one that was taken over notices.
    turn: u64,
    is_open: bool,
    stream: Option<StreamId>,
    waker: Option<Waker>,
}

/// A call on its way to begin.
pub(super) type Beginning = BoxFuture<'static, Call>;

/// What a client has sent and its one way back has not taken up yet. A client that sends and does not read fills it.
#[derive(Default)]
struct Inbox {
    queue: VecDeque<Beginning>,
    /// Whether the client sends no more.
    is_hung_up: bool,
    /// Whether the session is over.
    is_closed: bool,
    waker: Option<Waker>,
    room: Arc<Notify>,
}

/// Why a call was not taken in.
pub(super) enum NotBegun {
    /// As many wait as may; the notice says when there is room.
    Full(Beginning, Arc<Notify>),
    /// The session is over.
    Over,
}

/// Requests in an inbox.
const INBOX: usize = 256;

/// A stream's right to the session's events, until it ends or another stream takes it over.
#[derive(Debug)]
pub(super) struct Turn {
    live: Arc<Live>,
    turn: u64,
}

impl Live {
    pub(super) fn new(target: Target, variables: BTreeMap<String, Secret>) -> Self {
        Self {
            target,
            variables,
            headers: HeaderMap::new(),
            opened: OnceLock::new(),
            cancels: Arc::default(),
            listening: Mutex::default(),
            inbox: Mutex::default(),
        }
    }

    /// Hands these headers on to the server.
    #[cfg(feature = "rest")]
    pub(super) fn forwarding(self, headers: HeaderMap) -> Self {
        Self { headers, ..self }
    }

    /// Serves the session by `opened` from now on; gives it back if the session is served already.
    pub(super) fn open(&self, opened: Opened, caller: Arc<Caller>) -> Result<(), Opened> {
        self.opened.set((opened, caller)).map_err(|(opened, _)| opened)
    }

    /// The connection and on whose behalf it is used, once the client has introduced itself.
    pub(super) fn connection(&self) -> Option<(&Arc<dyn Connection>, &Arc<Caller>)> {
        self.opened.get().map(|(opened, caller)| (&opened.connection, caller))
    }

    /// Whether the session is over when its connection is.
    pub(super) fn is_dedicated(&self) -> bool {
        self.opened.get().is_some_and(|(opened, _)| opened.is_dedicated())
    }

    /// Ends the calls in flight, then the connection, then the streams that wait for events.
    pub(crate) async fn close(&self) {
        self.cancels.cancel_all();
        if let Some((connection, _)) = self.connection() {
            connection.close().await;
        }
        self.close_inbox();
        let mut listening = lock(&self.listening);
        listening.turn += 1;
        let waker = listening.waker.take();
        drop(listening);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Takes nothing in any more, and lets go of what nobody has taken up: it would hold the session that holds it.
    fn close_inbox(&self) {
        let (left, waker) = match lock(&self.inbox).as_mut() {
            Some(inbox) => {
                inbox.is_closed = true;
                (std::mem::take(&mut inbox.queue), inbox.waker.take())
            }
            None => return,
        };
        drop(left);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The right to the events, unless a stream has it; `take_over` takes it from that stream.
    pub(super) fn listen(self: &Arc<Self>, take_over: bool) -> Option<Turn> {
        let mut listening = lock(&self.listening);
        if listening.is_open && !take_over {
            return None;
        }
        if listening.events.is_none() {
            listening.events = self.connection().and_then(|(connection, _)| connection.events());
        }
        listening.turn += 1;
        listening.is_open = true;
        let turn = listening.turn;
        let waker = listening.waker.take();
        drop(listening);
        if let Some(waker) = waker {
            waker.wake();
        }
        Some(Turn { live: Arc::clone(self), turn })
    }

    /// On which stream the events go out, so that a stream that breaks can be resumed.
    pub(super) fn stream(&self) -> Option<StreamId> {
        lock(&self.listening).stream
    }

    pub(super) fn set_stream(&self, stream: StreamId) -> Option<StreamId> {
        lock(&self.listening).stream.replace(stream)
    }

    /// Makes the session one with one way back for everything.
    pub(super) fn with_inbox(self) -> Self {
        Self { inbox: Mutex::new(Some(Inbox::default())), ..self }
    }

    /// Whether it has one way back for everything.
    pub(super) fn is_pair(&self) -> bool {
        lock(&self.inbox).is_some()
    }

    /// Hands a call to the session's way back.
    ///
    /// # Errors
    ///
    /// Gives it back if as many wait there as may; it is gone if there is no way back any more.
    pub(super) fn begin(&self, call: Beginning) -> Result<(), NotBegun> {
        let mut inbox = lock(&self.inbox);
        let Some(inbox) = inbox.as_mut().filter(|inbox| !inbox.is_closed) else { return Err(NotBegun::Over) };
        if inbox.queue.len() == INBOX {
            return Err(NotBegun::Full(call, Arc::clone(&inbox.room)));
        }
        inbox.queue.push_back(call);
        if let Some(waker) = inbox.waker.take() {
            waker.wake();
        }
        Ok(())
    }

    /// Notes that the client sends no more.
    pub(super) fn hang_up(&self) {
        if let Some(inbox) = lock(&self.inbox).as_mut() {
            inbox.is_hung_up = true;
            if let Some(waker) = inbox.waker.take() {
                waker.wake();
            }
        }
    }

    pub(super) fn is_hung_up(&self) -> bool {
        lock(&self.inbox).as_ref().is_some_and(|inbox| inbox.is_hung_up)
    }

    /// The next call that was handed over.
    pub(super) fn poll_beginning(&self, context: &Context<'_>) -> Option<Beginning> {
        let mut inbox = lock(&self.inbox);
        let inbox = inbox.as_mut()?;
        let next = inbox.queue.pop_front();
        match &next {
            Some(_) => inbox.room.notify_one(),
            None => inbox.waker = Some(context.waker().clone()),
        }
        next
    }
}

impl Turn {
    /// The next event; `None` when the connection is over or another stream has taken over.
    pub(super) fn poll(&self, context: &mut Context<'_>) -> Poll<Option<Message>> {
        let mut listening = lock(&self.live.listening);
        if listening.turn != self.turn {
            return Poll::Ready(None);
        }
        listening.waker = Some(context.waker().clone());
        match &mut listening.events {
            Some(events) => Pin::new(events).poll_next(context),
            None => Poll::Pending,
        }
    }
}

impl Turn {
    /// Whether no other stream has taken over.
    pub(super) fn is_current(&self) -> bool {
        lock(&self.live.listening).turn == self.turn
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut listening = lock(&self.live.listening);
        if listening.turn == self.turn {
            listening.is_open = false;
        }
    }
}

impl std::fmt::Debug for Inbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inbox").field("waiting", &self.queue.len()).finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
