//! Sessions of streamable HTTP: how they begin, are named and end.

use http::Method;
use mcp_proxy_core::Proxy;
use mcp_testkit::Script;

use crate::client::{Client, ask, call, get, initialize, legacy, post};

fn client() -> Client {
    Client::of(legacy(Script::new().answer("tools/call", r#"{"done":1}"#).transport()))
}

#[tokio::test]
async fn initialize_opens_a_session_that_serves() {
    let client = client();
    let got = client.ask(post(initialize("2025-06-18"))).await;
    assert!(got.result().contains(r#""name":"script""#), "who the server is: {}", got.text);
    assert_eq!(got.message().id().unwrap().as_str(), "0");
    let session = got.header("mcp-session-id").unwrap().to_owned();
    assert!(session.bytes().all(|byte| byte.is_ascii_graphic()) && 40 < session.len());
    let note = post(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).session(&session);
    let accepted = client.ask(note).await;
    assert_eq!((accepted.status, &*accepted.text), (202, ""));
    let got = client.ask(post(call(1)).session(&session)).await;
    assert_eq!(got.text, r#"{"jsonrpc":"2.0","id":1,"result":{"done":1}}"#);
    assert_eq!(got.header("mcp-session-id"), None, "it is given once");
}

#[tokio::test]
async fn each_client_has_a_session_of_its_own() {
    let client = client();
    assert_ne!(client.session("2025-06-18").await, client.session("2025-06-18").await);
}

#[tokio::test]
async fn a_known_revision_is_agreed_to_and_any_other_answered_with_the_newest() {
    let client = client();
    for (asked, agreed) in [
        ("2024-11-05", "2024-11-05"),
        ("2025-03-26", "2025-03-26"),
        ("2025-06-18", "2025-06-18"),
        ("2025-11-25", "2025-11-25"),
        ("2026-07-28", "2025-11-25"),
        ("2099-01-01", "2025-11-25"),
        ("1.0", "2025-11-25"),
        ("", "2025-11-25"),
    ] {
        let result = client.ask(post(initialize(asked))).await.result();
        assert!(result.contains(&format!(r#""protocolVersion":"{agreed}""#)), "{asked}: {result}");
    }
}

#[tokio::test]
async fn an_initialize_that_cannot_be_read_opens_nothing() {
    let client = client();
    for params in ["{}", "[]", r#"{"protocolVersion":7}"#, r#"{"protocolVersion":"2025-06-18","capabilities":7}"#] {
        let got =
            client.ask(post(format!(r#"{{"jsonrpc":"2.0","id":1,"method":"initialize","params":{params}}}"#))).await;
        got.expect(400, -32602, "1");
        assert_eq!(got.header("mcp-session-id"), None);
    }
}

#[tokio::test]
async fn a_session_is_initialized_once() {
    let client = client();
    let session = client.session("2025-06-18").await;
    client.ask(post(initialize("2025-06-18")).session(&session)).await.expect(400, -32600, "0");
    assert_eq!(client.ask(post(call(1)).session(&session)).await.status, 200);
}

#[tokio::test]
async fn a_session_that_is_not_there_is_not_found() {
    let client = client();
    let long = "x".repeat(5000);
    for unknown in ["x", "constructor", "0123456789012345678901234567890123456789012", &long] {
        client.ask(post(call(1)).session(unknown)).await.expect(404, -32001, "null");
        client.ask(get("/mcp").session(unknown)).await.expect(404, -32001, "null");
        client.ask(ask(Method::DELETE, "/mcp").session(unknown)).await.expect(404, -32001, "null");
    }
    client.ask(post(call(1)).session("a b")).await.expect(400, -32600, "null");
}

#[tokio::test]
async fn a_session_of_one_server_is_none_of_another() {
    let script = || Script::new().transport();
    let client = Client::build(Proxy::builder().server("one", script()).server("two", script()));
    let got = client.ask(post(initialize("2025-06-18")).at("/one/mcp")).await;
    let session = got.header("mcp-session-id").unwrap();
    let ping = || post(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#).session(session);
    assert_eq!(client.ask(ping().at("/one/mcp")).await.status, 200);
    client.ask(ping().at("/two/mcp")).await.expect(404, -32001, "null");
}

#[tokio::test]
async fn a_session_ends_when_its_client_says_so() {
    let client = client();
    let (session, other) = (client.session("2025-06-18").await, client.session("2025-06-18").await);
    let got = client.ask(ask(Method::DELETE, "/mcp").session(&session)).await;
    assert_eq!((got.status, &*got.text), (200, ""));
    client.ask(post(call(1)).session(&session)).await.expect(404, -32001, "null");
    client.ask(get("/mcp").session(&session)).await.expect(404, -32001, "null");
    client.ask(ask(Method::DELETE, "/mcp").session(&session)).await.expect(404, -32001, "null");
    assert_eq!(client.ask(post(call(1)).session(&other)).await.status, 200, "the others go on");
}

#[tokio::test]
async fn the_version_header_must_name_a_revision() {
    let client = client();
    let session = client.session("2025-06-18").await;
    for unknown in ["2099-01-01", "1", "x"] {
        let got = client.ask(post(call(1)).session(&session).header("mcp-protocol-version", unknown)).await;
        got.expect(400, -32000, "1");
        assert!(got.text.contains("2025-06-18"), "{}", got.text);
        let listen = get("/mcp").session(&session).header("mcp-protocol-version", unknown);
        client.ask(listen).await.expect(400, -32000, "null");
        let end = ask(Method::DELETE, "/mcp").session(&session).header("mcp-protocol-version", unknown);
        client.ask(end).await.expect(400, -32000, "null");
    }
    for known in ["2025-06-18", "2025-11-25", "2024-11-05"] {
        let got = client.ask(post(call(1)).session(&session).header("mcp-protocol-version", known)).await;
        assert_eq!(got.status, 200, "older clients send their latest");
    }
    assert_eq!(client.ask(post(call(1)).session(&session)).await.status, 200, "absent");
}
