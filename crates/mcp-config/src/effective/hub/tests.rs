use std::collections::BTreeMap;

use super::*;
use crate::parse;

fn file(text: &str) -> File {
    let parsed = parse("f.json".as_ref(), text, &|_| None);
    parsed.file.unwrap_or_else(|| panic!("{:?}", parsed.diagnostics))
}

fn variables(environment: &[(&str, &str)], dot_env: &[(&str, &str)]) -> Variables {
    let map = |list: &[(&str, &str)]| -> BTreeMap<String, Secret> {
        list.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value))).collect()
    };
    Variables::new(map(environment), map(dot_env))
}

fn settle(environment: &[(&str, &str)], text: &str) -> Hub {
    Hub::settle(HubSettings::default(), &variables(environment, &[]), &file(text).hub).unwrap()
}

#[test]
fn without_a_word_the_defaults_of_the_core_hold() {
    let hub = settle(&[], "{}");
    assert_eq!(hub.options(&File::default()), HubOptions::default());
    assert_eq!(hub.retries(), RetryDefaults::default());
    assert_eq!(hub.state_folder("config/mcp_server.json".as_ref()), Some("config/.mcp-hub".into()));
    assert_eq!(hub.state_folder("mcp-hub.json".as_ref()), Some(".mcp-hub".into()));
}

#[test]
fn the_command_line_wins_over_the_environment_over_the_env_file_over_the_file() {
    let text = r#"{"separator": "--"}"#;
    let of = |flag: Option<&str>, environment: &[(&str, &str)], dot_env: &[(&str, &str)]| {
        let separator = flag.map(|text| Naming::new(text).unwrap());
        let flags = HubSettings { separator, ..HubSettings::default() };
        let hub = Hub::settle(flags, &variables(environment, dot_env), &file(text).hub).unwrap();
        (hub.separator.value.separator().to_owned(), hub.separator.source)
    };
    let from = |text: &str, source| (text.to_owned(), source);
    let (sic, right) = ("SERVER_TOOLNAME_SEPERATOR", "SERVER_TOOLNAME_SEPARATOR");
    assert_eq!(of(Some("-_"), &[(sic, "__")], &[]), from("-_", Origin::Flag));
    assert_eq!(of(None, &[(sic, "__"), (right, "xx")], &[(sic, "yy")]), from("__", Origin::Environment(sic)));
    assert_eq!(of(None, &[(right, "xx")], &[]), from("xx", Origin::Environment(right)));
    assert_eq!(of(None, &[], &[(right, "xx")]), from("xx", Origin::DotEnv(right)));
    assert_eq!(of(None, &[], &[]), from("--", Origin::File));
}

#[test]
fn calls_are_sent_again_as_the_nearest_place_says() {
    let text = r#"{
        "retry": {"attempts": 4, "http": {"base": "1s"}},
        "proxy": {"retryStdioToolCall": "false", "sseToolCallMaxRetries": 9, "httpToolCallRetryDelayBaseMs": 5}
    }"#;
    let hub = settle(&[("RETRY_SSE_TOOL_CALL_ON_DISCONNECT", "no"), ("HTTP_TOOL_CALL_MAX_RETRIES", "7")], text);
    let base = Retry::default().base;
    assert_eq!(hub.retry_sse.value, Retry { attempts: 0, base });
    assert_eq!(hub.retry_sse.source, Origin::Environment("RETRY_SSE_TOOL_CALL_ON_DISCONNECT"));
    assert_eq!(hub.retry_http.value, Retry { attempts: 7, base: Duration::from_secs(1) });
    assert_eq!((hub.retry_stdio.value.attempts, hub.retry_stdio.source), (0, Origin::File));
    assert_eq!(hub.retry_other.value, Retry { attempts: 4, base });
    let all = settle(
        &[("RETRY_STDIO_TOOL_CALL", "TRUE"), ("STDIO_TOOL_CALL_RETRY_DELAY_BASE_MS", "0")],
        r#"{"retry": false}"#,
    );
    assert_eq!(all.retries().stdio, Retry { attempts: 2, base: Duration::ZERO });
    assert_eq!(all.retries().http.attempts, 0);
}

#[test]
fn listed_keys_get_names_and_are_not_shown() {
    let hub = settle(&[("ALLOWED_KEYS", " s3cret-a, ,s3cret-b "), ("MCP_PROXY_SSE_ALLOWED_TOKENS", "s3cret-c")], "{}");
    let names = |keys: &Sourced<Vec<(Arc<str>, Secret)>>| -> Vec<String> {
        keys.value.iter().map(|(name, key)| format!("{name}={}", key.expose())).collect()
    };
    assert_eq!(names(&hub.allowed_keys), ["key-1=s3cret-a", "key-2=s3cret-b"]);
    assert_eq!(names(&hub.allowed_tokens), ["token-1=s3cret-c"]);
    assert!(!format!("{hub:?}").contains("s3cret"));
}

#[test]
fn every_variable_that_cannot_be_used_is_named_and_not_quoted() {
    let environment = [
        ("SERVER_TOOLNAME_SEPERATOR", "s3cret:"),
        ("RETRY_STDIO_TOOL_CALL", "s3cret"),
        ("SSE_TOOL_CALL_MAX_RETRIES", "-1"),
        ("HTTP_TOOL_CALL_RETRY_DELAY_BASE_MS", "soon"),
        ("ALLOWED_KEYS", "good,s3 cret"),
    ];
    let wrong = Hub::settle(HubSettings::default(), &variables(&environment, &[]), &HubSettings::default());
    let wrong: Vec<_> = wrong.unwrap_err().iter().map(ToString::to_string).collect();
    for (name, _) in environment {
        assert!(wrong.iter().any(|wrong| wrong.starts_with(&format!("${name} must be"))), "{name}: {wrong:?}");
    }
    assert!(wrong.len() == environment.len() && !wrong.concat().contains("s3"), "{wrong:?}");
}

#[test]
fn variables_of_a_hub_are_nothing_to_other_proxies() {
    let variables = variables(&[("SERVER_TOOLNAME_SEPERATOR", ":"), ("RETRY_SSE_TOOL_CALL", "?")], &[]);
    let settled = crate::Settings::settle(crate::Overrides::default(), &variables, crate::ProxySettings::default());
    assert!(settled.is_ok());
}

#[test]
fn rules_groups_and_grants_of_the_file_are_the_options() {
    let file = file(
        r#"{
            "keys": {"alice": "a", "ci": {"key": "c", "groups": ["dev"], "tools": ["a__*"]}},
            "groups": {"dev": {"servers": ["a"], "tools": ["a__*"], "deny": ["*_rm"]}},
            "pageSize": 7, "deadline": "1s", "serverInfo": {"name": "ours"}, "state": "off",
            "mcpServers": {"a": {"command": "x", "deny": ["rm"], "pin": "block"}, "b": {"command": "x"}}
        }"#,
    );
    let hub = Hub::settle(HubSettings::default(), &Variables::default(), &file.hub).unwrap();
    let options = hub.options(&file);
    assert_eq!((options.page, options.deadline), (7, Duration::from_secs(1)));
    assert_eq!(options.server_info.as_deref(), Some(r#"{"name":"ours"}"#));
    assert_eq!(options.rules.keys().map(|name| &**name).collect::<Vec<_>>(), ["a"]);
    assert_eq!((options.groups.len(), options.grants.len()), (1, 1));
    let grant = &options.grants["ci"];
    assert_eq!(grant.groups.as_deref(), Some(&["dev".into()][..]));
    assert_eq!(hub.state_folder("mcp-hub.json".as_ref()), None);
}
