//! A shared server as one client sees it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use async_trait::async_trait;
use mcp_jsonrpc::{Edit, Kind, Message, quote};
use mcp_protocol::{ClientCapabilities, LogLevel, level_of, method, resource_uri, set_level_params, wants_task};
use mcp_transport::{
    Caller, Closed, Connection, EventSender, Events, NotSent, Peer, Questions, Reply, Request, SendError, events,
};
use tokio::time::timeout;

use super::{
    EVENTS, FaceKey, Share,
    aside::Aside,
    place::Held,
    pump,
    reply::{Change, Told},
};

/// How many spare instances a call is tried on, of which all that were kept may have gone.
const SPARES_TRIED: usize = 5;

/// A client's own view of a shared connection.
#[derive(Debug)]
pub(crate) struct Face {
    me: Weak<Self>,
    pub(super) share: Arc<Share>,
    pub(super) key: FaceKey,
    /// Whether the client can be asked anything at all.
    can_interact: bool,
    questions: Mutex<Questions>,
    aside: Mutex<Aside>,
    /// Made for the first event, or for whoever wants to hear them.
    events: Mutex<Option<(EventSender, Option<Events>)>>,
}

impl Face {
    pub(super) fn new(share: Arc<Share>, key: FaceKey, capabilities: ClientCapabilities, me: Weak<Self>) -> Self {
        let can_interact = capabilities.can_interact();
        Self {
            me,
            share,
            key,
            can_interact,
            questions: Mutex::default(),
            aside: Mutex::default(),
            events: Mutex::default(),
        }
    }

    pub(super) fn questions(&self) -> MutexGuard<'_, Questions> {
        self.questions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn aside(&self) -> MutexGuard<'_, Aside> {
        self.aside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the client wants log messages of this level.
    pub(super) fn hears(&self, level: LogLevel) -> bool {
        self.share.state().levels.hears(self.key, level)
    }

    /// Queues an announcement for the client.
    pub(super) fn push(&self, event: Message) {
        let mut channel = self.channel();
        // Announcements are notifications, and those never come back.
        let _ = channel.get_or_insert_with(channel_of_events).0.push(event);
    }

    fn channel(&self) -> MutexGuard<'_, Option<(EventSender, Option<Events>)>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn pass(
        &self,
        to: &Arc<dyn Connection>,
        request: Request,
        change: Change,
        held: Held,
    ) -> Result<Reply, SendError> {
        let caller = Arc::clone(request.caller());
        let reply = to.call(request).await?;
        match self.me.upgrade() {
            Some(face) => Ok(Reply::new(Told::new(reply, face, caller, Arc::clone(to), change, held))),
            // Not reachable while somebody calls a method of the face.
            None => Ok(reply),
        }
    }

    async fn subscribe(&self, request: Request) -> Result<Reply, SendError> {
        let Ok(uri) = resource_uri(request.message().params().unwrap_or("{}")).map(Box::<str>::from) else {
            return self.pass(&self.share.upstream, request, Change::None, Held::Nothing).await;
        };
        // Noted before it is sent, so that no update is missed between the answer and here.
        if !self.share.subscribe(&uri, self.key) {
            return Ok(done(&request));
        }
        let sent = self.pass(&self.share.upstream, request, Change::Subscribed(uri.clone()), Held::Nothing).await;
        if sent.is_err() {
            self.share.unsubscribe(&uri, self.key);
        }
        sent
    }

    async fn unsubscribe(&self, request: Request) -> Result<Reply, SendError> {
        let others_stay = match resource_uri(request.message().params().unwrap_or("{}")) {
            Ok(uri) => {
                let hears = self.share.state().subscriptions.hears(&uri, self.key);
                hears && !self.share.unsubscribe(&uri, self.key)
            }
            Err(_) => false,
        };
        if others_stay {
            return Ok(done(&request));
        }
        self.pass(&self.share.upstream, request, Change::None, Held::Nothing).await
    }

    async fn set_level(&self, request: Request) -> Result<Reply, SendError> {
        let Ok(level) = level_of(request.message().params().unwrap_or("{}")) else {
            return self.pass(&self.share.upstream, request, Change::None, Held::Nothing).await;
        };
        let Some(needed) = self.share.state().levels.ask(self.key, level) else { return Ok(done(&request)) };
        let request = with_level(request, needed);
        let sent = self.pass(&self.share.upstream, request, Change::LevelSet(needed), Held::Nothing).await;
        if sent.is_err() {
            self.share.state().levels.refused(self.key);
        }
        sent
    }

    /// Runs a call alone on a spare instance, where all that is asked and logged is the call's. An instance may turn out to be
    /// gone, or its session to be forgotten; the call goes to another one then, for it was not sent.
    async fn alone(&self, mut request: Request) -> Result<Reply, SendError> {
        for _ in 1..SPARES_TRIED {
            let caller = Arc::clone(request.caller());
            let error = match self.on_a_spare(request).await {
                Err(error) if matches!(error.reason, NotSent::Forgotten | NotSent::Closed(_)) => error,
                sent => return sent,
            };
            let reason = error.reason;
            request = Request::new(*error.message, caller).map_err(|message| SendError { message, reason })?;
        }
        self.on_a_spare(request).await
    }

    async fn on_a_spare(&self, request: Request) -> Result<Reply, SendError> {
        let lease = match self.share.spares.leases().lease(self.share.patience).await {
            Ok(lease) => lease,
            Err(reason) => return Err(SendError::new(request.into_parts().0, reason)),
        };
        let instance = Arc::clone(lease.connection());
        if let Some(events) = instance.events() {
            // Ends with the instance, whose events it reads.
            tokio::spawn(pump::run_spare(Arc::downgrade(&instance), events));
        }
        let level = self.share.state().levels.of(self.key);
        if let Some(level) = level {
            let _ = timeout(self.share.patience, set_level(&instance, level, request.caller())).await;
        }
        self.pass(&instance, request, Change::None, Held::Spare(lease)).await
    }
}

#[async_trait]
impl Connection for Face {
    fn peer(&self) -> Arc<Peer> {
        self.share.upstream.peer()
    }

    async fn call(&self, request: Request) -> Result<Reply, SendError> {
        // What is rare is boxed, or every call would carry its size.
        let held = match request.method() {
            method::RESOURCES_SUBSCRIBE => return Box::pin(self.subscribe(request)).await,
            method::RESOURCES_UNSUBSCRIBE => return Box::pin(self.unsubscribe(request)).await,
            method::LOGGING_SET_LEVEL => return Box::pin(self.set_level(request)).await,
            name if method::may_interact(name) => match self.share.occupy(self.key, self.can_interact) {
                Some(place) => Held::Main(place),
                // It is answered at once, with a task that only the main instance knows afterwards.
                None if request.message().params().is_some_and(wants_task) => Held::Nothing,
                None => return Box::pin(self.alone(request)).await,
            },
            _ => Held::Nothing,
        };
        self.pass(&self.share.upstream, request, Change::None, held).await
    }

    async fn tell(&self, message: Message, caller: &Arc<Caller>) -> Result<(), SendError> {
        let routed = match message.kind() {
            Kind::Response => self.questions().answer(&message),
            Kind::Notification if message.is_method(method::PROGRESS) => self.questions().progress(&message),
            // What one client says of its own connection is nothing the others share.
            Kind::Notification => match message.method() {
                Some(method::INITIALIZED | method::CANCELLED | method::ROOTS_LIST_CHANGED) => None,
                _ => Some((Arc::clone(&self.share.upstream), message)),
            },
            Kind::Request => None,
        };
        match routed {
            Some((to, message)) => to.tell(message, caller).await,
            None => Ok(()),
        }
    }

    fn events(&self) -> Option<Events> {
        self.channel().get_or_insert_with(channel_of_events).1.take()
    }

    async fn closed(&self) -> Arc<Closed> {
        self.share.upstream.closed().await
    }

    /// Leaves the shared connection open: it is the others' too.
    async fn close(&self) {
        self.share.leave(self.key);
    }
}

impl Drop for Face {
    fn drop(&mut self) {
        self.share.leave(self.key);
    }
}

fn channel_of_events() -> (EventSender, Option<Events>) {
    let (sender, events) = events(EVENTS);
    (sender, Some(events))
}

/// Sets the level of an instance that nobody else uses. A server without logging refuses, and then there is nothing to set.
///
/// On behalf of the one who will call next: then what the instance asks is that client's even if this is never answered.
/// The same request for another level: what the most curious client asked for.
fn with_level(request: Request, level: LogLevel) -> Request {
    let message = request.message();
    let Ok(Some(at)) = message.find(&["params", "level"]) else { return request };
    let message = message.spliced(&[Edit { at, with: &quote(level.as_str()) }]);
    request.with_message(message)
}

pub(super) async fn set_level(
    instance: &Arc<dyn Connection>,
    level: LogLevel,
    caller: &Arc<Caller>,
) -> Option<Message> {
    let params = set_level_params(level);
    let message = Message::request(&mcp_jsonrpc::Id::from(0), method::LOGGING_SET_LEVEL, Some(&params));
    let request = Request::new(message, Arc::clone(caller)).ok()?;
    instance.call(request).await.ok()?.response().await.ok()
}

/// The answer to a request for what is so already.
fn done(request: &Request) -> Reply {
    let id = request.message().id().unwrap_or_else(|| mcp_jsonrpc::Id::from(0));
    Reply::ready(Message::response(&id, "{}"))
}
