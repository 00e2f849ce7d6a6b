//! What is known of each server, kept up to date.

mod follow;
mod kept;
mod watch;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use mcp_protocol::Era;
use mcp_transport::{Caller, Store};
use tokio::{
    sync::{Notify, watch as counted},
    task::AbortHandle,
    time::Instant,
};

use crate::{Member, listing::Listing, pinning::Pinning};

/// What is known of one server in one era. A task of its own keeps it up to date for as long as this lives.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) member: Arc<dyn Member>,
    state: Arc<State>,
    task: AbortHandle,
}

/// What the task and those who ask have in common.
#[derive(Debug)]
struct State {
    known: Mutex<Known>,
    /// Asks for a new look at the server.
    look: Notify,
}

/// What is known of a server.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// What it offers, or offered when it was last there.
    pub(crate) listing: Option<Arc<Listing>>,
    pub(crate) standing: Standing,
}

/// Whether what is known of a server holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is being asked since then.
    Coming(Instant),
    /// It has said so.
    Here,
    /// It cannot be asked, for this reason.
    Away(Arc<str>),
    /// It does not speak this era.
    OtherEra,
}

/// What the entries of one era have in common.
#[derive(Debug)]
pub(crate) struct Ground {
    pub(crate) era: Era,
    /// On whose behalf servers are asked.
    pub(crate) caller: Arc<Caller>,
    pub(crate) store: Option<Arc<dyn Store>>,
    /// Grows whenever anything is known that was not before.
    pub(crate) version: Arc<counted::Sender<u64>>,
    pub(crate) pinning: Pinning,
}

/// As long as any deadline means.
const FOREVER: Duration = Duration::from_hours(24);

impl Entry {
    /// Begins to follow `member`, which takes the place of one that offered `listing`. Must be called inside a tokio runtime.
    pub(crate) fn new(member: Arc<dyn Member>, ground: &Arc<Ground>, listing: Option<Arc<Listing>>) -> Self {
        let known = Known { listing, standing: Standing::Coming(Instant::now()) };
        let state = Arc::new(State { known: Mutex::new(known), look: Notify::new() });
        let task = follow::run(Arc::clone(&member), Arc::clone(&state), Arc::clone(ground));
        Self { member, state, task: tokio::spawn(task).abort_handle() }
    }

    pub(crate) fn known(&self) -> Known {
        self.state.known().clone()
    }

    pub(crate) fn listing(&self) -> Option<Arc<Listing>> {
        self.state.known().listing.clone()
    }

    /// Until when clients are to wait for it; `None` if there is nothing to wait for.
    pub(crate) fn is_awaited_until(&self, deadline: Duration) -> Option<Instant> {
        let Standing::Coming(since) = self.state.known().standing else { return None };
        let until = since.checked_add(deadline).unwrap_or_else(|| since + FOREVER);
        Some(until).filter(|until| Instant::now() < *until && self.member.is_usable())
    }

    /// Has a new look at the server now.
    pub(crate) fn look(&self) {
        self.state.look.notify_one();
    }

    /// Says anew which of its tools have changed, by the options that hold now.
    pub(crate) fn repin(&self, pinning: &Pinning) {
        let mut known = self.state.known();
        if let Some(listing) = &known.listing {
            let pinned = pinning.pinned(self.member.name(), (**listing).clone());
            if pinned != **listing {
                known.listing = Some(Arc::new(pinned));
            }
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl State {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what a server offers, and that it is so if `is_whole`, where it may be a part of it; says whether that is news.
    ///
    /// Which tools have changed is found out here, under the lock, so that options which come meanwhile are not missed.
    fn publish(&self, server: &str, listing: &Listing, pinning: &Pinning, is_whole: bool) -> bool {
        let mut known = self.known();
        let marked = known.listing.as_ref().map(|before| before.changed.to_vec()).unwrap_or_default();
        let listing = pinning.pinned(server, listing.clone().marked(marked));
        let is_other = known.listing.as_deref() != Some(&listing);
        if is_other {
            known.listing = Some(Arc::new(listing));
        }
        let is_back = is_whole && known.standing != Standing::Here;
        if is_back {
            known.standing = Standing::Here;
        }
        is_other || is_back
    }

    /// Notes how things stand; says whether that is news.
    fn stand(&self, standing: Standing) -> bool {
        let mut known = self.known();
        let is_news = known.standing != standing;
        if standing == Standing::OtherEra {
            // What it once offered in this era is nobody's any more.
            known.listing = None;
        }
        known.standing = standing;
        is_news
    }
}

impl Ground {
    /// Lets everybody know that there is news.
    pub(crate) fn tell(&self) {
        self.version.send_modify(|version| *version += 1);
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Coming(_) => f.write_str("it is starting"),
            Self::Here => f.write_str("it is there"),
            Self::Away(reason) => f.write_str(reason),
            Self::OtherEra => f.write_str("it does not speak the revision of the client"),
        }
    }
}
