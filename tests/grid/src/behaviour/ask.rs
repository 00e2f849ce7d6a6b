//! What the server asks of the client.

use serde_json::json;

use super::{Pair, echo, ensure, equal};
use crate::client::Client;
use crate::revision::Revision;

const FORM: &str = "elicitation/create";
const SAMPLE: &str = "sampling/createMessage";
const ROOTS: &str = "roots/list";

/// Calls a tool that asks; the client is asked exactly this, and the tool has every answer.
fn asks(pair: &mut Pair<'_>, tool: &str, methods: &[&str], answers: &[&str]) -> Result<(), String> {
    pair.client.asked.clear();
    let said = pair.client.call(tool, json!({}))?;
    let asked: Vec<_> = pair.client.asked.iter().map(|(method, _)| method.as_str()).collect();
    let (mut sorted, mut expected) = (asked.clone(), methods.to_vec());
    sorted.sort_unstable();
    expected.sort_unstable();
    equal("what the client is asked", &sorted, &expected)?;
    for answer in answers {
        ensure(said.contains(answer), || format!("the tool has no {answer} but {said}"))?;
    }
    Ok(())
}

/// The tool asks for what one of both does not know: nobody is asked, and the call has an end that says so.
fn refused(pair: &mut Pair<'_>, tool: &str) -> Result<(), String> {
    pair.client.asked.clear();
    let response = pair.client.ask("tools/call", pair.client.tool(tool, json!({})))?;
    ensure(pair.client.asked.is_empty(), || "the client is asked".into())?;
    let is_refused = response.get("error").is_some() || response["result"]["isError"] == true;
    ensure(is_refused, || format!("nothing says that it cannot be: {response}"))
}

pub(super) fn sample(pair: &mut Pair<'_>) -> Result<(), String> {
    asks(pair, "sample", &[SAMPLE], &["Hi!"])
}

pub(super) fn sample_with_tools(pair: &mut Pair<'_>) -> Result<(), String> {
    if !pair.both_know(Revision::Nov25) {
        return refused(pair, "sample_tools");
    }
    asks(pair, "sample_tools", &[SAMPLE], &["Hi!"])?;
    equal("the tool offered", &pair.client.asked[0].1["tools"][0]["name"], &json!("clock"))
}

pub(super) fn form(pair: &mut Pair<'_>) -> Result<(), String> {
    if !pair.both_know(Revision::Jun25) {
        return refused(pair, "form");
    }
    asks(pair, "form", &[FORM], &["Ann"])
}

pub(super) fn url(pair: &mut Pair<'_>) -> Result<(), String> {
    if !pair.both_know(Revision::Nov25) {
        return refused(pair, "url");
    }
    asks(pair, "url", &[FORM], &["accept"])?;
    equal("the URL", &pair.client.asked[0].1["url"], &json!("https://example.com/in"))
}

pub(super) fn roots(pair: &mut Pair<'_>) -> Result<(), String> {
    asks(pair, "roots", &[ROOTS], &["file:///grid"])
}

pub(super) fn rounds(pair: &mut Pair<'_>) -> Result<(), String> {
    asks(pair, "rounds", &[SAMPLE, ROOTS], &["Hi!", "file:///grid"])
}

pub(super) fn both(pair: &mut Pair<'_>) -> Result<(), String> {
    asks(pair, "both", &[SAMPLE, ROOTS], &["Hi!", "file:///grid"])
}

/// A client that has declared nothing is asked nothing. Whoever has no roots may be said to have an empty list of them.
pub(super) fn undeclared(pair: &mut Pair<'_>) -> Result<(), String> {
    let mut other = pair.another(json!({}))?;
    for tool in ["sample", "roots", "form"] {
        let response = other.ask("tools/call", other.tool(tool, json!({})))?;
        let has_none = tool == "roots" && response["result"].to_string().contains("[]");
        let is_refused = response.get("error").is_some() || response["result"]["isError"] == true;
        ensure((is_refused || has_none) && other.asked.is_empty(), || {
            format!("{tool}: {response}, asked {:?}", other.asked)
        })?;
    }
    ensure(other.faults.is_empty(), || other.faults.join("; "))
}

/// The state that we have sealed opens nothing once somebody has changed it.
pub(super) fn tampered(pair: &mut Pair<'_>) -> Result<(), String> {
    let params = pair.client.tool("sample", json!({}));
    pair.client.is_answering = false;
    let asked = pair.client.ask("tools/call", params.clone());
    pair.client.is_answering = true;
    let asked = asked?;
    let state = asked["result"]["requestState"].as_str().ok_or_else(|| format!("no state: {asked}"))?;
    let mut again = params.clone();
    Client::answer_in(&mut again, &asked["result"]);
    let middle = state.len() / 2;
    let other = if state.as_bytes()[middle] == b'A' { "B" } else { "A" };
    again["requestState"] = json!(format!("{}{other}{}", &state[..middle], &state[middle + 1..]));
    let refused = pair.client.ask("tools/call", again.clone())?;
    equal("the code for a changed state", &refused["error"]["code"], &json!(-32602))?;
    again["requestState"] = json!(state);
    let response = pair.client.ask("tools/call", again)?;
    ensure(response["result"].to_string().contains("Hi!"), || format!("the right state does not work: {response}"))
}

/// A call whose question is never answered hurts nobody.
pub(super) fn abandon(pair: &mut Pair<'_>) -> Result<(), String> {
    let params = pair.client.tool("sample", json!({}));
    pair.client.is_answering = false;
    pair.client.asked.clear();
    let id = pair.client.start("tools/call", params)?;
    let asked = if pair.client.end.revision.is_modern() {
        pair.client.finish(&id).map(drop)
    } else {
        pair.client.until(|client| !client.asked.is_empty())
    };
    pair.client.is_answering = true;
    asked?;
    if !pair.client.end.revision.is_modern() {
        pair.client.cancel(&id)?;
        if !pair.server().revision.is_modern() {
            pair.place.until("that the call is given up", super::is_cancelled)?;
        }
    }
    echo(&mut pair.client, "still here")?;
    asks(pair, "sample", &[SAMPLE], &["Hi!"])
}
