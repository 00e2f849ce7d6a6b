//! A server that needs input before it can answer, and the answers (2026-07-28, multi round-trip requests).

use std::borrow::Cow;

use mcp_jsonrpc::{Edit, FieldError, Message, cuts, quote};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{ShapeError, members::Members, read};

/// A result that asks instead of answering.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputRequired<'a> {
    /// What the client is asked, in the server's order.
    pub requests: Vec<InputRequest<'a>>,
    /// JSON text (a string) that the client gives back as it is, if there is one.
    pub state: Option<&'a str>,
}

/// One thing a client is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputRequest<'a> {
    /// The name under which the answer is expected.
    pub key: Cow<'a, str>,
    /// Which kind of request it is; one of those of [`is_server_request`](crate::method::is_server_request), if the server
    /// keeps to the specification.
    pub method: Cow<'a, str>,
    /// JSON text of its params.
    pub params: Option<&'a str>,
}

/// What a client adds to a request that it makes again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InputResponses<'a> {
    /// The answers: key, and JSON text of the result.
    pub responses: Vec<(Cow<'a, str>, &'a str)>,
    /// JSON text (a string) of the state given back, if there was one.
    pub state: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    #[serde(borrow, default)]
    input_requests: Option<Members<'a>>,
    #[serde(borrow, default)]
    input_responses: Option<Members<'a>>,
    #[serde(borrow, default)]
    request_state: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct WireRequest<'a> {
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
}

impl<'a> InputRequired<'a> {
    /// Reads a result (JSON text) whose type is [`InputRequired`](crate::ResultType::InputRequired).
    ///
    /// # Errors
    ///
    /// Fails if it has neither requests nor state, or one of them is malformed.
    pub fn read(result: &'a str) -> Result<Self, ShapeError> {
        let shape = "input_required result";
        let wire: Wire<'a> = read(shape, result)?;
        if wire.input_requests.is_none() && wire.request_state.is_none() {
            return Err(ShapeError::Rule { shape, rule: "it must have inputRequests or requestState" });
        }
        let request = |(key, raw): (Cow<'a, str>, &'a RawValue)| {
            let WireRequest { method, params } = read("input request", raw.get())?;
            Ok(InputRequest { key, method, params: params.map(RawValue::get) })
        };
        let requests = wire.input_requests.unwrap_or_default().0.into_iter().map(request);
        Ok(Self { requests: requests.collect::<Result<_, _>>()?, state: state(shape, wire.request_state)? })
    }

    /// JSON text of the result.
    #[must_use]
    pub fn write(&self) -> String {
        let mut members = vec![r#""resultType":"input_required""#.to_owned()];
        if !self.requests.is_empty() {
            let requests: Vec<_> = self.requests.iter().map(InputRequest::member).collect();
            members.push(format!(r#""inputRequests":{{{}}}"#, requests.join(",")));
        }
        members.extend(self.state.map(|state| format!(r#""requestState":{state}"#)));
        format!("{{{}}}", members.join(","))
    }
}

impl InputRequest<'_> {
    fn member(&self) -> String {
        let params = self.params.map(|params| format!(r#","params":{params}"#)).unwrap_or_default();
        format!(r#"{}:{{"method":{}{params}}}"#, quote(&self.key), quote(&self.method))
    }
}

/// What a request has more that is made again.
const MEMBERS: [&str; 2] = ["inputResponses", "requestState"];

impl<'a> InputResponses<'a> {
    /// Reads the params (JSON text) of a request; without either member it is a first one, and this is empty.
    ///
    /// # Errors
    ///
    /// Fails if a member is malformed.
    pub fn read(params: &'a str) -> Result<Self, ShapeError> {
        let shape = "input responses";
        let wire: Wire<'a> = read(shape, params)?;
        let responses = wire.input_responses.unwrap_or_default().0;
        Ok(Self {
            responses: responses.into_iter().map(|(key, raw)| (key, raw.get())).collect(),
            state: state(shape, wire.request_state)?,
        })
    }

    /// Whether a request has either member, whatever stands there: most have none, which is seen at once.
    #[must_use]
    pub fn are_in(message: &Message) -> bool {
        MEMBERS.iter().any(|key| message.find(&["params", key]) != Ok(None))
    }

    /// Whether the request is made for the first time.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.responses.is_empty() && self.state.is_none()
    }

    /// The request as it was before it was made again: without answers and state, all else byte for byte.
    ///
    /// # Errors
    ///
    /// Fails if its params are no JSON.
    pub fn taken_out_of(message: &Message) -> Result<Message, FieldError> {
        if !Self::are_in(message) {
            return Ok(message.clone());
        }
        let (Some(place), Some(params)) = (message.find(&["params"])?, message.params()) else {
            return Ok(message.clone());
        };
        let cuts = cuts(params, |key| MEMBERS.contains(&key))?;
        let edits = cuts.into_iter().map(|at| Edit { at: place.start + at.start..place.start + at.end, with: "" });
        Ok(message.spliced(&edits.collect::<Vec<_>>()))
    }

    /// JSON text of the members to add to the params of the request, without braces; empty if there is nothing to add.
    #[must_use]
    pub fn members(&self) -> String {
        let mut members = Vec::new();
        if !self.responses.is_empty() {
            let responses: Vec<_> = self.responses.iter().map(|(key, raw)| format!("{}:{raw}", quote(key))).collect();
            members.push(format!(r#""inputResponses":{{{}}}"#, responses.join(",")));
        }
        members.extend(self.state.map(|state| format!(r#""requestState":{state}"#)));
        members.join(",")
    }
}

fn state<'a>(shape: &'static str, raw: Option<&'a RawValue>) -> Result<Option<&'a str>, ShapeError> {
    match raw.map(RawValue::get) {
        Some(raw) if !raw.starts_with('"') => Err(ShapeError::Rule { shape, rule: "requestState must be a string" }),
        raw => Ok(raw),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ResultType, method};

    #[test]
    fn what_is_written_reads_back() {
        let asked = InputRequired {
            requests: vec![
                InputRequest { key: "b\"".into(), method: method::ROOTS_LIST.into(), params: None },
                InputRequest { key: "a".into(), method: method::ELICITATION_CREATE.into(), params: Some("{}") },
            ],
            state: Some(r#""s\u0041""#),
        };
        let text = asked.write();
        assert_eq!(ResultType::of(&text), Ok(ResultType::InputRequired));
        assert_eq!(InputRequired::read(&text), Ok(asked));
        let state_only = InputRequired { requests: Vec::new(), state: Some("\"x\"") };
        assert_eq!(InputRequired::read(&state_only.write()), Ok(state_only));
    }

    #[test]
    fn a_question_must_ask_something() {
        for text in [
            r#"{"resultType":"input_required"}"#,
            r#"{"inputRequests":[]}"#,
            r#"{"inputRequests":{"a":{}}}"#,
            r#"{"inputRequests":{"a":["roots/list"]}}"#,
            r#"{"inputRequests":{"a":{"method":"x"},"a":{"method":"y"}}}"#,
            r#"{"requestState":7}"#,
        ] {
            assert!(InputRequired::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_request_made_again_can_be_made_the_first_one() {
        let request = |params: &str| Message::request(&mcp_jsonrpc::Id::from(1), method::TOOLS_CALL, Some(params));
        let again =
            request(r#"{"name":"t","inputResponses":{"a":{}},"requestState":"s","arguments":{"requestState":1}}"#);
        let first = request(r#"{"name":"t","arguments":{"requestState":1}}"#);
        assert_eq!(InputResponses::taken_out_of(&again).unwrap().to_bytes(), first.to_bytes());
        assert_eq!(InputResponses::taken_out_of(&first).unwrap().to_bytes(), first.to_bytes());
    }

    #[test]
    fn answers_go_back_as_they_came() {
        let answers =
            InputResponses { responses: vec![("a".into(), r#"{"action":"accept"}"#)], state: Some(r#""s\u0041""#) };
        let params = format!(r#"{{"name":"t",{}}}"#, answers.members());
        assert_eq!(InputResponses::read(&params), Ok(answers));
        let first = InputResponses::read(r#"{"name":"t"}"#).unwrap();
        assert!(first.is_empty());
        assert_eq!(first.members(), "");
        assert!(InputResponses::read(r#"{"inputResponses":[]}"#).is_err());
    }
}
