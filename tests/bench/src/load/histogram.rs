//! Counts of times, in steps of less than 2 %.

use std::time::Duration;

/// Steps between one power of two and the next.
const STEPS: u64 = 64;
const BITS: u32 = STEPS.trailing_zeros();
const CELLS: usize = 2560;

#[derive(Clone, Debug)]
pub(crate) struct Histogram {
    cells: Vec<u32>,
    count: u64,
}

impl Histogram {
    pub(crate) fn new() -> Self {
        Self { cells: vec![0; CELLS], count: 0 }
    }

    pub(crate) fn record(&mut self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.cells[cell(nanos)] += 1;
        self.count += 1;
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.cells.iter_mut().zip(&other.cells).for_each(|(ours, theirs)| *ours += theirs);
        self.count += other.count;
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The time in µs that this share of all calls took at most.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        let wanted = share * to_float(self.count);
        let mut seen = 0;
        for (at, count) in self.cells.iter().enumerate() {
            seen += u64::from(*count);
            if *count > 0 && to_float(seen) >= wanted {
                return to_float(upper(at as u64)) / 1000.0;
            }
        }
        0.0
    }
}

fn cell(nanos: u64) -> usize {
    let power = nanos.max(STEPS).ilog2() - BITS;
    let at = if nanos < STEPS { nanos } else { u64::from(power) * STEPS + (nanos >> power) };
    usize::try_from(at).unwrap_or(usize::MAX).min(CELLS - 1)
}

/// The largest value of a cell.
fn upper(cell: u64) -> u64 {
    if cell < 2 * STEPS {
        return cell;
    }
    let power = cell / STEPS - 1;
    ((cell % STEPS + STEPS + 1) << power) - 1
}

#[expect(clippy::cast_precision_loss, reason = "nobody counts so far")]
fn to_float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_two_percent() {
        let mut histogram = Histogram::new();
        for micros in 1..=1000 {
            histogram.record(Duration::from_micros(micros));
        }
        assert_eq!(histogram.count(), 1000);
        for (share, expected) in [(0.5, 500.0), (0.99, 990.0), (0.001, 1.0), (1.0, 1000.0)] {
            let found = histogram.quantile(share);
            assert!((found / expected - 1.0).abs() < 0.02, "{found} is not {expected}");
        }
    }

    #[test]
    fn every_value_has_a_cell_whose_end_is_not_below_it() {
        for nanos in [0, 1, 63, 64, 65, 127, 128, 129, 1000, 123_456_789, 60_000_000_000] {
            let end = upper(cell(nanos) as u64);
            assert!(end >= nanos && end <= nanos + nanos / 60 + 1, "{nanos} ends at {end}");
        }
    }
}
