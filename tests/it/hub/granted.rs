//! Groups, and keys that open some of them.

use http::{Method, StatusCode};
use serde_json::json;

use super::{NONE, echo, launch, tools};
use crate::client::{Http, Json, Pair, Session, body as body_of, text};
use crate::folder::Folder;
use crate::proxy::Proxy;

const PASSWORD: &str = "correct horse battery";

fn start() -> Proxy {
    let config = json!({
        "keys": {"all": "k-all", "few": {"key": "k-few", "groups": ["dev"], "tools": ["*echo", "*log"]}},
        "groups": {"dev": {"servers": ["a", "b"], "deny": ["a__log"]}, "one": {"servers": ["c"]}},
        "mcpServers": {"a": echo(), "b": echo(), "c": echo()},
    });
    launch(&Folder::with(config.to_string()), &NONE).start()
}

async fn open(proxy: &Proxy, path: &str, key: &str) -> Result<Session, (StatusCode, Json)> {
    let bearer = format!("Bearer {key}");
    Session::try_open_with(&Http::new(), &proxy.at(path), &[("authorization", &bearer)], json!({})).await
}

#[tokio::test]
async fn a_key_opens_its_groups_and_no_more() {
    let proxy = start();
    let whole = open(&proxy, "/mcp", "k-all").await.unwrap();
    assert_eq!(tools(&whole).await.len(), 15);
    for path in ["/mcp", "/groups/dev/mcp"] {
        let few = open(&proxy, path, "k-few").await.unwrap();
        assert_eq!(tools(&few).await, ["a__echo", "b__echo", "b__log"], "{path}");
        assert_eq!(text(&few.call(1, "b__echo", json!({"text": "mine"})).await), "mine");
        for other in ["b__roots", "a__log", "c__echo"] {
            let refused = few.call(2, other, json!({"text": "not mine"})).await;
            assert_eq!(refused["error"]["code"], -32602, "{other}: {refused}");
        }
    }
    for path in ["/groups/one/mcp", "/servers/c/mcp"] {
        let (status, said) = open(&proxy, path, "k-few").await.unwrap_err();
        assert!(status == StatusCode::FORBIDDEN || status == StatusCode::NOT_FOUND, "{path}: {status} {said}");
    }
    assert_eq!(open(&proxy, "/mcp", "k-none").await.unwrap_err().0, StatusCode::UNAUTHORIZED);
    assert_eq!(open(&proxy, "/groups/none/mcp", "k-all").await.unwrap_err().0, StatusCode::NOT_FOUND);
    proxy.stop();
}

#[tokio::test]
async fn a_group_of_one_server_has_the_servers_own_names() {
    let proxy = start();
    let names = ["echo", "ask", "sample", "roots", "log"];
    for path in ["/groups/one/mcp", "/servers/c/mcp"] {
        let session = open(&proxy, path, "k-all").await.unwrap();
        assert_eq!(tools(&session).await, names, "{path}");
        assert_eq!(text(&session.echo(1, "alone").await), "alone");
    }
    proxy.stop();
}

#[tokio::test]
async fn a_key_is_taken_in_every_usual_way() {
    let proxy = start();
    let http = Http::new();
    let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}).to_string();
    for (query, headers, expected) in [
        ("", &[("x-api-key", "k-all")][..], StatusCode::OK),
        ("", &[("authorization", "Bearer k-all")], StatusCode::OK),
        ("?key=k-all", &[], StatusCode::OK),
        ("?auth_key=k-all", &[], StatusCode::OK),
        ("?key=k-none", &[], StatusCode::UNAUTHORIZED),
        ("", &[], StatusCode::UNAUTHORIZED),
    ] {
        let url = format!("{}{query}", proxy.mcp);
        let (status, said) = http.json(Method::POST, &url, headers, ping.clone()).await;
        assert_eq!(status, expected, "{query} {headers:?}: {said}");
    }
    let url = format!("{}?key=k-few", proxy.sse);
    let mut pair = Pair::open(&http, &url, json!({})).await;
    pair.start(1, "a__echo", json!({"text": "by URL"})).await;
    assert_eq!(text(&pair.next().await), "by URL");
    for path in ["/health", "/health/ready"] {
        assert_ne!(http.json(Method::GET, &proxy.at(path), &[], String::new()).await.0, StatusCode::UNAUTHORIZED);
    }
    for path in ["/metrics", "/api/servers", "/api/config"] {
        let status = http.json(Method::GET, &proxy.at(path), &[], String::new()).await.0;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{path}");
    }
    proxy.stop();
}

#[tokio::test]
async fn no_path_of_a_hub_is_answered_without_a_key() {
    let proxy = start();
    let http = Http::new();
    let ends = ["mcp", "sse", "messages", "message", ""];
    let places = ["", "groups/dev/", "groups/none/", "servers/a/", "servers/none/", "a/"];
    let mut paths: Vec<_> = places.iter().flat_map(|place| ends.map(|end| format!("/{place}{end}"))).collect();
    paths.extend(["/api/hub", "/api/servers/a/tools/echo/approve", "/api/servers/a/stop"].map(str::to_owned));
    for path in paths {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            for headers in [&[][..], &[("x-api-key", "k-none")]] {
                let answer = http.send(method.clone(), &proxy.at(&path), headers, "{}".to_owned()).await;
                assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{method} {path} {headers:?}");
            }
        }
    }
    // A key that is limited is for MCP alone.
    let status = http.json(Method::GET, &proxy.at("/api/servers"), &[("x-api-key", "k-few")], String::new()).await.0;
    assert_eq!(status, StatusCode::FORBIDDEN);
    proxy.stop();
}

/// Whoever is logged in at the pages of a hub.
struct Admin {
    http: Http,
    url: String,
    cookie: String,
    token: String,
}

impl Admin {
    async fn log_in(proxy: &mut Proxy) -> Self {
        let said = proxy.says("the pages are at http");
        let url = said.split_whitespace().skip_while(|word| *word != "pages").nth(3).unwrap().to_owned();
        let http = Http::new();
        let body = json!({"username": "admin", "password": PASSWORD}).to_string();
        let headers = [("origin", url.as_str()), ("content-type", "application/json")];
        let answer = http.send(Method::POST, &format!("{url}/api/v1/login"), &headers, body).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let token = body_of(answer).await["csrfToken"].as_str().unwrap().to_owned();
        Self { http, url, cookie, token }
    }

    async fn ask(&self, method: Method, path: &str, body: &Json) -> (StatusCode, Json) {
        let headers = [("origin", &*self.url), ("cookie", &self.cookie), ("x-csrf-token", &self.token)];
        let url = format!("{}/api/v1{path}", self.url);
        self.http.json(method, &url, &headers, body.to_string()).await
    }
}

#[tokio::test]
async fn a_key_made_at_the_pages_opens_at_once_and_one_that_is_revoked_no_more() {
    let folder = Folder::with(json!({"keys": {"first": "k-first"}, "mcpServers": {"a": echo()}}).to_string());
    let options = ["--admin", "--admin-address", "127.0.0.1:0"];
    let mut proxy = launch(&folder, &options).env("ADMIN_PASSWORD", PASSWORD).start();
    let admin = Admin::log_in(&mut proxy).await;
    let (status, made) = admin.ask(Method::POST, "/keys", &json!({"name": "second"})).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let key = made["key"].as_str().unwrap();
    assert!(!folder.read().contains(key), "the file has a fingerprint of it");

    let session = open(&proxy, "/mcp", key).await.unwrap();
    assert_eq!(text(&session.call(1, "a__echo", json!({"text": "at once"})).await), "at once");
    let other = open(&proxy, "/mcp", "k-first").await.unwrap();

    let (status, said) = admin.ask(Method::DELETE, "/keys/second", &json!({})).await;
    assert!(status.is_success(), "{said}");
    assert_eq!(open(&proxy, "/mcp", key).await.unwrap_err().0, StatusCode::UNAUTHORIZED);
    assert_eq!(session.end().await, StatusCode::UNAUTHORIZED, "what it had opened is closed, too");
    assert_eq!(text(&other.call(1, "a__echo", json!({"text": "still"})).await), "still");
    proxy.stop();
}
