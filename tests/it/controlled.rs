//! The configuration over HTTP: who may change it, and what a change does to the file and to what runs.

use http::{Method, StatusCode};
use serde_json::json;

use crate::client::{Http, Json, Session, text};
use crate::folder::{Folder, USUAL, and, entry, marked, servers};
use crate::marked::Mark;
use crate::proxy::Proxy;
use crate::status::status;

const NONE: [&str; 0] = [];
const CONFIG_API: [&str; 1] = ["--config-api"];
const KEY: &str = "0123456789abcdef0123456789abcdef";
const SECRET: &str = "canary-5e3a1";

async fn ask(proxy: &Proxy, method: Method, path: &str, body: &Json) -> (StatusCode, Json) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    Http::new().json(method, &proxy.at(path), &[], body).await
}

#[track_caller]
fn message(said: &Json) -> &str {
    said["message"].as_str().unwrap_or_else(|| panic!("no message: {said}"))
}

/// Every way to change the configuration, sound as they are.
fn changes() -> [(Method, &'static str, Json); 4] {
    let entry = json!({"command": "no-such-program"});
    [
        (Method::POST, "/api/config", json!({"mcpServers": {}})),
        (Method::PUT, "/api/servers/a", entry.clone()),
        (Method::PUT, "/api/servers/new", entry),
        (Method::DELETE, "/api/servers/a", Json::Null),
    ]
}

/// None of the changes is made, and the answers say why.
async fn nobody_may(folder: &Folder, proxy: &Proxy, headers: &[(&str, &str)], status: StatusCode, words: &str) {
    let before = folder.read();
    for (method, path, body) in changes() {
        let (refused, said) = Http::new().json(method.clone(), &proxy.at(path), headers, body.to_string()).await;
        assert_eq!(refused, status, "{method} {path}: {said}");
        assert!(said.to_string().contains(words), "{said}");
    }
    assert_eq!(folder.read(), before);
}

#[tokio::test]
async fn without_a_key_nobody_may_unless_it_is_asked_for() {
    let folder = Folder::with(servers(json!({"a": entry("echo-server", &[])})));
    let proxy = folder.start(&NONE);
    nobody_may(&folder, &proxy, &[], StatusCode::FORBIDDEN, "`--config-api`").await;
    let (read, said) = ask(&proxy, Method::GET, "/api/config", &Json::Null).await;
    assert_eq!((read, &said["mcpServers"]["a"]["era"]), (StatusCode::OK, &json!("legacy")));
    proxy.stop();
    let proxy = folder.start(&CONFIG_API);
    let (deleted, said) = ask(&proxy, Method::DELETE, "/api/servers/a", &Json::Null).await;
    assert_eq!((deleted, &said["removed"]), (StatusCode::OK, &json!(["a"])));
    proxy.stop();
}

#[tokio::test]
async fn beyond_loopback_only_holders_of_a_key_may() {
    let folder = Folder::with(servers(json!({"a": entry("echo-server", &[])})));
    let proxy = folder.start(&["--host", "0.0.0.0", "--allow-unauthenticated", "--config-api"]);
    nobody_may(&folder, &proxy, &[], StatusCode::FORBIDDEN, "loopback only").await;
    proxy.stop();
    let proxy = folder.launch(&["--host", "0.0.0.0"]).env("AUTH_KEY", KEY).start();
    nobody_may(&folder, &proxy, &[], StatusCode::UNAUTHORIZED, "a key is needed").await;
    nobody_may(&folder, &proxy, &[("x-api-key", "another")], StatusCode::UNAUTHORIZED, "the key is not").await;
    for (method, path, body) in changes() {
        let key = [("x-api-key", KEY)];
        let (done, said) = Http::new().json(method.clone(), &proxy.at(path), &key, body.to_string()).await;
        // After the first one there is no `a` left to be deleted; it is made again in between.
        assert_eq!((done, &said["success"]), (StatusCode::OK, &json!(true)), "{method} {path}: {said}");
    }
    proxy.stop();
}

#[tokio::test]
async fn web_pages_may_not() {
    let folder = Folder::with(servers(json!({"a": entry("echo-server", &[])})));
    let proxy = folder.start(&CONFIG_API);
    let foreign = [("origin", "https://evil.example")];
    nobody_may(&folder, &proxy, &foreign, StatusCode::FORBIDDEN, "evil.example").await;
    nobody_may(&folder, &proxy, &[("origin", "null")], StatusCode::FORBIDDEN, "").await;
    nobody_may(&folder, &proxy, &[("host", "evil.example")], StatusCode::FORBIDDEN, "evil.example").await;
    // What a form can send without being asked whether it may.
    let before = folder.read();
    for (method, path, body) in changes().into_iter().filter(|(_, _, body)| !body.is_null()) {
        for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
            let url = proxy.at(path);
            let answer = Http::new().send(method.clone(), &url, &[("content-type", kind)], body.to_string()).await;
            assert_eq!(answer.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE, "{method} {path} {kind}");
        }
        let answer = Http::new().send(method.clone(), &proxy.at(path), &[], body.to_string()).await;
        assert_eq!(answer.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE, "{method} {path}");
    }
    let restart = ["start", "stop", "restart"];
    for what in restart {
        let path = format!("/api/servers/a/{what}");
        let (refused, _) = Http::new().json(Method::POST, &proxy.at(&path), &foreign, String::new()).await;
        assert_eq!(refused, StatusCode::FORBIDDEN);
    }
    assert_eq!(folder.read(), before);
    proxy.stop();
}

/// A file that a person has written.
fn written_by_hand(mark: &Mark) -> String {
    let entry = marked(mark, "echo-server", &[]);
    format!(
        r#"{{
  // what this is for
  "mcpServers": {{
    "a": {entry}, // the first
    /* the second */
    "b": {{
      "command": "no-such-program", // to be installed
      "args": ["-y", "--token", "{SECRET}", "a, b"],
      "env": {{ "TOKEN": "{SECRET}", "HERE": "${{HERE:-x}}" }},
      "alwaysAllow": ["x"],
    }},
  }},
  "ours": {{ "kept": true }}, // another program's
}}
"#
    )
}

#[tokio::test]
async fn a_change_keeps_comments_unknown_keys_and_what_runs() {
    let mark = Mark::new();
    let folder = Folder::with(written_by_hand(&mark));
    let mut proxy = folder.start(&CONFIG_API);
    let session = Session::open(&Http::new(), &proxy.at("/a/mcp"), json!({})).await;
    let process = mark.ids();

    let new = entry("echo-server", &[]);
    let (done, said) = ask(&proxy, Method::PUT, "/api/servers/my%20new%20one", &new).await;
    assert_eq!(
        (done, &said["added"], &said["unchanged"]),
        (StatusCode::OK, &json!(["my new one"]), &json!(["a", "b"]))
    );
    let session_of_new = Session::open(&Http::new(), &proxy.at("/my%20new%20one/mcp"), json!({})).await;
    assert_eq!(text(&session_of_new.echo(1, "new").await), "new");

    let (done, said) = ask(&proxy, Method::PUT, "/api/servers/my%20new%20one", &and(new, "maxRestarts", 9)).await;
    assert_eq!((done, &said["changed"]), (StatusCode::OK, &json!(["my new one"])));
    let file = folder.read();
    for part in
        ["// what this is for", "// the first", "/* the second */", "// to be installed", "\"alwaysAllow\": [\"x\"]"]
    {
        assert!(file.contains(part), "{part} in {file}");
    }
    assert!(file.contains("\"ours\": { \"kept\": true }, // another program's") && file.contains(SECRET), "{file}");
    assert!(file.contains("\"maxRestarts\": 9"), "{file}");

    let (done, _) = ask(&proxy, Method::DELETE, "/api/servers/my%20new%20one", &Json::Null).await;
    assert_eq!(done, StatusCode::OK);
    assert_eq!(folder.read(), written_by_hand(&mark));
    let (gone, _) = ask(&proxy, Method::DELETE, "/api/servers/my%20new%20one", &Json::Null).await;
    assert_eq!(gone, StatusCode::NOT_FOUND);
    assert_eq!(text(&session.echo(1, "undisturbed").await), "undisturbed");
    assert_eq!(mark.ids(), process);
    // Each was applied once, though the file was seen to change as well.
    folder.edit(servers(json!({})));
    let said = proxy.says(r#"removed=["a", "b"]"#);
    assert_eq!(said.matches("the configuration has been applied").count(), 4, "{said}");
    proxy.stop();
}

#[tokio::test]
async fn the_whole_configuration_is_replaced_at_once() {
    let (kept, gone) = (Mark::new(), Mark::new());
    let config = json!({"kept": marked(&kept, "echo-server", &[]), "gone": marked(&gone, "echo-server", &[])});
    let folder = Folder::with(servers(config));
    let proxy = folder.start(&CONFIG_API);
    let session = Session::open(&Http::new(), &proxy.at("/kept/mcp"), json!({})).await;
    // The form that system 000 takes, and the servers alone.
    for (n, whole) in [true, false].into_iter().enumerate() {
        let name = format!("new-{n}");
        let list = json!({"kept": marked(&kept, "echo-server", &[]), (&name): entry("echo-server", &[])});
        let body = if whole { json!({"mcpServers": list}) } else { list };
        let (done, said) = ask(&proxy, Method::POST, "/api/config", &body).await;
        assert_eq!(done, StatusCode::OK, "{said}");
        assert_eq!((&said["success"], &said["added"]), (&json!(true), &json!([name])));
        assert_eq!((&said["unchanged"], said["removed"].as_array().unwrap().len()), (&json!(["kept"]), 1));
        gone.until(0).await;
        assert_eq!(text(&session.echo(1, "kept").await), "kept");
    }
    assert_eq!(folder.read().matches("echo-server").count(), 2);
    proxy.stop();
}

#[tokio::test]
async fn secrets_are_masked_and_what_comes_back_masked_is_what_it_was() {
    let entry = json!({
        "command": "no-such-program",
        "args": [
            "-y", "pkg", "--api-key", SECRET, format!("--token={SECRET}"), "-e", format!("GITHUB_TOKEN={SECRET}"),
            "--header", format!("Authorization: Bearer {SECRET}"), format!("https://example.com/sse?key={SECRET}"),
        ],
        "env": {"TOKEN": SECRET, "PLACE": "${HERE:-there}", "ONLY_A_NAME": "${HOME}"},
    });
    let remote = json!({
        "url": format!("http://127.0.0.1:9/mcp?key={SECRET}"),
        "headers": {"Authorization": format!("Bearer {SECRET}"), "X-Other": "Bearer ${HOME}"},
    });
    let bearer = json!({"url": "http://127.0.0.1:9/mcp", "type": "http", "apiKey": SECRET, "bearerToken": SECRET});
    let folder = Folder::with(servers(json!({"a": entry, "b": remote, "c": bearer})));
    let before = folder.read();
    let mut proxy = folder.start(&["--config-api", "--log-level", "debug"]);
    let (read, shown) = ask(&proxy, Method::GET, "/api/config", &Json::Null).await;
    assert_eq!(read, StatusCode::OK);
    assert!(!shown.to_string().contains(SECRET), "{shown:#}");
    let list = &shown["mcpServers"];
    assert_eq!((&list["a"]["args"][1], &list["a"]["env"]["ONLY_A_NAME"]), (&json!("pkg"), &json!("${HOME}")));
    assert_eq!(
        (&list["a"]["env"]["TOKEN"], &list["b"]["headers"]["X-Other"]),
        (&json!("***"), &json!("Bearer ${HOME}"))
    );

    let (done, said) = ask(&proxy, Method::POST, "/api/config", &json!({"mcpServers": list})).await;
    assert_eq!((done, &said["unchanged"]), (StatusCode::OK, &json!(["a", "b", "c"])), "{said}");
    assert_eq!(folder.read(), before);
    let mut changed = list["a"].clone();
    changed["env"]["TOKEN"] = json!("another");
    changed["maxRestarts"] = json!(1);
    let (done, said) = ask(&proxy, Method::PUT, "/api/servers/a", &changed).await;
    assert_eq!((done, &said["changed"]), (StatusCode::OK, &json!(["a"])), "{said}");
    let after: Json = serde_json::from_str(&folder.read()).unwrap();
    let mut expected: Json = serde_json::from_str(&before).unwrap();
    expected["mcpServers"]["a"]["env"]["TOKEN"] = json!("another");
    expected["mcpServers"]["a"]["maxRestarts"] = json!(1);
    assert_eq!(after, expected);
    assert!(!proxy.said().contains(SECRET), "{}", proxy.said());
    proxy.stop();
}

#[tokio::test]
async fn what_is_wrong_is_refused_and_changes_nothing() {
    let mark = Mark::new();
    let folder = Folder::with(servers(json!({"a": marked(&mark, "echo-server", &[])})));
    let proxy = folder.start(&CONFIG_API);
    mark.until(1).await;
    let (before, process) = (folder.read(), mark.ids());
    let good = json!({"command": "no-such-program"});
    for (path, body, words) in [
        ("/api/servers/a", json!({}), "mcpServers.a"),
        ("/api/servers/a", json!("text"), "must be an object"),
        ("/api/servers/a", json!({"command": ["x"]}), "mcpServers.a.command"),
        ("/api/servers/a", json!({"command": "x", "url": "http://127.0.0.1/mcp"}), "mcpServers.a"),
        ("/api/servers/a", and(good.clone(), "maxRestarts", "many"), "mcpServers.a.maxRestarts"),
        ("/api/servers/a", and(good.clone(), "type", "nonsense"), "nonsense"),
        ("/api/servers/a", and(good.clone(), "requestEnv", json!({"LD_PRELOAD": {"query": "x"}})), "LD_PRELOAD"),
        ("/api/servers/api", good.clone(), "mcpServers.api"),
        ("/api/servers/a%2Fb", good.clone(), "a/b"),
        ("/api/config", json!({"mcpServers": {"a": good, "b": {"command": 5}}}), "mcpServers.b.command"),
        ("/api/config", json!([]), "must be an object"),
        ("/api/config", json!({"mcpServers": ["a"]}), "must be an object"),
    ] {
        let method = if path == "/api/config" { Method::POST } else { Method::PUT };
        let (refused, said) = ask(&proxy, method, path, &body).await;
        assert_eq!(refused, StatusCode::BAD_REQUEST, "{path} {body}: {said}");
        assert!(message(&said).contains(words), "{path} {body}: {said}");
    }
    for broken in ["", "{", "{\"a\": {}} {}", "// a comment\n{}", "\u{feff}nonsense"] {
        let url = proxy.at("/api/config");
        let (refused, said) = Http::new().json(Method::POST, &url, &[], broken.to_owned()).await;
        assert_eq!(refused, StatusCode::BAD_REQUEST, "{broken}: {said}");
    }
    assert_eq!(folder.read(), before);
    assert_eq!(mark.ids(), process);
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, [USUAL], "nothing is left beside it");
    assert_eq!(status(&Http::new(), &proxy, "a").await["status"], "running");
    proxy.stop();
}

#[tokio::test]
async fn without_a_file_there_is_none_to_change() {
    let proxy = Proxy::start(&["--config-api", "--era", "legacy"], &[mcp_testkit::bin("echo-server")]);
    for (method, path, body) in changes() {
        let (refused, said) = ask(&proxy, method, path, &body).await;
        assert_eq!(refused, StatusCode::NOT_FOUND, "{said}");
        assert!(message(&said).contains("`--config`"), "{said}");
    }
    assert_eq!(status(&Http::new(), &proxy, "server").await["status"], "running");
    proxy.stop();
}
