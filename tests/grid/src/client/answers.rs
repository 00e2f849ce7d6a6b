//! What the client says when it is asked.

use serde_json::json;

use super::Client;
use crate::Json;
use crate::revision::Revision;

/// Everything that a revision lets a client declare.
pub(crate) fn capabilities(revision: Revision) -> Json {
    let mut all = json!({"roots": {"listChanged": true}, "sampling": {}});
    if revision >= Revision::Jun25 {
        all["elicitation"] = json!({});
    }
    if revision >= Revision::Nov25 {
        all["elicitation"] = json!({"form": {}, "url": {}});
        all["sampling"] = json!({"tools": {}});
    }
    if revision.is_modern() {
        all["roots"] = json!({});
        all["extensions"] = json!({crate::server::EXTENSION: {}});
    }
    all
}

/// What is said to a question.
pub(crate) fn answer(method: &str, params: &Json) -> Option<Json> {
    Some(match method {
        "ping" => json!({}),
        "roots/list" => json!({"roots": [{"uri": "file:///grid", "name": "grid"}]}),
        "sampling/createMessage" => {
            json!({"role": "assistant", "content": {"type": "text", "text": "Hi!"}, "model": "none", "stopReason": "endTurn"})
        }
        "elicitation/create" if params["mode"] == "url" => json!({"action": "accept"}),
        "elicitation/create" => json!({"action": "accept", "content": {"name": "Ann"}}),
        _ => return None,
    })
}

impl Client {
    /// It was asked by a request, as the legacy era has it.
    pub(super) fn asked_by_request(&mut self, method: &str, message: &Json) -> Result<(), String> {
        if method != "ping" {
            self.note_question(method, &message["params"]);
        }
        if !self.is_answering && method != "ping" {
            self.unanswered = Some(message.clone());
            return Ok(());
        }
        self.answer(method, message)
    }

    /// Answers what it was asked last, which it did not answer then.
    pub(crate) fn answer_last(&mut self) -> Result<(), String> {
        let message = self.unanswered.take().ok_or("nothing was asked")?;
        self.answer(message["method"].as_str().unwrap_or_default(), &message)
    }

    fn answer(&mut self, method: &str, message: &Json) -> Result<(), String> {
        let response = match answer(method, &message["params"]) {
            Some(result) => json!({"jsonrpc": "2.0", "id": message["id"], "result": result}),
            None => json!({"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32601, "message": "what?"}}),
        };
        self.send(&response)
    }

    pub(super) fn note_questions(&mut self, result: &Json) {
        for (_, question) in result["inputRequests"].as_object().into_iter().flatten() {
            self.note_question(question["method"].as_str().unwrap_or_default(), &question["params"]);
        }
    }

    /// Adds the answers to the params of the request that comes again.
    pub(crate) fn answer_in(params: &mut Json, result: &Json) {
        let questions = result["inputRequests"].as_object().into_iter().flatten();
        let answers = questions.filter_map(|(key, question)| {
            Some((key.clone(), answer(question["method"].as_str()?, &question["params"])?))
        });
        params["inputResponses"] = Json::Object(answers.collect());
        if let Some(state) = result.get("requestState") {
            params["requestState"] = state.clone();
        } else if let Some(params) = params.as_object_mut() {
            params.remove("requestState");
        }
    }

    fn note_question(&mut self, method: &str, params: &Json) {
        let declared = match method {
            "roots/list" => self.capabilities.get("roots"),
            "sampling/createMessage" if params.get("tools").is_some() => self.capabilities["sampling"].get("tools"),
            "sampling/createMessage" => self.capabilities.get("sampling"),
            _ if params["mode"] == "url" => self.capabilities["elicitation"].get("url"),
            _ => self.capabilities.get("elicitation"),
        };
        if declared.is_none() {
            self.faults.push(format!("it is asked for {method}, which it has not declared"));
        }
        self.asked.push((method.to_owned(), params.clone()));
    }
}
