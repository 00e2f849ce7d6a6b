//! What is remembered of one legacy client, because a modern server does not.

use std::{
    collections::BTreeSet,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use mcp_jsonrpc::Message;
use mcp_protocol::{
    ClientCapabilities, Envelope, LogLevel, Revision, ServerCapabilities, ServerCapability, SubscriptionFilter,
};
use mcp_transport::{Caller, Client, Closed, Connection, EventSender, Events, NoteLimits, events};
use tokio::{
    sync::{Notify, watch},
    task::AbortHandle,
};

use super::{asked::Asked, handshake::modern_capabilities, listening};

/// One client's state, and the way to the server.
pub(super) struct Session {
    pub(super) name: Arc<str>,
    pub(super) modern: Arc<dyn Connection>,
    /// What the server can do.
    pub(super) server: ServerCapabilities,
    /// What the client can be asked; `None` if it cannot be asked at all.
    pub(super) able: Option<ClientCapabilities>,
    /// The client as it is, and as a modern server is to see it.
    legacy: Arc<Caller>,
    caller: Arc<Caller>,
    next: AtomicU64,
    asked: Mutex<Asked>,
    state: Mutex<State>,
    /// Why the session is over.
    pub(super) closed: watch::Sender<Option<Arc<Closed>>>,
    /// Wakes whoever listens when something else is wanted.
    pub(super) changed: Notify,
    /// Up to which change of what is wanted the server has been asked for it.
    settled: watch::Sender<u64>,
}

struct State {
    level: Option<LogLevel>,
    uris: BTreeSet<Box<str>>,
    /// Counts the changes of what is wanted.
    changes: u64,
    /// Whether somebody reads the events.
    heard: bool,
    listening: Option<AbortHandle>,
    sender: Option<EventSender>,
    events: Option<Events>,
}

/// Resources that one client may subscribe to, and the bytes of their names.
pub(super) const MAX_SUBSCRIPTIONS: usize = 1024;
const MAX_SUBSCRIBED_BYTES: usize = 1 << 20;

/// From which level on a server logs to a client that has never said.
const DEFAULT_LEVEL: LogLevel = LogLevel::Info;

/// What a client that does not read yet may miss: announcements coalesce, so little room is enough.
const EVENTS: NoteLimits = NoteLimits { count: 256, bytes: 256 << 10 };

impl Session {
    pub(super) fn new(name: Arc<str>, modern: Arc<dyn Connection>, legacy: &Arc<Caller>) -> Self {
        let server = ServerCapabilities::read(modern.peer().capabilities()).unwrap_or_default();
        let client = legacy.client.as_ref().map(|client| {
            let capabilities = modern_capabilities(&client.capabilities, legacy.revision).into();
            Arc::new(Client { info: client.info.clone(), capabilities })
        });
        let able = client.as_ref().map(|client| ClientCapabilities::read(&client.capabilities).unwrap_or_default());
        let (sender, events) = events(EVENTS);
        let state = State {
            level: None,
            uris: BTreeSet::new(),
            changes: 0,
            heard: false,
            listening: None,
            sender: Some(sender),
            events: Some(events),
        };
        Self {
            name,
            modern,
            server,
            able,
            legacy: Arc::clone(legacy),
            caller: Arc::new(modern_caller(legacy, client)),
            next: AtomicU64::new(1),
            asked: Mutex::default(),
            state: Mutex::new(state),
            closed: watch::Sender::new(None),
            changed: Notify::new(),
            settled: watch::Sender::new(0),
        }
    }

    /// A number that this session has not used yet.
    pub(super) fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// A caller of this session as a modern server is to see it.
    pub(super) fn modern_caller(&self, legacy: &Arc<Caller>) -> Arc<Caller> {
        if Arc::ptr_eq(legacy, &self.legacy) {
            return Arc::clone(&self.caller);
        }
        Arc::new(modern_caller(legacy, self.caller.client.clone()))
    }

    /// The session's client as a modern server is to see it.
    pub(super) fn caller(&self) -> &Arc<Caller> {
        &self.caller
    }

    /// What goes with every request.
    pub(super) fn envelope(&self, log_level: Option<LogLevel>) -> Envelope<'_> {
        let client = self.caller.client.as_deref();
        Envelope {
            version: Revision::LATEST,
            capabilities: client.map_or("{}", |client| &client.capabilities),
            client_info: client.map(|client| &*client.info),
            log_level,
        }
    }

    /// From which level on the client hears logs; `None` if there are none.
    pub(super) fn level(&self) -> Option<LogLevel> {
        let has_logs = self.server.has(ServerCapability::Logging);
        self.state().level.or(has_logs.then_some(DEFAULT_LEVEL))
    }

    pub(super) fn set_level(&self, level: LogLevel) {
        self.state().level = Some(level);
    }

    pub(super) fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a subscription; gives the change to wait for. `None` if there are as many as there may be.
    pub(super) fn subscribe(self: &Arc<Self>, uri: &str) -> Option<u64> {
        let mut state = self.state();
        if !state.uris.contains(uri) {
            let bytes: usize = state.uris.iter().map(|uri| uri.len()).sum();
            if MAX_SUBSCRIPTIONS <= state.uris.len() || MAX_SUBSCRIBED_BYTES < bytes + uri.len() {
                return None;
            }
            state.uris.insert(uri.into());
            self.look_after(&mut state);
        }
        Some(state.changes)
    }

    pub(super) fn unsubscribe(self: &Arc<Self>, uri: &str) {
        let mut state = self.state();
        if state.uris.remove(uri) {
            self.look_after(&mut state);
        }
    }

    pub(super) fn is_subscribed(&self, uri: &str) -> bool {
        self.state().uris.contains(uri)
    }

    /// Gives the events to who asks first.
    pub(super) fn take_events(self: &Arc<Self>) -> Option<Events> {
        let mut state = self.state();
        let events = state.events.take()?;
        state.heard = true;
        self.look_after(&mut state);
        Some(events)
    }

    /// Queues a message that belongs to no call.
    pub(super) fn push(&self, event: Message) {
        if let Some(sender) = &self.state().sender {
            // These are notifications, and those never come back.
            let _ = sender.push(event);
        }
    }

    /// What the client wants to hear of, and how many changes that has seen. `None` if it is nothing: then whoever listens
    /// for it is to stop, and another one takes over when there is something again.
    pub(super) fn wanted(&self) -> Option<(u64, SubscriptionFilter)> {
        let mut state = self.state();
        let wanted = self.filter(&state);
        if wanted.is_empty() {
            state.listening = None;
            self.settle(state.changes);
            return None;
        }
        Some((state.changes, wanted))
    }

    /// Notes that the server has been asked for what was wanted then.
    pub(super) fn settle(&self, change: u64) {
        self.settled.send_if_modified(|settled| std::mem::replace(settled, change.max(*settled)) < change);
    }

    /// Waits until the server has been asked for what was wanted then.
    pub(super) async fn settled(&self, change: u64) {
        // The sender is in the same place as we are.
        let _ = self.settled.subscribe().wait_for(|settled| change <= *settled).await;
    }

    /// Ends the session: nothing is listened for, and nobody waits for answers.
    pub(super) fn end(&self, closed: Arc<Closed>) {
        self.closed.send_if_modified(|over| {
            let is_first = over.is_none();
            over.get_or_insert(closed);
            is_first
        });
        self.asked().end();
        let (listening, sender) = {
            let mut state = self.state();
            (state.listening.take(), state.sender.take())
        };
        if let Some(listening) = listening {
            listening.abort();
        }
        drop(sender);
    }

    fn filter(&self, state: &State) -> SubscriptionFilter {
        if !state.heard && state.uris.is_empty() {
            return SubscriptionFilter::default();
        }
        let all = SubscriptionFilter {
            tools_list_changed: true,
            prompts_list_changed: true,
            resources_list_changed: true,
            resource_subscriptions: state.uris.iter().map(ToString::to_string).collect(),
            task_ids: Vec::new(),
        };
        all.honoured(self.server)
    }

    /// Sees to it that what is wanted is listened for.
    fn look_after(self: &Arc<Self>, state: &mut State) {
        state.changes += 1;
        let is_over = state.sender.is_none();
        if state.listening.is_some() {
            self.changed.notify_one();
        } else if !is_over && !self.filter(state).is_empty() {
            state.listening = Some(tokio::spawn(listening::run(Arc::clone(self))).abort_handle());
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A legacy caller as a modern server is to see it.
fn modern_caller(legacy: &Caller, client: Option<Arc<Client>>) -> Caller {
    Caller { session: None, revision: Revision::LATEST, client, ..legacy.clone() }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("name", &self.name).field("modern", &self.modern).finish_non_exhaustive()
    }
}
