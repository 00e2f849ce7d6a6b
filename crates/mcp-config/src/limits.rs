//! Bounds, by their names.

mod table;

use std::{fmt, str::FromStr, time::Duration};

use mcp_proxy_core::Limits;

use crate::value::{SizeError, TimeError, parse_size, parse_time, write_size, write_time};
use table::Place::{Bytes, Count, Time};
pub(crate) use table::{LIMITS, Limit};

/// One bound, named and read; as text, `call_idle=5m`. Names may also be written as in the file, `callIdle=5m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitSetting {
    limit: &'static Limit,
    value: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    Count(usize),
    Bytes(usize),
    Time(Duration),
}

/// A text that sets no bound.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LimitError {
    /// There is no `=`.
    #[error("write NAME=VALUE")]
    NoValue,
    /// No bound has this name.
    #[error("there is no limit `{}`; there are: {}", .0, known())]
    Unknown(String),
    /// The value is no number.
    #[error("must be a whole number from 1 on")]
    Count,
    /// The value is no size.
    #[error(transparent)]
    Bytes(#[from] SizeError),
    /// The value is no time.
    #[error(transparent)]
    Time(#[from] TimeError),
}

impl LimitSetting {
    /// The name, as in `call_idle`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.limit.name
    }

    /// Sets the bound.
    pub fn apply(&self, limits: &mut Limits) {
        match (self.limit.place, self.value) {
            (Count(place), Value::Count(value)) | (Bytes(place), Value::Bytes(value)) => *place(limits) = value,
            (Time(place), Value::Time(value)) => *place(limits) = value,
            _ => unreachable!("a value is read for its place"),
        }
    }

    /// Reads the value of a bound, without its name.
    pub(crate) fn read(limit: &'static Limit, value: &str) -> Result<Self, LimitError> {
        let value = match limit.place {
            Count(_) => {
                let digits = value.bytes().all(|byte| byte.is_ascii_digit());
                let count = value.parse().ok().filter(|count| digits && 0 < *count);
                Value::Count(count.ok_or(LimitError::Count)?)
            }
            Bytes(_) => Value::Bytes(parse_size(value)?),
            Time(_) => Value::Time(parse_time(value)?),
        };
        Ok(Self { limit, value })
    }

    /// What the bound is in `limits`.
    pub(crate) fn of(limit: &'static Limit, limits: &mut Limits) -> Self {
        let value = match limit.place {
            Count(place) => Value::Count(*place(limits)),
            Bytes(place) => Value::Bytes(*place(limits)),
            Time(place) => Value::Time(*place(limits)),
        };
        Self { limit, value }
    }

    /// The name in the file, as in `callIdle`.
    pub(crate) fn key(&self) -> String {
        self.limit.camel()
    }

    /// The value alone, as it is written in the file.
    pub(crate) fn value(&self) -> String {
        match self.value {
            Value::Count(count) => count.to_string(),
            Value::Bytes(bytes) => write_size(bytes),
            Value::Time(time) => write_time(time),
        }
    }
}

impl FromStr for LimitSetting {
    type Err = LimitError;

    fn from_str(text: &str) -> Result<Self, LimitError> {
        let (name, value) = text.split_once('=').ok_or(LimitError::NoValue)?;
        let limit = Limit::named(name).ok_or_else(|| LimitError::Unknown(name.to_owned()))?;
        Self::read(limit, value)
    }
}

impl fmt::Display for LimitSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name(), self.value())
    }
}

impl Limit {
    /// The bound of that name, in either spelling.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        LIMITS.iter().find(|limit| limit.name == name || limit.camel() == name)
    }

    /// Its name in the file, as in `callIdle`.
    pub(crate) fn camel(&self) -> String {
        let mut words = self.name.split('_');
        let first = words.next().unwrap_or_default().to_owned();
        words.fold(first, |camel, word| camel + &word[..1].to_uppercase() + &word[1..])
    }

    /// Whether its value is a number without a unit.
    pub(crate) fn is_count(&self) -> bool {
        matches!(self.place, Count(_))
    }

    /// Whether its value is a time.
    pub(crate) fn is_time(&self) -> bool {
        matches!(self.place, Time(_))
    }
}

impl fmt::Debug for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Names are unique.
impl PartialEq for Limit {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Limit {}

fn known() -> String {
    LIMITS.iter().map(|limit| limit.name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suggest::bare;

    #[test]
    fn each_bound_is_set_by_its_name() {
        let mut limits = Limits::default();
        for text in ["body=8MiB", "call_idle=5m", "calls=7", "sessionIdle=2h", "replay_bytes=512 KiB"] {
            text.parse::<LimitSetting>().unwrap().apply(&mut limits);
        }
        assert_eq!((limits.body, limits.calls), (8 << 20, 7));
        assert_eq!(limits.call_idle, Duration::from_mins(5));
        assert_eq!(limits.sessions.idle, Duration::from_hours(2));
        assert_eq!(limits.sessions.replay.bytes, 512 << 10);
    }

    #[test]
    fn every_bound_is_written_as_it_is_read_in_both_spellings() {
        for limit in &LIMITS {
            let default = LimitSetting::of(limit, &mut Limits::default());
            assert_eq!(default.to_string().parse(), Ok(default));
            assert_eq!(format!("{}={}", limit.camel(), default.value()).parse(), Ok(default));
            assert_eq!(bare(&limit.camel()), bare(limit.name), "only the spelling differs");
        }
    }

    #[test]
    fn what_cannot_be_read_says_how_to_write_it() {
        let refused = |text: &str| text.parse::<LimitSetting>().unwrap_err().to_string();
        assert!(refused("bodi=1MiB").contains("body, "));
        assert!(refused("body=8").contains("8MiB"));
        assert!(refused("call_idle=5").contains("30s"));
        assert!(refused("calls=0").contains("from 1 on"));
        assert!(refused("calls=+1").contains("from 1 on"));
        assert!(refused("calls").contains("NAME=VALUE"));
        assert!(refused("drain=9999999999h").contains("30s"));
    }
}
