//! What went into a pipe last, and how much of it the peer has read.

use std::collections::VecDeque;

use mcp_jsonrpc::{Kind, Message};

/// Where in all that was written the last requests begin. What does not fit into a pipe has been read, so a short trail is
/// enough.
#[derive(Debug, Default)]
pub(crate) struct Trail {
    /// Where the next message begins.
    next: u64,
    /// Where requests begin, and their keys; the oldest first.
    requests: VecDeque<(u64, u64)>,
}

/// Pipes are 64 KiB, and seldom made larger than this, in bytes.
const LONGEST: u64 = 1 << 20;

impl Trail {
    /// Notes what is about to be written, each message on a line.
    pub(crate) fn note(&mut self, batch: &[Message]) {
        for message in batch {
            if message.kind() == Kind::Request
                && let Some(key) = message.id().and_then(|id| id.as_u64())
            {
                self.requests.push_back((self.next, key));
            }
            self.next += message.len() as u64 + 1;
        }
        while self.requests.front().is_some_and(|(start, _)| start + LONGEST < self.next) {
            self.requests.pop_front();
        }
    }

    /// The keys of the requests of which the peer has read nothing: of all that was noted, the pipe took `taken` bytes, and
    /// `unread` of those are still in it.
    pub(crate) fn unread(&self, taken: u64, unread: u64) -> Vec<u64> {
        let read = taken.saturating_sub(unread);
        self.requests.iter().filter(|(start, _)| read <= *start).map(|(_, key)| *key).collect()
    }
}

#[cfg(test)]
mod tests {
    use mcp_jsonrpc::Id;

    use super::*;

    fn request(key: u64) -> Message {
        Message::request(&Id::from(key), "m", None)
    }

    #[test]
    fn a_request_is_unread_if_not_one_byte_of_it_was_read() {
        let mut trail = Trail::default();
        let length = request(1).len() as u64 + 1;
        trail.note(&[request(1), Message::notification("n", None)]);
        let second = trail.next;
        trail.note(&[request(2), request(3)]);
        let all = trail.next;
        assert_eq!(trail.unread(all, 0), [0_u64; 0]);
        assert_eq!(trail.unread(all, length), [3]);
        assert_eq!(trail.unread(all, length + 1), [3], "half of one is no whole one");
        assert_eq!(trail.unread(all, all - second), [2, 3]);
        assert_eq!(trail.unread(all, all), [1, 2, 3]);
        assert_eq!(trail.unread(second, 0), [2, 3], "what never went into the pipe");
    }

    #[test]
    fn the_trail_is_short() {
        let mut trail = Trail::default();
        let large = Message::request(&Id::from(1), "m", Some(&format!("{{\"x\":\"{}\"}}", "x".repeat(1 << 18))));
        for _ in 0..100 {
            trail.note(std::slice::from_ref(&large));
        }
        assert!(trail.requests.len() <= 5);
    }
}
