//! How long the calls of the last minutes took, kept in little room.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::time::Instant;

/// The calls of the last five minutes, in slots of five seconds. It has no timer: a slot begins with the first call in it.
/// Where two threads begin one, a call may be missed, which makes no difference to what is read from it.
#[derive(Debug, Default)]
pub(crate) struct Recent(OnceLock<Slots>);

#[derive(Debug)]
struct Slots {
    /// When the first call ended.
    base: Instant,
    slots: Box<[Slot; SLOTS]>,
}

#[derive(Debug)]
struct Slot {
    /// Which of all slots there ever were it holds, counted from 1.
    turn: AtomicU64,
    calls: AtomicU32,
    took: [AtomicU32; BUCKETS],
}

/// What the last five minutes were like.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Seen {
    /// Calls a second over the last minute.
    pub(crate) rate: f64,
    pub(crate) p50: Option<Duration>,
    pub(crate) p95: Option<Duration>,
    /// The median of each slot, the oldest first.
    pub(crate) medians: Vec<Option<Duration>>,
}

/// How many slots there are.
pub(crate) const SLOTS: usize = 60;
/// Seconds of one.
const WIDTH: u64 = 5;
/// Slots that a rate is taken of.
const MINUTE: u64 = 12;
/// Two to each power of two, from one microsecond to 18 minutes.
const BUCKETS: usize = 60;

impl Recent {
    /// Notes a call that has ended at `at`, and how long it took if that says anything.
    pub(crate) fn note(&self, at: Instant, took: Option<Duration>) {
        let Slots { base, slots } = self.0.get_or_init(|| Slots {
            base: at,
            slots: Box::new(std::array::from_fn(|_| Slot {
                turn: AtomicU64::new(0),
                calls: AtomicU32::new(0),
                took: std::array::from_fn(|_| AtomicU32::new(0)),
            })),
        });
        let turn = turn(*base, at);
        let slot = &slots[place(turn)];
        let held = slot.turn.load(Relaxed);
        if held != turn && slot.turn.compare_exchange(held, turn, Relaxed, Relaxed).is_ok() {
            slot.calls.store(0, Relaxed);
            slot.took.iter().for_each(|bucket| bucket.store(0, Relaxed));
        }
        slot.calls.fetch_add(1, Relaxed);
        if let Some(took) = took {
            slot.took[bucket(took)].fetch_add(1, Relaxed);
        }
    }

    /// What it was like until `now`.
    pub(crate) fn read(&self, now: Instant) -> Seen {
        let Some(Slots { base, slots }) = self.0.get() else {
            return Seen { medians: vec![None; SLOTS], ..Seen::default() };
        };
        let last = turn(*base, now);
        let (mut calls, mut all) = (0, [0; BUCKETS]);
        let mut medians = Vec::with_capacity(SLOTS);
        for turn in (0..SLOTS as u64).rev().map(|ago| last.saturating_sub(ago)) {
            let slot = &slots[place(turn)];
            if turn == 0 || slot.turn.load(Relaxed) != turn {
                medians.push(None);
                continue;
            }
            if last < turn + MINUTE {
                calls += slot.calls.load(Relaxed);
            }
            let counts = std::array::from_fn(|at| slot.took[at].load(Relaxed));
            all.iter_mut().zip(counts).for_each(|(sum, count)| *sum += u64::from(count));
            medians.push(quantile(&counts.map(u64::from), 50));
        }
        let elapsed = now.saturating_duration_since(*base).as_secs_f64();
        let whole = Duration::from_secs((MINUTE - 1) * WIDTH).as_secs_f64();
        let span = elapsed.min(whole + elapsed % Duration::from_secs(WIDTH).as_secs_f64());
        Seen {
            // Of a few moments nobody knows how they go on.
            rate: f64::from(calls) / span.max(Duration::from_secs(WIDTH).as_secs_f64()),
            p50: quantile(&all, 50),
            p95: quantile(&all, 95),
            medians,
        }
    }
}

fn turn(base: Instant, at: Instant) -> u64 {
    at.saturating_duration_since(base).as_secs() / WIDTH + 1
}

fn place(turn: u64) -> usize {
    usize::try_from(turn % SLOTS as u64).unwrap_or_default()
}

/// Where a time is counted: by its highest bit, and the one below it.
fn bucket(took: Duration) -> usize {
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
    let high = micros.ilog2();
    let half = if high == 0 { 0 } else { (micros >> (high - 1)) & 1 };
    (2 * high as usize + usize::from(half == 1)).min(BUCKETS - 1)
}

/// The middle of what is counted there.
fn middle(bucket: usize) -> Duration {
    let (power, half) = (1_u64 << (bucket / 2), bucket % 2);
    // One and a quarter, or one and three quarters, of the power of two.
    let quarters = if half == 0 { 5 } else { 7 };
    Duration::from_nanos(power * 1000 / 4 * quarters)
}

/// The time that so many of a hundred calls did not exceed; `None` if there are no calls.
fn quantile(counts: &[u64; BUCKETS], percent: u64) -> Option<Duration> {
    let total: u64 = counts.iter().sum();
    let wanted = (total * percent).div_ceil(100);
    let mut sum = 0;
    let reached = counts.iter().position(|count| {
        sum += count;
        0 < sum && wanted <= sum
    });
    reached.map(middle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    /// Whether a time was found as exactly as buckets tell it.
    #[track_caller]
    fn about(found: Option<Duration>, millis: u64) {
        let found = found.expect("there is one").as_secs_f64() * 1000.0;
        let exact = Duration::from_millis(millis).as_secs_f64() * 1000.0;
        assert!((found / exact - 1.0).abs() <= 0.26, "{found} is not about {exact}");
    }

    #[test]
    fn times_are_found_again_to_a_quarter() {
        for millis in [1, 2, 3, 5, 7, 10, 33, 100, 250, 999, 5000, 60_000, 600_000] {
            about(Some(middle(bucket(Duration::from_millis(millis)))), millis);
        }
        assert_eq!((bucket(Duration::ZERO), bucket(Duration::MAX)), (0, BUCKETS - 1));
    }

    #[test]
    fn the_last_minutes_are_seen_and_nothing_before() {
        let (recent, start) = (Recent::default(), Instant::now());
        assert_eq!(recent.read(start), Seen { medians: vec![None; SLOTS], ..Seen::default() });
        for n in 0..100 {
            recent.note(start, Some(Duration::from_millis(if n < 90 { 10 } else { 1000 })));
        }
        recent.note(start, None);
        let seen = recent.read(start + seconds(1));
        about(seen.p50, 10);
        about(seen.p95, 1000);
        about(seen.medians[SLOTS - 1], 10);
        assert_eq!((seen.medians.len(), seen.medians.iter().flatten().count()), (SLOTS, 1));
        assert!((seen.rate - 101.0 / 5.0).abs() < 0.01, "{}", seen.rate);

        recent.note(start + seconds(30), Some(Duration::from_millis(100)));
        let seen = recent.read(start + seconds(30));
        assert!((seen.rate - 102.0 / 30.0).abs() < 0.01, "{}", seen.rate);
        about(seen.medians[SLOTS - 7], 10);
        about(seen.medians[SLOTS - 1], 100);
        assert!((recent.read(start + seconds(80)).rate - 1.0 / 55.0).abs() < 0.01);

        let seen = recent.read(start + seconds(300));
        about(seen.p50, 100);
        assert_eq!(seen.medians.iter().flatten().count(), 1);
        recent.note(start + seconds(601), None);
        assert_eq!(recent.read(start + seconds(601)).p50, None, "an old slot is begun anew");
    }
}
