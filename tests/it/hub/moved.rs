//! The files and variables of mcp-proxy-server 0.4, as they are.

use std::fs;
use std::path::PathBuf;

use http::{Method, StatusCode};
use mcp_testkit::bin;
use serde_json::json;

use super::{NONE, tools};
use crate::client::{Http, Json, Pair, Session, text};
use crate::folder::Folder;
use crate::peers::installed::{Installed, Server};
use crate::peers::run;
use crate::proxy::{Launch, Proxy};

/// A folder as that program wants it.
struct Moved {
    folder: Folder,
}

impl Moved {
    fn new(servers: &Json, tools: &Json) -> Self {
        let folder = Folder::new();
        fs::create_dir(folder.path().join("config")).unwrap();
        let moved = Self { folder };
        // One word of ours among theirs, because the interpreters of servers are cold.
        let config = json!({"mcpServers": servers, "proxy": {"retrySseToolCall": true}, "deadline": "20s"});
        moved.write("mcp_server.json", &config);
        moved.write("tool_config.json", &json!({"tools": tools}));
        moved
    }

    fn write(&self, name: &str, content: &Json) {
        let path: PathBuf = self.folder.path().join("config").join(name);
        let new = path.with_extension("new");
        fs::write(&new, content.to_string()).unwrap();
        fs::rename(new, path).unwrap();
    }

    fn start(&self) -> Proxy {
        let keys =
            [("ALLOWED_KEYS", "key-a, key-b"), ("ALLOWED_TOKENS", "token-a"), ("PORT", "0"), ("LOGGING", "info")];
        let others =
            [("TOOLS_FOLDER", "/tools"), ("STDIO_TOOL_CALL_MAX_RETRIES", "1"), ("RETRY_HTTP_TOOL_CALL", "false")];
        let launch = Launch::hub(&NONE).at(self.folder.path());
        keys.into_iter().chain(others).fold(launch, |launch, (name, value)| launch.env(name, value)).start()
    }
}

fn echo() -> Json {
    json!({"type": "stdio", "name": "Shown there", "command": bin("echo-server"), "args": []})
}

fn rules() -> Json {
    json!({
        "a__echo": {"enabled": true, "exposedName": "say", "exposedDescription": "Says it."},
        "a__log": {"enabled": false},
        "a__ask": {"enabled": true},
    })
}

async fn session(proxy: &Proxy) -> Session {
    Session::try_open_with(&Http::new(), &proxy.mcp, &[("x-api-key", "key-b")], json!({})).await.unwrap()
}

#[tokio::test]
async fn both_files_and_the_variables_count_as_they_are() {
    let off = json!({"type": "stdio", "active": "false", "command": "no-such-program"});
    let moved = Moved::new(&json!({"a": echo(), "b": {"command": bin("echo-server")}, "off": off}), &rules());
    let proxy = moved.start();
    let (http, ping) = (Http::new(), json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}).to_string());
    for (query, headers, expected) in [
        ("?key=key-a", &[][..], StatusCode::OK),
        ("", &[("x-api-key", "key-b")], StatusCode::OK),
        ("", &[("authorization", "Bearer token-a")], StatusCode::OK),
        ("", &[], StatusCode::UNAUTHORIZED),
        ("?key=key-c", &[], StatusCode::UNAUTHORIZED),
    ] {
        let (status, said) = http.json(Method::POST, &format!("{}{query}", proxy.mcp), headers, ping.clone()).await;
        assert_eq!(status, expected, "{query} {headers:?}: {said}");
    }
    let session = session(&proxy).await;
    let names = tools(&session).await;
    assert!(names.starts_with(&["say".to_owned(), "a__ask".to_owned()]), "{names:?}");
    assert!(!names.contains(&"a__log".to_owned()) && names.contains(&"b__log".to_owned()), "{names:?}");
    assert_eq!(text(&session.call(1, "say", json!({"text": "hi"})).await), "hi");
    assert_eq!(text(&session.call(1, "b__echo", json!({"text": "hi"})).await), "hi");
    for gone in ["a__echo", "a__log"] {
        assert!(session.call(1, gone, json!({})).await["error"].is_object(), "{gone}");
    }
    let mut pair = Pair::open(&http, &format!("{}?key=key-a", proxy.sse), json!({})).await;
    pair.start(1, "say", json!({"text": "on a stream"})).await;
    assert_eq!(text(&pair.next().await), "on a stream");
    proxy.stop();
}

#[tokio::test]
async fn edits_of_either_file_apply_at_once() {
    let moved = Moved::new(&json!({"a": echo()}), &rules());
    let proxy = moved.start();
    let session = session(&proxy).await;
    let mut stream = session.listen().await;
    assert_eq!(tools(&session).await.len(), 4);
    moved.write("tool_config.json", &json!({"tools": {"a__echo": {"exposedName": "tell"}}}));
    while stream.next().await.unwrap()["method"] != "notifications/tools/list_changed" {}
    assert_eq!(text(&session.call(1, "tell", json!({"text": "renamed"})).await), "renamed");
    assert_eq!(text(&session.call(1, "a__log", json!({"text": "on again"})).await), "on again");
    moved.write("mcp_server.json", &json!({"mcpServers": {"a": echo(), "b": echo()}}));
    while stream.next().await.unwrap()["method"] != "notifications/tools/list_changed" {}
    assert_eq!(text(&session.call(1, "b__echo", json!({"text": "added"})).await), "added");
    moved.write(
        "mcp_server.json",
        &json!({"mcpServers": {"a": echo(), "b": {"type": "stdio", "command": "x", "active": false}}}),
    );
    while stream.next().await.unwrap()["method"] != "notifications/tools/list_changed" {}
    assert_eq!(tools(&session).await, ["tell", "a__ask", "a__sample", "a__roots", "a__log"]);
    proxy.stop();
}

#[test]
fn an_official_client_lists_and_calls() {
    let Some(installed) = Installed::find() else { return };
    let folder = Folder::new();
    let line = installed.server(Server::Time, folder.path());
    let line: Vec<_> = line.iter().map(|word| word.to_str().unwrap()).collect();
    let time = json!({"type": "stdio", "command": line[0], "args": &line[1..]});
    let moved = Moved::new(&json!({"clock": time, "a": echo()}), &rules());
    let proxy = moved.start();
    for (client, wire, url) in [("sdk1", "http", &proxy.mcp), ("py1", "sse", &proxy.sse)] {
        let mut driver = installed.driver(client);
        driver.args(["--server", "time", "--prefix", "clock__", "--session", "shared", "--transport", wire]);
        driver.args(["--url", &format!("{url}?key=key-a")]);
        let (passed, output) = run(driver);
        assert!(passed, "{client}: {output}");
    }
    proxy.stop();
}
