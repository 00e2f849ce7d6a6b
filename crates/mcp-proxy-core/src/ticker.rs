//! One coarse timer for all calls, streams and connections.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use slab::Slab;
use tokio::time::{MissedTickBehavior, interval};

/// How fine the timer is. A call that may take a minute does not need better, and setting an alarm costs a slot in a
/// table instead of a registration with the runtime.
pub(crate) const TICK: Duration = Duration::from_millis(250);

/// Wakes whoever has set an [`Alarm`], a tick late at most.
///
/// The task that counts starts with the first alarm and ends with the ticker.
#[derive(Debug, Default)]
pub(crate) struct Ticker {
    now: AtomicU32,
    started: AtomicBool,
    alarms: Mutex<Slab<Entry>>,
}

#[derive(Debug)]
struct Entry {
    due: u32,
    waker: Waker,
}

impl Ticker {
    /// Ticks since it began to count.
    pub(crate) fn now(&self) -> u32 {
        self.now.load(Ordering::Relaxed)
    }

    /// An alarm that goes off after `delay`, at most a tick late.
    pub(crate) fn alarm(self: &Arc<Self>, delay: Duration) -> Alarm {
        Alarm { due: self.now().saturating_add(ticks(delay)), ticker: Arc::clone(self), entry: None }
    }

    /// Begins to count. The first alarm does so too.
    pub(crate) fn start(self: &Arc<Self>) {
        if !self.started.load(Ordering::Relaxed) && !self.started.swap(true, Ordering::Relaxed) {
            tokio::spawn(count(Arc::downgrade(self)));
        }
    }

    fn advance(&self) {
        let now = self.now.fetch_add(1, Ordering::Relaxed) + 1;
        let due: Vec<_> =
            self.alarms().iter().filter(|(_, alarm)| alarm.due <= now).map(|(_, alarm)| alarm.waker.clone()).collect();
        due.into_iter().for_each(Waker::wake);
    }

    fn alarms(&self) -> MutexGuard<'_, Slab<Entry>> {
        self.alarms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The whole ticks in `delay`, rounded up so that an alarm is never early, and one more for the tick under way.
pub(crate) fn ticks(delay: Duration) -> u32 {
    u32::try_from(delay.as_millis().div_ceil(TICK.as_millis()) + 1).unwrap_or(u32::MAX)
}

async fn count(ticker: Weak<Ticker>) {
    let mut interval = interval(TICK);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        let Some(ticker) = ticker.upgrade() else { return };
        ticker.advance();
    }
}

/// Goes off once; can be set anew at any time.
#[derive(Debug)]
pub(crate) struct Alarm {
    ticker: Arc<Ticker>,
    due: u32,
    entry: Option<usize>,
}

impl Alarm {
    /// Whether the alarm has gone off; wakes the task when it does.
    pub(crate) fn poll(&mut self, context: &Context<'_>) -> Poll<()> {
        if self.due <= self.ticker.now() {
            self.cancel();
            return Poll::Ready(());
        }
        self.ticker.start();
        let mut alarms = self.ticker.alarms();
        match self.entry.and_then(|key| alarms.get_mut(key)) {
            Some(entry) => {
                entry.due = self.due;
                entry.waker.clone_from(context.waker());
            }
            None => self.entry = Some(alarms.insert(Entry { due: self.due, waker: context.waker().clone() })),
        }
        Poll::Pending
    }

    /// What the ticker shows.
    pub(crate) fn now(&self) -> u32 {
        self.ticker.now()
    }

    /// Sets the alarm to go off `delay` from now.
    pub(crate) fn reset(&mut self, delay: Duration) {
        self.set(self.ticker.now().saturating_add(ticks(delay)));
    }

    /// Sets the alarm to go off at the tick `due`.
    pub(crate) fn set(&mut self, due: u32) {
        self.due = due;
    }

    fn cancel(&mut self) {
        if let Some(key) = self.entry.take() {
            self.ticker.alarms().try_remove(key);
        }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.cancel();
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_alarm_is_never_early_and_at_most_two_ticks_late() {
        let ticker = Arc::new(Ticker::default());
        let delay = Duration::from_secs(10);
        let mut alarm = ticker.alarm(delay);
        let start = tokio::time::Instant::now();
        poll_fn(|context| alarm.poll(context)).await;
        let elapsed = start.elapsed();
        assert!(delay <= elapsed && elapsed <= delay + 2 * TICK, "{elapsed:?}");
        assert!(ticker.alarms().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn an_alarm_that_is_dropped_leaves_nothing() {
        let ticker = Arc::new(Ticker::default());
        let mut alarm = ticker.alarm(TICK);
        poll_fn(|context| Poll::Ready(alarm.poll(context))).await.is_pending().then_some(()).unwrap();
        assert_eq!(ticker.alarms().len(), 1);
        drop(alarm);
        assert!(ticker.alarms().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn an_alarm_set_anew_waits_anew() {
        let ticker = Arc::new(Ticker::default());
        let mut alarm = ticker.alarm(Duration::from_secs(1));
        poll_fn(|context| Poll::Ready(alarm.poll(context))).await.is_pending().then_some(()).unwrap();
        alarm.reset(Duration::from_secs(5));
        let start = tokio::time::Instant::now();
        poll_fn(|context| alarm.poll(context)).await;
        assert!(Duration::from_secs(5) <= start.elapsed());
    }
}
