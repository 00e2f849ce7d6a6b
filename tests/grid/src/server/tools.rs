//! The tools. They are written once: what they ask becomes requests or results as the revision has it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;

use super::call::{Call, Stop, pause};
use super::{lock, tasks};
use crate::Json;
use crate::revision::Revision;

/// The names, in the order in which they are listed.
pub(crate) const NAMES: [&str; 20] = [
    "echo",
    "structured",
    "fail",
    "progress",
    "log",
    "hang",
    "form",
    "url",
    "sample",
    "sample_tools",
    "roots",
    "rounds",
    "both",
    "change",
    "touch",
    "big",
    "forget",
    "die",
    "polled",
    "job",
];

pub(super) fn text(text: impl Into<String>) -> Json {
    json!({"content": [{"type": "text", "text": text.into()}]})
}

fn form(question: &str) -> Json {
    let schema = json!({"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]});
    json!({"message": question, "requestedSchema": schema})
}

pub(super) fn message(words: &str) -> Json {
    json!({"messages": [{"role": "user", "content": {"type": "text", "text": words}}], "maxTokens": 16})
}

pub(super) fn call(call: &mut Call<'_>) -> Result<Json, Stop> {
    let arguments = &call.params["arguments"];
    match call.params["name"].as_str().unwrap_or_default() {
        "echo" => Ok(text(arguments["text"].as_str().unwrap_or_default())),
        "structured" => {
            let value = json!({"sum": 42, "exact": 9_007_199_254_740_993_u64});
            let mut result = text(value.to_string());
            if call.server.revision >= Revision::Jun25 {
                result["structuredContent"] = value;
            }
            Ok(result)
        }
        "fail" => Err(Stop::Tool("it does not work".into())),
        "progress" => {
            let wait = Duration::from_millis(arguments["pause"].as_u64().unwrap_or_default());
            if let Some(token) = call.params["_meta"].get("progressToken").cloned() {
                for step in 1..=3 {
                    call.say("notifications/progress", json!({"progressToken": token, "progress": step, "total": 3}));
                    pause(wait);
                }
            }
            Ok(text("done"))
        }
        "log" => {
            call.log("debug", "small");
            call.log("warning", "large");
            Ok(text("logged"))
        }
        "hang" => {
            call.server.record.note("hangs");
            call.hang()
        }
        "job" => tasks::job(call),
        "big" => Ok(text(arguments["text"].as_str().unwrap_or_default().repeat(2))),
        "change" | "touch" | "forget" | "die" | "polled" => {
            of_the_server(call);
            Ok(text("done"))
        }
        _ => asking(call),
    }
}

/// Those that do something to the server.
fn of_the_server(call: &mut Call<'_>) {
    let server = Arc::clone(call.server);
    match call.params["name"].as_str().unwrap_or_default() {
        "change" => {
            server.changed.fetch_xor(true, Ordering::AcqRel);
            server.announce("notifications/tools/list_changed", "toolsListChanged");
            server.announce("notifications/prompts/list_changed", "promptsListChanged");
            server.announce("notifications/resources/list_changed", "resourcesListChanged");
        }
        "touch" => server.update("grid://items/0"),
        "forget" => call.then(move || match &*lock(&server.cut) {
            Some(cut) if server.revision == Revision::Nov24 => cut(),
            Some(_) => lock(&server.peers).clear(),
            None => {}
        }),
        "die" => call.then(move || match &*lock(&server.cut) {
            Some(cut) => {
                lock(&server.peers).clear();
                cut();
            }
            #[expect(clippy::exit, reason = "a server that dies cleans nothing up")]
            None => std::process::exit(3),
        }),
        _ if server.revision == Revision::Nov25 && lock(&server.cut).is_some() => {
            // The rest of its messages waits for somebody who says where he was.
            (call.out)(&super::post::polled());
        }
        _ => {}
    }
}

/// Those that ask.
fn asking(call: &mut Call<'_>) -> Result<Json, Stop> {
    // Those who can be asked for nothing else can be asked several forms.
    let is_forms = call.params["arguments"]["of"] == "forms";
    let answers = match call.params["name"].as_str().unwrap_or_default() {
        "rounds" if is_forms => {
            let mut answers = call.ask(&[("first", "elicitation/create", form("One?"))])?;
            answers.extend(call.ask(&[("second", "elicitation/create", form("Two?"))])?);
            answers
        }
        "both" if is_forms => {
            call.ask(&[("a", "elicitation/create", form("A?")), ("b", "elicitation/create", form("B?"))])?
        }
        "form" => call.ask(&[("name", "elicitation/create", form("Who are you?"))])?,
        "url" => {
            let mut params = json!({"mode": "url", "message": "Sign in.", "url": "https://example.com/in"});
            if !call.server.is_modern() {
                params["elicitationId"] = json!("e1");
            }
            call.ask(&[("in", "elicitation/create", params)])?
        }
        "sample" => call.ask(&[("said", "sampling/createMessage", message("Hello?"))])?,
        "sample_tools" => {
            let mut params = message("What is the time?");
            params["tools"] = json!([{"name": "clock", "inputSchema": {"type": "object"}}]);
            call.ask(&[("said", "sampling/createMessage", params)])?
        }
        "roots" => call.ask(&[("roots", "roots/list", json!({}))])?,
        "rounds" => {
            let mut answers = call.ask(&[("first", "sampling/createMessage", message("One?"))])?;
            answers.extend(call.ask(&[("second", "roots/list", json!({}))])?);
            answers
        }
        "both" => call.ask(&[("a", "sampling/createMessage", message("A?")), ("b", "roots/list", json!({}))])?,
        _ => return Err(Stop::error(-32602, "there is no such tool")),
    };
    Ok(text(Json::Array(answers).to_string()))
}
