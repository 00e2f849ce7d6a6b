//! How often a password may be tried.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Wrong passwords from one address in a minute.
const PER_ADDRESS: u32 = 5;
/// Tries by everyone together in a minute, right ones too: each costs memory and time.
const OVERALL: u32 = 60;
const WINDOW: Duration = Duration::from_mins(1);
/// Addresses that are remembered; there cannot be more than [`OVERALL`] new ones in a window.
const ADDRESSES: usize = 256;

/// Counts tries in windows of a minute.
#[derive(Debug, Default)]
pub(crate) struct Attempts(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    overall: Option<Window>,
    failed: HashMap<IpAddr, Window>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    since: Instant,
    count: u32,
}

impl Attempts {
    /// Counts a try as a wrong one, until it has [`succeeded`](Self::succeeded).
    ///
    /// # Errors
    ///
    /// How long to wait, if there were too many.
    pub(crate) fn begin(&self, address: IpAddr) -> Result<(), Duration> {
        let now = Instant::now();
        let mut counts = self.lock();
        let Counts { overall, failed } = &mut *counts;
        if ADDRESSES <= failed.len() {
            failed.retain(|_, window| window.left(now).is_some());
        }
        let own = Window::of(failed.get(&address).copied(), now);
        let all = Window::of(*overall, now);
        if PER_ADDRESS <= own.count {
            return Err(own.left(now).unwrap_or_default());
        }
        if OVERALL <= all.count {
            return Err(all.left(now).unwrap_or_default());
        }
        failed.insert(address, Window { count: own.count + 1, ..own });
        *overall = Some(Window { count: all.count + 1, ..all });
        Ok(())
    }

    /// The try was no wrong one.
    pub(crate) fn succeeded(&self, address: IpAddr) {
        if let Some(window) = self.lock().failed.get_mut(&address) {
            window.count = window.count.saturating_sub(1);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Window {
    /// The one that is going on, or a new one.
    fn of(before: Option<Self>, now: Instant) -> Self {
        before.filter(|window| window.left(now).is_some()).unwrap_or(Self { since: now, count: 0 })
    }

    /// How long it goes on; `None` if it is over.
    fn left(self, now: Instant) -> Option<Duration> {
        WINDOW.checked_sub(now.duration_since(self.since)).filter(|left| !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    fn address(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_may_be_wrong_so_often_and_is_then_let_wait() {
        let attempts = Attempts::default();
        for _ in 0..PER_ADDRESS {
            assert_eq!(attempts.begin(address(1)), Ok(()));
        }
        assert_eq!(attempts.begin(address(1)), Err(WINDOW));
        assert_eq!(attempts.begin(address(2)), Ok(()), "others are not held up");
        advance(Duration::from_secs(59)).await;
        assert_eq!(attempts.begin(address(1)), Err(Duration::from_secs(1)));
        advance(Duration::from_secs(1)).await;
        assert_eq!(attempts.begin(address(1)), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn right_ones_count_for_all_and_not_for_the_address() {
        let attempts = Attempts::default();
        for _ in 0..OVERALL {
            assert_eq!(attempts.begin(address(1)), Ok(()));
            attempts.succeeded(address(1));
        }
        assert_eq!(attempts.begin(address(2)), Err(WINDOW));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_remembered_is_forgotten_again() {
        let attempts = Attempts::default();
        for n in 0..2000_u32 {
            let _ = attempts.begin(IpAddr::from(n.to_be_bytes()));
            advance(Duration::from_secs(2)).await;
            assert!(attempts.lock().failed.len() <= ADDRESSES);
        }
    }
}
