//! What the server has: lists in pages, resources, prompts, completions.

use serde_json::json;

use super::call::{Call, Stop};
use super::tools::NAMES;
use crate::Json;
use crate::revision::Revision;

pub(crate) const RESOURCES: usize = 5;
pub(crate) const PROMPTS: usize = 3;

pub(super) fn info() -> Json {
    json!({"name": "grid-server", "version": "1.0"})
}

fn capabilities(revision: Revision) -> Json {
    let mut all = json!({
        "tools": {"listChanged": true},
        "prompts": {"listChanged": true},
        "resources": {"listChanged": true, "subscribe": true},
        "logging": {},
    });
    if revision >= Revision::Mar25 {
        all["completions"] = json!({});
    }
    all["experimental"] = json!({"com.example/thing": {"on": true}});
    if revision == Revision::Nov25 {
        all["tasks"] = json!({"list": {}, "cancel": {}, "requests": {"tools": {"call": {}}}});
    }
    if revision.is_modern() {
        all["extensions"] = json!({"com.example/thing": {"on": true}, super::EXTENSION: {}});
    }
    all
}

pub(super) fn handshake(revision: Revision) -> Json {
    json!({
        "protocolVersion": revision.as_str(),
        "capabilities": capabilities(revision),
        "serverInfo": info(),
        "instructions": "Be nice.",
    })
}

pub(super) fn discovered() -> Json {
    let revision = Revision::Jul26;
    json!({"supportedVersions": [revision.as_str()], "capabilities": capabilities(revision), "instructions": "Be nice."})
}

pub(super) fn tools(revision: Revision, changed: bool) -> Vec<Json> {
    let mut all: Vec<_> = NAMES.map(|name| json!({"name": name, "inputSchema": {"type": "object"}})).into();
    if revision >= Revision::Jun25 {
        let schema = json!({"type": "object", "properties": {"sum": {"type": "integer"}}});
        all[1]["outputSchema"] = schema;
    }
    if revision >= Revision::Mar25 {
        all[0]["annotations"] = json!({"readOnlyHint": true});
    }
    if revision == Revision::Nov25 {
        // The last one of the list.
        all[NAMES.len() - 1]["execution"] = json!({"taskSupport": "optional"});
    }
    if changed {
        all.push(json!({"name": "more", "inputSchema": {"type": "object"}}));
    }
    all
}

pub(super) fn prompts(changed: bool) -> Vec<Json> {
    let prompt = |at: usize| json!({"name": format!("prompt-{at}"), "arguments": [{"name": "topic"}]});
    (0..PROMPTS + usize::from(changed)).map(prompt).collect()
}

pub(super) fn resources(changed: bool) -> Vec<Json> {
    let resource =
        |at| json!({"uri": format!("grid://items/{at}"), "name": format!("item-{at}"), "mimeType": "text/plain"});
    (0..RESOURCES + usize::from(changed)).map(resource).collect()
}

pub(super) fn templates() -> Vec<Json> {
    vec![json!({"uriTemplate": "grid://items/{at}", "name": "items"})]
}

/// The page at a cursor, which is the number of its first item.
pub(super) fn page(key: &str, all: Vec<Json>, cursor: Option<&str>, size: usize) -> Result<Json, Stop> {
    let from = cursor.map_or(Some(0), |cursor| cursor.strip_prefix("from ")?.parse().ok());
    let from = from.filter(|from| *from <= all.len()).ok_or_else(|| Stop::error(-32602, "no such cursor"))?;
    let next = from + size;
    let mut result = json!({});
    if next < all.len() {
        result["nextCursor"] = json!(format!("from {next}"));
    }
    result[key] = all.into_iter().skip(from).take(size).collect();
    Ok(result)
}

pub(super) fn read(revision: Revision, uri: &Json) -> Result<Json, Stop> {
    let known = uri.as_str().and_then(|uri| uri.strip_prefix("grid://items/")?.parse::<usize>().ok());
    if known.is_none_or(|at| at > RESOURCES) {
        let code = if revision.is_modern() { -32602 } else { -32002 };
        return Err(Stop::Error(json!({"code": code, "message": "Resource not found", "data": {"uri": uri}})));
    }
    Ok(json!({"contents": [{"uri": uri, "mimeType": "text/plain", "text": "an item"}]}))
}

pub(super) fn prompt(call: &Call<'_>) -> Result<Json, Stop> {
    let Some(name) = call.params["name"].as_str().filter(|name| name.starts_with("prompt-")) else {
        return Err(Stop::error(-32602, "there is no such prompt"));
    };
    let words = format!("{name} on {}", call.params["arguments"]["topic"].as_str().unwrap_or_default());
    Ok(json!({"messages": [{"role": "user", "content": {"type": "text", "text": words}}]}))
}

pub(super) fn completed(params: &Json) -> Json {
    let value = params["argument"]["value"].as_str().unwrap_or_default();
    json!({"completion": {"values": [format!("{value}a"), format!("{value}b")], "total": 2, "hasMore": false}})
}
