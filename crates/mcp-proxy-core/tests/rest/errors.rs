//! Whatever goes wrong: a status by its cause, and one form of body.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use http::Method;
use mcp_proxy_core::{
    Limits, Proxy, ServerOptions, Service, ServiceBody,
    transport::{Caller, ConnectError, Connection, Principal, Transport},
};
use mcp_testkit::Script;

use crate::{
    asked::{ALICE, BOB, CALL, RESULT, TOOLS, call, fetch, keyed, rest, rest_with, script, send},
    client::{Client, ask, legacy},
    noted::{Log, Noted},
    server::stage,
};

/// A server that lets nobody in.
#[derive(Debug)]
struct Refusing(u16);

#[async_trait]
impl Transport for Refusing {
    async fn connect(&self, _: &Arc<Caller>) -> Result<Arc<dyn Connection>, ConnectError> {
        Err(ConnectError::Http { status: self.0, challenge: None })
    }
}

#[tokio::test]
async fn what_is_not_there_is_told_in_the_words_of_before() {
    let script = script();
    let client = rest(legacy(script.transport()));
    client
        .ask(fetch("/api/mcp/zz/tools"))
        .await
        .is(404, r#"{"error":"Server not found","message":"Server 'zz' not found in configuration"}"#);
    client
        .ask(send("/api/mcp/lab/tools/big/execute", "{}"))
        .await
        .is(404, r#"{"error":"Tool not found","message":"Tool 'big' not found on server 'lab'"}"#);
    assert_eq!(script.heard_of("tools/list").len(), 1, "the list is asked for once");
    assert!(script.heard_of("tools/call").is_empty(), "and the tool is not called");
    for path in ["/nope", "/api/nope", "/api/mcp/lab", "/api/mcp/lab/tools/t", "/a/b/c"] {
        let text = format!(r#"{{"error":"Not found","message":"Route GET {path} does not exist"}}"#);
        client.ask(fetch(path)).await.is(404, &text);
    }
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_has_come_or_gone_is_noticed() {
    let (server, mut stage) = stage();
    let client = rest(legacy(server));
    let asked = client.begin(call());
    let mut server = stage.server().await;
    let request = server.hear("tools/list").await;
    server.answer(&request, r#"{"tools":[]}"#).await;
    assert_eq!(asked.await.unwrap().status, 404);
    let asked = client.begin(call());
    let request = server.hear_call().await;
    server.answer(&request, RESULT).await;
    asked.await.unwrap().is(200, RESULT);
    tokio::time::sleep(Duration::from_secs(31)).await;
    let asked = client.begin(call());
    let request = server.hear("tools/list").await;
    server.answer(&request, r#"{"tools":[]}"#).await;
    asked.await.unwrap().fails(404, "Tool not found");
}

#[tokio::test]
async fn a_server_that_lists_no_tools_may_have_any() {
    let refusal = r#"{"jsonrpc":"2.0","id":$id,"error":{"code":-32601,"message":"no lists"}}"#;
    let client = rest(legacy(script().say("tools/list", [refusal]).transport()));
    client.ask(call()).await.is(200, RESULT);
}

#[tokio::test]
async fn errors_of_the_server_keep_code_message_and_data() {
    for (code, status, kind) in [
        (-32602, 400, "Bad request"),
        (-32600, 400, "Bad request"),
        (-32601, 404, "Not found"),
        (-32603, 502, "Server error"),
        (-32000, 502, "Server error"),
        (-1, 502, "Server error"),
        (4012, 502, "Server error"),
    ] {
        let error = format!(r#"{{"code":{code},"message":"Tool \"x\" 401 not found","data":{{"a":1}}}}"#);
        let answer = format!(r#"{{"jsonrpc":"2.0","id":$id,"error":{error}}}"#);
        let client = rest(legacy(script().say("tools/call", [answer]).transport()));
        let text =
            format!(r#"{{"error":"{kind}","message":"Tool \"x\" 401 not found","code":{code},"data":{{"a":1}}}}"#);
        client.ask(call()).await.is(status, &text);
    }
}

#[tokio::test]
async fn a_body_that_is_no_object_of_json_is_the_callers_mistake() {
    let script = script();
    let client = rest(legacy(script.transport()));
    for body in ["{", "[1]", "1", "null", "{\"a\":1,}", "a=1&b=2", "{}{}", "\u{1}"] {
        client.ask(send(CALL, body)).await.fails(400, "Bad request");
        client.ask(send("/lab/t", body)).await.fails(400, "Bad request");
    }
    for query in ["init=true&init=true", "cursor=%zz", "unknown=1"] {
        client.ask(fetch("/api/mcp/lab/tools").query(query)).await.fails(400, "Bad request");
    }
    assert!(script.heard().is_empty(), "the server never hears of it");
}

#[tokio::test]
async fn a_body_may_be_as_long_as_the_limit() {
    let client = rest_with(legacy(script().transport()), Limits { body: 64, ..Limits::default() });
    let body = |length: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(length - 8));
    client.ask(send(CALL, &body(64))).await.is(200, RESULT);
    client.ask(send(CALL, &body(65))).await.fails(413, "Too large");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_down_is_waited_for_a_little() {
    let down = || {
        let server = Noted::new("lab", script().transport(), &Log::default());
        let down = server.down();
        down.set(true);
        (rest(legacy(server)), down)
    };
    let (client, _down) = down();
    let since = tokio::time::Instant::now();
    let got = client.ask(call()).await;
    got.fails(502, "Server unreachable");
    assert!(got.text.contains("server `lab`"), "{}", got.text);
    assert!(since.elapsed() < Duration::from_secs(7), "{:?}", since.elapsed());
    let (client, down) = down();
    let asked = client.begin(call());
    tokio::time::sleep(Duration::from_secs(2)).await;
    down.set(false);
    asked.await.unwrap().is(200, RESULT);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_answer_is_too_slow() {
    let silent: [&str; 0] = [];
    let client = rest(legacy(script().say("tools/call", silent).transport()));
    let since = tokio::time::Instant::now();
    client.ask(call()).await.fails(504, "Server too slow");
    assert!((60..65).contains(&since.elapsed().as_secs()), "{:?}", since.elapsed());
}

#[tokio::test(start_paused = true)]
async fn as_many_calls_as_one_server_may_have_are_in_flight() {
    let silent: [&str; 0] = [];
    let script = script().say("tools/call", silent);
    let client = rest_with(legacy(script.transport()), Limits { calls_per_server: 2, ..Limits::default() });
    let asked = [client.begin(call()), client.begin(call())];
    while script.heard_of("tools/call").len() < 2 {
        tokio::task::yield_now().await;
    }
    let got = client.ask(call()).await;
    got.fails(503, "Unavailable");
    assert_eq!(got.header("retry-after"), Some("5"));
    drop(asked);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_lets_nobody_in_says_so_itself() {
    for (status, kind) in [(401, "Authentication failed"), (403, "Not allowed")] {
        let client = rest(legacy(Refusing(status)));
        for ask in [call(), fetch("/api/mcp/lab/tools"), send("/api/mcp/lab/initialize", ""), send("/lab/t", "")] {
            client.ask(ask).await.fails(status, kind);
        }
    }
    rest(legacy(Refusing(404))).ask(call()).await.fails(502, "Server unreachable");
}

#[tokio::test]
async fn a_server_that_is_switched_off_is_not_used() {
    rest(ServerOptions::disabled("lab")).ask(call()).await.fails(503, "Unavailable");
}

#[tokio::test]
async fn the_wrong_method_is_told_the_right_one() {
    let client = rest(legacy(script().transport()));
    for (method, path, allowed) in [
        (Method::POST, "/api/list-servers", "GET"),
        (Method::GET, "/api/mcp/lab/initialize", "POST"),
        (Method::PUT, "/api/mcp/lab/tools", "GET"),
        (Method::GET, CALL, "POST"),
        (Method::POST, "/api/mcp/lab/calls/x", "GET, DELETE"),
        (Method::GET, "/lab/t", "POST"),
        (Method::POST, "/openapi.json", "GET"),
    ] {
        let got = client.ask(ask(method, path)).await;
        got.fails(405, "Method not allowed");
        assert_eq!(got.header("allow"), Some(allowed), "{path}");
    }
}

const ALL: [(&str, &str); 10] = [
    ("GET", "/api/list-servers"),
    ("GET", "/openapi.json"),
    ("GET", "/api/mcp/lab/tools"),
    ("GET", "/api/mcp/lab/openapi.json"),
    ("POST", "/api/mcp/lab/initialize"),
    ("POST", CALL),
    ("POST", "/api/mcp/lab/input"),
    ("DELETE", "/api/mcp/lab/calls/x"),
    ("POST", "/lab/t"),
    ("POST", "/nobody/t"),
];

#[tokio::test]
async fn without_a_key_there_is_the_page_and_nothing_else() {
    let script = script();
    let client = keyed(legacy(script.transport()));
    for (method, path) in ALL {
        let request = ask(method.parse().unwrap(), path);
        for refused in [request.clone(), request.key("wr0ng-s3cret-0123456789")] {
            let got = client.ask(refused).await;
            got.fails(401, "Authentication failed");
            assert_eq!(got.header("www-authenticate"), Some("Bearer"), "{path}");
        }
    }
    assert!(script.heard().is_empty(), "the server never hears of it");
    for (path, kind) in [("/docs", "text/html"), ("/docs/page.js", "text/javascript"), ("/docs/page.css", "text/css")] {
        let got = client.ask(fetch(path)).await;
        assert_eq!(got.status, 200, "{path}");
        assert!(got.header("content-type").unwrap().starts_with(kind), "{path}");
        assert!(got.header("content-security-policy").unwrap().contains("default-src 'none'"), "{path}");
    }
    client.ask(call().key(ALICE)).await.is(200, RESULT);
    client.ask(fetch("/api/mcp/lab/tools").header("authorization", &format!("Bearer {BOB}"))).await.is(200, TOOLS);
    let id = client.ask(send("/api/mcp/lab/initialize", "").key(ALICE)).await.text_of("sessionId");
    client.ask(call().session(&id).key(BOB)).await.fails(404, "Not found");
    client.ask(call().session(&id).key(ALICE)).await.is(200, RESULT);
}

#[tokio::test]
async fn whoever_may_not_ask_at_all_is_told_so_in_the_same_form() {
    let client = rest(legacy(script().transport()));
    for (method, path) in ALL {
        let request = ask(method.parse().unwrap(), path);
        client.ask(request.clone().header("host", "evil.test")).await.fails(403, "Not allowed");
        client.ask(request.header("origin", "https://evil.test")).await.fails(403, "Not allowed");
    }
}

/// A service that answers everything with nothing.
#[derive(Debug)]
struct Mute;

#[async_trait]
impl Service for Mute {
    async fn answer(&self, _: &Proxy, _: http::Request<bytes::Bytes>, _: &Principal) -> http::Response<ServiceBody> {
        use http_body_util::{BodyExt, Empty};
        http::Response::builder().status(299).body(Empty::new().boxed_unsync()).unwrap()
    }
}

#[tokio::test]
async fn services_stay_where_they_are_mounted_and_share_the_paths_below_api() {
    let builder = Proxy::builder().server_with(legacy(Script::new().transport()));
    let client = Client::build(builder.mount("api", Mute).mount("ui", Mute).rest());
    for (path, status) in [
        ("/api/servers", 299),
        ("/api/list-servers", 200),
        ("/api/mcp/lab/tools", 200),
        ("/ui/page", 299),
        ("/ui/openapi.json", 299),
        ("/lab/openapi.json", 200),
    ] {
        assert_eq!(client.ask(fetch(path)).await.status, status, "{path}");
    }
    assert_eq!(client.ask(send("/ui/t", "")).await.status, 299);
}
