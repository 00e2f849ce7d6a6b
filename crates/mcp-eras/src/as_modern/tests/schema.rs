//! Holds every message of the other tests against the official schema, where there is one.
#![expect(clippy::disallowed_types, reason = "a schema is a tree, and the validator wants it as one")]

use std::{env, fs, path::PathBuf, sync::LazyLock};

use serde_json::Value;

use super::*;

// Shared as a file, for a crate this low may not depend on one that tests share.
#[path = "../../../../../tests/it/skip.rs"]
mod skip;

static SCHEMA: LazyLock<Option<Value>> = LazyLock::new(|| {
    let folder = env::var_os("MCP_SPEC_DIR").map(PathBuf::from)?;
    let text = fs::read_to_string(folder.join(Revision::LATEST.as_str()).join("schema.json")).unwrap();
    Some(serde_json::from_str(&text).unwrap())
});

/// Checks what was emitted for a request of this method.
#[track_caller]
pub(super) fn check(asked: &str, message: &Message) {
    let Some(root) = &*SCHEMA else { return };
    let text = String::from_utf8(message.to_bytes().to_vec()).unwrap();
    let (definition, text) = match (message.kind(), message.result()) {
        (Kind::Request, _) => panic!("a modern client was sent a request: {text}"),
        (Kind::Notification, _) => ("ServerNotification", text.as_str()),
        (Kind::Response, None) => ("JSONRPCErrorResponse", text.as_str()),
        (Kind::Response, Some(result)) if result.starts_with(r#"{"resultType":"input_required""#) => {
            ("InputRequiredResult", result)
        }
        (Kind::Response, Some(result)) => (result_of(asked), result),
    };
    let mut schema = root["$defs"][definition].clone();
    assert!(schema.is_object(), "no {definition}");
    schema["$defs"] = root["$defs"].clone();
    let instance: Value = serde_json::from_str(text).unwrap();
    if let Err(error) = jsonschema::validate(&schema, &instance) {
        panic!("{definition}: {error} in {text}");
    }
}

fn result_of(method: &str) -> &'static str {
    match method {
        method::SERVER_DISCOVER => "DiscoverResult",
        method::TOOLS_LIST => "ListToolsResult",
        method::TOOLS_CALL => "CallToolResult",
        method::SUBSCRIPTIONS_LISTEN => "SubscriptionsListenResult",
        _ => "Result",
    }
}

#[test]
fn what_is_emitted_is_held_against_the_schema() {
    if SCHEMA.is_none() {
        skip::lacking("the official schemas; `MCP_SPEC_DIR` names a folder with <revision>/schema.json");
    }
}
