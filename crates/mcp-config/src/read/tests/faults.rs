//! What is told about files that are not right.

use super::*;

/// What is told about the only server of a file, its place aside.
fn fault(entry: &str) -> Vec<String> {
    let text = format!(r#"{{"mcpServers":{{"s":{entry}}}}}"#);
    let parsed = parsed(&text);
    assert_eq!(parsed.file, None, "{text}");
    parsed.diagnostics.iter().map(|it| format!("{}: {}", it.path, it.message)).collect()
}

#[test]
fn a_broken_file_names_line_and_column() {
    for (text, place) in [
        ("", "1:1: is empty"),
        (" // nothing", "1:1: is empty"),
        ("[]", "1:1: must be an object"),
        ("{\n  \"port\": 1\n  \"host\": 2\n}", "2:12: is no JSON"),
        ("{\n  \"ä\": x }", "2:8: is no JSON"),
        ("{\"a\": 1", "1:1: is no JSON"),
    ] {
        let told = told(text);
        assert!(told.len() == 1 && told[0].starts_with(place), "{told:?}");
        assert_eq!(parsed(text).file, None);
    }
    assert!(told(&" ".repeat(LARGEST + 1))[0].contains("4 MiB"));
}

#[test]
fn all_errors_are_told_at_once_in_the_order_of_the_lines() {
    let text = r#"{
  "mcpServers": {
    "everything": { "command": "npx",
      "args": ["a", 1] },
    "a/b": { "command": "${NONE}", "comand": 1 },
    "api": {}
  },
  "port": 65536, "host": "lab.local", "session": "both", "configApi": "yes", "threads": 0, "allowedHosts": "a",
  "limits": { "body": 8, "calls": "7", "drain": "soon", "bodi": 1, "sessionIdle": "1h", "session_idle": "1h" },
  "port": 1
}"#;
    assert_eq!(
        told(text),
        [
            "4:21: mcpServers.everything.args[1]: must be a string",
            "5:5: mcpServers[\"a/b\"]: the name of a server cannot be `.` or `..`, nor have `/`, `?`, `#`, `%`, `\\` or \
             control characters in it",
            "5:25: mcpServers[\"a/b\"].command: the variable `NONE` is not set; set it, or write `${NONE:-default}`",
            "5:36: mcpServers[\"a/b\"].comand: is not known and has no effect; did you mean `command`?",
            "6:5: mcpServers.api: a server cannot be called that, for it is a path of the proxy's own; give it another name",
            "6:12: mcpServers.api: needs a `command` to start it, or a `url` to reach it",
            "8:11: port: must be a whole number from 0 to 65535",
            "8:26: host: must be an IP address, such as `127.0.0.1` or `::`, or `localhost`",
            "8:50: session: must be one of shared, dedicated",
            "8:71: configApi: must be true or false, without quotes",
            "8:89: threads: must be a whole number from 1 to 64",
            "8:108: allowedHosts: must be a list, as in `[\"a\", \"b\"]`",
            "9:23: limits.body: must be a size with its unit, such as `512KiB`, `8MiB` or `1GiB`",
            "9:35: limits.calls: must be a whole number from 1 on",
            "9:49: limits.drain: must be a time with its unit, such as `500ms`, `30s`, `5m` or `2h`",
            "9:57: limits.bodi: is not known and has no effect; did you mean `body`?",
            "9:89: limits.session_idle: is there twice, spelt differently; keep one",
            "10:3: port: is there twice (as `port`); keep one",
        ]
    );
}

#[test]
fn unknown_keys_are_warnings_and_the_file_is_used() {
    let parsed = parsed(r#"{"mcpServers": {"s": {"command": "x", "auto_restart": true, "unheard": 1}}, "Port": 1}"#);
    assert_eq!(parsed.file.unwrap().servers[0].settings.auto_restart, None);
    assert!(parsed.diagnostics.iter().all(|it| it.severity == Severity::Warning));
    let told: Vec<_> = parsed.diagnostics.iter().map(|it| format!("{}: {}", it.path, it.message)).collect();
    assert_eq!(
        told,
        [
            "mcpServers.s.auto_restart: is not known and has no effect; did you mean `autoRestart`?",
            "mcpServers.s.unheard: is not known and has no effect",
            "Port: is not known and has no effect; did you mean `port`?",
        ]
    );
}

#[test]
fn a_server_is_reached_in_one_way() {
    for (entry, told) in [
        (r#"{"command": "x", "url": "http://x"}"#, "has a `command` and a `url`"),
        (r#"{"command": "", "type": "stdio"}"#, "is of type `stdio` and needs a `command`"),
        (r#"{"url": "http://x", "type": "stdio"}"#, "is of type `stdio` and needs a `command`"),
        (r#"{"type": "sse"}"#, "needs a `url`"),
        (r#"{"command": "x", "type": "http"}"#, "needs a `url`"),
        (r#"{"command": "x", "cwd": "/", "headers": {"a": "b"}}"#, "headers: is only for servers with a `command`"),
        (r#"{"url": "http://x", "cwd": "/"}"#, "cwd: is only for servers with a `command`; remove it"),
        (
            r#"{"url": "http://x", "requestEnv": {"A": {"query": "a"}}}"#,
            "requestEnv: is only for servers with a `command`",
        ),
        (r#"{"url": "http://x", "serverUrl": "http://x"}"#, "is there twice (as `url`)"),
        (r#"{"url": "x/mcp"}"#, "url: the URL cannot be read; write it in full, as in `https://example.com/mcp`"),
        (r#"{"url": "https://u:s3cret@x"}"#, "url: the URL must not hold a user name or password"),
        (r#"{"url": "http://x", "headers": {"a": "b", "A": "c"}}"#, "sets a header that is there already; keep one"),
        (
            r#"{"url": "http://x", "headers": {"authorization": "b"}, "bearerToken": "s3cret"}"#,
            "bearerToken: sets a header",
        ),
        (r#"{"url": "http://x", "headers": {"a b": "s3cret"}}"#, "headers[\"a b\"]: is no name of a header"),
        (r#"{"url": "http://x", "headers": {"a": "s3cret\n"}}"#, "headers.a: must be visible ASCII"),
        (r#"{"command": "x", "env": {"A=B": "s3cret"}}"#, "env[\"A=B\"]: is no name of a variable"),
        (r#"{"command": "x", "env": {"A": ["s3cret"]}}"#, "env.A: must be a string"),
        (r#"{"command": "x", "env": {"A": "a", "A": "s3cret"}}"#, "env.A: is there twice"),
        (r#"{"command": "x", "env": {"A": "s3cret${NONE}"}}"#, "env.A: the variable `NONE` is not set"),
        ("5", "must be an object"),
    ] {
        let faults = fault(entry);
        let expected =
            told.replace("headers: is only for servers with a `command`", "headers: is only for servers with a `url`");
        assert!(faults.len() == 1 && faults[0].contains(&expected), "{entry}: {faults:?}");
        assert!(!faults[0].contains("s3cret"), "{faults:?}");
    }
}

#[test]
fn request_variables_never_share_a_process_and_never_choose_what_runs() {
    for (request_env, told) in [
        (r#"{"A": {"query": "a"}}, "session": "shared""#, "s.session: must be `dedicated` beside `requestEnv`"),
        (
            r#"{"LD_PRELOAD": {"query": "a"}}"#,
            "requestEnv.LD_PRELOAD: the variable `LD_PRELOAD` changes what the server runs",
        ),
        (r#"{"A-B": {"query": "a"}}"#, "requestEnv.A-B: a variable's name is"),
        (r#"{"A": {"query": "a", "header": "b"}}"#, "requestEnv.A: must be `{\"header\": \"Name\"}`"),
        (r#"{"A": {"header": "a b"}}"#, "requestEnv.A: must be"),
        (r#"{"A": {"query": ""}}"#, "requestEnv.A: must be"),
        (r#"{"A": "a"}"#, "requestEnv.A: must be"),
        (r#"["A"]"#, "requestEnv: must be an object"),
    ] {
        let faults = fault(&format!(r#"{{"command": "x", "requestEnv": {request_env}}}"#));
        assert!(faults.len() == 1 && faults[0].contains(told), "{request_env}: {faults:?}");
    }
}

#[test]
fn a_server_cannot_bound_the_whole_proxy() {
    let faults = fault(r#"{"command": "x", "limits": {"callIdle": "1m", "sessions": 5}}"#);
    assert_eq!(faults, ["mcpServers.s.limits.sessions: is a limit of the whole proxy; set it in `limits` at the top"]);
}

#[test]
fn two_servers_of_one_name_and_two_sections_are_errors() {
    let twice = told(r#"{"mcpServers": {"s": {"command": "x"}, "s": {"command": "y"}}, "servers": {}}"#);
    assert_eq!(
        twice,
        ["1:40: mcpServers.s: is there twice; keep one", "1:64: servers: is there twice (as `mcpServers`); keep one"]
    );
}

#[test]
fn no_more_is_told_than_anybody_reads_and_errors_come_first() {
    let unknown: Vec<_> = (0..300).map(|n| format!("\"unheard{n}\": 0,")).collect();
    let unknown = unknown.concat();
    let parsed = parsed(&format!(r#"{{{unknown} "port": "s3cret"}}"#));
    assert_eq!(parsed.diagnostics.len(), MOST);
    assert_eq!(parsed.file, None, "the error was not crowded out");
    assert!(parsed.diagnostics.iter().any(|it| it.path == "port"));
}
