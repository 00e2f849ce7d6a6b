//! Tickets: each opens one terminal once, soon.
//!
//! A browser cannot send headers of its own with a WebSocket, and its URL ends up in logs. So the page asks for a ticket by
//! a request that is checked like any other, and what is in the URL is worth nothing once it was used.

use std::{
    collections::HashMap,
    io,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use tokio::time::Instant;

/// Tickets that may be unused at once.
const MOST: usize = 64;

/// Tickets that were given out and not used yet.
#[derive(Debug)]
pub(super) struct Tickets {
    good_for: Duration,
    /// By their digests, so that looking one up tells nothing by how long it takes: terminal, and until when.
    unused: Mutex<HashMap<Vec<u8>, (String, Instant)>>,
}

/// So many random bytes as text.
///
/// # Errors
///
/// Fails if the system has no random numbers.
pub(super) fn random<const BYTES: usize>() -> io::Result<String> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

impl Tickets {
    /// None yet; each is good for so long.
    pub(super) fn new(good_for: Duration) -> Self {
        Self { good_for, unused: Mutex::default() }
    }

    /// A new one with 256 bits of chance. The oldest has to go if there are too many.
    pub(super) fn issue(&self, terminal: &str) -> io::Result<String> {
        let ticket = random::<32>()?;
        let mut unused = self.unused.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        unused.retain(|_, (_, until)| now < *until);
        if MOST <= unused.len() {
            let oldest = unused.iter().min_by_key(|(_, (_, until))| *until).map(|(digest, _)| digest.clone());
            oldest.and_then(|oldest| unused.remove(&oldest));
        }
        unused.insert(digest_of(&ticket), (terminal.to_owned(), now + self.good_for));
        Ok(ticket)
    }

    /// Whether the ticket opens the terminal. It does nothing more after this, whichever it was shown at.
    pub(super) fn redeem(&self, terminal: &str, ticket: &str) -> bool {
        let found = self.unused.lock().unwrap_or_else(PoisonError::into_inner).remove(&digest_of(ticket));
        found.is_some_and(|(its, until)| its == terminal && Instant::now() < until)
    }
}

fn digest_of(ticket: &str) -> Vec<u8> {
    digest(&SHA256, ticket.as_bytes()).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_ticket_is_good_once_soon_and_for_its_terminal() {
        let tickets = Tickets::new(Duration::from_secs(30));
        let ticket = tickets.issue("a").unwrap();
        assert_eq!(ticket.len(), 43);
        assert!(tickets.redeem("a", &ticket));
        assert!(!tickets.redeem("a", &ticket));
        assert!(!tickets.redeem("a", ""));

        let elsewhere = tickets.issue("a").unwrap();
        assert!(!tickets.redeem("b", &elsewhere));
        assert!(!tickets.redeem("a", &elsewhere));

        let late = tickets.issue("a").unwrap();
        tokio::time::advance(Duration::from_secs(30)).await;
        assert!(!tickets.redeem("a", &late));
    }

    #[tokio::test(start_paused = true)]
    async fn only_so_many_wait() {
        let tickets = Tickets::new(Duration::from_secs(30));
        let first = tickets.issue("a").unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
        let last = (0..MOST).map(|_| tickets.issue("a").unwrap()).last().unwrap();
        assert!(!tickets.redeem("a", &first));
        assert!(tickets.redeem("a", &last));
    }
}
