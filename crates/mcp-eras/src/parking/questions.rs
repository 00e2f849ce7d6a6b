//! What a server has asked during one call. No I/O.

use std::fmt;

use mcp_jsonrpc::{Id, Message};
use mcp_protocol::{CancelledParams, code, method};
use mcp_transport::NotSent;

/// One thing a server asks the client during a call.
#[derive(Clone, PartialEq, Eq)]
pub struct Question {
    /// The name under which the answer is expected: ours, and never used again in this call.
    pub key: Box<str>,
    /// Which kind of request it is; one of those of [`is_server_request`](method::is_server_request).
    pub method: Box<str>,
    /// JSON text of its params; an empty object if it has none.
    pub params: Box<str>,
}

/// Why an answer did not go to the server.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// The question was never asked, has its answer, or was withdrawn. Such an answer is best ignored.
    #[error("nothing is asked under this key")]
    NotAsked,
    /// Every kind of question wants an object for an answer. This one is still open.
    #[error("the answer must be a JSON object")]
    NotAnObject,
    /// The server was not reached. What has become of the call is what it says next.
    #[error("the answer could not be sent to the server")]
    NotSent(#[source] NotSent),
}

/// The questions of one call that have no answer, oldest first.
#[derive(Debug, Default)]
pub(super) struct Questions {
    open: Vec<Open>,
    /// How many there have been.
    asked: u64,
}

#[derive(Debug)]
struct Open {
    key: Box<str>,
    id: Id,
    /// Kept whole, so that its bytes stay charged to the budget of its connection.
    request: Message,
}

/// How many questions of one call may be open.
pub(super) const MAX_OPEN: usize = 32;

impl Questions {
    /// Notes a server's request; gives the answer to one that cannot be passed on.
    pub(super) fn ask(&mut self, request: Message) -> Result<(), Box<Message>> {
        let Some(id) = request.id() else { return Ok(()) };
        let refusal = |code, text| Err(Box::new(Message::error_response(Some(&id), code, text, None)));
        if !request.method().is_some_and(method::is_server_request) {
            return refusal(code::METHOD_NOT_FOUND, "no client is asked this during a call");
        }
        if MAX_OPEN <= self.open.len() {
            return refusal(code::INTERNAL_ERROR, "as many questions of this call are open as there may be");
        }
        self.asked += 1;
        self.open.push(Open { key: format!("q{}", self.asked).into(), id, request });
        Ok(())
    }

    /// Forgets the question that a server's cancellation names.
    pub(super) fn withdraw(&mut self, notice: &Message) {
        if let Some(id) = notice.value(&CancelledParams::REQUEST_ID_PATH).and_then(Id::parse) {
            self.open.retain(|open| open.id != id);
        }
    }

    /// The response that gives `result` (JSON text, an object) to the question `key`, which stays open.
    pub(super) fn answer(&self, key: &str, result: &str) -> Result<Message, AnswerError> {
        let open = self.open.iter().find(|open| *open.key == *key).ok_or(AnswerError::NotAsked)?;
        let result = result.trim();
        // Read again, because the text comes from outside: it must not be able to end the message and begin another.
        let response = Message::parse(Message::response(&open.id, result).to_bytes()).ok();
        let response = response.filter(|response| result.starts_with('{') && response.result() == Some(result));
        response.ok_or(AnswerError::NotAnObject)
    }

    /// The response that tells that the question `key`, which stays open, has no answer.
    pub(super) fn decline(&self, key: &str, code: i64, text: &str) -> Result<Message, AnswerError> {
        let open = self.open.iter().find(|open| *open.key == *key).ok_or(AnswerError::NotAsked)?;
        Ok(Message::error_response(Some(&open.id), code, text, None))
    }

    /// Forgets the question `key`, which has its answer.
    pub(super) fn answered(&mut self, key: &str) {
        self.open.retain(|open| *open.key != *key);
    }

    /// Forgets everything: the call is over.
    pub(super) fn clear(&mut self) {
        self.open.clear();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// What is to be told to the client.
    pub(super) fn list(&self) -> Vec<Question> {
        let question = |open: &Open| Question {
            key: open.key.clone(),
            method: open.request.method().unwrap_or_default().into(),
            params: open.request.params().unwrap_or("{}").into(),
        };
        self.open.iter().map(question).collect()
    }
}

/// Without the params, which are between the server and the client.
impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Question").field("key", &self.key).field("method", &self.method).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(id: &str, method: &str) -> Message {
        Message::request(&Id::parse(id).unwrap(), method, None)
    }

    fn asked(ids: &[&str]) -> Questions {
        let mut questions = Questions::default();
        for id in ids {
            questions.ask(request(id, method::ROOTS_LIST)).unwrap();
        }
        questions
    }

    fn keys(questions: &Questions) -> Vec<String> {
        questions.list().into_iter().map(|question| question.key.into()).collect()
    }

    #[test]
    fn a_question_without_params_has_an_empty_object_and_an_answer_has_the_servers_id() {
        let questions = asked(&["\"q\""]);
        let question = Question { key: "q1".into(), method: method::ROOTS_LIST.into(), params: "{}".into() };
        assert_eq!(questions.list(), [question]);
        let answer = questions.answer("q1", " {\"roots\":[]}\n").unwrap();
        assert_eq!(&answer.to_bytes()[..], br#"{"jsonrpc":"2.0","id":"q","result":{"roots":[]}}"#);
    }

    #[test]
    fn a_key_is_not_used_again() {
        let mut questions = asked(&["1", "2"]);
        questions.answered("q2");
        questions.ask(request("2", method::ROOTS_LIST)).unwrap();
        assert_eq!(keys(&questions), ["q1", "q3"]);
        assert!(matches!(questions.answer("q2", "{}"), Err(AnswerError::NotAsked)));
    }

    #[test]
    fn only_an_object_is_an_answer() {
        let questions = asked(&["1"]);
        for wrong in
            ["", "null", "[]", "\"{}\"", "{", "{}{}", "{}}", r#"{},"x":1"#, r#"{},"method":"m"}//"#, r#"{},"id":2"#]
        {
            assert!(matches!(questions.answer("q1", wrong), Err(AnswerError::NotAnObject)), "{wrong}");
        }
        assert_eq!(keys(&questions), ["q1"], "still open");
    }

    #[test]
    fn a_cancellation_withdraws_the_question_it_names_and_no_other() {
        let mut questions = asked(&["1", "\"1\"", "2"]);
        let notice = |id: &str| Message::notification(method::CANCELLED, Some(&format!("{{\"requestId\":{id}}}")));
        for unknown in ["7", "null", "[1]"] {
            questions.withdraw(&notice(unknown));
        }
        questions.withdraw(&Message::notification(method::CANCELLED, None));
        assert_eq!(keys(&questions).len(), 3);
        questions.withdraw(&notice("\"1\""));
        assert_eq!(keys(&questions), ["q1", "q3"]);
    }

    #[test]
    fn what_cannot_be_passed_on_is_answered_with_an_error() {
        let mut questions = asked(&["1"; MAX_OPEN]);
        let refused = |refusal: Result<(), Box<Message>>| code::of(&refusal.unwrap_err());
        assert_eq!(refused(questions.ask(request("2", method::ROOTS_LIST))), Some(code::INTERNAL_ERROR));
        assert_eq!(refused(questions.ask(request("2", method::TASKS_GET))), Some(code::METHOD_NOT_FOUND));
        assert_eq!(keys(&questions).len(), MAX_OPEN);
    }

    #[test]
    fn what_a_server_asks_does_not_show() {
        let mut questions = Questions::default();
        let params = r#"{"message":"s3cret"}"#;
        questions.ask(Message::request(&Id::from(1), method::ELICITATION_CREATE, Some(params))).unwrap();
        assert_eq!(&*questions.list()[0].params, params);
        assert!(!format!("{:?} {:?}", questions, questions.list()).contains("s3cret"));
    }
}
