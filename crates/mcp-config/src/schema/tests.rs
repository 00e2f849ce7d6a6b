#![expect(clippy::disallowed_types, reason = "the validator wants trees")]

use std::{env, fs, path::Path};

use serde_json::Value;

use super::*;
use crate::{Overrides, Settings, Variables, parse};

#[track_caller]
fn valid(text: &str) -> bool {
    let schema: Value = serde_json::from_str(&schema()).unwrap();
    jsonschema::meta::validate(&schema).unwrap();
    jsonschema::is_valid(&schema, &serde_json::from_str(text).unwrap())
}

#[test]
fn the_schema_in_docs_is_the_one_that_the_table_makes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/mcp-config.schema.json");
    if env::var_os("UPDATE").is_some() {
        fs::write(&path, schema()).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == schema(), "run `UPDATE=1 cargo test -p mcp-config` and commit {}", path.display());
}

#[test]
fn what_can_be_read_is_valid_and_what_cannot_is_not() {
    let right = r#"{
        "host": "127.0.0.1", "port": 8000, "keys": {"a": "b"}, "idleTimeout": 300000, "unheard": [],
        "limits": {"body": "8MiB", "callIdle": "2m", "calls": 7},
        "mcpServers": {
            "a": {"command": "x", "args": ["y"], "active": "False", "idleTimeout": false, "retryAfter": "5 s",
                "requestEnv": {"T": {"query": "t"}}},
            "b": {"serverUrl": "https://x", "headers": {"a": "b"}, "type": "lab"}
        }
    }"#;
    assert!(valid(right));
    assert!(parse("f.json".as_ref(), right, &|_| None).file.is_some());
    for wrong in [
        "[]",
        r#"{"port": "8000"}"#,
        r#"{"port": 65536}"#,
        r#"{"session": "both"}"#,
        r#"{"idleTimeout": true}"#,
        r#"{"keys": {"a": 1}}"#,
        r#"{"limits": {"body": 8}}"#,
        r#"{"limits": {"calls": 0}}"#,
        r#"{"mcpServers": {"a": 5}}"#,
        r#"{"context_servers": {"a": {"command": "x", "args": "y"}}}"#,
        r#"{"mcpServers": {"a": {"command": "x", "active": "no"}}}"#,
        r#"{"mcpServers": {"a": {"command": "x", "requestEnv": {"A": {}}}}}"#,
        r#"{"mcpServers": {"a": {"command": "x", "requestEnv": {"A": {"query": "t", "header": "h"}}}}}"#,
    ] {
        assert!(!valid(wrong), "{wrong}");
        assert!(parse("f.json".as_ref(), wrong, &|_| None).file.is_none(), "{wrong}");
    }
}

#[test]
fn the_same_is_true_of_what_a_hub_has() {
    let right = r#"{
        "keys": {"a": "b", "c": {"key": "d", "groups": ["g"], "tools": ["*"]}},
        "groups": {"g": {"servers": ["a*"], "tools": ["a__*"], "deny": []}},
        "separator": "--", "deadline": "1s", "pageSize": 5, "serverInfo": {"name": "x"}, "state": false,
        "retry": {"attempts": 1, "sse": {"base": "1s"}, "http": false, "stdio": "off"},
        "proxy": {"retrySseToolCall": "True", "sseToolCallRetryDelayBaseMs": 0},
        "mcpServers": {
            "a": {"command": "x", "allow": ["a"], "deny": ["b"], "pin": "warn", "retry": true, "prompts": {"p": {}},
                "tools": {"t": {"enabled": "true", "annotations": {}, "parameters": {"p": {"fixed": null, "hidden": true}}}}},
            "b": {"url": "https://x", "tools": ["a"], "resources": {"demo://a": {"description": "x"}}}
        }
    }"#;
    assert!(valid(right));
    assert!(parse("f.json".as_ref(), right, &|_| None).file.is_some());
    for wrong in [
        r#"{"keys": {"a": {"groups": []}}}"#,
        r#"{"groups": ["a"]}"#,
        r#"{"groups": {"g": {"servers": "a"}}}"#,
        r#"{"separator": "_"}"#,
        r#"{"separator": "a:b"}"#,
        r#"{"pageSize": 0}"#,
        r#"{"serverInfo": "x"}"#,
        r#"{"state": true}"#,
        r#"{"retry": 3}"#,
        r#"{"retry": {"http": {"attempts": -1}}}"#,
        r#"{"proxy": {"sseToolCallMaxRetries": "2"}}"#,
        r#"{"mcpServers": {"a": {"command": "x", "pin": true}}}"#,
        r#"{"mcpServers": {"a": {"command": "x", "tools": "t"}}}"#,
        r#"{"mcpServers": {"a": {"command": "x", "tools": {"t": {"exposedName": 1}}}}}"#,
        r#"{"mcpServers": {"a": {"command": "x", "tools": {"t": {"parameters": {"p": {"hidden": "yes"}}}}}}}"#,
        r#"{"mcpServers": {"a": {"command": "x", "prompts": ["t"]}}}"#,
    ] {
        assert!(!valid(wrong), "{wrong}");
        assert!(parse("f.json".as_ref(), wrong, &|_| None).file.is_none(), "{wrong}");
    }
}

#[test]
fn the_defaults_of_the_table_are_those_that_hold() {
    let defaults = PROXY.keys.iter().filter(|key| !key.default.is_empty()).map(|key| {
        let bare = matches!(key.kind, Kind::Bool(_) | Kind::Number(..));
        if bare {
            format!("\"{}\": {}", key.name, key.default)
        } else {
            format!("\"{}\": \"{}\"", key.name, key.default)
        }
    });
    let text = format!("{{{}}}", defaults.collect::<Vec<_>>().join(","));
    let file = parse("f.json".as_ref(), &text, &|_| None).file.unwrap();
    let settle = |file| Settings::settle(Overrides::default(), &Variables::default(), file).unwrap();
    let shown = |settings| crate::show(&settings, &[]).replace("file", "default");
    assert_eq!(shown(settle(file.settings)), shown(settle(crate::ProxySettings::default())));
}
