//! Work that goes on after its call: the tasks of 2025-11-25, and those of the modern extension.

use std::time::Duration;

use serde_json::json;

use super::{Pair, ensure, equal};
use crate::Json;
use crate::client::answer;
use crate::place::Program;
use crate::revision::Revision;
use crate::server::EXTENSION;

const PAUSE: Duration = Duration::from_millis(20);
/// How often a task is asked for; a quick one is done long before.
const POLLS: usize = 100;

fn is_modern(pair: &Pair<'_>) -> bool {
    pair.client.end.revision.is_modern()
}

/// Begins one, as the revision of both has it; gives its id.
fn begin(pair: &mut Pair<'_>, how: &str) -> Result<String, String> {
    let response = pair.client.ask("tools/call", params(pair, how))?;
    let result = &response["result"];
    let task = if is_modern(pair) { result } else { &result["task"] };
    ensure(!is_modern(pair) || result["resultType"] == "task", || format!("no task: {response}"))?;
    let id = task["taskId"].as_str().ok_or_else(|| format!("no task: {response}"))?;
    let is_hub = matches!(pair.place.program, Program::Hub | Program::HubStdio);
    ensure(!is_hub || id.starts_with("grid:"), || format!("{id} could be a task of another server"))?;
    Ok(id.to_owned())
}

fn params(pair: &Pair<'_>, how: &str) -> Json {
    let mut params = pair.client.tool("job", json!({"how": how}));
    if !is_modern(pair) {
        params["task"] = json!({"ttl": 60_000});
    }
    params
}

fn get(pair: &mut Pair<'_>, id: &str) -> Result<Json, String> {
    let task = pair.client.result("tasks/get", json!({"taskId": id}))?;
    equal("the task", &task["taskId"], &json!(id))?;
    Ok(task)
}

/// Asks until the task has this status.
fn wait(pair: &mut Pair<'_>, id: &str, status: &str) -> Result<Json, String> {
    let mut task = Json::Null;
    for _ in 0..POLLS {
        task = get(pair, id)?;
        if task["status"] == status {
            return Ok(task);
        }
        pair.client.drain(PAUSE)?;
    }
    Err(format!("it does not become {status}: {task}"))
}

/// The text that a finished task has given.
fn payload(pair: &mut Pair<'_>, id: &str) -> Result<String, String> {
    let result = if is_modern(pair) {
        wait(pair, id, "completed")?["result"].clone()
    } else {
        let result = pair.client.result("tasks/result", json!({"taskId": id}))?;
        let related = &result["_meta"]["io.modelcontextprotocol/related-task"]["taskId"];
        ensure(related == id, || format!("the related task has to be {id}: {result}"))?;
        result
    };
    result["content"][0]["text"].as_str().map(str::to_owned).ok_or_else(|| format!("no text: {result}"))
}

/// Both speak of tasks in the same way, or nobody is told that there are any, and whoever asks nevertheless is refused.
fn crosses(pair: &mut Pair<'_>) -> Result<bool, String> {
    let has = &pair.client.handshake["capabilities"];
    let is_told = has.get("tasks").is_some() || has["extensions"].get(EXTENSION).is_some();
    let is_same = pair.both_know(Revision::Nov25) && is_modern(pair) == pair.server().revision.is_modern();
    equal("whether tasks are offered", &is_told, &is_same)?;
    if is_same {
        return Ok(true);
    }
    // A receiver without tasks does the work at once, or says that it cannot.
    let response = pair.client.ask("tools/call", params(pair, "quick"))?;
    let is_plain = response["result"]["content"][0]["text"] == "job done";
    ensure(is_plain || response.get("error").is_some(), || format!("neither done nor refused: {response}"))?;
    let methods = ["tasks/get", "tasks/cancel"];
    for method in methods {
        let refused = pair.client.ask(method, json!({"taskId": "t1"}))?;
        let code = &refused["error"]["code"];
        ensure(code == -32601 || code == -32602, || format!("{method}: {refused}"))?;
    }
    Ok(false)
}

pub(super) fn task(pair: &mut Pair<'_>) -> Result<(), String> {
    if !crosses(pair)? {
        return Ok(());
    }
    let id = begin(pair, "quick")?;
    wait(pair, &id, "completed")?;
    equal("the result", &payload(pair, &id)?, &"job done".to_owned())?;
    let unknown = pair.client.ask("tasks/get", json!({"taskId": "nobody's"}))?;
    equal("the code for a task of nobody's", &unknown["error"]["code"], &json!(-32602))
}

pub(super) fn list(pair: &mut Pair<'_>) -> Result<(), String> {
    if is_modern(pair) {
        let refused = pair.client.ask("tasks/list", json!({}))?;
        return equal("the code", &refused["error"]["code"], &json!(-32601));
    }
    if !crosses(pair)? {
        return Ok(());
    }
    let id = begin(pair, "quick")?;
    let all = pair.client.list("tasks/list", "tasks")?;
    ensure(all.iter().any(|task| task["taskId"] == id.as_str()), || format!("no {id} among {all:?}"))
}

pub(super) fn cancel(pair: &mut Pair<'_>) -> Result<(), String> {
    if !crosses(pair)? {
        return Ok(());
    }
    let id = begin(pair, "slow")?;
    equal("the status", &get(pair, &id)?["status"], &json!("working"))?;
    pair.client.result("tasks/cancel", json!({"taskId": id}))?;
    wait(pair, &id, "cancelled").map(drop)
}

pub(super) fn asks(pair: &mut Pair<'_>) -> Result<(), String> {
    if !crosses(pair)? {
        return Ok(());
    }
    pair.client.asked.clear();
    let id = begin(pair, "ask")?;
    let task = wait(pair, &id, "input_required")?;
    if is_modern(pair) {
        let question = &task["inputRequests"]["said"];
        let method = question["method"].as_str().unwrap_or_default();
        let said = answer(method, &question["params"]).ok_or_else(|| format!("no question: {task}"))?;
        pair.client.result("tasks/update", json!({"taskId": id, "inputResponses": {"said": said}}))?;
    }
    let text = payload(pair, &id)?;
    ensure(text.contains("Hi!"), || format!("it has not been answered: {text}"))?;
    if !is_modern(pair) {
        let (_, params) = pair.client.asked.first().ok_or("nobody was asked")?;
        equal(
            "the task of the question",
            &params["_meta"]["io.modelcontextprotocol/related-task"]["taskId"],
            &json!(id),
        )?;
    }
    Ok(())
}
