//! What is open, found by its id.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex},
    time::Instant,
};

use mcp_protocol::Revision;
use mcp_transport::Principal;

use crate::{OpenSession, ReplayPool, Session, SessionId, SessionLimits, lifetime::Lifetime, lock::lock, tally::Tally};

/// The open sessions; `L` is whatever serves one.
///
/// It has no clock: somebody calls [`sweep`](Self::sweep), about once a second. No lock is held while anything is awaited or
/// closed.
pub struct Registry<L> {
    shards: [Mutex<Shard<L>>; SHARDS],
    tally: Mutex<Tally>,
    pool: Arc<ReplayPool>,
    limits: SessionLimits,
}

/// Why there is no new session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CreateError {
    /// As many sessions are open as there may be.
    #[error("there are {limit} sessions, which is the limit; try again later, or raise it")]
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// The principal has as many sessions as it may.
    #[error("this client has {limit} sessions, which is the limit; end one, or raise it")]
    TooManyOfPrincipal {
        /// The limit.
        limit: usize,
    },
    /// The operating system gives no random numbers, and without them an id could be guessed.
    #[error("the system gives no random numbers")]
    NoRandomness,
}

/// A session that is over.
pub struct Ended<L> {
    /// What it was called.
    pub id: SessionId,
    /// What served it, to be closed now.
    pub live: Arc<L>,
    /// Why it is over.
    pub reason: EndReason,
}

/// A session that is open, and since when.
#[derive(Debug)]
pub struct Listed<L> {
    /// The session.
    pub open: Arc<OpenSession<L>>,
    /// When it was opened.
    pub since: Instant,
    /// When its client last did something, to about an interval between sweeps.
    pub last_used: Instant,
}

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndReason {
    /// Its client, or what served it, was done with it.
    Requested,
    /// Nobody used it for too long.
    Idle,
    /// Its client never completed the handshake.
    NeverInitialized,
    /// It reached the age at which every session ends.
    TooOld,
    /// All sessions end.
    ShuttingDown,
}

type Shard<L> = HashMap<SessionId, Entry<L>>;

struct Entry<L> {
    open: Arc<OpenSession<L>>,
    lifetime: Lifetime,
}

/// So many that two requests seldom want the same lock.
const SHARDS: usize = 16;

impl<L> Registry<L> {
    /// A registry with nothing in it.
    #[must_use]
    pub fn new(limits: SessionLimits) -> Self {
        let pool = ReplayPool::new(limits.replay.clone());
        Self { shards: Default::default(), tally: Mutex::default(), pool, limits }
    }

    /// Opens a session of `owner`. `live` makes what serves it, once it is sure that there is room.
    ///
    /// # Errors
    ///
    /// Fails if a limit is reached, or if no id can be drawn.
    pub fn create(
        &self,
        owner: Principal,
        revision: Revision,
        now: Instant,
        live: impl FnOnce(&SessionId) -> L,
    ) -> Result<Arc<OpenSession<L>>, CreateError> {
        let id = SessionId::random().map_err(|_| CreateError::NoRandomness)?;
        lock(&self.tally).add(&owner, &self.limits)?;
        let live = live(&id);
        let open = OpenSession::new(id.clone(), Session::new(owner, revision, &self.pool), live);
        let entry = Entry { open: Arc::clone(&open), lifetime: Lifetime::new(now) };
        lock(self.shard(id.expose())).insert(id, entry);
        Ok(open)
    }

    /// The session of that id, if it is open and belongs to `principal`; it counts as used.
    ///
    /// Somebody else's session and no session are the same answer, so that nobody learns which ids exist.
    #[must_use]
    pub fn lookup(&self, id: &str, principal: &Principal) -> Option<Arc<OpenSession<L>>> {
        let shard = lock(self.shard(id));
        let open = &shard.get(id)?.open;
        if open.owner() != principal {
            return None;
        }
        // Under the lock, so that no sweep ends what was just found.
        open.touch();
        Some(Arc::clone(open))
    }

    /// The session of that id, whosever it is. For who must be found out by the id alone; everybody else uses
    /// [`lookup`](Self::lookup).
    #[must_use]
    pub fn find(&self, id: &str) -> Option<Arc<OpenSession<L>>> {
        lock(self.shard(id)).get(id).map(|entry| Arc::clone(&entry.open))
    }

    /// Ends a session and gives back what served it; `None` if it was over already.
    ///
    /// It does not ask whose the session is: look it up first.
    pub fn end(&self, id: &SessionId) -> Option<Ended<L>> {
        let entry = lock(self.shard(id.expose())).remove(id)?;
        Some(self.ended(&entry.open, EndReason::Requested))
    }

    /// Ends what is over at `now` and gives back what served it; forgets events that are too old to be asked for.
    ///
    /// A session ends no earlier than its limit says, and at most two intervals between sweeps later.
    #[must_use = "what served the sessions is to be closed"]
    pub fn sweep(&self, now: Instant) -> Vec<Ended<L>> {
        let mut over = Vec::new();
        for shard in &self.shards {
            lock(shard).retain(|_, entry| {
                entry.open.trim(now);
                let Some(reason) = entry.lifetime.look(entry.open.seen(), now, &self.limits) else { return true };
                over.push((Arc::clone(&entry.open), reason));
                false
            });
        }
        over.into_iter().map(|(open, reason)| self.ended(&open, reason)).collect()
    }

    /// All that are open at `now`, oldest first. Looking at them is no use of them.
    #[must_use]
    pub fn list(&self, now: Instant) -> Vec<Listed<L>> {
        let mut all = Vec::new();
        for shard in &self.shards {
            all.extend(lock(shard).values().map(|entry| Listed {
                open: Arc::clone(&entry.open),
                since: entry.lifetime.created(),
                last_used: if entry.open.is_in_use() { now } else { entry.lifetime.last_used() },
            }));
        }
        all.sort_by_key(|listed| listed.since);
        all
    }

    /// Ends the sessions that `is_over` picks. It runs under a lock: it must be short and must not use the registry again.
    #[must_use = "what served the sessions is to be closed"]
    pub fn end_where(&self, is_over: impl Fn(&OpenSession<L>) -> bool) -> Vec<Ended<L>> {
        let mut over = Vec::new();
        for shard in &self.shards {
            over.extend(lock(shard).extract_if(|_, entry| is_over(&entry.open)).map(|(_, entry)| entry.open));
        }
        over.into_iter().map(|open| self.ended(&open, EndReason::Requested)).collect()
    }

    /// Ends all sessions.
    #[must_use = "what served the sessions is to be closed"]
    pub fn end_all(&self) -> Vec<Ended<L>> {
        let taken = self.shards.iter().flat_map(|shard| std::mem::take(&mut *lock(shard)));
        taken.map(|(_, entry)| self.ended(&entry.open, EndReason::ShuttingDown)).collect()
    }

    /// How many sessions are open.
    #[must_use]
    pub fn len(&self) -> usize {
        lock(&self.tally).total()
    }

    /// Whether no session is open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn shard(&self, id: &str) -> &Mutex<Shard<L>> {
        // Any part of a random text will do.
        let sum: usize = id.bytes().take(4).map(usize::from).sum();
        &self.shards[sum % SHARDS]
    }

    fn ended(&self, open: &OpenSession<L>, reason: EndReason) -> Ended<L> {
        open.mark_ended();
        open.update(|session| session.replay.clear());
        lock(&self.tally).remove(open.owner());
        Ended { id: open.id().clone(), live: Arc::clone(open.live()), reason }
    }
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Requested => "it was ended",
            Self::Idle => "it was not used for too long",
            Self::NeverInitialized => "its client never completed the handshake",
            Self::TooOld => "it reached the age at which every session ends",
            Self::ShuttingDown => "the proxy is shutting down",
        })
    }
}

impl<L> fmt::Debug for Ended<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ended").field("id", &self.id).field("reason", &self.reason).finish_non_exhaustive()
    }
}

impl<L> fmt::Debug for Registry<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("len", &self.len()).field("limits", &self.limits).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
