//! A connection over two streams of messages, one each way.

mod in_flight;
mod mailbox;
mod outbox;
mod reader;
mod trail;
mod writer;

use std::{
    fmt::{self, Debug},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use futures::{Sink, Stream};
use mcp_jsonrpc::{Id, Kind, Message};
use mcp_protocol::{CancelledParams, method};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
    task::AbortHandle,
    time::timeout,
};

pub use self::in_flight::GHOST_LIFE;
use self::{
    in_flight::{Delivery, InFlight, Unasked},
    mailbox::Mailbox,
    outbox::{Outbox, Rejected},
    reader::{LineReader, Reading, StreamReader},
    writer::{LineWriter, SinkWriter, Writing},
};
use crate::{
    Budget, Caller, CloseReason, Closed, Connection, EventSender, Events, Lost, NotSent, NoteLimits, Peer, Reply,
    ReplySource, Request, SendError, events::events,
};

/// How much a duplex connection may hold.
#[derive(Clone, Debug)]
pub struct DuplexLimits {
    /// Bytes of one line. Default: 16 MiB. A longer one is skipped and the stream lives on.
    pub line: usize,
    /// Calls in flight. Default: 256.
    pub in_flight: usize,
    /// Notes of one call, and events, that wait for their consumer.
    pub notes: NoteLimits,
    /// Bytes that wait to be written. Default: 1 MiB. One longer message still fits alone.
    pub outbox: usize,
    /// How long a message waits for a peer that does not read. Default: 5 s.
    pub send_wait: Duration,
    /// The budget for large messages, shared by all connections of a proxy.
    pub budget: Budget,
}

impl Default for DuplexLimits {
    fn default() -> Self {
        Self {
            line: 16 << 20,
            in_flight: 256,
            notes: NoteLimits::default(),
            outbox: 1 << 20,
            send_wait: Duration::from_secs(5),
            budget: Budget::default(),
        }
    }
}

/// What lives and dies with the two streams: a child process, a socket.
#[async_trait]
pub trait Lifeline: Debug + Send + Sync + 'static {
    /// Says why the peer's stream has ended. Asked once; answers within about 100 ms, and sees to it that what still
    /// lives of the peer is stopped.
    ///
    /// # Cancel safety
    ///
    /// Never dropped before it is ready, unless the runtime stops.
    async fn ended(&self) -> Closed;

    /// Stops the peer after our writing end was closed, and waits until its resources are gone.
    ///
    /// # Cancel safety
    ///
    /// May be dropped at any await; what was begun must go on in the background.
    async fn stop(&self);

    /// The last lines the peer wrote to its error output, oldest first. Default: none.
    fn last_words(&self) -> Vec<String> {
        Vec::new()
    }
}

/// The lifeline of streams that have nothing behind them.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoLifeline;

#[async_trait]
impl Lifeline for NoLifeline {
    async fn ended(&self) -> Closed {
        Closed::new(CloseReason::Ended)
    }

    async fn stop(&self) {}
}

/// A connection over two streams of messages.
///
/// Every call goes out under an id of ours; the caller's id, progress token and subscription id come back on the way
/// in. A reader task and a writer task own the streams. The reader never waits for a consumer: what finds no room gives
/// way by the overflow rule, and a response always has its place.
///
/// A server's request or log message names no call. It is given to a call only if all calls that it could belong to are
/// of one client, and then to the newest; everything else comes out of [`events`](Connection::events). A server's `ping` is answered here.
pub struct Duplex {
    shared: Arc<Shared>,
    lifeline: Arc<dyn Lifeline>,
    events: Mutex<Option<Events>>,
    reader: AbortHandle,
}

pub(crate) struct Shared {
    calls: Mutex<InFlight<Arc<Mailbox>>>,
    pub(crate) outbox: Outbox,
    events: Mutex<Option<EventSender>>,
    closed: watch::Sender<Option<Arc<Closed>>>,
    /// The calls of which the peer has read nothing, once the writer is done.
    unread: watch::Sender<Option<Vec<u64>>>,
    lifeline: std::sync::Weak<dyn Lifeline>,
    pub(crate) limits: DuplexLimits,
}

impl Duplex {
    /// A connection over bytes: one JSON text a line. Must be called inside a tokio runtime.
    #[must_use]
    pub fn over_io(
        read: impl AsyncRead + Unpin + Send + 'static,
        write: impl AsyncWrite + Unpin + Send + 'static,
        lifeline: Arc<dyn Lifeline>,
        limits: DuplexLimits,
    ) -> Arc<Self> {
        Self::over_pipe(read, write, |_| None, lifeline, limits)
    }

    /// The same over a pipe of which `unread` tells how many bytes are in it that the peer has not read. When the peer is
    /// gone, calls of which it has read nothing end in [`Lost::Unread`].
    #[must_use]
    pub fn over_pipe<W: AsyncWrite + Unpin + Send + 'static>(
        read: impl AsyncRead + Unpin + Send + 'static,
        write: W,
        unread: fn(&W) -> Option<u64>,
        lifeline: Arc<dyn Lifeline>,
        limits: DuplexLimits,
    ) -> Arc<Self> {
        let reader = LineReader::new(read, limits.line, limits.budget.clone());
        Self::start(reader, LineWriter::new(write, unread), lifeline, limits)
    }

    /// A connection over messages. Must be called inside a tokio runtime.
    #[must_use]
    pub fn over_messages(
        incoming: impl Stream<Item = Message> + Unpin + Send + 'static,
        outgoing: impl Sink<Message> + Unpin + Send + 'static,
        lifeline: Arc<dyn Lifeline>,
        limits: DuplexLimits,
    ) -> Arc<Self> {
        Self::start(StreamReader(incoming), SinkWriter(outgoing), lifeline, limits)
    }

    fn start(
        reading: impl Reading + 'static,
        writing: impl Writing + 'static,
        lifeline: Arc<dyn Lifeline>,
        limits: DuplexLimits,
    ) -> Arc<Self> {
        let (sender, events) = events(limits.notes);
        let shared = Arc::new(Shared {
            calls: Mutex::new(InFlight::new(limits.in_flight)),
            outbox: Outbox::new(limits.outbox),
            events: Mutex::new(Some(sender)),
            closed: watch::Sender::new(None),
            unread: watch::Sender::new(None),
            lifeline: Arc::downgrade(&lifeline),
            limits,
        });
        // The writer ends by itself once the outbox is closed, which dropping the connection does.
        tokio::spawn(writer::run(writing, Arc::clone(&shared)));
        let reader = tokio::spawn(reader::run(reading, Arc::clone(&shared))).abort_handle();
        Arc::new(Self { shared, lifeline, events: Mutex::new(Some(events)), reader })
    }
}

#[async_trait]
impl Connection for Duplex {
    fn peer(&self) -> Arc<Peer> {
        Arc::new(Peer::unknown())
    }

    async fn call(&self, request: Request) -> Result<Reply, SendError> {
        let shared = &self.shared;
        let message = request.message();
        let mailbox = Arc::new(Mailbox::default());
        let asked = shared.calls().ask(message, request.caller().session.clone(), Arc::clone(&mailbox));
        let (key, ours) = match asked {
            Ok(asked) => asked,
            Err(Unasked::Full) => {
                let reason = NotSent::Busy("as many calls are in flight to the server as `in_flight` allows");
                return Err(SendError::new(message.clone(), reason));
            }
            Err(Unasked::Unlabelled(why)) => return Err(SendError::new(message.clone(), NotSent::Unfit(why))),
        };
        // From here on the guard withdraws the call, also if this future is dropped while it waits for room.
        let mut call = Call { key, mailbox, shared: Arc::clone(shared), open: true, sent: false };
        match shared.outbox.push(ours, shared.limits.send_wait).await {
            Ok(()) => {
                call.sent = true;
                Ok(Reply::new(call))
            }
            Err(rejected) => Err(SendError::new(message.clone(), shared.reason(rejected))),
        }
    }

    async fn tell(&self, message: Message, _: &Arc<Caller>) -> Result<(), SendError> {
        let shared = &self.shared;
        if message.kind() == Kind::Response
            && let Some(asked) = message.id()
        {
            shared.calls().answered(&asked);
        }
        let sent = shared.outbox.push(message.clone(), shared.limits.send_wait).await;
        sent.map_err(|rejected| SendError::new(message, shared.reason(rejected)))
    }

    fn events(&self) -> Option<Events> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    async fn closed(&self) -> Arc<Closed> {
        self.shared.over().await
    }

    async fn close(&self) {
        self.shared.finish(Closed { reason: CloseReason::Requested, stderr: self.lifeline.last_words() });
        self.lifeline.stop().await;
        self.reader.abort();
    }
}

impl Drop for Duplex {
    fn drop(&mut self) {
        self.shared.finish(Closed::new(CloseReason::Requested));
        self.reader.abort();
    }
}

impl Debug for Duplex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let in_flight = self.shared.calls().len();
        f.debug_struct("Duplex")
            .field("lifeline", &self.lifeline)
            .field("in_flight", &in_flight)
            .finish_non_exhaustive()
    }
}

/// How long the end of a conversation waits for the writer to be done with a peer that is gone.
const WRITER_WAIT: Duration = Duration::from_millis(100);

impl Shared {
    fn calls(&self) -> MutexGuard<'_, InFlight<Arc<Mailbox>>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues an event; gives back a request that found no room.
    fn event(&self, event: Message) -> Option<Message> {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.as_ref()?.push(event).err().map(|back| *back)
    }

    /// Settles the call that `message` answers with the reason why it could not be kept.
    fn lose(&self, message: Message, lost: Lost) {
        let delivery = self.calls().receive(message, Instant::now);
        if let Delivery::Response(mailbox, _) = &delivery {
            mailbox.settle(Err(lost));
            return;
        }
        tracing::warn!("a large message of the server was dropped: {lost}");
        if let Delivery::Note(_, message) | Delivery::Event(message) = delivery
            && message.kind() == Kind::Request
        {
            reader::refuse(self, Some(message));
        }
    }

    /// The peer's stream has ended: learns why and settles everything that waits.
    async fn end(&self, reason: CloseReason) {
        // Dropped means that the connection itself was; then nobody asks.
        let closed = match self.lifeline.upgrade() {
            Some(lifeline) => lifeline.ended().await,
            None => Closed::new(CloseReason::Requested),
        };
        // What the peer has not read is known when nothing is written any more.
        self.outbox.close();
        let mut unread = self.unread.subscribe();
        let _ = timeout(WRITER_WAIT, unread.wait_for(Option::is_some)).await;
        drop(unread);
        // A failed read says more than a plain end.
        let plain = closed.reason == CloseReason::Ended;
        self.finish(if plain { Closed { reason, ..closed } } else { closed });
    }

    /// Ends the conversation; the first reason stays.
    fn finish(&self, closed: Closed) {
        self.outbox.close();
        let closed = Arc::new(closed);
        self.closed.send_if_modified(|known| {
            let first = known.is_none();
            known.get_or_insert_with(|| Arc::clone(&closed));
            first
        });
        let unread = self.unread.borrow();
        for (key, mailbox) in self.calls().drain() {
            let is_unread = unread.as_ref().is_some_and(|unread| unread.contains(&key));
            let closed = Arc::clone(&closed);
            mailbox.settle(Err(if is_unread { Lost::Unread(closed) } else { Lost::Exited(closed) }));
        }
        drop(unread);
        self.events.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    async fn over(&self) -> Arc<Closed> {
        let mut closed = self.closed.subscribe();
        match closed.wait_for(Option::is_some).await.map(|closed| closed.clone()) {
            Ok(Some(closed)) => closed,
            // Not reachable while `self` holds the sender.
            _ => Arc::new(Closed::new(CloseReason::Ended)),
        }
    }

    /// Resolves when the conversation has been over for `time`.
    pub(crate) async fn over_for(&self, time: Duration) {
        self.over().await;
        tokio::time::sleep(time).await;
    }

    fn reason(&self, rejected: Rejected) -> NotSent {
        match rejected {
            Rejected::Full => NotSent::Busy("the server does not read what is sent to it"),
            Rejected::Closed => {
                let known = self.closed.borrow().clone();
                NotSent::Closed(known.unwrap_or_else(|| Arc::new(Closed::new(CloseReason::Ended))))
            }
        }
    }
}

impl Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// One call; dropping it before its response cancels it.
#[derive(Debug)]
struct Call {
    key: u64,
    mailbox: Arc<Mailbox>,
    shared: Arc<Shared>,
    open: bool,
    sent: bool,
}

impl Call {
    fn withdraw(&mut self, reason: Option<&str>) {
        if !std::mem::take(&mut self.open) {
            return;
        }
        if !self.sent {
            self.shared.calls().withdraw(self.key);
            return;
        }
        let tell = self.shared.calls().cancel(self.key, Instant::now());
        if tell {
            let params = CancelledParams::write(&Id::from(self.key), reason);
            self.shared.outbox.push_past(Message::notification(method::CANCELLED, Some(&params)));
        }
    }
}

impl Stream for Call {
    type Item = Result<Message, Lost>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Poll::Ready(message) = self.mailbox.poll(context) else { return Poll::Pending };
        if message.as_ref().map_or(true, |message| message.kind() == Kind::Response) {
            self.open = false;
        }
        Poll::Ready(Some(message))
    }
}

impl ReplySource for Call {
    fn cancel(mut self: Pin<&mut Self>, reason: Option<&str>) {
        self.withdraw(reason);
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.withdraw(None);
    }
}

#[cfg(test)]
mod tests;
