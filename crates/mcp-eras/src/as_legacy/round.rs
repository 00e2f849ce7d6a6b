//! What a modern server asks at once, and the answers of its legacy client.

use std::task::{Context, Poll};

use mcp_jsonrpc::{Edit, Id, Message, field, quote};
use mcp_protocol::{ClientCapabilities, ClientCapability, InputRequired, InputResponses, code, method};
use tokio::sync::mpsc;

use super::session::Session;

/// One round of questions.
#[derive(Debug)]
pub(super) struct Round {
    asked: Vec<Asking>,
    /// JSON text of what the server wants to have back.
    state: Option<Box<str>>,
    answers: mpsc::Receiver<(usize, Message)>,
    waiting: usize,
}

#[derive(Debug)]
struct Asking {
    key: Box<str>,
    method: Box<str>,
    /// Its name towards the client, while it is open.
    open: Option<u64>,
    /// The answer; without one, the question is as good as declined.
    answer: Option<Message>,
}

/// Why a round cannot be had.
#[derive(Debug)]
pub(super) struct Unanswered {
    /// The code of the error, where the reason is told by one.
    pub(super) code: i64,
    /// The reason, for whoever made the call.
    pub(super) text: String,
}

/// How many questions there may be in one round.
const MAX_QUESTIONS: usize = 32;

/// What a form is answered with where nobody answers it.
const DISMISSED: &str = r#"{"action":"cancel"}"#;

impl Round {
    /// Reads what is asked; gives the questions as the client is to see them.
    ///
    /// A form that the client cannot show counts as dismissed. Without any other thing that it cannot be asked there is
    /// no going on, and then nothing is asked at all.
    pub(super) fn begin(result: &str, session: &Session) -> Result<(Self, Vec<Message>), Unanswered> {
        let broken = |text: &str| Unanswered { code: code::INTERNAL_ERROR, text: text.to_owned() };
        let required =
            InputRequired::read(result).map_err(|error| broken(&format!("what the server asks: {error}")))?;
        if MAX_QUESTIONS < required.requests.len() {
            return Err(broken("the server asks more at once than a client is bothered with"));
        }
        let mut able = Vec::with_capacity(required.requests.len());
        for request in &required.requests {
            if !method::is_server_request(&request.method) {
                return Err(broken("the server asks for something that no client is asked"));
            }
            let needed = ClientCapability::needed_for(&request.method, request.params);
            let is_able =
                session.able.is_some_and(|can: ClientCapabilities| needed.is_none_or(|needed| can.has(needed)));
            if !is_able && *request.method != *method::ELICITATION_CREATE {
                let text = format!(
                    "the server needs to ask `{}` to go on, and this client has not declared that it can answer that",
                    request.method
                );
                return Err(Unanswered { code: code::INVALID_PARAMS, text });
            }
            able.push(is_able);
        }
        let (sender, answers) = mpsc::channel(required.requests.len().max(1));
        let (mut asked, mut questions) = (Vec::new(), Vec::new());
        for (at, (request, is_able)) in required.requests.iter().zip(able).enumerate() {
            let open = is_able.then(|| session.number());
            if let Some(id) = open {
                session.asked().ask(id, at, sender.clone());
                questions.push(question(id, &request.method, request.params, session));
            }
            let (key, method) = (request.key.as_ref().into(), request.method.as_ref().into());
            asked.push(Asking { key, method, open, answer: None });
        }
        let state = required.state.map(Into::into);
        Ok((Self { asked, state, answers, waiting: questions.len() }, questions))
    }

    /// Whether nothing is asked: the server just wants to be asked again.
    pub(super) fn is_empty(&self) -> bool {
        self.asked.is_empty()
    }

    /// Waits for the answers; `None` if there will be none, because the session has ended.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<(), Unanswered>>> {
        while 0 < self.waiting {
            let Poll::Ready(next) = self.answers.poll_recv(context) else { return Poll::Pending };
            let Some((at, response)) = next else { return Poll::Ready(None) };
            self.waiting -= 1;
            let Some(asking) = self.asked.get_mut(at) else { continue };
            asking.open = None;
            if response.result().is_some() {
                asking.answer = Some(response);
            } else if *asking.method != *method::ELICITATION_CREATE {
                let said = response.value(&["error", "message"]).and_then(field::unescape).unwrap_or_default();
                let text =
                    format!("the client has refused `{}`, which the server needs to go on: {said}", asking.method);
                return Poll::Ready(Some(Err(Unanswered { code: code::INTERNAL_ERROR, text })));
            }
        }
        Poll::Ready(Some(Ok(())))
    }

    /// What goes back to the server.
    pub(super) fn responses(&self) -> InputResponses<'_> {
        let responses = self.asked.iter().map(|asking| {
            let answer = asking.answer.as_ref().and_then(Message::result).unwrap_or(DISMISSED);
            (asking.key.as_ref().into(), answer)
        });
        InputResponses { responses: responses.collect(), state: self.state.as_deref() }
    }

    /// The names of the questions that are still open.
    pub(super) fn open(&self) -> impl Iterator<Item = u64> {
        self.asked.iter().filter_map(|asking| asking.open)
    }
}

/// A question as the client is to see it.
fn question(id: u64, method: &str, params: Option<&str>, session: &Session) -> Message {
    let question = Message::request(&Id::from(id), method, params);
    let needed = ClientCapability::needed_for(method, params);
    let named = question.find(&["params", "elicitationId"]);
    match (needed, question.find(&["params"]), named) {
        (Some(ClientCapability::ElicitationUrl), Ok(Some(params)), Ok(None)) => {
            // Modern servers have no name for it, and this era wants one. Params of this mode are never empty.
            let member = format!(r#""elicitationId":{},"#, quote(&format!("{}-{id}", session.name)));
            question.spliced(&[Edit { at: params.start + 1..params.start + 1, with: &member }])
        }
        _ => question,
    }
}
