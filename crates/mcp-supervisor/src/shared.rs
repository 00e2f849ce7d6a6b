//! What a supervised connection and its lives have in common.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mcp_jsonrpc::Message;
use mcp_protocol::method;
use mcp_transport::{Caller, Closed, ConnectError, EventSender, NotSent, Reply, Request, SendError, Transport};
use tokio::time::Instant;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    Supervision,
    course::{Course, Demand},
    idle::{Activity, InUse},
    label, life,
    policy::Moment,
};

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) caller: Arc<Caller>,
    pub(crate) settings: Supervision,
    pub(crate) activity: Arc<Activity>,
    /// Ends every life; cancelled once.
    pub(crate) closing: CancellationToken,
    lives: TaskTracker,
    course: Mutex<Course>,
    events: Mutex<Option<EventSender>>,
}

impl Shared {
    pub(crate) fn new(
        transport: Arc<dyn Transport>,
        caller: Arc<Caller>,
        settings: Supervision,
        events: EventSender,
    ) -> Self {
        let closing = CancellationToken::new();
        let course = Mutex::new(Course::new(settings, closing.clone()));
        let (activity, lives) = (Arc::default(), TaskTracker::new());
        Self { transport, caller, settings, activity, closing, lives, course, events: Mutex::new(Some(events)) }
    }

    /// For changes that call for no life; for others there is [`change`](Self::change).
    pub(crate) fn course(&self) -> MutexGuard<'_, Course> {
        self.course.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the course, and begins the life that this calls for.
    pub(crate) fn change<R>(self: &Arc<Self>, change: impl FnOnce(&mut Course) -> R) -> R {
        let mut course = self.course();
        let result = change(&mut course);
        // Still under the lock, so that no life begins after a close.
        if let Some(life) = course.take_unborn() {
            self.lives.spawn(life::run(Arc::clone(self), life));
        }
        result
    }

    /// Where events go; `None` once closed.
    pub(crate) fn events(&self) -> MutexGuard<'_, Option<EventSender>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection that is up, as far as is known.
    pub(crate) async fn ready(self: &Arc<Self>) -> Result<InUse, NotSent> {
        let running = self.course().running();
        match running {
            Some(inner) => Ok(inner),
            // Boxed, for it is rare, and every call would carry its size.
            None => Box::pin(self.demanded()).await,
        }
    }

    /// A connection, once one is up.
    async fn demanded(self: &Arc<Self>) -> Result<InUse, NotSent> {
        let asked = Instant::now();
        loop {
            let attempt = match self.change(|course| course.demand(asked, Instant::now()))? {
                Demand::Use(inner) => return Ok(inner),
                Demand::Await(attempt) => attempt,
            };
            if let Ok(Err(error)) = attempt.await {
                return Err(NotSent::Connect(error));
            }
            // There is a connection now, or another attempt instead of this one.
        }
    }

    /// Whether `reason` means that the connection is no good any more; it is ended then.
    pub(crate) fn gave_up(self: &Arc<Self>, inner: &InUse, reason: &NotSent) -> bool {
        let why = match reason {
            NotSent::Closed(closed) => ConnectError::Ended(Arc::<Closed>::clone(closed)),
            NotSent::Forgotten => ConnectError::Other(Box::new(NotSent::Forgotten)),
            _ => return false,
        };
        self.change(|course| course.ended(inner, why, Moment::now()));
        true
    }

    /// Sends a call. What was provably not sent is sent again, but not for ever; `may_repeat`: and so is what was sent and not
    /// read.
    pub(crate) async fn call(self: &Arc<Self>, mut request: Request, may_repeat: bool) -> Result<Reply, SendError> {
        let mut first = true;
        loop {
            let inner = match self.ready().await {
                Ok(inner) => inner,
                Err(reason) => return Err(SendError::new(request.into_parts().0, reason)),
            };
            let caller = Arc::clone(request.caller());
            let again = (may_repeat && inner.asks).then(|| (Arc::clone(self), request.clone()));
            let error = match inner.connection.call(request).await {
                Ok(reply) => return Ok(inner.until_answered(reply, again)),
                Err(error) => error,
            };
            if !self.gave_up(&inner, &error.reason) || !std::mem::take(&mut first) {
                return Err(error);
            }
            request = Request::new(*error.message, caller).map_err(|message| SendError::new(*message, error.reason))?;
        }
    }

    /// Sends a call that was sent before and not read; not a third time.
    pub(crate) async fn call_last(self: &Arc<Self>, request: Request) -> Result<Reply, SendError> {
        self.call(request, false).await
    }

    /// Gives an answer to the connection that asked, or to nobody.
    pub(crate) async fn answer(&self, answer: &Message, caller: &Arc<Caller>) -> Result<(), SendError> {
        let Some((number, id)) = answer.id().and_then(|id| label::unmark(&id)) else { return Ok(()) };
        let asker = self.course().running().filter(|inner| inner.number == number);
        match asker {
            Some(inner) => inner.connection.tell(answer.clone().with_id(id), caller).await,
            None => Ok(()),
        }
    }

    /// Whether a notification is about something that ended with the connection it was on.
    pub(crate) fn is_moot(&self, note: &Message) -> bool {
        matches!(note.method(), Some(method::CANCELLED | method::PROGRESS)) && self.course().running().is_none()
    }

    /// Sends a notification, connecting if need be.
    pub(crate) async fn notify(self: &Arc<Self>, mut note: Message, caller: &Arc<Caller>) -> Result<(), SendError> {
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
    pub(crate) fn close(&self) {
        self.course().close();
        self.events().take();
        self.lives.close();
    }

    /// Waits until nothing is left of any life.
    pub(crate) async fn gone(&self) {
        self.lives.wait().await;
    }
}

#[cfg(test)]
mod tests;
