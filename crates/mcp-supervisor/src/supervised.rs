//! A connection that outlives the connections behind it.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use futures::FutureExt;
use mcp_jsonrpc::{Kind, Message};
use mcp_protocol::method;
use mcp_transport::{
    Caller, Closed, ConnectError, Connection, EventSender, Events, NotSent, NoteLimits, Peer, Reply, Request,
    SendError, Transport, events,
};
use tokio::sync::{oneshot, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    State,
    course::{Course, Demand, requested},
    label,
    life::{self, Inner},
};

/// How a server is supervised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Supervision {
    /// How long a message waits for the next attempt after a failure. Default: 10 s. Where the wait would be longer, the
    /// failure is reported at once. The attempt itself takes as long as the transport lets it.
    pub backoff_wait: Duration,
    /// How many events wait for their consumer.
    pub notes: NoteLimits,
}

impl Default for Supervision {
    fn default() -> Self {
        Self { backoff_wait: Duration::from_secs(10), notes: NoteLimits::default() }
    }
}

/// A connection to a server that is started when it is needed, and started again after it has ended.
///
/// - All who need a connection while there is none wait for the same attempt.
/// - After a failure the next attempt waits: about a second, then twice as long each time, up to thirty. A connection
///   that ends by itself within a minute counts as a failure, too.
/// - A message that a dying connection has not sent goes out once more on a fresh one. A call that was sent is lost with
///   its connection.
/// - The ids of the server's requests carry the number of the connection they came from; an answer to an earlier one is
///   dropped.
///
/// Tasks of its own run only while there is a connection or an attempt. Dropping it ends them, and with them the server.
#[derive(Debug)]
pub struct Supervised {
    shared: Arc<Shared>,
    events: Mutex<Option<Events>>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) caller: Arc<Caller>,
    /// Ends every life; cancelled once.
    pub(crate) stop: CancellationToken,
    settings: Supervision,
    lives: TaskTracker,
    course: Mutex<Course>,
    events: Mutex<Option<EventSender>>,
}

impl Supervised {
    /// Supervises the server that `transport` reaches on behalf of `caller`. Does nothing yet.
    #[must_use]
    pub fn new(transport: Arc<dyn Transport>, caller: Arc<Caller>) -> Arc<Self> {
        Self::with(transport, caller, Supervision::default())
    }

    /// The same in a way of your own.
    #[must_use]
    pub fn with(transport: Arc<dyn Transport>, caller: Arc<Caller>, settings: Supervision) -> Arc<Self> {
        let (sender, events) = events(settings.notes);
        let shared = Arc::new(Shared {
            transport,
            caller,
            stop: CancellationToken::new(),
            settings,
            lives: TaskTracker::new(),
            course: Mutex::new(Course::new()),
            events: Mutex::new(Some(sender)),
        });
        Arc::new(Self { shared, events: Mutex::new(Some(events)) })
    }

    /// Connects now, if there is no connection.
    ///
    /// # Errors
    ///
    /// Why there is none to be had: what this attempt has met, or the one before it if the next is far away.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the attempt to others; it goes on.
    pub async fn start(&self) -> Result<Arc<Peer>, Arc<ConnectError>> {
        match self.shared.ready().await {
            Ok(inner) => Ok(inner.connection.peer()),
            Err(NotSent::Connect(error)) => Err(error),
            Err(NotSent::Closed(closed)) => Err(Arc::new(ConnectError::Ended(closed))),
            Err(other) => Err(Arc::new(ConnectError::Other(Box::new(other)))),
        }
    }

    /// What the server is doing, now and whenever that changes.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<State> {
        self.shared.course().states()
    }

    /// The number of the newest connection, 0 before the first; it only grows. A change means that the server has
    /// forgotten what it was told on the connection before: subscriptions, the log level.
    #[must_use]
    pub fn generation(&self) -> watch::Receiver<u64> {
        self.shared.course().generations()
    }
}

#[async_trait]
impl Connection for Supervised {
    /// Who answered last; unknown before the first connection.
    fn peer(&self) -> Arc<Peer> {
        self.shared.course().peer()
    }

    async fn call(&self, mut request: Request) -> Result<Reply, SendError> {
        let mut first = true;
        loop {
            let inner = match self.shared.ready().await {
                Ok(inner) => inner,
                Err(reason) => return Err(SendError::new(request.into_parts().0, reason)),
            };
            let caller = Arc::clone(request.caller());
            let error = match inner.call(request).await {
                Ok(reply) => return Ok(reply),
                Err(error) => error,
            };
            // It was provably not sent, so it may be sent again, but not for ever.
            if !self.shared.gave_up(&inner, &error.reason) || !std::mem::take(&mut first) {
                return Err(error);
            }
            request = Request::new(*error.message, caller).map_err(|message| SendError::new(*message, error.reason))?;
        }
    }

    /// Sends a notification, connecting if need be, or an answer, if the connection that asked is still there.
    async fn tell(&self, message: Message, caller: &Arc<Caller>) -> Result<(), SendError> {
        match message.kind() {
            Kind::Response => self.shared.answer(&message, caller).await,
            _ if self.shared.is_moot(&message) => Ok(()),
            _ => self.shared.notify(message, caller).await,
        }
    }

    fn events(&self) -> Option<Events> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Resolves once this connection was closed, whatever becomes of those behind it.
    async fn closed(&self) -> Arc<Closed> {
        self.shared.stop.cancelled().await;
        requested()
    }

    async fn close(&self) {
        self.shared.close();
        self.shared.lives.wait().await;
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl Shared {
    pub(crate) fn course(&self) -> MutexGuard<'_, Course> {
        self.course.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where events go; `None` once closed.
    pub(crate) fn events(&self) -> MutexGuard<'_, Option<EventSender>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection that is up, as far as is known.
    async fn ready(self: &Arc<Self>) -> Result<Arc<Inner>, NotSent> {
        let attempt = {
            let mut course = self.course();
            match course.demand(self.settings.backoff_wait)? {
                Demand::Use(inner) => return Ok(inner),
                Demand::Await(attempt) => attempt,
                Demand::Begin(turn) => {
                    let (settle, settled) = oneshot::channel();
                    let attempt = settled.shared();
                    let number = course.begin(attempt.clone());
                    self.lives.spawn(life::run(Arc::clone(self), number, turn, settle));
                    attempt
                }
            }
        };
        match attempt.await {
            Ok(connected) => connected.map_err(NotSent::Connect),
            // Only a close drops an attempt unsettled.
            Err(_) => Err(NotSent::Closed(requested())),
        }
    }

    /// Whether `reason` means that the connection is no good any more; it is ended then.
    fn gave_up(&self, inner: &Inner, reason: &NotSent) -> bool {
        let Some(why) = life::no_good(reason) else { return false };
        self.course().ended(inner, why);
        inner.stop.cancel();
        true
    }

    /// Gives an answer to the connection that asked, or to nobody.
    async fn answer(&self, answer: &Message, caller: &Arc<Caller>) -> Result<(), SendError> {
        let Some((number, id)) = answer.id().and_then(|id| label::unmark(&id)) else { return Ok(()) };
        let asker = self.course().running().filter(|inner| inner.number == number).map(Arc::clone);
        match asker {
            Some(inner) => inner.connection.tell(answer.with_id(&id), caller).await,
            None => Ok(()),
        }
    }

    /// Whether a notification is about something that ended with the connection it was on.
    fn is_moot(&self, note: &Message) -> bool {
        matches!(note.method(), Some(method::CANCELLED | method::PROGRESS)) && self.course().running().is_none()
    }

    async fn notify(self: &Arc<Self>, mut note: Message, caller: &Arc<Caller>) -> Result<(), SendError> {
        let mut first = true;
        loop {
            let inner = match self.ready().await {
                Ok(inner) => inner,
                Err(reason) => return Err(SendError::new(note, reason)),
            };
            let Err(error) = inner.connection.tell(note, caller).await else { return Ok(()) };
            if !self.gave_up(&inner, &error.reason) || !std::mem::take(&mut first) {
                return Err(error);
            }
            note = *error.message;
        }
    }

    /// Ends all lives; no other follows.
    fn close(&self) {
        self.course().close();
        self.stop.cancel();
        self.events().take();
        self.lives.close();
    }
}

#[cfg(test)]
mod tests;
