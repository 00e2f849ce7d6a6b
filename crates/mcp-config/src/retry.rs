//! How often calls are sent again, as far as somebody says.

use std::time::Duration;

use mcp_proxy_core::aggregator::Retry;

use crate::{Target, Wire};

/// How often a call is sent again, from one place; what is not mentioned there is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetrySetting {
    /// Whether at all.
    pub enabled: Option<bool>,
    /// How often at most.
    pub attempts: Option<u32>,
    /// The wait before the first repetition.
    pub base: Option<Duration>,
}

/// The same for every kind of server, and for single ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retries {
    /// Whatever the kind.
    pub all: RetrySetting,
    /// Of child processes; wins over `all`.
    pub stdio: RetrySetting,
    /// Of HTTP+SSE; wins over `all`.
    pub sse: RetrySetting,
    /// Of streamable HTTP, and where it is found out what a URL speaks; wins over `all`.
    pub http: RetrySetting,
}

/// How often calls are sent again to servers that have no say of their own, by their kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetryDefaults {
    /// To child processes.
    pub stdio: Retry,
    /// By HTTP+SSE.
    pub sse: Retry,
    /// By streamable HTTP, and where it is found out what a URL speaks.
    pub http: Retry,
    /// By a transport that the program has registered.
    pub other: Retry,
}

impl RetrySetting {
    /// What this says, and where it says nothing, what `other` does.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            enabled: self.enabled.or(other.enabled),
            attempts: self.attempts.or(other.attempts),
            base: self.base.or(other.base),
        }
    }

    /// What this comes to where `usual` is the rule.
    #[must_use]
    pub fn over(self, usual: Retry) -> Retry {
        let attempts = self.attempts.unwrap_or(usual.attempts);
        let attempts = if self.enabled == Some(false) { 0 } else { attempts };
        Retry { attempts, base: self.base.unwrap_or(usual.base) }
    }
}

impl RetryDefaults {
    /// The rule for a server that is reached like this.
    #[must_use]
    pub fn of(&self, target: &Target) -> Retry {
        match target {
            Target::Stdio { .. } => self.stdio,
            Target::Remote { wire: Wire::Sse, .. } => self.sse,
            Target::Remote { .. } => self.http,
            Target::Custom { .. } => self.other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_wins_and_off_is_never() {
        let usual = Retry::default();
        assert_eq!(RetrySetting::default().over(usual), usual);
        let own = RetrySetting { attempts: Some(5), ..RetrySetting::default() };
        assert_eq!(own.over(usual), Retry { attempts: 5, ..usual });
        let off = RetrySetting { enabled: Some(false), ..own };
        assert_eq!(off.over(usual).attempts, 0);
        let both = own.or(RetrySetting { attempts: Some(1), base: Some(Duration::ZERO), enabled: None });
        assert_eq!((both.attempts, both.base), (Some(5), Some(Duration::ZERO)));
    }
}
