//! What a file says for a hub.

use mcp_proxy_core::{
    aggregator::{ItemRule, Naming, Pattern, Pin},
    protocol::ListKind,
};

use super::*;
use crate::{StateFolder, add_tool_config};

fn patterns(texts: &[&str]) -> Vec<Pattern> {
    texts.iter().map(|text| Pattern::new(*text)).collect()
}

#[test]
fn groups_and_keys_with_limits_are_read() {
    let file = good(
        r#"{
            "groups": {"dev": {"servers": ["a", "b*"], "tools": ["a__*"], "deny": ["*_rm"]}, "all": {}, "// x": 0},
            "keys": {"alice": "a-${TOKEN}", "ci": {"key": "${TOKEN}", "groups": ["dev"], "tools": ["*"]}, "bob": {"key": "b"}},
            "separator": "--", "deadline": "1s", "pageSize": 50, "state": "/var/${TOKEN}",
            "serverInfo": {"name": "ours", "icons": [{"src": "${TOKEN}"}]},
            "servers": {"a": {"command": "x"}}
        }"#,
    );
    let [dev, all] = &file.hub.groups[..] else { panic!("{:?}", file.hub.groups) };
    assert_eq!((&*dev.name, dev.servers.clone().unwrap()), ("dev", patterns(&["a", "b*"])));
    assert_eq!((dev.tools.clone().unwrap(), dev.deny.clone()), (patterns(&["a__*"]), patterns(&["*_rm"])));
    assert_eq!((&*all.name, &all.servers, &all.tools), ("all", &None, &None));
    assert_eq!(file.settings.keys, Some(secrets(&[("alice", "a-t0ken"), ("bob", "b"), ("ci", "t0ken")])));
    assert_eq!(file.hub.grants.len(), 1, "a key without limits has no grant");
    assert_eq!(file.hub.grants["ci"].groups.as_deref(), Some(&["dev".into()][..]));
    assert_eq!(file.hub.separator, Some(Naming::new("--").unwrap()));
    assert_eq!((file.hub.deadline, file.hub.page), (Some(Duration::from_secs(1)), Some(50)));
    assert_eq!(file.hub.state, Some(StateFolder::At("/var/t0ken".into())));
    assert_eq!(file.hub.server_info.as_deref(), Some(r#"{"name":"ours","icons":[{"src":"t0ken"}]}"#));
}

#[test]
fn what_is_different_about_items_is_read() {
    let rules = server(
        r#"{
            "command": "x", "allow": ["read_*"], "deny": ["*_all"], "pin": "block",
            "tools": {
                "write": {"enabled": "true", "exposedName": "store", "description": "Stores.", "title": "Store",
                    "annotations": {"readOnlyHint": false}, "parameters": {
                        "path": {"fixed": "/${TOKEN}"}, "mode": {"default": 7, "description": "Bits."}, "x": {"hidden": true}
                    }},
                "read_all": {"exposedName": "", "exposedDescription": ""}
            },
            "prompts": {"greet": {"exposedName": "hello"}},
            "resources": {"demo://a": {"enabled": false}, "demo://b": {"exposedName": "hello"}}
        }"#,
    )
    .rules;
    assert_eq!((rules.allow.clone().unwrap(), rules.deny.clone()), (patterns(&["read_*"]), patterns(&["*_all"])));
    assert_eq!(rules.pin, Pin::Block);
    assert!(rules.shows(ListKind::Tools, "write") && !rules.shows(ListKind::Tools, "read_all"));
    let write = &rules.tools["write"];
    assert_eq!((write.name.as_deref(), write.title.as_deref()), (Some("store"), Some("Store")));
    assert_eq!(write.description.as_deref(), Some("Stores."));
    assert_eq!(write.annotations.as_deref(), Some(r#"{"readOnlyHint":false}"#));
    assert_eq!(write.parameters["path"].fixed.as_deref(), Some(r#""/t0ken""#));
    assert_eq!(write.parameters["mode"].default.as_deref(), Some("7"));
    assert!(write.parameters["x"].hidden);
    assert_eq!(rules.tools["read_all"], ItemRule::default(), "an empty text says nothing");
    assert_eq!(rules.prompts["greet"].name.as_deref(), Some("hello"));
    assert!(!rules.shows(ListKind::Resources, "demo://a"));
    let listed = server(r#"{"url": "http://x", "tools": ["a", "b*"]}"#).rules;
    assert_eq!(listed.allow, Some(patterns(&["a", "b*"])));
}

#[test]
fn what_clients_see_of_a_server_is_not_told_to_its_transport() {
    let entry = server(r#"{"type": "lab", "a": 1, "tools": {"t": {"enabled": false}}, "deny": ["x"], "pin": "warn"}"#);
    assert_eq!(entry.target, Target::Custom { kind: "lab".to_owned(), options: r#"{"type":"lab","a":1}"#.into() });
    assert!(!entry.rules.shows(ListKind::Tools, "t") && !entry.rules.shows(ListKind::Tools, "x"));
}

#[test]
fn faults_name_their_places() {
    let text = r#"{
  "mcpServers": { "a": { "command": "x", "allow": "t", "pin": "maybe", "tools": {
      "t": { "exposedName": "one", "displayName": "T", "annotations": [] }, "u": { "exposedName": "one" },
      "v": { "parameters": { "p": { "fixed": 1, "default": 2 }, "q": 1 } }, "w": 1 } },
    "b": { "command": "x", "tools": ["t"], "allow": ["t"], "retry": 5, "prompts": { "p": { "exposedName": "one" } } } },
  "groups": { "a/b": {}, "dev": { "servers": ["aa", "*", "nobody*"], "tools": [1] }, "x": 1 },
  "keys": { "ci": { "groups": ["deev", "dev"] }, "d": 5, "e": {"key": 1} },
  "separator": "_", "deadline": 5, "pageSize": 0, "serverInfo": "x", "state": 5, "retry": { "attempts": 101, "http": { "base": 1 } },
  "proxy": { "sseToolCallMaxRetries": -1, "retrySseToolCall": 1 }
}"#;
    assert_eq!(
        told(text),
        [
            "2:51: mcpServers.a.allow: must be a list, as in `[\"a\", \"b\"]`",
            "2:63: mcpServers.a.pin: must be one of off, warn, block",
            "3:36: mcpServers.a.tools.t.displayName: is not known and has no effect",
            "3:71: mcpServers.a.tools.t.annotations: must be an object",
            "3:99: mcpServers.a.tools.u.exposedName: `one` is also the name of `mcpServers.a.tools.t` (line 3, column 29); \
             give one of them another",
            "4:35: mcpServers.a.tools.v.parameters.p: has a `fixed` value, so its `default` is never used; keep one",
            "4:70: mcpServers.a.tools.v.parameters.q: must be an object",
            "4:82: mcpServers.a.tools.w: must be an object",
            "5:53: mcpServers.b.allow: is there beside a list in `tools`, which says the same; keep one",
            "5:69: mcpServers.b.retry: must be an object such as `{\"attempts\": 2, \"base\": \"300ms\"}`, or false",
            "6:15: groups[\"a/b\"]: is part of a path: it has 1 to 128 bytes, is not `.` or `..`, and has no `/`, `?`, `#`, \
             `%`, `\\`",
            "6:47: groups.dev.servers[0]: no server is called `aa`",
            "6:80: groups.dev.tools[0]: must be a string",
            "6:91: groups.x: must be an object",
            "7:19: keys.ci: needs a `key`",
            "7:32: keys.ci.groups[0]: no group is called `deev`; did you mean `dev`?",
            "7:55: keys.d: must be a string, or an object with a `key`",
            "7:71: keys.e.key: must be a string",
            "8:16: separator: the separator `_` must have 2 to 8 characters, each a letter, a digit, `_` or `-`",
            "8:33: deadline: must be a time with its unit, such as `500ms`, `30s`, `5m` or `2h`",
            "8:48: pageSize: must be a whole number from 1 to 100000",
            "8:65: serverInfo: must be an object",
            "8:79: state: must be the path of a folder, or \"off\"",
            "8:105: retry.attempts: must be a whole number from 0 to 100",
            "8:128: retry.http.base: must be a time with its unit, such as `500ms`, `30s`, `5m` or `2h`",
            "9:39: proxy.sseToolCallMaxRetries: must be a whole number from 0 to 100",
            "9:63: proxy.retrySseToolCall: must be true or false, without quotes",
        ]
    );
}

fn with_tools(tools: &str) -> (File, Vec<String>) {
    let mut file = good(
        r#"{"mcpServers": {"a": {"command": "x", "tools": {"own": {"exposedName": "mine"}}}, "a__b": {"command": "x"}}}"#,
    );
    let told = add_tool_config(&mut file, Path::new("t.json"), tools, &Naming::default(), &|_| None);
    (file, told.iter().map(ToString::to_string).collect())
}

#[test]
fn the_rules_of_a_tool_config_are_added_to_the_servers() {
    let (file, told) = with_tools(
        r#"{"tools": {
            "a__t": {"enabled": false},
            "a__b__u": {"enabled": true, "exposedName": "u", "exposedDescription": "U."},
        }}"#,
    );
    assert!(told.is_empty(), "{told:?}");
    assert_eq!(file.servers[0].rules.tools["t"].enabled, Some(false));
    let rule = &file.servers[1].rules.tools["u"];
    assert_eq!((rule.name.as_deref(), rule.description.as_deref()), (Some("u"), Some("U.")));
}

#[test]
fn what_is_odd_in_a_tool_config_is_told_and_the_rest_counts() {
    let (file, told) = with_tools(
        "{\"tools\": {\"gone__t\": {}, \"a_t\": {},\n \"a__own\": {\"enabled\": false}, \"a__t\": {\"displayName\": \"x\"}}, \"tolls\": 1}",
    );
    assert_eq!(
        told,
        [
            "t.json:1:12: tools.gone__t: belongs to no server; write SERVER__TOOL",
            "t.json:1:27: tools.a_t: belongs to no server; write SERVER__TOOL; did you mean `a__b`?",
            "t.json:2:2: tools.a__own: has no effect beside `mcpServers.a.tools.own` of the configuration",
            "t.json:2:41: tools.a__t.displayName: is not known and has no effect",
            "t.json:2:63: tolls: is not known and has no effect; did you mean `tools`?",
        ]
    );
    assert_eq!(file.servers[0].rules.tools["own"].name.as_deref(), Some("mine"));
    assert!(file.servers[0].rules.tools.contains_key("t"));
}

#[test]
fn a_tool_config_with_an_error_changes_nothing() {
    for (text, place) in [
        ("{", "t.json:1:1: is no JSON"),
        ("[]", "t.json:1:1: must be an object, as in `{\"tools\": {}}`"),
        (r#"{"tools": {"a__t": {"enabled": false}, "a__u": {"enabled": "no"}}}"#, "t.json:1:60: tools.a__u.enabled"),
        (
            r#"{"tools": {"a__t": {"exposedName": "mine"}}}"#,
            "t.json:1:36: tools.a__t.exposedName: `mine` is also the name of tool `own` of server `a`",
        ),
    ] {
        let (file, told) = with_tools(text);
        assert!(told.iter().any(|told| told.starts_with(place)), "{told:?}");
        assert_eq!(file.servers[0].rules.tools.len(), 1, "{text}");
    }
}
