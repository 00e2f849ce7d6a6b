//! How many bytes of large messages may be held at once, all connections together.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;

/// A budget of bytes for large messages, shared by every connection of a proxy. Default: 256 MiB.
///
/// Bytes are charged when a large message has been read and given back when its last clone is dropped, wherever that is:
/// in a queue, in a response body, in a replay buffer. Small messages are not counted; the number of calls bounds them.
#[derive(Clone, Debug)]
pub struct Budget(Arc<Account>);

#[derive(Debug)]
struct Account {
    held: AtomicUsize,
    limit: usize,
}

/// From this length in bytes on, a message is charged.
const LARGE: usize = 64 * 1024;

impl Budget {
    /// A budget of `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self(Arc::new(Account { held: AtomicUsize::new(0), limit }))
    }

    /// Charges `bytes` if they are large.
    ///
    /// # Errors
    ///
    /// The bytes, if there is no room for them.
    pub fn charge(&self, bytes: Bytes) -> Result<Bytes, Bytes> {
        let length = bytes.len();
        if length < LARGE {
            return Ok(bytes);
        }
        let fits = |held: usize| held.checked_add(length).filter(|sum| *sum <= self.0.limit);
        if self.0.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_err() {
            return Err(bytes);
        }
        Ok(Bytes::from_owner(Charged { bytes, account: Arc::clone(&self.0) }))
    }

    /// How many bytes are held now.
    #[must_use]
    pub fn held(&self) -> usize {
        self.0.held.load(Ordering::Relaxed)
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::new(256 << 20)
    }
}

struct Charged {
    bytes: Bytes,
    account: Arc<Account>,
}

impl AsRef<[u8]> for Charged {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Charged {
    fn drop(&mut self) {
        self.account.held.fetch_sub(self.bytes.len(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_bytes_are_charged_until_their_last_clone_is_gone() {
        let budget = Budget::new(2 * LARGE);
        let one = budget.charge(Bytes::from(vec![1; LARGE])).unwrap();
        let part = one.slice(..10);
        drop(one);
        assert_eq!(budget.held(), LARGE);
        let two = budget.charge(Bytes::from(vec![2; LARGE])).expect("fits to the byte");
        assert!(budget.charge(Bytes::from(vec![3; LARGE])).is_err(), "one past the limit");
        assert!(budget.charge(Bytes::from(vec![4; LARGE - 1])).is_ok(), "small ones always fit");
        drop((part, two));
        assert_eq!(budget.held(), 0);
    }
}
