//! The prompt, and the completion of its argument.

use serde_json::{Value, json};

use super::{call::Call, refusal::Refusal, resource};

const GREET: &str = "greet";
const NAME: &str = "name";

/// Names to complete with.
const NAMES: [&str; 8] = ["Ada", "Alan", "Barbara", "Edsger", "Grace", "Hedy", "Katherine", "Margaret"];

pub(super) fn list() -> Value {
    json!({ "prompts": [{
        "name": GREET,
        "description": "A greeting to be written.",
        "arguments": [{ "name": NAME, "description": "Who is greeted.", "required": true }],
    }] })
}

pub(super) fn get(call: &Call) -> Result<Value, Refusal> {
    if call.text("name")? != GREET {
        return Err(Refusal::params("there is no such prompt"));
    }
    let name = call.arguments()?.get(NAME).and_then(Value::as_str);
    let name = name.ok_or_else(|| Refusal::params(format!("`params.arguments.{NAME}` must be a string")))?;
    Ok(json!({
        "description": "A greeting to be written.",
        "messages": [{
            "role": "user",
            "content": { "type": "text", "text": format!("Write a short and friendly greeting to {name}.") },
        }],
    }))
}

pub(super) fn complete(call: &Call) -> Result<Value, Refusal> {
    let (Some(reference), Some(argument)) = (call.params.get("ref"), call.params.get("argument")) else {
        return Err(Refusal::params("`params.ref` and `params.argument` must be there"));
    };
    let (Some(name), Some(begun)) = (argument["name"].as_str(), argument["value"].as_str()) else {
        return Err(Refusal::params("`params.argument` must have a name and a value"));
    };
    let values = match (reference["type"].as_str(), reference["name"].as_str(), reference["uri"].as_str(), name) {
        (Some("ref/prompt"), Some(GREET), _, NAME) => names_from(begun),
        // Any text may be echoed, so there is none to propose.
        (Some("ref/resource"), _, Some(resource::ECHO), "text") => Vec::new(),
        _ => return Err(Refusal::params("there is no such argument to complete")),
    };
    Ok(json!({ "completion": { "total": values.len(), "values": values, "hasMore": false } }))
}

fn names_from(begun: &str) -> Vec<&'static str> {
    let begins = |name: &&str| name.to_lowercase().starts_with(&begun.to_lowercase());
    NAMES.into_iter().filter(begins).collect()
}
