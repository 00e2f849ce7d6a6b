//! Questions that came beside the stream of the call that they belong to.

use std::{
    collections::VecDeque,
    task::{Context, Waker},
};

use mcp_jsonrpc::Message;

/// Questions for one client whose call they belong to was told by nothing but that no other client has one. A server
/// behind a URL may ask on a stream of its own; the client hears of it on the stream of a call.
#[derive(Debug, Default)]
pub(super) struct Aside {
    questions: VecDeque<Message>,
    /// The calls under way, each with whom to wake.
    calls: Vec<(u64, Waker)>,
}

/// Questions that wait to be taken up.
const MOST: usize = 32;

impl Aside {
    /// Adds a question, unless too many wait.
    pub(super) fn put(&mut self, question: Message) -> bool {
        if MOST <= self.questions.len() {
            return false;
        }
        self.questions.push_back(question);
        self.calls.iter().for_each(|(_, waker)| waker.wake_by_ref());
        true
    }

    /// The next question, for `call` to tell; without one, the call is woken when there is.
    pub(super) fn take(&mut self, call: u64, context: &Context<'_>) -> Option<Message> {
        let next = self.questions.pop_front();
        if next.is_none() {
            match self.calls.iter_mut().find(|(it, _)| *it == call) {
                Some((_, waker)) => waker.clone_from(context.waker()),
                None => self.calls.push((call, context.waker().clone())),
            }
        }
        next
    }

    /// A call is over; gives what waits, if no call is left to take it up.
    pub(super) fn leave(&mut self, call: u64) -> VecDeque<Message> {
        self.calls.retain(|(it, _)| *it != call);
        if self.calls.is_empty() { std::mem::take(&mut self.questions) } else { VecDeque::new() }
    }
}

#[cfg(test)]
mod tests {
    use mcp_jsonrpc::Id;

    use super::*;

    fn question(id: u64) -> Message {
        Message::request(&Id::from(id), "q", None)
    }

    #[test]
    fn a_question_is_taken_once_and_what_nobody_takes_is_left_with_the_last_call() {
        let (mut aside, context) = (Aside::default(), Context::from_waker(Waker::noop()));
        assert!(aside.take(1, &context).is_none() && aside.take(2, &context).is_none());
        assert!(aside.put(question(7)) && aside.put(question(8)));
        assert_eq!(aside.take(1, &context).unwrap().id(), Some(Id::from(7)));
        assert!(aside.leave(1).is_empty(), "another call is there to take it");
        assert_eq!(aside.leave(2).pop_front().unwrap().id(), Some(Id::from(8)));
    }

    #[test]
    fn so_many_may_wait_and_no_more() {
        let mut aside = Aside::default();
        assert!((0..32).all(|id| aside.put(question(id))));
        assert!(!aside.put(question(32)));
    }
}
