//! What is refused before anybody asks a server, and how.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use futures::stream;
use http::Method;
use http_body::Frame;
use http_body_util::StreamBody;
use mcp_proxy_core::{Limits, Proxy};
use mcp_testkit::Script;
use tokio::time::Instant;

use crate::client::{Ask, BOTH, Client, ask, call, get, initialize, legacy, post};

fn client() -> Client {
    Client::of(legacy(Script::new().answer("tools/call", "{}").transport()))
}

#[tokio::test]
async fn a_body_must_be_said_to_be_json() {
    let client = client();
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
        client.ask(post(call(1)).header("content-type", kind)).await.expect(415, -32600, "null");
    }
    client.ask(post(call(1)).without("content-type")).await.expect(415, -32600, "null");
    let got =
        client.ask(post(initialize("2025-06-18")).header("content-type", "application/json; charset=utf-8")).await;
    assert_eq!(got.status, 200);
}

#[tokio::test]
async fn a_body_may_be_as_long_as_the_limit() {
    let limits = Limits { body: 200, ..Limits::default() };
    let client = Client::with(legacy(Script::new().transport()), limits);
    let padded = |length: usize| {
        let text = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
        format!("{text}{}", " ".repeat(length - text.len()))
    };
    let got = client.ask(post(padded(200)).accept("application/json")).await;
    assert_eq!(got.status, 200, "{}", got.text);
    let got = client.ask(post(padded(201)).accept("application/json")).await;
    got.expect(413, -32600, "null");
    assert!(got.text.contains("200 bytes"), "{}", got.text);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let client = client();
    let start = Instant::now();
    let request =
        post(call(1)).request().map(|_| StreamBody::new(stream::pending::<Result<Frame<Bytes>, Infallible>>()));
    client.ask_with(request).await.expect(408, -32600, "null");
    assert_eq!(start.elapsed(), Duration::from_secs(5), "1 KiB a second must come after that");
    let broken = stream::iter([Ok(Frame::data(Bytes::from_static(b"{"))), Err("gone")]);
    let request = post(call(1)).request().map(|_| StreamBody::new(broken));
    client.ask_with(request).await.expect(400, -32600, "null");
}

#[tokio::test]
async fn a_client_must_take_what_we_may_answer() {
    let client = client();
    let session = client.session("2025-06-18").await;
    let in_session = |accept: &str| post(call(1)).session(&session).accept(accept);
    client.ask(in_session("text/html")).await.expect(406, -32600, "null");
    client.ask(in_session("application/json")).await.expect(406, -32600, "1");
    client.ask(in_session("text/event-stream")).await.expect(406, -32600, "1");
    for enough in ["*/*", BOTH, "application/*, text/*", "application/json;q=0.1,text/event-stream;q=0.9"] {
        assert_eq!(client.ask(in_session(enough)).await.status, 200, "{enough}");
    }
    assert_eq!(client.ask(in_session("").without("accept")).await.status, 200);
    let note = r#"{"jsonrpc":"2.0","method":"notifications/x"}"#;
    let note = post(note).session(&session).accept("application/json");
    assert_eq!(client.ask(note).await.status, 202, "nothing comes back, so one of the two is enough");
    let hello = post(initialize("2025-06-18")).accept("text/event-stream");
    client.ask(hello).await.expect(406, -32600, "0");
    client.ask(get("/mcp").session(&session).accept("application/json")).await.expect(406, -32600, "null");
    client.ask(get("/sse").accept("application/json")).await.expect(406, -32600, "null");
}

#[tokio::test]
async fn a_body_that_is_no_message_is_refused_with_its_id_if_it_has_one() {
    let client = client();
    for (broken, id) in [
        ("", "null"),
        ("{", "null"),
        ("tools", "null"),
        ("{} {}", "null"),
        (r#"{"jsonrpc":"2.0","id":1,"method":"a"}x"#, "1"),
    ] {
        client.ask(post(broken)).await.expect(400, -32700, id);
    }
    for (odd, id) in [
        ("7", "null"),
        (r#"{"jsonrpc":"1.0","id":7,"method":"a"}"#, "7"),
        (r#"{"id":"x","method":"a"}"#, "\"x\""),
        (r#"{"jsonrpc":"2.0","id":null,"method":"a"}"#, "null"),
        (r#"{"jsonrpc":"2.0","id":1.5,"method":"a"}"#, "null"),
        (r#"{"jsonrpc":"2.0","id":7}"#, "7"),
        (r#"{"jsonrpc":"2.0","id":7,"method":1}"#, "7"),
        (r#"{"jsonrpc":"2.0","id":7,"id":8,"method":"a"}"#, "8"),
    ] {
        client.ask(post(odd)).await.expect(400, -32600, id);
    }
}

#[tokio::test]
async fn nothing_is_served_without_a_session() {
    let client = client();
    let got = client.ask(post(call(1))).await;
    got.expect(400, -32000, "1");
    assert!(got.text.contains("initialize"), "{}", got.text);
    client.ask(post(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#)).await.expect(400, -32000, "null");
    client.ask(post(r#"{"jsonrpc":"2.0","method":"initialize","params":{}}"#)).await.expect(400, -32000, "null");
    client.ask(get("/mcp")).await.expect(400, -32000, "null");
    client.ask(ask(Method::DELETE, "/mcp")).await.expect(400, -32000, "null");
}

#[tokio::test]
async fn other_paths_and_methods_are_refused_in_json() {
    let client = client();
    for path in ["/", "/mcpx", "/mcp/mcp", "/other/mcp", "/lab/health", "/favicon.ico", "/%6dcp"] {
        client.ask(post(initialize("2025-06-18")).at(path)).await.expect(404, -32600, "null");
        client.ask(get(path)).await.expect(404, -32600, "null");
    }
    for (path, method, allowed) in [
        ("/mcp", Method::PUT, "GET, POST, DELETE"),
        ("/mcp", Method::HEAD, "GET, POST, DELETE"),
        ("/mcp", Method::OPTIONS, "GET, POST, DELETE"),
        ("/mcp", Method::PATCH, "GET, POST, DELETE"),
        ("/sse", Method::POST, "GET"),
        ("/sse", Method::HEAD, "GET"),
        ("/messages", Method::GET, "POST"),
        ("/message", Method::PUT, "POST"),
        ("/health", Method::POST, "GET, HEAD"),
    ] {
        let got = client.ask(ask(method.clone(), path)).await;
        got.expect(405, -32600, "null");
        assert_eq!(got.header("allow"), Some(allowed), "{method} {path}");
    }
}

#[tokio::test]
async fn a_slash_at_the_end_and_the_servers_name_before_make_no_difference() {
    let client = client();
    for path in ["/mcp", "/mcp/", "/lab/mcp", "/lab/mcp/", "/l%61b/mcp", "/mcp?key=1"] {
        let got = client.ask(post(initialize("2025-06-18")).at(path)).await;
        assert_eq!((got.status, got.header("location")), (200, None), "{path}");
    }
}

#[tokio::test]
async fn several_servers_have_no_routes_at_the_top() {
    let script = || Script::new().transport();
    let builder = Proxy::builder().server("one", script()).server("two", script());
    let client = Client::build(builder);
    for (path, status) in [("/mcp", 404), ("/one/mcp", 200), ("/two/mcp", 200), ("/three/mcp", 404), ("/sse", 404)] {
        assert_eq!(client.ask(post(initialize("2025-06-18")).at(path)).await.status, status, "{path}");
    }
    assert_eq!(client.ask(get("/health")).await.status, 200);
}

#[tokio::test]
async fn health_needs_no_server() {
    let client = client();
    let got = client.ask(get("/health").accept("*/*")).await;
    assert_eq!(got.status, 200);
    assert!(got.text.starts_with(r#"{"status":"ok","#), "{}", got.text);
    assert_eq!(client.ask(ask(Method::HEAD, "/health")).await.status, 200);
}

#[tokio::test]
async fn a_stray_header_of_the_modern_era_does_no_harm() {
    let client = client();
    let stray = |ask: Ask| ask.header("mcp-method", "something/else").header("mcp-name", "x");
    let got = client.ask(stray(post(initialize("2025-11-25")))).await;
    assert_eq!(got.status, 200);
    let session = got.header("mcp-session-id").unwrap();
    assert_eq!(client.ask(stray(post(call(1)).session(session))).await.result(), "{}");
}
