//! The resources a session wants to hear about.

use std::collections::BTreeSet;

/// The URIs a session is subscribed to: at most 1024 of them, and at most 256 KiB of text.
#[derive(Clone, Debug, Default)]
pub struct Subscriptions {
    uris: BTreeSet<Box<str>>,
    bytes: usize,
}

/// A session that already has as many subscriptions as it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the session has {MAX_URIS} subscriptions or {MAX_BYTES} bytes of them, which is the limit; unsubscribe first")]
pub struct TooManySubscriptions;

const MAX_URIS: usize = 1024;
const MAX_BYTES: usize = 256 * 1024;

impl Subscriptions {
    /// Adds a URI; says whether it is new.
    ///
    /// # Errors
    ///
    /// Fails if there is no room for it; nothing has changed then.
    pub fn add(&mut self, uri: &str) -> Result<bool, TooManySubscriptions> {
        if self.uris.contains(uri) {
            return Ok(false);
        }
        if self.uris.len() == MAX_URIS || MAX_BYTES - self.bytes < uri.len() {
            return Err(TooManySubscriptions);
        }
        self.bytes += uri.len();
        Ok(self.uris.insert(uri.into()))
    }

    /// Takes a URI out; says whether it was there.
    pub fn remove(&mut self, uri: &str) -> bool {
        let was_there = self.uris.remove(uri);
        if was_there {
            self.bytes -= uri.len();
        }
        was_there
    }

    /// Whether the session wants to hear about `uri`.
    #[must_use]
    pub fn contains(&self, uri: &str) -> bool {
        self.uris.contains(uri)
    }

    /// The URIs in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.uris.iter().map(|uri| &**uri)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_counts_once_and_can_be_taken_out() {
        let mut subscriptions = Subscriptions::default();
        assert_eq!(subscriptions.add("file:///b"), Ok(true));
        assert_eq!(subscriptions.add("file:///a"), Ok(true));
        assert_eq!(subscriptions.add("file:///b"), Ok(false));
        assert_eq!(subscriptions.iter().collect::<Vec<_>>(), ["file:///a", "file:///b"]);
        assert!(subscriptions.remove("file:///b"));
        assert!(!subscriptions.remove("file:///b"));
        assert!(!subscriptions.contains("file:///b"));
        assert_eq!(subscriptions.bytes, "file:///a".len());
    }

    #[test]
    fn number_and_bytes_are_bounded() {
        let mut many = Subscriptions::default();
        for n in 0..MAX_URIS {
            assert_eq!(many.add(&format!("x:{n}")), Ok(true));
        }
        assert_eq!(many.add("one:more"), Err(TooManySubscriptions));
        assert_eq!(many.add("x:0"), Ok(false), "one that is there needs no room");
        assert!(many.remove("x:0"));
        assert_eq!(many.add("one:more"), Ok(true));

        let mut long = Subscriptions::default();
        assert_eq!(long.add(&"x".repeat(MAX_BYTES)), Ok(true));
        assert_eq!(long.add("y"), Err(TooManySubscriptions));
    }
}
