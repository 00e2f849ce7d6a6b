//! The questions that a client has been asked and has not answered.

use std::collections::HashMap;

use mcp_jsonrpc::Message;
use tokio::sync::mpsc;

/// Where the answer to each open question goes. The names are ours, and no two questions of a client share one.
#[derive(Debug, Default)]
pub(super) struct Asked {
    open: HashMap<u64, Waiting>,
    ended: bool,
}

/// Takes the answers of one round: its place in the round, and the client's response.
pub(super) type Answers = mpsc::Sender<(usize, Message)>;

#[derive(Debug)]
struct Waiting {
    at: usize,
    answers: Answers,
}

impl Asked {
    /// Notes that the question `id` is asked. Each round has room for all its answers.
    pub(super) fn ask(&mut self, id: u64, at: usize, answers: Answers) {
        if !self.ended {
            self.open.insert(id, Waiting { at, answers });
        }
    }

    /// Gives a client's response to whoever waits for it. One that nobody waits for is dropped.
    pub(super) fn answer(&mut self, response: Message) {
        if let Some(waiting) = response.id().and_then(|id| self.open.remove(&id.as_u64()?)) {
            // There is room; and a round that is gone needs no answer.
            let _ = waiting.answers.try_send((waiting.at, response));
        }
    }

    /// Forgets a question; says whether it was still open.
    pub(super) fn forget(&mut self, id: u64) -> bool {
        self.open.remove(&id).is_some()
    }

    /// Forgets all of them, those to come included: whoever waits learns that there is no answer.
    pub(super) fn end(&mut self) {
        self.ended = true;
        self.open.clear();
    }
}

#[cfg(test)]
mod tests {
    use mcp_jsonrpc::Id;

    use super::*;

    fn response(id: &str) -> Message {
        Message::response(&Id::parse(id).unwrap(), "{}")
    }

    #[test]
    fn an_answer_is_taken_once_and_under_its_own_name_alone() {
        let (answers, mut round) = mpsc::channel(2);
        let mut asked = Asked::default();
        asked.ask(7, 0, answers.clone());
        asked.ask(8, 1, answers);
        for stray in ["\"7\"", "9", "-7"] {
            asked.answer(response(stray));
        }
        assert!(round.try_recv().is_err());
        asked.answer(response("8"));
        asked.answer(response("8"));
        assert_eq!(round.try_recv().unwrap().0, 1);
        assert!(asked.forget(7) && !asked.forget(7) && !asked.forget(8));
        asked.answer(response("7"));
        assert_eq!(round.try_recv().unwrap_err(), mpsc::error::TryRecvError::Disconnected);
    }

    #[test]
    fn after_the_end_nobody_waits() {
        let mut asked = Asked::default();
        asked.end();
        let (answers, mut round) = mpsc::channel(1);
        asked.ask(1, 0, answers);
        assert_eq!(round.try_recv().unwrap_err(), mpsc::error::TryRecvError::Disconnected);
    }
}
