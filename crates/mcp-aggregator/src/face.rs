//! All servers as one client's connection.

mod complete;
mod listen;
mod lists;
mod open;
mod pump;
mod reply;
mod resources;
mod send;
mod standing;
mod tasks;
mod upstreams;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use async_trait::async_trait;
use mcp_jsonrpc::{Id, Kind, Message, quote};
use mcp_protocol::{Era, ListKind, Revision, code, level_of, method};
use mcp_transport::{
    Caller, CloseReason, Closed, Connection, EventSender, Events, NotSent, NoteLimits, Peer, Questions, Reply, Request,
    SendError, events,
};
use tokio::{sync::watch, time::timeout};

use self::{send::Errand, standing::Standing, upstreams::Upstreams};
use crate::{Hub, Member, scope::Sight, view::View};

/// All servers as one client's connection; or that of all clients without a session, who share one.
#[derive(Debug)]
pub(crate) struct Face {
    me: Weak<Self>,
    hub: Weak<Hub>,
    sight: Arc<Sight>,
    era: Era,
    is_session: bool,
    upstreams: Upstreams,
    questions: Mutex<Questions>,
    /// Made for the first event, or for whoever wants to hear them.
    channel: Mutex<Option<(EventSender, Option<Events>)>>,
    standing: Mutex<Standing>,
    closing: watch::Sender<bool>,
}

/// What a client that does not read yet may miss: announcements coalesce, so little room is enough.
const EVENTS: NoteLimits = NoteLimits { count: 64, bytes: 64 << 10 };

/// How long one server may take to be told something, while others wait.
const PATIENCE: Duration = Duration::from_secs(5);

impl Face {
    pub(crate) fn new(hub: &Weak<Hub>, sight: &Arc<Sight>, era: Era, is_session: bool) -> Arc<Self> {
        let face = Arc::new_cyclic(|me| Self {
            me: me.clone(),
            hub: hub.clone(),
            sight: Arc::clone(sight),
            era,
            is_session,
            upstreams: Upstreams::default(),
            questions: Mutex::default(),
            channel: Mutex::default(),
            standing: Mutex::default(),
            closing: watch::Sender::new(false),
        });
        face.catch_up();
        face
    }

    /// Takes what there is now for what the client knows: it has not asked for anything yet.
    pub(crate) fn catch_up(&self) {
        if let Some(view) = self.view() {
            self.standing().prints = view.prints();
        }
    }

    /// What the client sees now; `None` once there is no hub.
    fn view(&self) -> Option<Arc<View>> {
        let hub = self.hub.upgrade()?;
        let mut standing = self.standing();
        if standing.own.is_empty() {
            drop(standing);
            return Some(hub.view(self.era, &self.sight));
        }
        let version = hub.version();
        if let Some(view) = standing.own_view.as_ref().filter(|view| view.is_of(version)) {
            return Some(Arc::clone(view));
        }
        let view = Arc::new(hub.view_with(version, self.era, &self.sight, &standing.own));
        standing.own_view = Some(Arc::clone(&view));
        Some(view)
    }

    /// Tells the client which lists are others than they were.
    pub(crate) fn announce(&self) {
        let Some(view) = self.view() else { return };
        let prints = view.prints();
        let before = std::mem::replace(&mut self.standing().prints, prints);
        for kind in others(before, prints) {
            self.push(Message::notification(kind.list_changed(), None));
        }
    }

    /// Ends the conversations with servers that are no more.
    pub(crate) fn leave_all_but(&self, members: &[Arc<dyn Member>]) {
        for gone in self.upstreams.all_but(members) {
            self.standing().forget(&gone.member);
            tokio::spawn(async move { gone.close().await });
        }
    }

    /// Queues an event for the client; gives back a question for which there is no room.
    fn push(&self, event: Message) -> Option<Box<Message>> {
        let mut channel = self.channel();
        channel.get_or_insert_with(new_channel).0.push(event).err()
    }

    fn channel(&self) -> MutexGuard<'_, Option<(EventSender, Option<Events>)>> {
        lock(&self.channel)
    }

    fn questions(&self) -> MutexGuard<'_, Questions> {
        lock(&self.questions)
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        lock(&self.standing)
    }

    /// Tells the servers that the client already uses, and those it will use, how much it wants to hear.
    async fn set_level(&self, request: Request) -> Result<Reply, SendError> {
        let Ok(level) = level_of(request.message().params().unwrap_or("{}")) else {
            return Ok(refused(&request, code::INVALID_PARAMS, "the level must be one of those of the specification"));
        };
        if self.is_session {
            self.standing().level = Some(level);
            let open = self.upstreams.open();
            let tell = open.iter().map(|upstream| self.tell_level(upstream, request.caller()));
            futures::future::join_all(tell).await;
        }
        Ok(answered(&request, "{}"))
    }

    /// Tells every server that the client uses, none of which waits for another.
    async fn tell_all(&self, message: &Message, caller: &Arc<Caller>) {
        let tell = self.upstreams.open().into_iter().map(async |upstream| {
            if let Some(connection) = upstream.connection.get() {
                // A server that is gone asks anew when it is there again.
                let _ = timeout(PATIENCE, connection.tell(message.clone(), caller)).await;
            }
        });
        futures::future::join_all(tell).await;
    }

    /// What no part of the hub knows is for the only server, if there is one.
    async fn other(&self, view: &Arc<View>, request: Request) -> Result<Reply, SendError> {
        if view.is_single && view.members.len() == 1 {
            let errand = Errand { is_repeatable: false, ..Errand::repeatable(view, 0, request) };
            return self.send(errand).await;
        }
        let text = format!("no part of this hub answers {}", quote(request.method()));
        Ok(refused(&request, code::METHOD_NOT_FOUND, &text))
    }
}

#[async_trait]
impl Connection for Face {
    fn peer(&self) -> Arc<Peer> {
        let revision = match self.era {
            Era::Legacy => Revision::LATEST_LEGACY,
            Era::Modern => Revision::LATEST,
        };
        let handshake = self.view().map_or_else(|| "{}".into(), |view| view.handshake.clone());
        Arc::new(Peer { revision, handshake })
    }

    async fn call(&self, request: Request) -> Result<Reply, SendError> {
        let Some(view) = self.view() else {
            return Err(SendError::new(request.into_parts().0, NotSent::ShuttingDown));
        };
        let name = request.method();
        if let Some(kind) = ListKind::of(name) {
            return Ok(self.list(kind, &request).await);
        }
        match name {
            method::TOOLS_CALL => self.call_tool(view, request).await,
            method::PROMPTS_GET => self.get_prompt(view, request).await,
            method::RESOURCES_READ => self.read(view, request).await,
            method::RESOURCES_SUBSCRIBE => self.subscribe(view, request).await,
            method::RESOURCES_UNSUBSCRIBE => self.unsubscribe(view, request).await,
            method::COMPLETION_COMPLETE => self.complete(view, request).await,
            method::TASKS_GET | method::TASKS_CANCEL => self.task(view, request).await,
            method::TASKS_RESULT if self.era == Era::Legacy => self.task(view, request).await,
            method::TASKS_UPDATE if self.era == Era::Modern => self.task(view, request).await,
            method::TASKS_LIST => self.list_tasks(view, request).await,
            method::LOGGING_SET_LEVEL => self.set_level(request).await,
            method::PING if self.era == Era::Legacy => Ok(answered(&request, "{}")),
            method::SERVER_DISCOVER if self.era == Era::Modern => Ok(answered(&request, &view.handshake)),
            method::SUBSCRIPTIONS_LISTEN if self.era == Era::Modern => Ok(self.listen(&view, &request).await),
            _ => self.other(&view, request).await,
        }
    }

    async fn tell(&self, message: Message, caller: &Arc<Caller>) -> Result<(), SendError> {
        let message = self.with_own_task_ids(message);
        let routed = match (message.kind(), message.method()) {
            (Kind::Response, _) => self.questions().answer(&message),
            (Kind::Notification, Some(method::PROGRESS)) => self.questions().progress(&message),
            (Kind::Notification, Some(method::ROOTS_LIST_CHANGED)) => {
                self.tell_all(&message, caller).await;
                None
            }
            (Kind::Notification, Some(method::INITIALIZED | method::CANCELLED)) | (Kind::Request, _) => None,
            (Kind::Notification, _) => {
                let only = timeout(PATIENCE, self.only(caller)).await.ok().flatten();
                only.map(|only| (only, message))
            }
        };
        match routed {
            Some((to, message)) => to.tell(message, caller).await,
            None => Ok(()),
        }
    }

    fn events(&self) -> Option<Events> {
        self.channel().get_or_insert_with(new_channel).1.take()
    }

    /// Resolves once the client has left, whatever becomes of the servers.
    async fn closed(&self) -> Arc<Closed> {
        let mut closing = self.closing.subscribe();
        // The sender lives as long as this does.
        let _ = closing.wait_for(|is_closing| *is_closing).await;
        Arc::new(Closed::new(CloseReason::Requested))
    }

    async fn close(&self) {
        self.closing.send_replace(true);
        // Its events end, too.
        drop(self.channel().take());
        self.upstreams.close().await;
    }
}

fn new_channel() -> (EventSender, Option<Events>) {
    let (sender, events) = events(EVENTS);
    (sender, Some(events))
}

/// A reply of our own.
fn answered(request: &Request, result: &str) -> Reply {
    Reply::ready(Message::response(&id(request), result))
}

/// A refusal of our own.
fn refused(request: &Request, code: i64, text: &str) -> Reply {
    Reply::ready(Message::error_response(Some(&id(request)), code, text, None))
}

fn id(request: &Request) -> Id {
    request.message().id().unwrap_or_else(|| Id::from(0))
}

/// The lists whose fingerprints are others now; those of resources and of templates change as one.
fn others(before: [u64; 4], now: [u64; 4]) -> impl Iterator<Item = ListKind> {
    let is_other = move |at: usize| before[at] != now[at];
    [
        (is_other(0), ListKind::Tools),
        (is_other(1), ListKind::Prompts),
        (is_other(2) || is_other(3), ListKind::Resources),
    ]
    .into_iter()
    .filter_map(|(changed, kind)| changed.then_some(kind))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
