//! How long a result may be kept, and for whom.

use serde::Deserialize;

use super::{ShapeError, read};

/// The cache fields of a complete modern result (2026-07-28, caching).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheHints {
    /// For how many milliseconds it is fresh; 0 means not at all.
    pub ttl_ms: u64,
    /// Who may be given it.
    pub scope: CacheScope,
}

/// Who may be given a cached result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CacheScope {
    /// Only callers of the same authorization context.
    Private,
    /// Anyone.
    Public,
}

#[derive(Deserialize)]
struct Wire {
    #[serde(default, rename = "ttlMs")]
    ttl_ms: Option<u64>,
    #[serde(default, rename = "cacheScope")]
    scope: Option<CacheScope>,
}

impl CacheHints {
    /// Reads them from a result (JSON text); `None` unless both are there.
    ///
    /// # Errors
    ///
    /// Fails if one of them is malformed: a negative or fractional time, an unknown scope. Such a result must not be kept.
    pub fn read(result: &str) -> Result<Option<Self>, ShapeError> {
        let wire: Wire = read("cache fields of a result", result)?;
        Ok(wire.ttl_ms.zip(wire.scope).map(|(ttl_ms, scope)| Self { ttl_ms, scope }))
    }

    /// JSON text of the two members, without braces.
    #[must_use]
    pub fn members(self) -> String {
        format!("{},{}", self.ttl(), self.scope())
    }

    pub(super) fn ttl(self) -> String {
        format!(r#""ttlMs":{}"#, self.ttl_ms)
    }

    pub(super) fn scope(self) -> String {
        let scope = match self.scope {
            CacheScope::Private => "private",
            CacheScope::Public => "public",
        };
        format!(r#""cacheScope":"{scope}""#)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_are_read_and_written() {
        for scope in [CacheScope::Private, CacheScope::Public] {
            let hints = CacheHints { ttl_ms: 60_000, scope };
            assert_eq!(CacheHints::read(&format!(r#"{{"tools":[],{}}}"#, hints.members())), Ok(Some(hints)));
        }
        assert_eq!(CacheHints::read(r#"{"ttlMs":1}"#), Ok(None));
        assert_eq!(CacheHints::read("{}"), Ok(None));
    }

    #[test]
    fn nonsense_is_never_kept() {
        for text in [r#"{"ttlMs":-1}"#, r#"{"ttlMs":1.5}"#, r#"{"cacheScope":"all"}"#, r#"{"ttlMs":1e999}"#] {
            assert!(CacheHints::read(text).is_err(), "{text}");
        }
    }
}
