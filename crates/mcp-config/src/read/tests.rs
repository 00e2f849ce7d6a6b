use std::{collections::BTreeMap, path::Path, time::Duration};

use mcp_proxy_core::{protocol::Era, transport::Secret};

use super::*;
use crate::{
    Dialect, IdleTimeout, InstallCommand, InstallSettings, Interactive, LogFormat, ServerEntry, SessionKind,
    SharedLogs, Source, Start, Target,
};

mod anything;
mod faults;
mod hub;
mod shapes;

fn parsed(text: &str) -> Parsed {
    parse(Path::new("f.json"), text, &|name| (name == "TOKEN").then(|| "t0ken".to_owned()))
}

/// The file, which nothing is wrong with.
#[track_caller]
fn good(text: &str) -> File {
    let Parsed { file, diagnostics } = parsed(text);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    file.unwrap()
}

/// What is told about a file, without its name.
fn told(text: &str) -> Vec<String> {
    parsed(text).diagnostics.iter().map(|it| it.to_string().replace("f.json:", "")).collect()
}

/// The only server of a file.
#[track_caller]
fn server(entry: &str) -> ServerEntry {
    let mut servers = good(&format!(r#"{{"mcpServers": {{"s": {entry}}}}}"#)).servers;
    assert_eq!(servers.len(), 1);
    servers.remove(0)
}

fn secrets(list: &[(&str, &str)]) -> BTreeMap<String, Secret> {
    list.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value))).collect()
}

#[test]
fn every_setting_of_the_proxy_is_read() {
    let file = good(
        r#"{
            // settings of the proxy
            "$schema": "x", "// a note": 1,
            "host": "::1", "port": 0, "authKey": "${TOKEN}", "keys": { "alice": "a-${TOKEN}" },
            "idleTimeout": "off", "session": "dedicated", "start": "demand",
            "allowedHosts": ["a"], "allowedOrigins": ["https://b"], "publicUrl": "https://c/${TOKEN}",
            "configApi": true, "allowUnauthenticated": true, "tlsCert": "/${TOKEN}.pem", "tlsKey": "k.pem",
            "logLevel": "debug", "logFormat": "json", "threads": 4,
            "limits": { "body": "8MiB", "call_idle": "2m", "callsPerServer": 7, },
            /* and no servers */
        }"#,
    );
    let s = file.settings;
    assert_eq!((s.host.unwrap().to_string(), s.port), ("::1".to_owned(), Some(0)));
    assert_eq!((s.auth_key, s.keys), (Some(Secret::new("t0ken")), Some(secrets(&[("alice", "a-t0ken")]))));
    assert_eq!((s.idle_timeout, s.session), (Some(IdleTimeout::Never), Some(SessionKind::Dedicated)));
    assert_eq!((s.start, s.threads), (Some(Start::Demand), Some(4)));
    assert_eq!((s.allowed_hosts.unwrap(), s.allowed_origins.unwrap()), (vec!["a".into()], vec!["https://b".into()]));
    assert_eq!(s.public_url.as_deref(), Some("https://c/${TOKEN}"), "only secrets and paths are expanded");
    assert_eq!((s.config_api, s.allow_unauthenticated), (Some(true), Some(true)));
    assert_eq!((s.tls_cert, s.tls_key), (Some("/t0ken.pem".into()), Some("k.pem".into())));
    assert_eq!((s.log_level.as_deref(), s.log_format), (Some("debug"), Some(LogFormat::Json)));
    let limits: Vec<_> = s.limits.iter().map(ToString::to_string).collect();
    assert_eq!(limits, ["body=8MiB", "call_idle=2m", "calls_per_server=7"]);
    assert!(file.servers.is_empty());
}

#[test]
fn every_setting_of_a_server_is_read() {
    let entry = server(
        r#"{
            "command": "npx-${TOKEN}", "args": ["-y", "${TOKEN}", "${NONE:-d}"], "env": {"K": "${env:TOKEN}"},
            "cwd": "/${TOKEN}", "type": "stdio",
            "disabled": true, "autoRestart": false, "maxRestarts": 5, "retryAfter": "10s", "session": "dedicated",
            "idleTimeout": "1h", "start": "demand",
            "requestEnv": {"GITHUB_TOKEN": {"query": "TOKEN"}, "X": {"header": "X-Token"}},
            "interactive": "refuse", "sharedLogs": "broadcast", "dialect": "prompty", "era": "modern",
            "clientCapabilities": false, "limits": {"callIdle": "2m", "interactiveChildren": 4},
            "name": "ours to ignore", "timeout": 60, "tools": {}, "installDirectory": "/${TOKEN}",
            "installCommands": ["git clone '${TOKEN} x'", ["npm", "i", "&${TOKEN}"]]
        }"#,
    );
    assert_eq!(&*entry.name, "s");
    let args = ["-y", "t0ken", "d"].map(str::to_owned).to_vec();
    let (command, env) = ("npx-t0ken".to_owned(), secrets(&[("K", "t0ken")]));
    assert_eq!(entry.target, Target::Stdio { command, args, env, cwd: Some("/t0ken".into()) });
    let s = entry.settings;
    assert!(s.disabled);
    assert_eq!((s.auto_restart, s.max_restarts), (Some(false), Some(5)));
    assert_eq!((s.retry_after, s.session), (Some(Duration::from_secs(10)), Some(SessionKind::Dedicated)));
    assert_eq!((s.idle_timeout, s.start), (Some(IdleTimeout::After(Duration::from_hours(1))), Some(Start::Demand)));
    let header = Source::Header(http::HeaderName::from_static("x-token"));
    let query = Source::Query("TOKEN".to_owned());
    assert_eq!(s.request_env, BTreeMap::from([("GITHUB_TOKEN".to_owned(), query), ("X".to_owned(), header)]));
    assert_eq!((s.interactive, s.shared_logs), (Some(Interactive::Refuse), Some(SharedLogs::Broadcast)));
    assert_eq!((s.dialect, s.era), (Some(Dialect::Prompty), Some(Era::Modern)));
    assert_eq!(s.client_capabilities, Some(false));
    let words = |words: &[&str]| InstallCommand::Words(words.iter().map(|&word| word.to_owned()).collect());
    let commands = vec![words(&["git", "clone", "t0ken x"]), words(&["npm", "i", "&t0ken"])];
    assert_eq!(s.install, InstallSettings { directory: Some("/t0ken".into()), commands });
    let limits: Vec<_> = s.limits.iter().map(ToString::to_string).collect();
    assert_eq!(limits, ["call_idle=2m", "interactive_children=4"]);
}

#[test]
fn a_shell_reads_a_command_only_if_it_is_asked_for() {
    let with = |more: &str| {
        let entry = format!(r#"{{"command": "x", "installCommands": ["a ${{B}} && c", ["d"], " "]{more}}}"#);
        parsed(&format!(r#"{{"mcpServers": {{"s": {entry}}}}}"#))
    };
    let file = with(r#", "installShell": true"#).file.unwrap();
    let commands = &file.servers[0].settings.install.commands;
    let words = InstallCommand::Words(vec!["d".to_owned()]);
    assert_eq!(commands, &[InstallCommand::Shell("a ${B} && c".to_owned()), words]);
    let without = with("");
    assert!(without.file.is_none());
    let messages: Vec<_> = without.diagnostics.iter().map(|it| it.message.as_str()).collect();
    assert!(messages[0].contains("only a shell") && messages[1].contains("`B` is not set"), "{messages:?}");
    let wrong = |commands: &str| {
        told(&format!(r#"{{"mcpServers": {{"s": {{"command": "x", "installCommands": {commands}}}}}}}"#)).len()
    };
    assert_eq!([wrong("[[]]"), wrong(r#"["'a"]"#), wrong("[1]"), wrong(r#""a""#), wrong(r#"[""]"#)], [1, 1, 1, 1, 0]);
}

#[test]
fn an_idle_timeout_has_a_unit_is_milliseconds_or_off() {
    let idle = |value: &str| good(&format!(r#"{{"idleTimeout": {value}}}"#)).settings.idle_timeout.unwrap();
    for value in ["300000", "\"300000\"", "\"5m\"", "\"300s\""] {
        assert_eq!(idle(value), IdleTimeout::After(Duration::from_mins(5)), "{value}");
    }
    for value in ["0", "false", "\"off\"", "\"0\"", "\"0s\""] {
        assert_eq!(idle(value), IdleTimeout::Never, "{value}");
    }
    let refused = told(r#"{"idleTimeout": true, "mcpServers": {"s": {"command": "a", "retryAfter": 60}}}"#);
    assert!(refused.iter().all(|it| it.contains("with its unit")) && refused.len() == 2, "{refused:?}");
}

#[test]
fn request_variables_make_a_server_dedicated() {
    let entry = server(r#"{"command": "a", "requestEnv": {"A": {"query": "a"}}}"#);
    assert_eq!(entry.settings.session, Some(SessionKind::Dedicated));
    assert_eq!(server(r#"{"command": "a", "requestEnv": {}}"#).settings.session, None);
}

#[test]
fn an_entry_of_a_kind_that_is_not_ours_is_kept_whole() {
    let entry = server(
        r#"{ "type": "lab", // ours
            "url": 5, "disabled": true, "pins": [1, -2.5e3, true, null, "${TOKEN}\n", {"a": {}}], }"#,
    );
    let options = r#"{"type":"lab","url":5,"disabled":true,"pins":[1,-2.5e3,true,null,"t0ken\n",{"a":{}}]}"#;
    assert_eq!(entry.target, Target::Custom { kind: "lab".to_owned(), options: options.into() });
    assert!(entry.settings.disabled);
    let told =
        told(r#"{"servers": {"s": {"type": "lab", "a": [["${"]], "b": {"c": 1, "c": "${NONE}"}, "session": 1}}}"#);
    let places = ["servers.s.a[0][0]: has a `${`", "servers.s.b.c: is there twice", "servers.s.session: must be"];
    assert!(told.iter().zip(places).all(|(told, place)| told.contains(place)), "{told:?}");
    assert_eq!(told.len(), 3);
}

#[test]
fn what_is_read_shows_no_secret() {
    let text = r#"{"authKey": "s3cret", "keys": {"k": "s3cret"}, "mcpServers": {
        "a": {"command": "x", "args": ["s3cret"], "env": {"E": "s3cret"}},
        "b": {"url": "https://x/?k=s3cret", "headers": {"h": "s3cret"}},
        "c": {"url": "https://x/", "apiKey": "s3cret"},
        "d": {"type": "lab", "key": "s3cret"}
    }}"#;
    let shown = format!("{:?}", parsed(text));
    assert!(shown.contains("Stdio") && shown.contains("lab") && !shown.contains("s3cret"), "{shown}");
}
