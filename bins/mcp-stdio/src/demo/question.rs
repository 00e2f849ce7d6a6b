//! The tools that need an answer of the client: a request in the legacy era, a result that asks in the modern one.

use mcp_proxy_core::jsonrpc::{Id, Message};
use mcp_proxy_core::protocol::{ClientCapability, Era, method};
use serde_json::{Value, json};

use super::{
    Server,
    asker::Asker,
    call::Call,
    refusal::Refusal,
    tool::{self, fault},
};

pub(super) const ASK: &str = "ask";
pub(super) const ROOTS: &str = "roots";

/// The name of the question in a modern result.
const KEY: &str = "question";
/// Comes back with the answer. It says nothing that would have to be kept from changes: it only has to be this.
const STATE: &str = "demo/question #1 é";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    Name,
    Roots,
}

impl Question {
    pub(super) fn of_tool(name: &str) -> Option<Self> {
        match name {
            ASK => Some(Self::Name),
            ROOTS => Some(Self::Roots),
            _ => None,
        }
    }

    fn may_go_to(self, asker: Asker) -> bool {
        match self {
            Self::Name => asker.revision.has_elicitation() && asker.can.has(ClientCapability::ElicitationForm),
            Self::Roots => asker.can.has(ClientCapability::Roots),
        }
    }

    fn method(self) -> &'static str {
        match self {
            Self::Name => method::ELICITATION_CREATE,
            Self::Roots => method::ROOTS_LIST,
        }
    }

    fn params(self) -> Value {
        match self {
            Self::Name => json!({
                "message": "What is your name?",
                "requestedSchema": {
                    "type": "object",
                    "properties": { "name": { "type": "string", "title": "Name" } },
                    "required": ["name"],
                },
            }),
            Self::Roots => json!({}),
        }
    }

    /// What the tool makes of the answer; `None` if it is no answer to this.
    fn conclude(self, answer: &Value) -> Option<Value> {
        let said = match self {
            Self::Name => match answer["action"].as_str()? {
                "accept" => format!("Hello, {}!", answer["content"]["name"].as_str()?),
                "decline" => "You would rather not say.".to_owned(),
                "cancel" => "You did not answer.".to_owned(),
                _ => return None,
            },
            Self::Roots => {
                let roots = answer["roots"].as_array()?;
                let uris = roots.iter().map(|root| root["uri"].as_str()).collect::<Option<Vec<_>>>()?;
                if uris.is_empty() { "Your client has no roots.".to_owned() } else { uris.join("\n") }
            }
        };
        Some(tool::text(&said))
    }
}

impl Server<'_> {
    pub(super) fn ask(&self, call: Call, question: Question) -> Result<Option<Message>, Refusal> {
        call.arguments()?;
        if !question.may_go_to(call.asker) {
            let text = match question {
                Question::Name => "Your client cannot ask you anything, so this tool has nothing to say.",
                Question::Roots => "Your client has not said that it has roots, so there are none to tell.",
            };
            return Ok(Some(call.answer(fault(text))));
        }
        if call.asker.era() == Era::Modern {
            let result = modern(&call, question)?;
            return Ok(Some(call.answer(result)));
        }
        let number = self.state().asks(call, question)?;
        let params = question.params().to_string();
        let request = Message::request(&Id::from(number), question.method(), Some(&params));
        self.wire.say(&request);
        Ok(None)
    }

    /// Takes the answer of a legacy client. One to no question, or to one that was taken back, is nobody's.
    pub(super) fn answered(&self, id: &Id, message: &Message) {
        let Some((call, question)) = id.as_u64().and_then(|number| self.state().answered(number)) else {
            return;
        };
        let answer = message.result().and_then(|text| serde_json::from_str(text).ok());
        let result = answer.and_then(|answer| question.conclude(&answer));
        let result = result.unwrap_or_else(|| fault("Your client could not answer the question."));
        self.wire.say(&call.answer(result));
    }
}

/// Asks in the result, or concludes if the request is made again with the answer.
fn modern(call: &Call, question: Question) -> Result<Value, Refusal> {
    let answers = call.params.get("inputResponses");
    match call.params.get("requestState") {
        None if answers.is_none() => {}
        Some(state) if state == STATE => {}
        _ => return Err(Refusal::params("`requestState` must come back as it was given")),
    }
    if let Some(answer) = answers.and_then(|answers| answers.get(KEY)) {
        let wrong = || Refusal::params(format!("`inputResponses.{KEY}` is no answer to what was asked"));
        return question.conclude(answer).ok_or_else(wrong);
    }
    Ok(json!({
        "resultType": "input_required",
        "inputRequests": { KEY: { "method": question.method(), "params": question.params() } },
        "requestState": STATE,
    }))
}
