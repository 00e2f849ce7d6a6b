//! What the server has.

use serde_json::json;

use super::{Pair, ensure, equal};
use crate::Json;
use crate::place::Program;
use crate::revision::Revision;
use crate::server::{NAMES, PROMPTS, RESOURCES};

pub(super) fn handshake(pair: &mut Pair<'_>) -> Result<(), String> {
    let is_hub = matches!(pair.place.program, Program::Hub | Program::HubStdio);
    let revision = pair.client.end.revision;
    let said = &pair.client.handshake;
    if revision.is_modern() {
        ensure(
            said["supportedVersions"].as_array().is_some_and(|all| all.contains(&json!(revision.as_str()))),
            || format!("supportedVersions has to have {revision}: {said}"),
        )?;
    } else {
        equal("the revision", &said["protocolVersion"], &json!(revision.as_str()))?;
    }
    for name in ["tools", "prompts", "resources", "logging"] {
        ensure(said["capabilities"].get(name).is_some(), || format!("no capability {name}: {said}"))?;
    }
    if !is_hub {
        ensure(said["instructions"] == "Be nice.", || format!("no instructions: {said}"))?;
        ensure(said.to_string().contains("grid-server"), || format!("not the server's name: {said}"))?;
    }
    if pair.both_know(Revision::Mar25) {
        ensure(pair.client.handshake["capabilities"].get("completions").is_some(), || "no completions".into())?;
    }
    Ok(())
}

/// The items of ours, by a member of each.
fn own(all: &[Json], key: &str, prefix: &str, mark: &str) -> Vec<String> {
    let values = all.iter().filter_map(|item| item[key].as_str()?.strip_prefix(prefix));
    values.filter(|value| value.contains(mark)).map(str::to_owned).collect()
}

pub(super) fn list(pair: &mut Pair<'_>) -> Result<(), String> {
    let prefix = pair.client.prefix.clone();
    let tools = pair.client.list("tools/list", "tools")?;
    let names = own(&tools, "name", &prefix, "");
    for name in NAMES {
        equal(name, &names.iter().filter(|own| *own == name).count(), &1)?;
    }
    let templates = pair.client.list("resources/templates/list", "resourceTemplates")?;
    equal("templates", &own(&templates, "uriTemplate", "", "grid://"), &vec!["grid://items/{at}".to_owned()])?;
    let prompts = pair.client.list("prompts/list", "prompts")?;
    equal("prompts", &own(&prompts, "name", &prefix, "prompt-").len(), &PROMPTS)
}

pub(super) fn paginate(pair: &mut Pair<'_>) -> Result<(), String> {
    let all = pair.client.list("resources/list", "resources")?;
    let expected: Vec<_> = (0..RESOURCES).map(|at| format!("grid://items/{at}")).collect();
    equal("the items of all pages", &own(&all, "uri", "", "grid://"), &expected)?;
    let wrong = pair.client.ask("resources/list", json!({"cursor": "nobody's"}))?;
    equal("the code for a cursor of nobody's", &wrong["error"]["code"], &json!(-32602))
}

pub(super) fn read(pair: &mut Pair<'_>) -> Result<(), String> {
    let read = pair.client.result("resources/read", json!({"uri": "grid://items/1"}))?;
    equal("the text", &read["contents"][0]["text"], &json!("an item"))?;
    equal("the URI", &read["contents"][0]["uri"], &json!("grid://items/1"))
}

pub(super) fn prompt(pair: &mut Pair<'_>) -> Result<(), String> {
    let name = format!("{}prompt-0", pair.client.prefix);
    let got = pair.client.result("prompts/get", json!({"name": name, "arguments": {"topic": "cats"}}))?;
    equal("the text", &got["messages"][0]["content"]["text"], &json!("prompt-0 on cats"))
}

pub(super) fn complete(pair: &mut Pair<'_>) -> Result<(), String> {
    let name = format!("{}prompt-0", pair.client.prefix);
    let params = json!({"ref": {"type": "ref/prompt", "name": name}, "argument": {"name": "topic", "value": "c"}});
    let got = pair.client.result("completion/complete", params)?;
    equal("the values", &got["completion"]["values"], &json!(["ca", "cb"]))?;
    let of_resource = json!({"type": "ref/resource", "uri": "grid://items/{at}"});
    let params = json!({"ref": of_resource, "argument": {"name": "at", "value": "1"}});
    let got = pair.client.result("completion/complete", params)?;
    equal("the values", &got["completion"]["values"], &json!(["1a", "1b"]))
}
