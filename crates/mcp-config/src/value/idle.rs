//! How long a server may be idle.

use std::{fmt, str::FromStr, time::Duration};

use super::time::{TimeError, bare_millis, millis, write_time};

/// After how long without use a server is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdleTimeout {
    /// It runs on.
    Never,
    /// After this long, from 1 ms to 366 days.
    After(Duration),
}

impl IdleTimeout {
    /// The time, if there is one.
    #[must_use]
    pub fn duration(self) -> Option<Duration> {
        match self {
            Self::Never => None,
            Self::After(time) => Some(time),
        }
    }

    /// The same as [`FromStr`], and a number without a unit is milliseconds, as in the systems that this setting is from.
    pub(crate) fn parse_or_millis(text: &str) -> Result<Self, TimeError> {
        bare_millis(text).map_or_else(|| text.parse(), |millis| Ok(Self::of(millis)))
    }

    fn of(millis: u64) -> Self {
        if millis == 0 { Self::Never } else { Self::After(Duration::from_millis(millis)) }
    }
}

/// A time with its unit; `off` and nought mean never.
impl FromStr for IdleTimeout {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        if text == "off" || text == "0" {
            return Ok(Self::Never);
        }
        millis(text).map(Self::of).ok_or(TimeError)
    }
}

impl fmt::Display for IdleTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => f.write_str("off"),
            Self::After(time) => f.write_str(&write_time(*time)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn off_and_nought_mean_never() {
        for text in ["off", "0", "0s", "0ms"] {
            assert_eq!(text.parse(), Ok(IdleTimeout::Never), "{text}");
            assert_eq!(IdleTimeout::parse_or_millis(text), Ok(IdleTimeout::Never), "{text}");
        }
        assert_eq!("5m".parse(), Ok(IdleTimeout::After(Duration::from_mins(5))));
        assert_eq!(IdleTimeout::Never.to_string(), "off");
    }

    #[test]
    fn a_bare_number_is_milliseconds_only_where_it_always_was() {
        assert_eq!("300000".parse::<IdleTimeout>(), Err(TimeError));
        let five = IdleTimeout::parse_or_millis("300000").unwrap();
        assert_eq!(five.to_string(), "5m");
        for text in ["-1", "1e3", "soon", "99999999999999"] {
            assert_eq!(IdleTimeout::parse_or_millis(text), Err(TimeError), "{text}");
        }
    }
}
