//! Times: `500ms`, `30s`, `5m`, `2h`.

use std::time::Duration;

/// A text that is no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a time with its unit, such as `500ms`, `30s`, `5m` or `2h`")]
pub struct TimeError;

/// What a time looks like, for the JSON Schema.
pub(crate) const TIME_PATTERN: &str = "^[0-9]+ *(ms|s|m|h)$";

/// In this order, so that `ms` is not read as `s`.
const UNITS: [(&str, u64); 4] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)];
/// Longer than a year is no bound, and would not fit everywhere.
const LONGEST: u64 = 31_622_400_000;

/// Reads a time from 1 ms to 366 days.
///
/// # Errors
///
/// Fails without a unit, out of these bounds, and for anything else.
pub fn parse_time(text: &str) -> Result<Duration, TimeError> {
    millis(text).filter(|millis| *millis != 0).map(Duration::from_millis).ok_or(TimeError)
}

/// The same in milliseconds, and nought is one too.
pub(super) fn millis(text: &str) -> Option<u64> {
    let (number, unit) = UNITS.iter().find_map(|(unit, millis)| Some((text.strip_suffix(unit)?, *millis)))?;
    digits(number.trim_end())?.checked_mul(unit).filter(|millis| *millis <= LONGEST)
}

/// A number without its unit, which is milliseconds where older systems have it so.
pub(super) fn bare_millis(text: &str) -> Option<u64> {
    digits(text).filter(|millis| *millis <= LONGEST)
}

/// A plain number: the standard library's way of reading one allows a `+`.
pub(super) fn digits(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// Writes a time in the largest unit that needs no fraction.
pub(crate) fn write_time(time: Duration) -> String {
    let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let whole = UNITS.iter().rev().find(|(_, unit)| millis.is_multiple_of(*unit));
    let (unit, size) = whole.unwrap_or(&UNITS[0]);
    format!("{}{unit}", millis / size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_as_it_is_read() {
        for text in ["1ms", "500ms", "1500ms", "30s", "90s", "5m", "2h", "8784h"] {
            assert_eq!(write_time(parse_time(text).unwrap()), text);
        }
        assert_eq!(parse_time("5 m"), Ok(Duration::from_mins(5)));
        assert_eq!(write_time(parse_time("3600s").unwrap()), "1h");
    }

    #[test]
    fn a_time_has_a_unit_and_bounds() {
        for text in ["", "5", "s", "0s", "-1s", "+1s", "1.5s", "5 minutes", "8785h", "99999999999999999999h", " 1s"] {
            assert_eq!(parse_time(text), Err(TimeError), "{text:?}");
        }
    }
}
