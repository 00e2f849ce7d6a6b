//! Notices that a server is not used, and keeps it awake while it is.

use std::{
    future::pending,
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use mcp_transport::{Reply, Request};
use tokio::time::{Instant, sleep};

use crate::{Supervised, life::Inner, reply::Marked, shared::Shared};

/// Keeps a supervised server from being stopped for want of use as long as it lives.
///
/// It does not start a server that is stopped, nor does it keep one from ending by itself or by hand.
#[derive(Debug)]
#[must_use = "dropping it lets the server be idle"]
pub struct Awake {
    activity: Arc<Activity>,
}

/// The uses of a server: how many have begun and not ended, and how many have ended.
///
/// Both are one number, so that a use costs an addition at each end and no look at a clock.
#[derive(Debug, Default)]
pub(crate) struct Activity(AtomicU64);

/// A connection while it is used: for a call, until its reply has ended.
#[derive(Debug)]
pub(crate) struct InUse {
    inner: Arc<Inner>,
}

/// One end in the number of an activity; below it are the uses that are open.
const END: u64 = 1 << 32;

impl Supervised {
    /// Keeps the server from being stopped for want of use until the guard is dropped. When this returns, the server
    /// either was stopped before, which its state shows, or will not be.
    pub fn stay_awake(&self) -> Awake {
        let _stopping = self.shared.course();
        Awake::new(Arc::clone(&self.shared.activity))
    }
}

impl Awake {
    fn new(activity: Arc<Activity>) -> Self {
        activity.begin();
        Self { activity }
    }
}

impl Drop for Awake {
    fn drop(&mut self) {
        self.activity.end();
    }
}

impl Activity {
    // Relaxed will do: a use begins under the lock of the course, and so does a stop.
    fn begin(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn end(&self) {
        self.0.fetch_add(END - 1, Ordering::Relaxed);
    }

    /// How many are open, and how many have ended.
    fn read(&self) -> (u64, u64) {
        let both = self.0.load(Ordering::Relaxed);
        (both % END, both / END)
    }
}

impl InUse {
    pub(crate) fn new(inner: &Arc<Inner>) -> Self {
        inner.activity.begin();
        Self { inner: Arc::clone(inner) }
    }

    /// The reply as those above are to see it. The use goes on until it has ended.
    /// `again` is what can be sent once more.
    pub(crate) fn until_answered(self, reply: Reply, again: Option<(Arc<Shared>, Request)>) -> Reply {
        if self.inner.asks { Reply::new(Marked::new(reply, self, again)) } else { reply.holding(self) }
    }
}

impl Deref for InUse {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.inner
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        self.inner.activity.end();
    }
}

/// Stops the connection when it was not used for as long as the settings say, and resolves then.
pub(crate) async fn rest(shared: &Shared, inner: &Inner) {
    let Some(limit) = shared.settings.idle else { return pending().await };
    let mut quiet = Quiet::new(limit, shared.activity.read(), Instant::now());
    let between_looks = (limit / 4).clamp(Duration::from_millis(10), Duration::from_secs(1));
    loop {
        sleep(between_looks).await;
        // No use begins between the look and the stop, for it would need the lock.
        let mut course = shared.course();
        if quiet.look(shared.activity.read(), Instant::now()) {
            return course.rest(inner.number);
        }
    }
}

/// How long there was no use, as far as it was seen. No clock of its own.
#[derive(Debug)]
struct Quiet {
    limit: Duration,
    since: Instant,
    ended: u64,
}

impl Quiet {
    fn new(limit: Duration, (_, ended): (u64, u64), now: Instant) -> Self {
        Self { limit, since: now, ended }
    }

    /// Whether there was no use for long enough.
    fn look(&mut self, (open, ended): (u64, u64), now: Instant) -> bool {
        if self.ended != ended {
            (self.ended, self.since) = (ended, now);
        }
        open == 0 && self.limit <= now.saturating_duration_since(self.since)
    }
}

#[cfg(test)]
mod tests;
