//! The plain form: JSON in, JSON out, no session.

use std::time::Duration;

use mcp_proxy_core::Limits;
use mcp_testkit::Script;

use crate::{
    client::{Client, call, initialize, legacy, modern, plain},
    server::{slow_stage, stage},
};

#[tokio::test]
async fn a_request_gets_its_answer() {
    let script = Script::new().answer("tools/call", r#"{"done":1}"#);
    let client = Client::of(legacy(script.transport()));
    for accept in ["application/json", "*/*", "application/json, text/plain, */*"] {
        let got = client.ask(plain(call(7)).accept(accept)).await;
        assert_eq!((got.status, &*got.text), (200, r#"{"jsonrpc":"2.0","id":7,"result":{"done":1}}"#), "{accept}");
        assert_eq!(got.header("content-type"), Some("application/json"));
    }
    assert_eq!(client.ask(plain(call(7)).without("accept")).await.result(), r#"{"done":1}"#);
    assert_eq!(script.heard_of("initialize").len(), 1, "the proxy has done the handshake, once");
}

#[tokio::test]
async fn initialize_is_answered_from_what_the_server_said_and_opens_nothing() {
    let script = Script::new();
    let client = Client::of(legacy(script.transport()));
    for (asked, agreed) in [("2025-03-26", "2025-03-26"), ("2024-11-05", "2024-11-05"), ("2099-01-01", "2025-11-25")] {
        let got = client.ask(plain(initialize(asked))).await;
        let result = got.result();
        assert!(result.contains(agreed) && result.contains(r#""name":"script""#), "{result}");
        assert_eq!(got.header("mcp-session-id"), None);
    }
    assert_eq!(script.heard_of("initialize").len(), 1);
    client.ask(plain(r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}"#)).await.expect(400, -32602, "1");
}

#[tokio::test]
async fn a_notification_gets_nothing() {
    let script = Script::new().say("notifications/x", [""; 0]);
    let client = Client::of(legacy(script.transport()));
    for name in ["initialized", "x", "cancelled"] {
        let got = client.ask(plain(format!(r#"{{"jsonrpc":"2.0","method":"notifications/{name}"}}"#))).await;
        assert_eq!((got.status, &*got.text), (204, ""));
    }
    let ping = client.ask(plain(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#)).await;
    assert_eq!(ping.result(), "{}");
    assert_eq!(script.heard_of("notifications/x").len(), 1);
    assert!(script.heard_of("notifications/cancelled").is_empty());
    assert_eq!(script.heard_of("notifications/initialized").len(), 1, "the proxy's own");
}

#[tokio::test]
async fn nobody_asks_so_there_is_nothing_to_answer() {
    let client = Client::of(legacy(Script::new().transport()));
    client.ask(plain(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#)).await.expect(400, -32600, "1");
}

#[tokio::test]
async fn an_error_of_the_server_is_its_answer() {
    let client = Client::of(legacy(Script::new().transport()));
    let got = client.ask(plain(r#"{"jsonrpc":"2.0","id":"x","method":"none"}"#)).await;
    got.expect(200, -32601, "\"x\"");
}

#[tokio::test(start_paused = true)]
async fn notes_are_left_out() {
    let (server, mut stage) = stage();
    let client = Client::of(legacy(server));
    let asked = client.begin(plain(call(1)));
    let mut server = stage.server().await;
    let request = server.hear("tools/call").await;
    server.progress(&request, 1).await;
    server.answer(&request, "{}").await;
    assert_eq!(asked.await.unwrap().text, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_leaves_is_a_bad_gateway() {
    let (server, mut stage) = stage();
    let client = Client::of(legacy(server));
    let asked = client.begin(plain(call(1)));
    let mut server = stage.server().await;
    server.hear("tools/call").await;
    drop(server);
    asked.await.unwrap().expect(502, -32000, "1");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_answer_is_a_timeout() {
    let (server, mut stage) = stage();
    let limits = Limits { call_idle: Duration::from_secs(3), ..Limits::default() };
    let client = Client::with(legacy(server), limits);
    let asked = client.begin(plain(call(1)));
    let mut server = stage.server().await;
    server.hear("tools/call").await;
    asked.await.unwrap().expect(504, -32000, "1");
    server.hear("notifications/cancelled").await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_not_ready_in_time_is_a_timeout() {
    for (delay, status) in [(4, 200), (6, 504)] {
        let (server, _stage) = slow_stage(Duration::from_secs(delay));
        let limits = Limits { handshake: Duration::from_secs(5), ..Limits::default() };
        let client = Client::with(legacy(server), limits);
        assert_eq!(client.ask(plain(initialize("2025-06-18"))).await.status, status);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_with_enough_to_do_is_busy() {
    let (server, mut stage) = stage();
    let limits = Limits { calls_per_server: 2, ..Limits::default() };
    let client = Client::with(legacy(server), limits);
    let (one, two) = (client.begin(plain(call(1))), client.begin(plain(call(2))));
    let mut server = stage.server().await;
    let first = server.hear("tools/call").await;
    let second = server.hear("tools/call").await;
    let refused = client.ask(plain(call(3))).await;
    refused.expect(503, -32000, "3");
    assert_eq!(refused.header("retry-after"), Some("5"));
    server.answer(&first, "{}").await;
    server.answer(&second, "{}").await;
    assert_eq!((one.await.unwrap().status, two.await.unwrap().status), (200, 200));
}

#[tokio::test(start_paused = true)]
async fn whoever_hangs_up_ends_its_call() {
    let (server, mut stage) = stage();
    let client = Client::of(legacy(server));
    let asked = client.begin(plain(call(1)));
    let mut server = stage.server().await;
    server.hear("tools/call").await;
    asked.abort();
    server.hear("notifications/cancelled").await;
}

#[tokio::test]
async fn a_server_of_the_modern_era_is_as_good_as_any() {
    let script = Script::new().answer("tools/call", r#"{"resultType":"complete","content":[]}"#);
    let client = Client::of(modern(script.transport()));
    let said = client.ask(plain(initialize("2025-06-18"))).await.result();
    assert!(said.contains(r#""protocolVersion":"2025-06-18""#), "{said}");
    assert_eq!(client.ask(plain(call(1))).await.result(), r#"{"content":[]}"#);
}
