//! The tools: what there is, and those that answer at once.

use std::time::SystemTime;

use serde_json::{Map, Value, json};

use super::{clock, count, question, refusal::Refusal};

/// Bytes that `big` gives at most.
const BIGGEST: u64 = 64 << 20;

pub(super) fn list() -> Value {
    let number = json!({ "type": "number" });
    json!({ "tools": [
        tool("echo", "Gives back a text.", true, &json!({ "text": { "type": "string" } }), &["text"]),
        with_output(
            tool("add", "Adds two numbers.", true, &json!({ "a": number, "b": number }), &["a", "b"]),
            json!({ "type": "object", "properties": { "sum": number }, "required": ["sum"] }),
        ),
        tool("time", "Tells the time in UTC.", true, &json!({}), &[]),
        tool(
            "big",
            "Gives a text of a size.",
            true,
            &json!({ "bytes": { "type": "integer", "minimum": 0, "maximum": BIGGEST, "default": 1 << 20 } }),
            &[],
        ),
        tool(count::TOOL, "Counts, tells how far it is, and changes `demo://counter`.", false, &count::properties(), &[]),
        tool(question::ASK, "Asks you for your name.", true, &json!({}), &[]),
        tool(question::ROOTS, "Tells which roots your client has.", true, &json!({}), &[]),
    ] })
}

fn tool(name: &str, description: &str, read_only: bool, properties: &Value, required: &[&str]) -> Value {
    json!({
        "name": name,
        "description": description,
        "inputSchema": { "type": "object", "properties": properties, "required": required },
        "annotations": { "readOnlyHint": read_only, "destructiveHint": false, "openWorldHint": false },
    })
}

fn with_output(mut tool: Value, schema: Value) -> Value {
    tool["outputSchema"] = schema;
    tool
}

/// Calls a tool that answers at once. Wrong arguments are for the model to put right, so they refuse nothing
/// (2025-11-25, tools, error handling).
pub(super) fn call(name: &str, arguments: &Map<String, Value>) -> Result<Value, Refusal> {
    Ok(match name {
        "echo" => match arguments.get("text").and_then(Value::as_str) {
            Some(said) => text(said),
            None => fault("`text` must be a string"),
        },
        "add" => match (arguments.get("a"), arguments.get("b")) {
            (Some(Value::Number(a)), Some(Value::Number(b))) => {
                sum(a, b).map_or_else(|| fault("the sum is out of range"), |sum| structured(&json!({ "sum": sum })))
            }
            _ => fault("`a` and `b` must be numbers"),
        },
        "time" => text(&clock::rfc3339(SystemTime::now())),
        "big" => match whole(arguments, "bytes", 1 << 20, 0..=BIGGEST) {
            Ok(bytes) => text(&(0..bytes).map(|at| char::from(b'a' + (at % 26) as u8)).collect::<String>()),
            Err(wrong) => fault(&wrong),
        },
        _ => return Err(Refusal::params("there is no such tool")),
    })
}

/// The result that says a text.
pub(super) fn text(text: &str) -> Value {
    json!({ "content": [{ "type": "text", "text": text }], "isError": false })
}

/// The result of a tool that could not do its work: for the model to read, so no refusal.
pub(super) fn fault(text: &str) -> Value {
    json!({ "content": [{ "type": "text", "text": text }], "isError": true })
}

/// The result that gives a value, and for older clients its text.
pub(super) fn structured(value: &Value) -> Value {
    let mut result = text(&value.to_string());
    result["structuredContent"] = value.clone();
    result
}

/// A whole number among the arguments.
pub(super) fn whole(
    arguments: &Map<String, Value>,
    name: &str,
    default: u64,
    range: std::ops::RangeInclusive<u64>,
) -> Result<u64, String> {
    let number = arguments.get(name).map_or(Some(default), Value::as_u64).filter(|number| range.contains(number));
    number.ok_or_else(|| format!("`{name}` must be an integer from {} to {}", range.start(), range.end()))
}

/// Whole numbers stay whole as long as they fit.
fn sum(a: &serde_json::Number, b: &serde_json::Number) -> Option<Value> {
    match (a.as_i64(), b.as_i64()) {
        (Some(a), Some(b)) if a.checked_add(b).is_some() => a.checked_add(b).map(Value::from),
        _ => serde_json::Number::from_f64(a.as_f64()? + b.as_f64()?).map(Value::from),
    }
}
