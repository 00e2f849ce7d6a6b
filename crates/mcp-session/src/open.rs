//! A session that is open, as the registry hands it out.

use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    time::Instant,
};

use mcp_transport::Principal;

use crate::{Session, SessionId, lifetime::Seen, lock::lock};

/// An open session: its data, and the live thing that serves it.
///
/// It may be held for as long as one likes; when the session has ended, [`is_alive`](Self::is_alive) says so. A connection
/// that wants to know whether a session it carried still lives keeps a [`Weak`](std::sync::Weak) of it.
pub struct OpenSession<L> {
    id: SessionId,
    /// The same as in the data, to be read without the lock.
    owner: Principal,
    live: Arc<L>,
    activity: Activity,
    session: Mutex<Session>,
}

/// Keeps a session from being idle while it lives: one call in flight, or one stream that is open.
#[must_use = "dropping it ends the use"]
pub struct InUse<L> {
    open: Arc<OpenSession<L>>,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Call,
    Stream,
}

/// What happens in a session between two looks of the sweep. It has no clock: the sweep brings the time.
#[derive(Debug, Default)]
struct Activity {
    calls: AtomicU32,
    /// Calls that have begun since the session did.
    begun: AtomicU64,
    streams: AtomicU32,
    touched: AtomicBool,
    initialized: AtomicBool,
    ended: AtomicBool,
}

impl<L> OpenSession<L> {
    pub(crate) fn new(id: SessionId, session: Session, live: L) -> Arc<Self> {
        let owner = session.owner().clone();
        let session = Mutex::new(session);
        Arc::new(Self { id, owner, live: Arc::new(live), activity: Activity::default(), session })
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &SessionId {
        &self.id
    }

    /// Whose it is.
    #[must_use]
    pub fn owner(&self) -> &Principal {
        &self.owner
    }

    /// What serves it.
    #[must_use]
    pub fn live(&self) -> &Arc<L> {
        &self.live
    }

    /// Reads or changes its data. `change` runs under the session's own lock: it must be short and must not use the
    /// registry or this session again.
    pub fn update<R>(&self, change: impl FnOnce(&mut Session) -> R) -> R {
        change(&mut lock(&self.session))
    }

    /// Whether it has not ended.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        !self.activity.ended.load(Ordering::Acquire)
    }

    /// Says that the client has completed the handshake, so that the long idle limit holds from now on.
    pub fn mark_initialized(&self) {
        self.activity.initialized.store(true, Ordering::Release);
    }

    /// Whether the client has completed the handshake.
    #[must_use]
    pub fn is_initialized(&self) -> bool {
        self.activity.initialized.load(Ordering::Acquire)
    }

    /// Says that the client did something. A lookup does this by itself.
    pub fn touch(&self) {
        self.activity.touched.store(true, Ordering::Release);
    }

    /// Begins a call.
    pub fn begin_call(self: &Arc<Self>) -> InUse<L> {
        self.activity.begun.fetch_add(1, Ordering::Relaxed);
        self.begin(Kind::Call)
    }

    /// Begins what is no call of its client and keeps the session in use like one.
    pub fn hold(self: &Arc<Self>) -> InUse<L> {
        self.begin(Kind::Call)
    }

    /// How many calls have begun since the session did.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.activity.begun.load(Ordering::Relaxed)
    }

    /// How many calls are in flight.
    #[must_use]
    pub fn pending(&self) -> u32 {
        self.activity.calls.load(Ordering::Relaxed)
    }

    /// Begins a stream that stays open, which counts as use once the handshake is complete.
    pub fn begin_stream(self: &Arc<Self>) -> InUse<L> {
        self.begin(Kind::Stream)
    }

    fn begin(self: &Arc<Self>, kind: Kind) -> InUse<L> {
        self.touch();
        self.activity.count(kind).fetch_add(1, Ordering::AcqRel);
        InUse { open: Arc::clone(self), kind }
    }

    pub(crate) fn mark_ended(&self) {
        self.activity.ended.store(true, Ordering::Release);
    }

    /// What happened since the last time this was asked.
    pub(crate) fn seen(&self) -> Seen {
        let is_any = |kind| self.activity.count(kind).load(Ordering::Acquire) > 0;
        // The counts first: a use that ends after they were read leaves its touch for the next look.
        let (calls, streams) = (is_any(Kind::Call), is_any(Kind::Stream));
        let touched = self.activity.touched.swap(false, Ordering::AcqRel);
        Seen { active: calls || touched, streams, initialized: self.is_initialized() }
    }

    /// Whether its client has done something since the last look, or waits for something.
    pub(crate) fn is_in_use(&self) -> bool {
        self.pending() > 0 || self.activity.touched.load(Ordering::Acquire)
    }

    /// Forgets events that are too old, unless somebody is at work on the session.
    pub(crate) fn trim(&self, now: Instant) {
        if let Ok(mut session) = self.session.try_lock() {
            session.replay.trim(now);
        }
    }
}

impl Activity {
    fn count(&self, kind: Kind) -> &AtomicU32 {
        match kind {
            Kind::Call => &self.calls,
            Kind::Stream => &self.streams,
        }
    }
}

impl<L> InUse<L> {
    /// The session that is in use.
    #[must_use]
    pub fn session(&self) -> &Arc<OpenSession<L>> {
        &self.open
    }
}

impl<L> Drop for InUse<L> {
    fn drop(&mut self) {
        self.open.touch();
        self.open.activity.count(self.kind).fetch_sub(1, Ordering::AcqRel);
    }
}

impl<L> fmt::Debug for OpenSession<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenSession")
            .field("id", &self.id)
            .field("owner", &self.owner)
            .field("activity", &self.activity)
            .finish_non_exhaustive()
    }
}

impl<L> fmt::Debug for InUse<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InUse").field("id", &self.open.id).field("kind", &self.kind).finish()
    }
}

#[cfg(test)]
mod tests {
    use mcp_protocol::Revision;

    use super::*;
    use crate::{ReplayLimits, ReplayPool};

    fn open() -> Arc<OpenSession<()>> {
        let pool = ReplayPool::new(ReplayLimits::default());
        let session = Session::new(Principal::Anonymous, Revision::V2025_11_25, &pool);
        OpenSession::new(SessionId::random().unwrap(), session, ())
    }

    #[test]
    fn what_happened_between_two_looks_is_seen_once() {
        let open = open();
        assert!(!open.seen().active);
        drop(open.begin_call());
        assert!(open.seen().active, "a call that began and ended in between");
        assert!(!open.seen().active);
    }

    #[test]
    fn each_use_counts_until_it_is_dropped() {
        let open = open();
        let (one, two, stream) = (open.begin_call(), open.begin_call(), open.begin_stream());
        drop(one);
        assert!(open.seen().active);
        assert!(open.seen().active, "the other call");
        drop(two);
        assert!(open.seen().active, "it was in use a moment ago");
        assert!(!open.seen().active && open.seen().streams);
        drop(stream);
        assert!(!open.seen().streams);
    }

    #[test]
    fn it_does_not_show_its_id() {
        let open = open();
        assert!(!format!("{open:?} {:?}", open.begin_stream()).contains("secret-id"));
    }

    #[test]
    fn an_idle_session_is_small() {
        // With its place in the table (about 100 bytes) and its id (64 bytes) it stays under half a KiB.
        assert!(size_of::<OpenSession<()>>() <= 256, "{}", size_of::<OpenSession<()>>());
    }
}
