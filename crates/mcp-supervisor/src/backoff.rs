//! How long to wait after failures in a row. No clock and no dice of its own.

use std::time::Duration;

/// Counts failures in a row and says how long to wait after each.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

/// The longest wait after the first failure; every further one doubles it.
const FIRST: Duration = Duration::from_secs(1);
/// The longest wait after any failure.
const LONGEST: Duration = Duration::from_secs(30);

impl Backoff {
    /// Notes a failure and says how long the next attempt waits; `dice` is a random number that keeps many servers from
    /// being started at the same time.
    pub(crate) fn failed(&mut self, dice: u64) -> Duration {
        let wait = delay(self.failures, dice);
        self.failures = self.failures.saturating_add(1);
        wait
    }

    /// Forgets the failures.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }
}

/// Between half and the whole of a time that doubles with every failure.
fn delay(failures: u32, dice: u64) -> Duration {
    let whole = FIRST.saturating_mul(2u32.saturating_pow(failures)).min(LONGEST);
    let half = whole / 2;
    let room = u64::try_from(half.as_nanos()).unwrap_or(u64::MAX);
    half + Duration::from_nanos(dice % room.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_from_one_second_to_thirty() {
        for (failures, whole) in [(0, 1), (1, 2), (2, 4), (3, 8), (4, 16), (5, 30), (6, 30), (40, 30), (u32::MAX, 30)] {
            let whole = Duration::from_secs(whole);
            for dice in [0, 1, 499_999_999, 123_456_789_012, u64::MAX] {
                let wait = delay(failures, dice);
                assert!(whole / 2 <= wait && wait <= whole, "{failures} failures, dice {dice}: {wait:?}");
            }
        }
        assert_ne!(delay(3, 7), delay(3, 8), "the dice matter");
    }

    #[test]
    fn a_reset_forgets_the_failures() {
        let mut backoff = Backoff::default();
        let waits: Vec<_> = (0..5).map(|_| backoff.failed(0)).collect();
        assert_eq!(waits, [500, 1000, 2000, 4000, 8000].map(Duration::from_millis));
        backoff.reset();
        assert_eq!(backoff.failed(0), Duration::from_millis(500));
    }
}
