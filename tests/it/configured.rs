//! Several servers of one configuration file, each at its name.

use http::{Method, StatusCode};
use mcp_testkit::bin;
use serde_json::json;

use crate::client::{Http, Json, Pair, Session, error, text, tool};
use crate::folder::{Folder, and, entry, servers};
use crate::peers::installed::{Installed, Server};
use crate::proxy::Proxy;
use crate::status::status;

const NONE: [&str; 0] = [];

async fn echoed(http: &Http, proxy: &Proxy, path: &str) -> (StatusCode, Json) {
    http.plain(&proxy.at(path), &tool("echo", json!({"text": "hi"}))).await
}

#[tokio::test]
async fn each_server_answers_at_its_name() {
    let other = and(entry("rude-server", &[]), "env", json!({"OWN": "value of its own"}));
    let config = servers(json!({"echo": entry("echo-server", &[]), "my other server, ü": other}));
    let proxy = Folder::with(config).start(&NONE);
    let http = Http::new();
    for name in ["echo", "my%20other%20server,%20%C3%BC"] {
        for path in ["mcp", "mcp/", "message?dialect=prompty"] {
            let (status, said) = echoed(&http, &proxy, &format!("/{name}/{path}")).await;
            assert_eq!((status, text(&said)), (StatusCode::OK, "hi"));
        }
        let session = Session::open(&http, &proxy.at(&format!("/{name}/mcp")), json!({})).await;
        assert_eq!(text(&session.echo(1, "in a session").await), "in a session");
        let mut pair = Pair::open(&http, &proxy.at(&format!("/{name}/sse")), json!({})).await;
        assert!(pair.address().contains(&format!("/{name}/messages?session_id=")), "{}", pair.address());
        pair.start(1, "echo", json!({"text": "on a stream"})).await;
        assert_eq!(text(&pair.next().await), "on a stream");
    }
    let environment = http.plain(&proxy.at("/my%20other%20server,%20%C3%BC/mcp"), &tool("env", json!({}))).await.1;
    assert!(text(&environment).contains("OWN=value of its own\n"), "{environment}");
    proxy.stop();
}

#[tokio::test]
async fn a_session_of_one_server_is_none_of_another() {
    let proxy = Folder::with(servers(json!({"a": entry("echo-server", &[]), "b": entry("echo-server", &[])})));
    let proxy = proxy.start(&NONE);
    let http = Http::new();
    let pair = Pair::open(&http, &proxy.at("/a/sse"), json!({})).await;
    let (status, said) = http.json(Method::POST, &pair.address().replace("/a/", "/b/"), &[], ping()).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{said}");
    let session = Session::open(&http, &proxy.at("/a/mcp"), json!({})).await;
    let headers = [("mcp-session-id", session.secret()), ("accept", "text/event-stream")];
    let (status, said) = http.json(Method::POST, &proxy.at("/b/mcp"), &headers, ping()).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{said}");
    proxy.stop();
}

fn ping() -> String {
    json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}).to_string()
}

#[tokio::test]
async fn whatever_cannot_be_reached_says_why_in_its_own_way() {
    let dying = json!({"command": "sh", "args": ["-c", "echo 'words before the end' >&2; exit 3"], "maxRestarts": 0});
    let config = servers(json!({
        "echo": entry("echo-server", &[]),
        "off": and(entry("echo-server", &[]), "disabled", true),
        "missing": {"command": "no-such-program"},
        "dying": dying,
    }));
    let proxy = Folder::with(config).start(&NONE);
    let http = Http::new();
    assert_eq!(echoed(&http, &proxy, "/echo/mcp").await.0, StatusCode::OK);
    for (path, status, words) in [
        ("/off/mcp", StatusCode::SERVICE_UNAVAILABLE, ["`off`", "disabled in the configuration"]),
        ("/missing/mcp", StatusCode::BAD_GATEWAY, ["`no-such-program`", "installed and on PATH"]),
        ("/dying/mcp", StatusCode::BAD_GATEWAY, ["code 3", "words before the end"]),
        ("/nobody/mcp", StatusCode::NOT_FOUND, ["`nobody`", "`echo`"]),
        ("/mcp", StatusCode::NOT_FOUND, ["`dying`, `echo`, `missing`, `off`", "/NAME/mcp"]),
        ("/echo/nothing", StatusCode::NOT_FOUND, ["there is nothing here", "/NAME/mcp"]),
    ] {
        let (said_status, said) = echoed(&http, &proxy, path).await;
        assert_eq!(said_status, status, "{path}: {said}");
        assert_eq!(said["jsonrpc"], "2.0", "{path}: {said}");
        for word in words {
            assert!(error(&said).contains(word), "{path}: {said}");
        }
    }
    for (name, status) in [("off", StatusCode::SERVICE_UNAVAILABLE), ("dying", StatusCode::BAD_GATEWAY)] {
        let refused = Session::try_open(&http, &proxy.at(&format!("/{name}/mcp")), json!({})).await.unwrap_err();
        assert_eq!(refused.0, status, "{}", refused.1);
    }
    let headers = [("accept", "text/event-stream")];
    let stream = http.send(Method::GET, &proxy.at("/off/sse"), &headers, String::new()).await;
    assert_eq!(stream.status(), StatusCode::SERVICE_UNAVAILABLE);
    let (status, health) = http.json(Method::GET, &proxy.at("/health"), &[], String::new()).await;
    assert_eq!((status, &health["status"]), (StatusCode::OK, &json!("ok")));
    proxy.stop();
}

#[tokio::test]
async fn the_plain_form_needs_no_handshake() {
    let proxy = Folder::with(servers(json!({"echo": entry("echo-server", &[])}))).start(&NONE);
    let (http, url) = (Http::new(), proxy.at("/echo/mcp"));
    let (status, said) = http.plain(&url, &json!({"jsonrpc": "2.0", "id": "x", "method": "tools/list"})).await;
    assert_eq!((status, &said["id"]), (StatusCode::OK, &json!("x")));
    assert!(said["result"]["tools"].is_array(), "{said}");
    let note = json!({"jsonrpc": "2.0", "method": "notifications/roots/list_changed"});
    assert_eq!(http.plain(&url, &note).await, (StatusCode::NO_CONTENT, Json::Null));
    // What a client that does it anyway gets: the server's own introduction.
    let hello =
        json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}});
    let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello});
    let (status, said) = http.plain(&url, &hello).await;
    assert_eq!((status, &said["result"]["serverInfo"]["name"]), (StatusCode::OK, &json!("echo-server")));
    let (status, said) = http.json(Method::POST, &url, &[], "{".to_owned()).await;
    assert_eq!((status, &said["error"]["code"]), (StatusCode::BAD_REQUEST, &json!(-32700)));
    proxy.stop();
}

#[tokio::test]
async fn clients_with_equal_ids_get_their_own_answers() {
    let proxy = Folder::with(servers(json!({"echo": entry("echo-server", &[])}))).start(&NONE);
    let (http, url) = (Http::new(), proxy.at("/echo/mcp"));
    let calls = (0..50).map(async |n| {
        // The first one is answered last.
        let call = tool("echo", json!({"text": format!("of {n}"), "delay": 250 - 5 * n}));
        let (_, said) = http.plain(&url, &call).await;
        assert_eq!((text(&said), &said["id"]), (&*format!("of {n}"), &json!(1)));
    });
    futures::future::join_all(calls).await;
    proxy.stop();
}

#[tokio::test]
async fn one_that_hangs_at_its_start_holds_up_nobody() {
    let hanging = and(entry("rude-server", &["mute"]), "limits", json!({"handshake": "2s"}));
    let config = servers(json!({"a": hanging, "b": entry("echo-server", &[])}));
    let proxy = Folder::with(config).start(&NONE);
    let http = Http::new();
    assert_eq!(echoed(&http, &proxy, "/b/mcp").await.0, StatusCode::OK);
    assert_eq!(status(&http, &proxy, "a").await["status"], "starting");
    let (late, said) = echoed(&http, &proxy, "/a/mcp").await;
    assert_eq!(late, StatusCode::GATEWAY_TIMEOUT, "{said}");
    assert!(error(&said).contains("was not ready within 2s"), "{said}");
    proxy.stop();
}

#[tokio::test]
async fn the_official_servers_stand_side_by_side() {
    let Some(installed) = Installed::find() else { return };
    let folder = Folder::new();
    let official = |server| {
        let line = installed.server(server, folder.path());
        let line: Vec<_> = line.iter().map(|word| word.to_str().unwrap()).collect();
        json!({"command": line[0], "args": line[1..]})
    };
    folder.edit(servers(json!({
        "everything": official(Server::Everything),
        "files": official(Server::Filesystem),
        "time": official(Server::Time),
        "missing": {"command": "no-such-program"},
    })));
    let proxy = folder.start(&NONE);
    let http = Http::new();
    for (name, call, answer) in [
        ("everything", tool("get-sum", json!({"a": 2, "b": 40})), "42"),
        ("files", tool("list_directory", json!({"path": folder.path()})), "[FILE] mcp-config.json"),
        ("time", tool("get_current_time", json!({"timezone": "Europe/Berlin"})), "Europe/Berlin"),
    ] {
        let (code, said) = http.plain(&proxy.at(&format!("/{name}/mcp")), &call).await;
        assert!(code == StatusCode::OK && text(&said).contains(answer), "{name}: {said}");
    }
    assert_eq!(echoed(&http, &proxy, "/missing/mcp").await.0, StatusCode::BAD_GATEWAY);
    proxy.stop();
}

#[tokio::test]
async fn a_server_can_be_a_url() {
    let behind = Proxy::start(&["--era", "legacy"], &[bin("echo-server")]);
    let config = servers(json!({
        "found out": {"url": behind.mcp},
        "http": {"url": behind.mcp, "type": "http"},
        "pair": {"url": behind.sse, "type": "sse"},
        "pair found out": {"url": behind.sse},
    }));
    let proxy = Folder::with(config).start(&NONE);
    let http = Http::new();
    for name in ["found%20out", "http", "pair", "pair%20found%20out"] {
        let session = Session::open(&http, &proxy.at(&format!("/{name}/mcp")), json!({})).await;
        assert_eq!(text(&session.echo(1, name).await), name);
    }
    proxy.stop();
    behind.stop();
}
