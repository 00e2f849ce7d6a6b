use std::collections::BTreeMap;

use mcp_proxy_core::transport::Secret;

use super::*;
use crate::{Overrides, Variables, parse};

const TEXT: &str = r#"{
    "authKey": "s3cret", "keys": {"alice": "s3cret"}, "limits": {"callIdle": "2m"},
    "mcpServers": {
        "everything": {"command": "npx", "args": ["s3cret", "x"], "env": {"B": "s3cret", "A": "s3cret"}, "disabled": true},
        "far away": {"url": "https://example.com/mcp?key=s3cret", "headers": {"X-Key": "s3cret"}, "era": "legacy",
            "maxRestarts": 5, "limits": {"call_time": "1h"}},
        "lab": {"type": "lab", "key": "s3cret"},
        "each": {"command": "x", "requestEnv": {"T": {"query": "t"}}}
    }
}"#;

#[test]
fn values_stand_beside_where_they_come_from_and_secrets_are_stars() {
    let file = parse("f.json".as_ref(), TEXT, &|_| None).file.unwrap();
    let environment = [("PORT", "9000"), ("MCP_SERVER_CONFIG", "uvx s3cret")];
    let environment = environment.map(|(name, value)| (name.to_owned(), Secret::new(value))).into();
    let variables = Variables::new(environment, BTreeMap::new());
    let settings = Settings::settle(Overrides::default(), &variables, file.settings).unwrap();
    let shown = show(&settings, &file.servers);
    assert!(!shown.contains("s3cret"), "{shown}");
    for line in [
        "settings",
        "  server                        uvx (1 argument)  $MCP_SERVER_CONFIG",
        "  port                          9000              $PORT",
        "  authKey                       ***               file",
        "  keys                          alice=***         file",
        "  idleTimeout                   5m                default",
        "  allowedHosts                  none              default",
        "  limits.callIdle               2m                file",
        "  limits.body                   4MiB              default",
        "servers",
        "  everything  stdio        npx (2 arguments)        disabled; env: A, B",
        "  far away    http or sse  https://example.com/mcp  maxRestarts=5; era=legacy; limits.callTime=1h; headers: x-key",
        "  lab         lab",
        "  each        stdio        x                        session=dedicated; requestEnv: T",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line}\nis not in\n{shown}");
    }
    assert_eq!(shown.lines().filter(|line| line.starts_with("  limits.")).count(), LIMITS.len());
    assert!(show(&settings, &[]).ends_with("\nno servers\n"));
}

#[test]
fn a_hub_shows_its_own_settings_too() {
    let text = r#"{
        "keys": {"ci": {"key": "s3cret", "groups": ["dev"]}}, "groups": {"dev": {"servers": ["a*"], "deny": ["*_rm"]}},
        "mcpServers": {"a": {"command": "x", "allow": ["t"], "pin": "warn", "retry": false,
            "tools": {"t": {"parameters": {"key": {"fixed": "s3cret"}}}}}}
    }"#;
    let file = parse("f.json".as_ref(), text, &|_| None).file.unwrap();
    let environment = [("ALLOWED_KEYS", "s3cret,s3cret2"), ("RETRY_SSE_TOOL_CALL", "false")];
    let environment = environment.map(|(name, value)| (name.to_owned(), Secret::new(value))).into();
    let variables = Variables::new(environment, BTreeMap::new());
    let settings = Settings::settle(Overrides::default(), &variables, file.settings.clone()).unwrap();
    let hub = Hub::settle(crate::HubSettings::default(), &variables, &file.hub).unwrap();
    let shown = show_hub(&settings, &hub, &file);
    assert!(!shown.contains("s3cret"), "{shown}");
    for line in [
        "  separator                     __                        default",
        "  retry.sse                     off                       $RETRY_SSE_TOOL_CALL",
        "  retry.http                    2, from 300ms             default",
        "  allowedKeys                   key-1=***, key-2=***      $ALLOWED_KEYS",
        "  keys.ci                       groups: dev               file",
        "  a  stdio  x  retry=off; allow: t; pin=warn; 1 rule for tools",
        "  dev  servers: a*; tools: *; deny: *_rm",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line}\nis not in\n{shown}");
    }
    assert!(!show(&settings, &file.servers).contains("separator"), "which other proxies do not have");
}
