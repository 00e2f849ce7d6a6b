//! Where settings come from, what `--check` says of them, and what is said of wrong ones.

use std::net::TcpListener;

use http::StatusCode;
use mcp_testkit::bin;
use serde_json::json;

use crate::client::{Http, Json, Session, text, tool};
use crate::folder::{Folder, USUAL, and, entry, marked, servers};
use crate::marked::Mark;
use crate::proxy::{Launch, Proxy};

const NONE: [&str; 0] = [];
const SECRET: &str = "canary-6b20e";

/// What `--check` prints; it ends well.
#[track_caller]
fn checked(launch: Launch) -> String {
    let ended = launch.args(&["--check"]).run();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    ended.stdout
}

/// The line of a setting: its value and where that is from.
#[track_caller]
fn line(shown: &str, setting: &str) -> String {
    let words = shown.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let mut found = words.filter(|words| words.first() == Some(&setting));
    found.next().unwrap_or_else(|| panic!("no `{setting}` in {shown}"))[1..].join(" ")
}

#[test]
fn a_flag_wins_over_the_environment_over_dot_env_over_the_file() {
    let folder = Folder::with(r#"{"port": 4, "idleTimeout": "4s", "session": "dedicated", "mcpServers": {}}"#);
    let launch = || Launch::new(&["--config", USUAL]).at(folder.path());
    let places = |launch| {
        let shown = checked(launch);
        ["port", "idleTimeout", "session"].map(|setting| line(&shown, setting))
    };
    assert_eq!(places(launch()), ["4 file", "4s file", "dedicated file"]);
    folder.write(".env", "# of the project\nPORT=3\nIDLE_TIMEOUT=3000\nSHARED_SESSION=true\n");
    let from_dot_env = ["3 $PORT in .env", "3s $IDLE_TIMEOUT in .env", "shared $SHARED_SESSION in .env"];
    assert_eq!(places(launch()), from_dot_env);
    let launch = || launch().env("PORT", "2").env("IDLE_TIMEOUT", "2000").env("SHARED_SESSION", "false");
    assert_eq!(places(launch()), ["2 $PORT", "2s $IDLE_TIMEOUT", "dedicated $SHARED_SESSION"]);
    let flags = ["--port", "1", "--idle-timeout", "1s", "--session", "shared"];
    let from_flags = ["1 command line", "1s command line", "shared command line"];
    assert_eq!(places(launch().args(&flags)), from_flags);
}

#[test]
fn check_shows_everything_but_secrets() {
    let config = json!({
        "authKey": "${KEY_OF_ALL}", "keys": {"alice": SECRET},
        "mcpServers": {
            "one": {"command": "no-such-program", "args": ["--token", SECRET], "env": {"TOKEN": SECRET}},
            "far away": {"url": format!("https://example.com/mcp?key={SECRET}"), "headers": {"X-Key": SECRET}},
        },
    });
    let folder = Folder::with(config.to_string());
    folder.write(".env", format!("KEY_OF_ALL={SECRET}"));
    let shown = checked(folder.launch(&["--log-level", "debug"]).at(folder.path()));
    assert_eq!(line(&shown, "authKey"), "*** file");
    assert_eq!(line(&shown, "keys"), "alice=*** file");
    assert_eq!(line(&shown, "logLevel"), "debug command line");
    assert_eq!(line(&shown, "host"), "127.0.0.1 default");
    assert_eq!(line(&shown, "limits.body"), "4MiB default");
    assert_eq!(line(&shown, "one"), "stdio no-such-program (2 arguments) env: TOKEN");
    assert!(shown.contains("https://example.com/mcp"), "{shown}");
    assert!(!shown.contains(SECRET), "{shown}");
}

#[test]
fn values_are_taken_from_the_environment_and_from_dot_env() {
    let text = r#"{"mcpServers": {"a": {"command": "${PROGRAM:-default-program}", "args": ["${env:ONE}", "${TWO}"]}}}"#;
    let folder = Folder::with(text);
    let launch = || folder.launch(&NONE).at(folder.path());
    launch().args(&["--check"]).run().with(78, &["mcp-config.json:1:74: mcpServers.a.args[0]: ", "`ONE`", "`TWO`"]);
    folder.write(".env", "ONE='1'\nTWO=2");
    assert!(checked(launch()).contains("default-program (2 arguments)"));
    assert!(checked(launch().env("PROGRAM", "other-program")).contains("other-program (2 arguments)"));
}

#[test]
fn errors_name_file_line_column_and_key_path() {
    let wrong = "{\n  // servers\n  \"mcpServers\": {\n    \"a\": {\"command\": 5, \"maxRestarts\": \"many\"},\n    \"api\": {\"command\": \"x\"},\n  },\n  \"idleTimeout\": \"soon\"\n}";
    let folder = Folder::with(wrong);
    folder.launch(&NONE).run().with(
        78,
        &[
            "mcp-config.json:4:22: mcpServers.a.command: must be a string",
            "mcp-config.json:4:40: mcpServers.a.maxRestarts: ",
            "mcp-config.json:5:5: mcpServers.api: ",
            "mcp-config.json:7:18: idleTimeout: ",
        ],
    );
    folder.write(USUAL, "{\n  \"mcpServers\": {\n    \"a\" {}\n  }\n}");
    folder.launch(&NONE).run().with(78, &["mcp-config.json:3:9: "]);
    folder.write(".env", "A=1\nno assignment");
    folder.launch(&NONE).at(folder.path()).run().with(78, &[".env:2: "]);
    Launch::new(&["--config", "not/there.json"]).run().with(78, &["not/there.json cannot be read"]);
}

#[test]
fn names_that_are_paths_of_the_proxy_are_refused() {
    let reserved =
        ["api", "health", "mcp", "sse", "message", "messages", "metrics", "servers", "groups", "docs", "admin"];
    for name in reserved {
        let folder = Folder::with(servers(json!({name: {"command": "x"}})));
        folder.launch(&NONE).run().with(78, &[&format!("mcpServers.{name}: "), "give it another name"]);
    }
    let folder = Folder::with(servers(json!({"openapi.json": {"command": "x"}})));
    folder.launch(&NONE).run().with(78, &["mcpServers[\"openapi.json\"]: ", "give it another name"]);
}

#[tokio::test]
async fn an_unknown_key_is_warned_of_and_harms_nothing() {
    let folder = Folder::with(servers(json!({"echo": and(entry("echo-server", &[]), "autoRestrat", true)})));
    let mut proxy = folder.start(&NONE);
    let session = Session::open(&Http::new(), &proxy.at("/echo/mcp"), json!({})).await;
    assert_eq!(text(&session.echo(1, "all is well").await), "all is well");
    let said = proxy.says("mcpServers.echo.autoRestrat: ");
    assert!(said.contains("did you mean `autoRestart`?"), "{said}");
    proxy.stop();
}

#[tokio::test]
async fn the_file_is_found_by_its_name_in_the_environment_or_in_the_folder() {
    let folder = Folder::with(servers(json!({"usual": entry("echo-server", &[])})));
    let other = folder.write("other.json", servers(json!({"other": entry("echo-server", &[])})));
    let launch = || Launch::any_port(&NONE).at(folder.path());
    for (launch, name) in [
        (launch(), "usual"),
        (launch().env("CONFIG_PATH", &other), "other"),
        (launch().env("CONFIG_PATH", "not-there.json").args(&["--config".as_ref(), other.as_os_str()]), "other"),
        // One that is named in so many words is not beside the point because there is a file.
        (launch().env("MCP_SERVER_CONFIG", bin("echo-server")), ""),
        (launch().args(&["--".as_ref(), bin("echo-server").as_os_str()]), ""),
    ] {
        let proxy = launch.start();
        let url = proxy.mcp.replace("NAME", name);
        assert!(name.is_empty() || url != proxy.mcp, "{url}");
        assert_eq!(text(&Http::new().plain(&url, &tool("echo", json!({"text": "here"}))).await.1), "here");
        proxy.stop();
    }
}

#[tokio::test]
async fn a_server_can_be_named_in_the_environment() {
    let mark = Mark::new();
    let command = format!("sh -c '{} exec \"$0\"' '{}'", mark.variable(), bin("rude-server").display());
    for (sharing, children) in [("true", 1), ("True", 1), ("false", 2), ("no", 2)] {
        let launch = Launch::any_port(&["--era", "legacy"]).env("MCP_SERVER_CONFIG", &command);
        let launch = launch.env("SHARED_SESSION", sharing);
        let proxy = launch.env("AUTH_KEY", SECRET).env("SOME_VARIABLE", "of whoever starts it").start();
        let (http, url) = (Http::new(), format!("{}?auth_key={SECRET}", proxy.mcp));
        let sessions = [Session::open(&http, &url, json!({})).await, Session::open(&http, &url, json!({})).await];
        // What was looked at at the start goes by itself.
        mark.until(children).await;
        let environment = sessions[0].call(1, "env", json!({})).await;
        let environment = text(&environment);
        for variable in ["SOME_VARIABLE=of whoever starts it", "NODE_ENV=production", "PYTHONUNBUFFERED=1"] {
            assert!(environment.lines().any(|line| line == variable), "no {variable} in {environment}");
        }
        assert!(!environment.contains(SECRET), "{environment}");
        assert_eq!(Http::new().plain(&proxy.mcp, &tool("env", json!({}))).await.0, StatusCode::UNAUTHORIZED);
        proxy.stop();
        mark.until(0).await;
    }
    let unbalanced = Launch::any_port(&NONE).env("MCP_SERVER_CONFIG", "npx 'x");
    unbalanced.run().with(78, &["$MCP_SERVER_CONFIG must be a command line", "quotes"]);
}

#[test]
fn the_port_of_the_environment_is_the_one() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let ended = Launch::new(&NONE).env("PORT", &port).run();
    ended.with(69, &["cannot listen on 127.0.0.1:", &port]);
    Launch::new(&NONE).env("PORT", "http").run().with(78, &["$PORT must be a port"]);
    assert_eq!(line(&checked(Launch::new(&NONE)), "port"), "8000 default");
}

#[tokio::test]
async fn idle_times_of_before_are_milliseconds() {
    let mark = Mark::new();
    let own = and(marked(&mark, "echo-server", &[]), "idleTimeout", 200);
    let stops = |proxy: Proxy| {
        let mark = &mark;
        async move {
            mark.until(0).await;
            assert_eq!(text(&Http::new().plain(&proxy.at("/a/mcp"), &tool("echo", json!({"text": "a"}))).await.1), "a");
            proxy.stop();
        }
    };
    stops(Folder::with(servers(json!({"a": own}))).start(&NONE)).await;
    let folder = Folder::with(servers(json!({"a": marked(&mark, "echo-server", &[])})));
    stops(folder.launch(&NONE).env("IDLE_TIMEOUT", "200").start()).await;
    let wrong = Folder::with(r#"{"limits": {"callIdle": 200}, "mcpServers": {}}"#);
    wrong.launch(&NONE).run().with(78, &["limits.callIdle", "unit"]);
}

#[tokio::test]
async fn what_is_logged_is_what_was_asked_for() {
    let folder = Folder::with(servers(json!({"echo": entry("echo-server", &[])})));
    for (launch, is_there) in [
        (folder.launch(&["--log-format", "json", "--log-level", "debug"]), true),
        (folder.launch(&["--log-format", "json"]).env("LOGGING", "Debug"), true),
        (folder.launch(&["--log-format", "json"]).env("RUST_LOG", "info"), false),
    ] {
        let mut proxy = launch.start();
        Session::open(&Http::new(), &proxy.at("/echo/mcp"), json!({})).await.end().await;
        proxy.signal(rustix::process::Signal::TERM);
        assert!(proxy.ended(crate::marked::PATIENCE).success());
        let said = proxy.said();
        let lines = said.lines().filter(|line| !line.starts_with("mcp-stdio is ready"));
        let levels: Vec<Json> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(levels.iter().all(|line| line["timestamp"].is_string()), "{said}");
        assert_eq!(levels.iter().any(|line| line["level"] == "DEBUG"), is_there, "{said}");
    }
}
