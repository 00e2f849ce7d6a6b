//! One connection as many clients' own.

mod aside;
mod face;
mod levels;
mod place;
mod pump;
mod reply;
mod spares;
mod subscriptions;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use mcp_jsonrpc::Message;
use mcp_protocol::{ClientCapabilities, method};
use mcp_supervisor::{Awake, Supervised};
use mcp_transport::{Caller, Connection, NoteLimits};
use tokio::{sync::Notify, task::AbortHandle};

use crate::{Interaction, tool_headers::ToolHeaders};

pub(crate) use self::{face::Face, spares::Spares};
use self::{levels::Levels, place::Occupants, subscriptions::Subscriptions};

/// Tells the clients of one shared server apart.
type FaceKey = u64;

/// One upstream connection that many clients use as if each had it alone.
///
/// Every client has a [`Face`]. Ids need no care here, for the connection keeps its callers apart; what does is state
/// that a server keeps per connection: subscriptions are counted, the log is as verbose as the most curious client asks,
/// announcements go to everyone. What the server asks or logs goes to the client whose call it belongs to, or to nobody.
#[derive(Debug)]
pub(crate) struct Share {
    upstream: Arc<dyn Connection>,
    supervised: Arc<Supervised>,
    spares: Spares,
    /// How long a call waits for a spare instance.
    patience: Duration,
    options: ShareOptions,
    state: Mutex<State>,
    next_face: AtomicU64,
    calls: AtomicUsize,
    /// Whether the server has asked anything but for roots. From then on a call that would leave open whom it asks runs alone,
    /// on an instance of its own.
    interactive: AtomicBool,
    /// Messages that could be given to nobody.
    unattributed: AtomicU64,
    /// Wakes the pump when URIs are left that nobody subscribes to any more.
    unused: Arc<Notify>,
    /// To be told when the server's tools may be others.
    tool_headers: Arc<ToolHeaders>,
    pump: Mutex<Option<AbortHandle>>,
}

#[derive(Debug, Default)]
struct State {
    faces: HashMap<FaceKey, Weak<Face>>,
    subscriptions: Subscriptions,
    levels: Levels,
    occupants: Occupants,
    /// Subscriptions that the server must be told to end.
    unused: Vec<Box<str>>,
    /// Whom the server has sent to a URL, by its name for that (JSON text): the notice that it is done names nobody else.
    elicitations: HashMap<Box<str>, FaceKey>,
    /// Held while anybody subscribes to anything: such a server is not idle.
    awake: Option<Awake>,
}

/// What a share does with what it can attribute to nobody.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ShareOptions {
    pub(crate) interaction: Interaction,
    /// Whether log messages outside of calls go to everyone.
    pub(crate) broadcasts_logs: bool,
}

/// Clients sent to a URL that nobody has heard of since.
const MAX_ELICITATIONS: usize = 1024;

/// What a client that does not read yet may miss: announcements coalesce, so little room is enough.
const EVENTS: NoteLimits = NoteLimits { count: 64, bytes: 64 << 10 };

impl Share {
    /// Shares `supervised`; `spares` are instances of the same server. Must be called inside a tokio runtime.
    pub(crate) fn new(
        supervised: Arc<Supervised>,
        spares: Spares,
        patience: Duration,
        options: ShareOptions,
        tool_headers: Arc<ToolHeaders>,
    ) -> Arc<Self> {
        let share = Arc::new(Self {
            upstream: Arc::<Supervised>::clone(&supervised),
            supervised,
            spares,
            patience,
            options,
            state: Mutex::default(),
            next_face: AtomicU64::new(0),
            calls: AtomicUsize::new(0),
            interactive: AtomicBool::new(false),
            unattributed: AtomicU64::new(0),
            unused: Arc::default(),
            tool_headers,
            pump: Mutex::default(),
        });
        if let Some(events) = share.upstream.events() {
            let generations = share.supervised.generation();
            let pump = pump::run(Arc::downgrade(&share), Arc::clone(&share.unused), generations, events);
            let pump = tokio::spawn(pump).abort_handle();
            *share.pump.lock().unwrap_or_else(PoisonError::into_inner) = Some(pump);
        }
        share
    }

    /// A client's own view of the connection.
    pub(crate) fn face(self: &Arc<Self>, caller: &Arc<Caller>) -> Arc<Face> {
        let key = self.next_face.fetch_add(1, Ordering::Relaxed);
        let capabilities = ClientCapabilities::read(caller.capabilities()).unwrap_or_default();
        let face = Arc::new_cyclic(|me| Face::new(Arc::clone(self), key, capabilities, me.clone()));
        self.state().faces.insert(key, Arc::downgrade(&face));
        face
    }

    /// Has calls that may be asked something run alone where it would not be clear who is asked.
    fn runs_alone_from_now_on(&self) {
        if self.options.interaction != Interaction::Refuse && !self.interactive.swap(true, Ordering::Relaxed) {
            tracing::info!("the server asks its clients; calls of clients that can answer run alone from now on");
        }
    }

    /// Whether calls that may be asked something run alone.
    pub(crate) fn is_interactive(&self) -> bool {
        self.interactive.load(Ordering::Relaxed)
    }

    /// How many messages could be given to nobody.
    pub(crate) fn unattributed(&self) -> u64 {
        self.unattributed.load(Ordering::Relaxed)
    }

    /// Notes a client's subscription; says whether the server has to be asked for it.
    fn subscribe(&self, uri: &str, face: FaceKey) -> bool {
        let mut state = self.state();
        let ask = state.subscriptions.add(uri, face);
        self.look_after(&mut state);
        ask
    }

    /// Notes the end of a client's subscription; says whether it was the last to `uri`.
    fn unsubscribe(&self, uri: &str, face: FaceKey) -> bool {
        let mut state = self.state();
        let last = state.subscriptions.remove(uri, face);
        self.look_after(&mut state);
        last
    }

    /// Keeps the server from being idle while anybody subscribes to anything.
    fn look_after(&self, state: &mut State) {
        if state.subscriptions.is_empty() {
            state.awake = None;
        } else if state.awake.is_none() {
            state.awake = Some(self.supervised.stay_awake());
        }
    }

    /// Whether no call is under way.
    pub(crate) fn is_quiet(&self) -> bool {
        self.calls.load(Ordering::Relaxed) == 0
    }

    /// How many spare instances there are.
    pub(crate) fn spare_instances(&self) -> usize {
        self.spares.leases().count()
    }

    /// Ends the spare instances; others may be started later.
    pub(crate) async fn end_spares(&self) {
        self.spares.end().await;
    }

    /// Closes the connection and its spare instances.
    pub(crate) async fn close(&self) {
        tokio::join!(self.upstream.close(), self.spares.close());
        if let Some(pump) = self.pump.lock().unwrap_or_else(PoisonError::into_inner).take() {
            pump.abort();
        }
    }

    /// Tells every client that wants to know.
    fn announce(&self, event: &Message, wants: impl Fn(&State, FaceKey) -> bool) {
        let faces: Vec<_> = {
            let state = self.state();
            state.faces.iter().filter(|(key, _)| wants(&state, **key)).filter_map(|(_, face)| face.upgrade()).collect()
        };
        for face in faces {
            face.push(event.clone());
        }
    }

    /// A client has left.
    fn leave(&self, face: FaceKey) {
        let mut state = self.state();
        state.faces.remove(&face);
        state.levels.leave(face);
        state.elicitations.retain(|_, sent| *sent != face);
        let unused = state.subscriptions.leave(face);
        self.look_after(&mut state);
        if !unused.is_empty() {
            state.unused.extend(unused);
            drop(state);
            self.unused.notify_one();
        }
    }

    /// Remembers whom the server sends to a URL.
    fn note_elicitation(&self, question: &Message, face: FaceKey) {
        if question.is_method(method::ELICITATION_CREATE)
            && let Some(name) = question.value(&["params", "elicitationId"])
        {
            let mut state = self.state();
            if state.elicitations.len() < MAX_ELICITATIONS {
                state.elicitations.insert(name.into(), face);
            }
        }
    }

    /// Tells whoever was sent to a URL that this is done.
    fn elicitation_complete(&self, notice: Message) {
        let name = notice.value(&["params", "elicitationId"]).unwrap_or_default();
        let face = {
            let mut state = self.state();
            let face = state.elicitations.remove(name);
            face.and_then(|face| state.faces.get(&face)?.upgrade())
        };
        match face {
            Some(face) => face.push(notice),
            None => self.lose(&notice),
        }
    }

    /// The only client with calls during which the server may ask, if there is just one.
    fn only_occupant(&self) -> Option<Arc<Face>> {
        let state = self.state();
        state.faces.get(&state.occupants.only()?)?.upgrade()
    }

    /// Counts a message that could be given to nobody.
    fn lose(&self, message: &Message) {
        let lost = self.unattributed.fetch_add(1, Ordering::Relaxed) + 1;
        if lost.is_power_of_two() {
            tracing::debug!(method = message.method(), so_far = lost, "a message of the server belongs to no one call");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if let Some(pump) = self.pump.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            pump.abort();
        }
    }
}

#[cfg(test)]
mod tests;
