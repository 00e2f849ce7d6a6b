//! The questions that one client was asked, and by whom.

use std::{collections::HashMap, sync::Arc};

use mcp_jsonrpc::{Edit, Id, Message};
use mcp_protocol::{CancelledParams, ProgressParams, meta};

use crate::Connection;

/// The server's requests that wait for a client's answer, under ids of ours.
///
/// A client may be asked by several instances of a server, and each of them counts from the same number.
#[derive(Debug, Default)]
pub struct Questions {
    next: u64,
    open: HashMap<u64, Question>,
}

#[derive(Debug)]
struct Question {
    from: Arc<dyn Connection>,
    /// During which of the client's calls it was asked.
    call: u64,
    id: Id,
    /// The progress token that came with it, if any.
    token: Option<Id>,
}

impl Questions {
    /// Questions of one client that may be open.
    pub const MOST: usize = 1024;

    /// Whether one more may be asked. Who asks without room is asked nothing back, and should be refused.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.open.len() < Self::MOST
    }

    /// A number for the next call, to tell its questions by.
    pub fn call(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Notes a question of `call`; gives it as the client is to see it. `None` if it is no request.
    pub fn ask(&mut self, question: &Message, call: u64, from: &Arc<dyn Connection>) -> Option<Message> {
        self.next += 1;
        let (key, id) = (self.next, question.id()?);
        let ours = Id::from(key);
        let (question, token) = match question.find(&meta::PROGRESS_TOKEN_PATH) {
            Ok(Some(at)) => {
                let token = std::str::from_utf8(&question.text()[at.clone()]).ok().and_then(Id::parse);
                (question.spliced(&[Edit { at, with: ours.as_str() }]), token)
            }
            _ => (question.clone(), None),
        };
        self.open.insert(key, Question { from: Arc::clone(from), call, id, token });
        Some(question.with_id(ours))
    }

    /// Takes the client's answer; gives it as the server is to see it, and who that is. `None` if nothing waits for it.
    pub fn answer(&mut self, answer: &Message) -> Option<(Arc<dyn Connection>, Message)> {
        let question = self.open.remove(&answer.id()?.as_u64()?)?;
        Some((question.from, answer.clone().with_id(question.id)))
    }

    /// Takes the client's progress on a question; gives it as the server is to see it, and who that is.
    pub fn progress(&self, note: &Message) -> Option<(Arc<dyn Connection>, Message)> {
        let at = note.find(&ProgressParams::TOKEN_PATH).ok()??;
        let key = Id::parse(std::str::from_utf8(&note.text()[at.clone()]).ok()?)?.as_u64()?;
        let question = self.open.get(&key)?;
        let token = question.token.as_ref()?;
        Some((Arc::clone(&question.from), note.spliced(&[Edit { at, with: token.as_str() }])))
    }

    /// The server withdraws a question of `call`; gives its notice as the client is to see it.
    pub fn withdraw(&mut self, notice: &Message, call: u64) -> Option<Message> {
        let at = notice.find(&CancelledParams::REQUEST_ID_PATH).ok()??;
        let id = Id::parse(std::str::from_utf8(&notice.text()[at.clone()]).ok()?)?;
        let key = *self.open.iter().find(|(_, open)| open.call == call && open.id == id)?.0;
        self.open.remove(&key);
        Some(notice.spliced(&[Edit { at, with: Id::from(key).as_str() }]))
    }

    /// Forgets the questions of a call that is over.
    pub fn forget(&mut self, call: u64) {
        if !self.open.is_empty() {
            self.open.retain(|_, open| open.call != call);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Duplex, DuplexLimits, NoLifeline};
    use mcp_protocol::method;

    fn server() -> Arc<dyn Connection> {
        let (read, write) = tokio::io::split(tokio::io::duplex(64).0);
        Duplex::over_io(read, write, Arc::new(NoLifeline), DuplexLimits::default())
    }

    fn question() -> Message {
        let params = r#"{"_meta":{"progressToken":"t"}}"#;
        Message::request(&Id::from(0), method::SAMPLING_CREATE_MESSAGE, Some(params))
    }

    #[tokio::test]
    async fn so_many_may_be_open_and_no_more() {
        let (one, mut questions) = (server(), Questions::default());
        let call = questions.call();
        for _ in 0..Questions::MOST {
            assert!(questions.has_room());
            questions.ask(&question(), call, &one);
        }
        assert!(!questions.has_room());
        questions.forget(call);
        assert!(questions.has_room());
    }

    #[tokio::test]
    async fn two_servers_with_one_id_each_get_their_own_answer() {
        let (one, two) = (server(), server());
        let mut questions = Questions::default();
        let call = questions.call();
        let first = questions.ask(&question(), call, &one).unwrap();
        let second = questions.ask(&question(), call, &two).unwrap();
        assert_ne!(first.id(), second.id());
        let (to, answer) = questions.answer(&Message::response(&second.id().unwrap(), "{}")).unwrap();
        assert!(Arc::ptr_eq(&to, &two));
        assert_eq!(answer.id(), Some(Id::from(0)));
        assert!(questions.answer(&Message::response(&second.id().unwrap(), "{}")).is_none(), "once");
    }

    #[tokio::test]
    async fn progress_on_an_answer_finds_its_way_back() {
        let (one, mut questions) = (server(), Questions::default());
        let asked = questions.ask(&question(), 1, &one).unwrap();
        let token = asked.value(&meta::PROGRESS_TOKEN_PATH).unwrap();
        let params = format!(r#"{{"progressToken":{token},"progress":1}}"#);
        let (_, note) = questions.progress(&Message::notification(method::PROGRESS, Some(&params))).unwrap();
        assert_eq!(note.params(), Some(r#"{"progressToken":"t","progress":1}"#));
    }

    #[tokio::test]
    async fn a_question_withdrawn_is_named_as_the_client_knows_it() {
        let (one, mut questions) = (server(), Questions::default());
        let asked = questions.ask(&question(), 1, &one).unwrap().id().unwrap();
        let notice = Message::notification(method::CANCELLED, Some(r#"{"requestId":0}"#));
        assert!(questions.withdraw(&notice, 2).is_none(), "not another call's");
        let seen = questions.withdraw(&notice, 1).unwrap();
        assert_eq!(seen.params(), Some(format!(r#"{{"requestId":{asked}}}"#).as_str()));
        assert!(questions.answer(&Message::response(&asked, "{}")).is_none());
    }

    #[tokio::test]
    async fn the_questions_of_a_call_end_with_it() {
        let (one, mut questions) = (server(), Questions::default());
        let asked = questions.ask(&question(), 1, &one).unwrap().id().unwrap();
        questions.forget(2);
        questions.forget(1);
        assert!(questions.answer(&Message::response(&asked, "{}")).is_none());
    }
}
