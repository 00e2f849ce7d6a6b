//! Keys: every path and method but `/health`, and what is below it, asks for one, in whichever way it is presented.

use std::fs;

use http::{Method, StatusCode};
use mcp_testkit::bin;
use serde_json::json;

use crate::client::{Http, Pair, Session, error, text, tool};
use crate::folder::{Folder, entry, servers};
use crate::proxy::{Launch, Proxy};

const NONE: [&str; 0] = [];
const KEY: &str = "kept-1f0b6d2c9a8e47d3b5a6c7e8f9012345";

const METHODS: [Method; 7] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS];
/// What is at the top where there is one server, and below its name.
const OF_A_SERVER: [&str; 4] = ["mcp", "sse", "messages", "message"];
/// What is below `api`.
const OF_CONTROL: [&str; 8] = [
    "servers",
    "servers/NAME",
    "servers/NAME/start",
    "servers/NAME/stop",
    "servers/NAME/restart",
    "servers/NAME/tools/NAME/approve",
    "hub",
    "config",
];
/// Where there is nothing, or something else some day.
const NOTHING: [&str; 9] = [
    "/",
    "/favicon.ico",
    "/metrics/x",
    "/health/x",
    "/api",
    "/api/nothing",
    "/a/health",
    "/nobody/mcp",
    "/.well-known/x",
];

/// Every path, slashes at the end included.
fn paths() -> Vec<String> {
    let top = OF_A_SERVER.iter().map(|route| format!("/{route}"));
    let named = OF_A_SERVER.iter().map(|route| format!("/a/{route}"));
    let control = OF_CONTROL.iter().map(|route| format!("/api/{}", route.replace("NAME", "a")));
    let all: Vec<_> = top.chain(named).chain(control).chain(["/metrics".to_owned()]).collect();
    let slashed = all.iter().map(|path| format!("{path}/")).collect::<Vec<_>>();
    all.into_iter().chain(slashed).chain(NOTHING.map(str::to_owned)).collect()
}

fn one() -> Folder {
    Folder::with(servers(json!({"a": entry("echo-server", &[])})))
}

async fn status(http: &Http, method: &Method, url: &str, headers: &[(&str, &str)]) -> StatusCode {
    let fixed = [("accept", "application/json, text/event-stream"), ("content-type", "application/json")];
    let headers: Vec<_> = fixed.iter().chain(headers).copied().collect();
    http.send(method.clone(), url, &headers, "{}".to_owned()).await.status()
}

#[tokio::test]
async fn nothing_but_health_is_answered_without_a_key() {
    let folder = one();
    let mut proxy = folder.launch(&["--log-level", "trace"]).env("AUTH_KEY", KEY).start();
    let http = Http::new();
    let before = folder.read();
    for path in paths() {
        for method in METHODS {
            let url = proxy.at(&path);
            let wrong: [&[(&str, &str)]; 4] = [
                &[],
                &[("authorization", "Bearer another")],
                &[("x-api-key", &KEY[1..])],
                &[("authorization", "Basic a2V5OmtleQ=="), ("cookie", "auth_key=another")],
            ];
            for headers in wrong {
                let status = status(&http, &method, &url, headers).await;
                assert_eq!(status, StatusCode::UNAUTHORIZED, "{method} {path} {headers:?}");
            }
            let in_query = status(&http, &method, &format!("{url}?auth_key={}", &KEY[1..]), &[]).await;
            assert_eq!(in_query, StatusCode::UNAUTHORIZED, "{method} {path}");
            let right = [("x-api-key", KEY)];
            // The server is not to be stopped while the rest is looked at, nor to be waited for.
            if method != Method::POST && method != Method::DELETE {
                assert_ne!(status(&http, &method, &url, &right).await, StatusCode::UNAUTHORIZED, "{method} {path}");
            }
        }
    }
    assert_eq!(status(&http, &Method::GET, &proxy.at("/metrics"), &[("x-api-key", KEY)]).await, StatusCode::OK);
    for path in ["/health", "/health/live", "/health/ready"] {
        assert_eq!(status(&http, &Method::GET, &proxy.at(path), &[]).await, StatusCode::OK, "{path}");
    }
    assert_eq!(status(&http, &Method::GET, &proxy.at("/health?auth_key=another"), &[]).await, StatusCode::OK);
    assert_eq!(folder.read(), before);
    assert!(!proxy.said().contains(KEY), "{}", proxy.said());
    proxy.stop();
}

/// A route that somebody adds has to be in the tables above.
#[test]
fn every_route_of_the_program_is_in_the_tables() {
    let crates = crate::here().join("../crates");
    let source = |path: &str| fs::read_to_string(crates.join(path)).unwrap();
    let quoted = |text: &str| -> Vec<String> { text.split('"').skip(1).step_by(2).map(str::to_owned).collect() };

    let route = source("mcp-proxy-core/src/front/route.rs");
    let (_, leaf) = route.split_once("fn leaf(name: &str)").expect("the routes of a server are in one function");
    let (leaf, _) = leaf.split_once("\n}").unwrap();
    let found = quoted(leaf);
    assert!(found.len() > 3, "{leaf}");
    for route in found {
        assert!(route == "health" || OF_A_SERVER.contains(&&*route), "`{route}` is not in the table");
    }

    let service = source("mcp-control/src/service.rs");
    let arms: Vec<_> = service.lines().filter_map(|line| line.trim().strip_prefix("(&Method::")).collect();
    assert!(arms.len() > 5, "{service}");
    for arm in arms {
        let (_, pattern) = arm.split_once('[').unwrap();
        let (pattern, _) = pattern.split_once(']').unwrap();
        let segments = pattern.split(", ").map(|it| if it.starts_with('"') { it.trim_matches('"') } else { "NAME" });
        let route = segments.collect::<Vec<_>>().join("/");
        assert!(OF_CONTROL.contains(&&*route), "`{route}` is not in the table");
    }
}

#[tokio::test]
async fn a_key_can_be_presented_in_every_usual_way() {
    let proxy = one().launch(&NONE).env("AUTH_KEY", KEY).start();
    let http = Http::new();
    let (bearer, lower) = (format!("Bearer {KEY}"), format!("bearer   {KEY} "));
    let (auth_key, key) = (format!("?auth_key={KEY}"), format!("?key={KEY}"));
    let ways: [(&str, &[(&str, &str)]); 7] = [
        ("", &[("authorization", &bearer)]),
        ("", &[("authorization", &lower)]),
        ("", &[("x-api-key", KEY)]),
        (&auth_key, &[]),
        (&key, &[]),
        // What is meant for somebody else does no harm.
        ("", &[("authorization", "Bearer of-another"), ("x-api-key", KEY)]),
        (&auth_key, &[("authorization", "Bearer of-another")]),
    ];
    for (query, headers) in ways {
        let call = tool("echo", json!({"text": "come in"})).to_string();
        let (status, said) = http.json(Method::POST, &proxy.at(&format!("/a/mcp{query}")), headers, call).await;
        assert_eq!((status, text(&said)), (StatusCode::OK, "come in"), "{query} {headers:?}");
        let url = proxy.at(&format!("/a/mcp{query}"));
        let session = Session::try_open_with(&http, &url, headers, json!({})).await.unwrap();
        assert_eq!(text(&session.echo(1, "in").await), "in");
        assert!(session.end().await.is_success());
        let mut pair = Pair::open_with(&http, &proxy.at(&format!("/a/sse{query}")), headers, json!({})).await;
        assert!(!pair.address().contains(KEY), "{}", pair.address());
        // Without the key, as clients do that can only set a URL.
        pair.start(1, "echo", json!({"text": "in"})).await;
        assert_eq!(text(&pair.next().await), "in");
        let (status, said) =
            http.json(Method::GET, &proxy.at(&format!("/api/servers{query}")), headers, String::new()).await;
        assert_eq!((status, &said["a"]["status"]), (StatusCode::OK, &json!("running")), "{query} {headers:?}");
    }
    proxy.stop();
}

#[tokio::test]
async fn a_session_id_stands_for_the_key_only_where_its_stream_is_posted_to() {
    let config =
        json!({"keys": {"alice": "k-of-alice", "bob": "k-of-bob"}, "mcpServers": {"a": entry("echo-server", &[])}});
    let proxy = Folder::with(config.to_string()).start(&NONE);
    let http = Http::new();
    let alice = [("x-api-key", "k-of-alice")];
    let mut pair = Pair::open_with(&http, &proxy.at("/a/sse"), &alice, json!({})).await;
    let ping = || json!({"jsonrpc": "2.0", "id": 7, "method": "ping"}).to_string();
    let url = pair.address().to_owned();
    for (headers, url, status) in [
        (&[][..], url.clone(), StatusCode::ACCEPTED),
        (&alice, url.clone(), StatusCode::ACCEPTED),
        (&[], url.replace("session_id", "sessionId"), StatusCode::ACCEPTED),
        // Somebody else with a key of their own is somebody else.
        (&[("x-api-key", "k-of-bob")], url.clone(), StatusCode::NOT_FOUND),
        (&[("x-api-key", "no-key")], url.clone(), StatusCode::UNAUTHORIZED),
        (&[], format!("{url}x"), StatusCode::UNAUTHORIZED),
        (&[], url.replace("/messages", "/mcp"), StatusCode::UNAUTHORIZED),
        (&[], url.replace("/messages", "/sse"), StatusCode::UNAUTHORIZED),
    ] {
        let (said_status, said) = http.json(Method::POST, &url, headers, ping()).await;
        assert_eq!(said_status, status, "{headers:?} {url}: {said}");
    }
    for _ in 0..3 {
        let answer = pair.next().await;
        assert!(answer["id"] == 7 && answer["result"].is_object(), "{answer}");
    }

    let session = Session::try_open_with(&http, &proxy.at("/a/mcp"), &alice, json!({})).await.unwrap();
    for (key, status) in [("k-of-bob", StatusCode::NOT_FOUND), ("no-key", StatusCode::UNAUTHORIZED)] {
        let headers = [("x-api-key", key), ("mcp-session-id", session.secret()), ("accept", "text/event-stream")];
        let (said_status, said) = http.json(Method::POST, &proxy.at("/a/mcp"), &headers, ping()).await;
        assert_eq!(said_status, status, "{said}");
    }
    assert_eq!(text(&session.echo(1, "mine").await), "mine");
    proxy.stop();
}

#[tokio::test]
async fn keys_come_from_a_flag_a_file_the_environment_or_the_configuration() {
    let folder = one();
    let file = folder.write("key", format!("{KEY}\n"));
    let configured =
        Folder::with(json!({"authKey": "${MY_KEY}", "mcpServers": {"a": entry("echo-server", &[])}}).to_string());
    for launch in [
        folder.launch(&["--auth-key", KEY]),
        folder.launch(&["--auth-key-file".as_ref(), file.as_os_str()]),
        folder.launch(&NONE).env("AUTH_KEY", KEY),
        configured.launch(&NONE).env("MY_KEY", KEY),
        Launch::any_port(&["--auth-key", KEY, "--"]).args(&[bin("echo-server")]),
    ] {
        let proxy = launch.start();
        let url = proxy.mcp.replace("NAME", "a");
        let call = || tool("echo", json!({"text": "in"})).to_string();
        assert_eq!(Http::new().json(Method::POST, &url, &[], call()).await.0, StatusCode::UNAUTHORIZED);
        let (status, said) = Http::new().json(Method::POST, &url, &[("x-api-key", KEY)], call()).await;
        assert_eq!((status, text(&said)), (StatusCode::OK, "in"));
        proxy.stop();
    }
}

#[tokio::test]
async fn a_refusal_says_how_a_key_is_presented_and_quotes_none() {
    let proxy = one().launch(&NONE).env("AUTH_KEY", KEY).start();
    let http = Http::new();
    for query in ["", "?auth_key=almost-the-key"] {
        let url = proxy.at(&format!("/a/mcp{query}"));
        let answer = http.send(Method::POST, &url, &[("content-type", "application/json")], "{}".to_owned()).await;
        assert_eq!(answer.headers()["www-authenticate"], "Bearer");
        let said = crate::client::body(answer).await;
        assert!(error(&said).contains("key"), "{said}");
        assert!(!said.to_string().contains("almost-the-key"), "{said}");
    }
    let said = http.plain(&proxy.at("/a/mcp"), &json!({})).await.1;
    for way in ["`Authorization: Bearer …`", "`X-API-Key`", "`?auth_key=…`"] {
        assert!(error(&said).contains(way), "{said}");
    }
    proxy.stop();
}

#[test]
fn beyond_loopback_a_key_is_needed_to_start_at_all() {
    let folder = one();
    let words = ["`0.0.0.0`", "`AUTH_KEY`", "`--auth-key-file`", "127.0.0.1", "`--allow-unauthenticated`"];
    folder.launch(&["--host", "0.0.0.0"]).run().with(78, &words);
    folder.launch(&["--host", "::"]).run().with(78, &["`::`"]);
    let configured = Folder::with(json!({"host": "0.0.0.0", "mcpServers": {}}).to_string());
    configured.launch(&NONE).run().with(78, &words);
    let empty = [("AUTH_KEY", ""), ("AUTH_KEY", "  ")];
    for (name, value) in empty {
        folder.launch(&["--host", "0.0.0.0"]).env(name, value).run().with(78, &words);
    }
    let proxy: Proxy = folder.launch(&["--host", "0.0.0.0"]).env("AUTH_KEY", KEY).start();
    proxy.stop();
    folder.launch(&["--host", "0.0.0.0", "--allow-unauthenticated"]).start().stop();
}

#[tokio::test]
async fn a_key_that_may_be_guessed_is_warned_of_and_an_impossible_one_refused() {
    let folder = one();
    let mut proxy = folder.launch(&NONE).env("AUTH_KEY", "short").start();
    let said = proxy.says("may be guessed");
    assert!(!said.contains("short-"), "{said}");
    proxy.stop();
    let ended = folder.launch(&NONE).env("AUTH_KEY", "with a\u{7}bell").run();
    assert!(!ended.stderr.contains("bell"), "{}", ended.stderr);
    ended.with(78, &["auth-key"]);
}
