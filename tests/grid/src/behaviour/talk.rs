//! Calls, errors, and what is said meanwhile.

use std::time::Duration;

use serde_json::json;

use super::{Pair, echo, ensure, equal};
use crate::Json;
use crate::place::Program;
use crate::revision::Revision;

/// Long enough for what should not come.
const SOON: Duration = Duration::from_millis(30);

pub(super) fn call(pair: &mut Pair<'_>) -> Result<(), String> {
    echo(&mut pair.client, "é \u{2028} 𝄞")
}

pub(super) fn structured(pair: &mut Pair<'_>) -> Result<(), String> {
    let result = pair.client.result("tools/call", pair.client.tool("structured", json!({})))?;
    let value = json!({"sum": 42, "exact": 9_007_199_254_740_993_u64});
    equal("the text", &result["content"][0]["text"], &json!(value.to_string()))?;
    if pair.both_know(Revision::Jun25) {
        equal("the structure", &result["structuredContent"], &value)?;
    }
    Ok(())
}

pub(super) fn failing_tool(pair: &mut Pair<'_>) -> Result<(), String> {
    let result = pair.client.result("tools/call", pair.client.tool("fail", json!({})))?;
    equal("isError", &result["isError"], &json!(true))?;
    equal("the text", &result["content"][0]["text"], &json!("it does not work"))
}

fn code(response: &Json, expected: i64) -> Result<(), String> {
    ensure(response["error"]["code"] == expected, || format!("{response} has to have the code {expected}"))
}

pub(super) fn unknown_tool(pair: &mut Pair<'_>) -> Result<(), String> {
    let response = pair.client.ask("tools/call", pair.client.tool("no_such_tool", json!({})))?;
    code(&response, -32602)
}

pub(super) fn unknown_resource(pair: &mut Pair<'_>) -> Result<(), String> {
    let response = pair.client.ask("resources/read", json!({"uri": "grid://items/none"}))?;
    code(&response, if pair.client.end.revision.is_modern() { -32602 } else { -32002 })
}

pub(super) fn unknown_method(pair: &mut Pair<'_>) -> Result<(), String> {
    let response = pair.client.ask("com.example/unknown", json!({}))?;
    code(&response, -32601)
}

/// A method of an extension that nobody between has heard of.
pub(super) fn extension(pair: &mut Pair<'_>) -> Result<(), String> {
    let response = pair.client.ask("com.example/echo", json!({"value": {"deep": [1.50, null]}}))?;
    if matches!(pair.place.program, Program::Hub | Program::HubStdio) {
        return code(&response, -32601);
    }
    equal("what comes back", &response["result"]["params"], &json!({"deep": [1.50, null]}))?;
    let thing = &pair.client.handshake["capabilities"]["experimental"]["com.example/thing"]["on"];
    equal("the experimental capability", thing, &json!(true))
}

/// What a vendor has put into `_meta` arrives.
pub(super) fn metadata(pair: &mut Pair<'_>) -> Result<(), String> {
    let mut params = pair.client.tool("echo", json!({"text": "with", "com.example/a": 1}));
    params["_meta"] = json!({"com.example/b": {"c": 2}, "traceparent": "00-1-2-01"});
    pair.client.result("tools/call", params)?;
    pair.place.until("the metadata", |entry| {
        let params = &entry["heard"]["params"];
        let meta = &params["_meta"];
        params["arguments"]["com.example/a"] == 1
            && meta["com.example/b"]["c"] == 2
            && meta["traceparent"] == "00-1-2-01"
    })
}

pub(super) fn big(pair: &mut Pair<'_>) -> Result<(), String> {
    let text = "0123456789abcdef".repeat(1 << 16);
    let said = pair.client.call("big", json!({"text": text}))?;
    equal("the length", &said.len(), &(text.len() * 2))
}

/// Ids keep their kind, and one is not another because it looks like it.
pub(super) fn ids(pair: &mut Pair<'_>) -> Result<(), String> {
    let ids = [json!(70007), json!("70007"), json!("a b"), json!(0), json!(-5), json!(9_007_199_254_740_991_u64)];
    for id in &ids {
        let params = pair.client.tool("echo", json!({"text": id.to_string()}));
        pair.client.start_as(id.clone(), "tools/call", params)?;
    }
    for id in &ids {
        let response = pair.client.finish(&id.to_string())?;
        equal("the id", &response["id"], id)?;
        equal("the text", &response["result"]["content"][0]["text"], &json!(id.to_string()))?;
    }
    Ok(())
}

pub(super) fn batch(pair: &mut Pair<'_>) -> Result<(), String> {
    let params = pair.client.tool("echo", json!({"text": "in a batch"}));
    let batch = pair.client.batch(&[("tools/call", params), ("ping", json!({}))])?;
    let call = pair.client.finish(&batch[0])?;
    equal("the text", &call["result"]["content"][0]["text"], &json!("in a batch"))?;
    equal("the pong", &pair.client.finish(&batch[1])?["result"], &json!({}))
}

pub(super) fn ping(pair: &mut Pair<'_>) -> Result<(), String> {
    let response = pair.client.ask("ping", json!({}))?;
    if pair.client.end.revision.is_modern() {
        return code(&response, -32601);
    }
    equal("the pong", &response["result"], &json!({}))
}

pub(super) fn progress(pair: &mut Pair<'_>) -> Result<(), String> {
    for token in [json!("a token"), json!(1)] {
        pair.client.notes.clear();
        let mut params = pair.client.tool("progress", json!({}));
        params["_meta"] = json!({"progressToken": token});
        pair.client.result("tools/call", params)?;
        let notes = pair.client.notes.iter().filter(|(_, note)| note["method"] == "notifications/progress");
        let steps: Vec<_> = notes
            .map(|(_, note)| (note["params"]["progressToken"].clone(), note["params"]["progress"].clone()))
            .collect();
        equal("the progress", &steps, &(1..=3).map(|step| (token.clone(), json!(step))).collect())?;
    }
    Ok(())
}

/// What is logged below a level does not come; at the lowest everything does.
pub(super) fn log(pair: &mut Pair<'_>) -> Result<(), String> {
    for (level, expected) in [("warning", vec!["large"]), ("debug", vec!["small", "large"])] {
        if pair.client.end.revision.is_modern() {
            pair.client.level = Some(level);
        } else {
            pair.client.result("logging/setLevel", json!({"level": level}))?;
        }
        pair.client.notes.clear();
        pair.client.call("log", json!({}))?;
        let enough = expected.len();
        let is_log = |note: &Json| note["method"] == "notifications/message";
        let _ = pair.client.drain(SOON);
        let said = pair.client.until(|client| client.notes.iter().filter(|(_, note)| is_log(note)).count() >= enough);
        let logs: Vec<_> = pair
            .client
            .notes
            .iter()
            .filter(|(_, note)| is_log(note))
            .map(|(_, note)| note["params"]["data"].clone())
            .collect();
        equal(&format!("the log at {level}"), &logs, &expected.iter().map(|data| json!(data)).collect())?;
        said?;
    }
    pair.client.level = None;
    Ok(())
}

pub(super) fn cancel(pair: &mut Pair<'_>) -> Result<(), String> {
    let params = pair.client.tool("hang", json!({}));
    let id = pair.client.start("tools/call", params)?;
    pair.place.until("the call", |entry| entry["note"] == "hangs")?;
    pair.client.cancel(&id)?;
    pair.place.until("the end of the call", super::is_cancelled)?;
    echo(&mut pair.client, "still here")
}
