//! How often a call is sent again.

use std::time::Duration;

/// How often a call is sent again, and after what wait. A call is only sent again if it never reached its server, or if
/// doing it twice does no more than doing it once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// How often at most. Default: 2. 0 is never.
    pub attempts: u32,
    /// The wait before the first repetition, which doubles with each, with up to half as much again at random. Default:
    /// 300 ms.
    pub base: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self { attempts: 2, base: Duration::from_millis(300) }
    }
}

impl Retry {
    /// Never.
    pub const NEVER: Self = Self { attempts: 0, base: Duration::ZERO };
}
