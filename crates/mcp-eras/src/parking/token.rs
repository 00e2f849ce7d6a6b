//! What a client is given to come back with.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// What a client comes back with: a text of base64url, at most 87 431 characters, 71 for a parked call.
#[derive(Clone)]
pub struct Token {
    text: String,
    expiry: Expiry,
}

/// When a token expires, in milliseconds since 1970, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Expiry(pub(super) u64);

impl Token {
    pub(super) fn new(text: String, expiry: Expiry) -> Self {
        Self { text, expiry }
    }

    /// The text, for the client it is given to, and for nothing that is logged.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Until when it is good.
    #[must_use]
    pub fn expires_at(&self) -> SystemTime {
        self.expiry.time()
    }
}

/// Without the text: whoever has it can go on with the call.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("expires_at", &self.expires_at()).finish_non_exhaustive()
    }
}

impl Expiry {
    pub(super) fn at(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    /// The end of a life that begins at `now`.
    pub(super) fn after(now: SystemTime, life: Duration) -> Self {
        Self(Self::at(now).0.saturating_add(u64::try_from(life.as_millis()).unwrap_or(u64::MAX)))
    }

    pub(super) fn time(self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.0)
    }
}
