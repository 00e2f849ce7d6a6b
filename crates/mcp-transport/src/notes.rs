//! A bounded queue of notes, and what gives way when there is no room.

use std::collections::VecDeque;

use mcp_jsonrpc::{Kind, Message};
use mcp_protocol::method;

/// How much a queue of notes may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoteLimits {
    /// Messages. Default: 256.
    pub count: usize,
    /// Bytes of messages. Default: 1 MiB. One message that is longer still fits into an empty queue.
    pub bytes: usize,
}

impl Default for NoteLimits {
    fn default() -> Self {
        Self { count: 256, bytes: 1 << 20 }
    }
}

/// Notifications and server requests on their way to a consumer that may be slow.
///
/// The pusher never waits. An announcement (`list_changed`, `updated`) takes the place of one that says the same. Without
/// room, progress keeps the newest value per token, other notifications are dropped and counted, and a request comes back
/// so that it can be answered with an error.
#[derive(Debug)]
pub(crate) struct Notes {
    queue: VecDeque<Message>,
    bytes: usize,
    limits: NoteLimits,
    dropped: u64,
}

impl Notes {
    pub(crate) fn new(limits: NoteLimits) -> Self {
        Self { queue: VecDeque::new(), bytes: 0, limits, dropped: 0 }
    }

    /// Queues `note` by the overflow rule; gives back a request that found no room.
    pub(crate) fn push(&mut self, note: Message) -> Result<(), Message> {
        // Progress is most of what comes, and no two of it say the same.
        let repeats = !note.is_method(method::PROGRESS)
            && note.method().is_some_and(|name| method::is_list_changed(name) || name == method::RESOURCES_UPDATED);
        if self.fits(&note) && !repeats {
            self.append(note);
            return Ok(());
        }
        if note.kind() == Kind::Request {
            return Err(note);
        }
        let older = self.queue.iter().position(|queued| supersedes(&note, queued));
        if let Some(older) = older.and_then(|at| self.queue.remove(at)) {
            self.bytes -= older.len();
        }
        if self.fits(&note) {
            self.append(note);
            return Ok(());
        }
        self.dropped += 1;
        Ok(())
    }

    pub(crate) fn pop(&mut self) -> Option<Message> {
        let note = self.queue.pop_front()?;
        self.bytes -= note.len();
        Some(note)
    }

    /// How many notes were dropped so far.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    fn fits(&self, note: &Message) -> bool {
        self.queue.is_empty() || (self.queue.len() < self.limits.count && self.bytes + note.len() <= self.limits.bytes)
    }

    fn append(&mut self, note: Message) {
        self.bytes += note.len();
        self.queue.push_back(note);
    }
}

/// Whether `newer` says all that is worth knowing of `older`.
fn supersedes(newer: &Message, older: &Message) -> bool {
    if newer.method() != older.method() {
        return false;
    }
    match newer.method() {
        Some(method::PROGRESS) => {
            let token = |note: &Message| note.value(&["params", "progressToken"]).map(str::to_owned);
            token(newer) == token(older)
        }
        Some(method::RESOURCES_UPDATED) => newer.params() == older.params(),
        Some(name) => name.ends_with("/list_changed"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mcp_jsonrpc::Id;

    fn progress(token: u32, value: u32) -> Message {
        let params = format!(r#"{{"progressToken":{token},"progress":{value}}}"#);
        Message::notification(method::PROGRESS, Some(&params))
    }

    fn log(text: &str) -> Message {
        Message::notification(method::MESSAGE, Some(&format!("{{\"data\":\"{text}\"}}")))
    }

    fn notes(count: usize) -> Notes {
        Notes::new(NoteLimits { count, bytes: 1 << 20 })
    }

    fn drained(mut notes: Notes) -> Vec<String> {
        std::iter::from_fn(|| notes.pop()).map(|note| note.params().unwrap_or("-").to_owned()).collect()
    }

    #[test]
    fn with_room_nothing_is_lost_and_order_stays() {
        let mut notes = notes(3);
        for note in [progress(1, 1), log("a"), progress(1, 2)] {
            notes.push(note).unwrap();
        }
        assert_eq!(notes.dropped(), 0);
        assert_eq!(drained(notes).len(), 3);
    }

    #[test]
    fn without_room_progress_keeps_the_newest_of_each_token() {
        let mut notes = notes(2);
        for note in [progress(1, 1), progress(2, 1), progress(1, 2), progress(3, 1)] {
            notes.push(note).unwrap();
        }
        assert_eq!(notes.dropped(), 1, "token 3 had nothing to replace");
        let left = drained(notes);
        assert_eq!(left, [r#"{"progressToken":2,"progress":1}"#, r#"{"progressToken":1,"progress":2}"#]);
    }

    #[test]
    fn without_room_announcements_coalesce_and_logs_are_dropped_and_counted() {
        let changed = || Message::notification(method::TOOLS_LIST_CHANGED, None);
        let mut notes = notes(2);
        for note in [changed(), log("a"), changed(), log("b")] {
            notes.push(note).unwrap();
        }
        assert_eq!(notes.dropped(), 1);
        assert_eq!(drained(notes), [r#"{"data":"a"}"#, "-"]);
    }

    #[test]
    fn an_announcement_waits_once_even_with_room() {
        let mut notes = notes(10);
        for _ in 0..5 {
            notes.push(Message::notification(method::TOOLS_LIST_CHANGED, None)).unwrap();
            notes.push(Message::notification(method::PROMPTS_LIST_CHANGED, None)).unwrap();
        }
        assert_eq!((notes.dropped(), drained(notes).len()), (0, 2));
    }

    #[test]
    fn without_room_a_request_comes_back() {
        let ask = || Message::request(&Id::from(1), method::ROOTS_LIST, None);
        let mut notes = notes(1);
        notes.push(ask()).unwrap();
        assert_eq!(notes.push(ask()).unwrap_err().id(), Some(Id::from(1)));
        assert_eq!(notes.dropped(), 0);
    }

    #[test]
    fn bytes_are_bounded_too_but_one_long_note_fits_alone() {
        let long = log(&"x".repeat(100));
        let mut notes = Notes::new(NoteLimits { count: 10, bytes: long.len() + 1 });
        notes.push(long.clone()).unwrap();
        notes.push(log("y")).unwrap();
        assert_eq!(notes.dropped(), 1);
        notes.pop().unwrap();
        let mut tiny = Notes::new(NoteLimits { count: 10, bytes: 1 });
        tiny.push(long).unwrap();
        assert_eq!(tiny.dropped(), 0);
    }
}
