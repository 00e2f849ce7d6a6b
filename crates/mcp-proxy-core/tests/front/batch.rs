//! Batches of revision 2025-03-26.

use mcp_proxy_core::Limits;
use mcp_testkit::Script;

use crate::{
    client::{Client, call, initialize, legacy, post},
    server::stage,
};

const NOTE: &str = r#"{"jsonrpc":"2.0","method":"notifications/x"}"#;
const PING: &str = r#"{"jsonrpc":"2.0","id":"p","method":"ping"}"#;

fn script() -> Script {
    Script::new().answer("tools/call", "{}").say("notifications/x", [""; 0])
}

#[tokio::test]
async fn requests_and_notifications_may_be_mixed() {
    let script = script();
    let client = Client::of(legacy(script.transport()));
    let session = client.session("2025-03-26").await;
    let got = client.ask(post(format!("[{},{NOTE},{PING}]", call(1))).session(&session)).await;
    assert_eq!(got.status, 200);
    assert_eq!(got.header("content-type"), Some("application/json"));
    let (one, two) = (r#"{"jsonrpc":"2.0","id":1,"result":{}}"#, r#"{"jsonrpc":"2.0","id":"p","result":{}}"#);
    assert!(got.text == format!("[{one},{two}]") || got.text == format!("[{two},{one}]"), "{}", got.text);
    assert_eq!(script.heard_of("notifications/x").len(), 1);
}

#[tokio::test]
async fn one_request_in_a_batch_is_answered_by_a_batch() {
    let client = Client::of(legacy(script().transport()));
    let session = client.session("2025-03-26").await;
    let got = client.ask(post(format!("[{PING}]")).session(&session)).await;
    assert_eq!(got.text, r#"[{"jsonrpc":"2.0","id":"p","result":{}}]"#);
}

#[tokio::test]
async fn a_batch_that_asks_nothing_is_accepted() {
    let client = Client::of(legacy(script().transport()));
    let session = client.session("2025-03-26").await;
    let answer = r#"{"jsonrpc":"2.0","id":99,"result":{}}"#;
    for batch in [format!("[{NOTE},{NOTE}]"), format!("[{answer}]")] {
        let got = client.ask(post(batch).session(&session)).await;
        assert_eq!((got.status, &*got.text), (202, ""));
    }
}

#[tokio::test]
async fn equal_ids_in_a_batch_are_all_answered() {
    let client = Client::of(legacy(script().transport()));
    let session = client.session("2025-03-26").await;
    let got = client.ask(post(format!("[{PING},{PING}]")).session(&session)).await;
    assert_eq!(got.text.matches(r#""id":"p""#).count(), 2, "{}", got.text);
}

#[tokio::test]
async fn a_broken_part_is_an_error_of_its_own() {
    let client = Client::of(legacy(script().transport()));
    let session = client.session("2025-03-26").await;
    let got = client.ask(post(format!(r#"[7,{PING},{{"jsonrpc":"2.0","id":3}}]"#)).session(&session)).await;
    assert_eq!(got.status, 200);
    for part in [r#""id":"p","result""#, r#""id":3,"error":{"code":-32600"#, r#""id":null,"error":{"code":-32600"#] {
        assert!(got.text.contains(part), "{part}: {}", got.text);
    }
}

#[tokio::test]
async fn a_batch_has_from_one_to_fifty_messages() {
    let client = Client::with(legacy(script().transport()), Limits::default());
    let session = client.session("2025-03-26").await;
    client.ask(post("[]").session(&session)).await.expect(400, -32600, "null");
    let many = |count| format!("[{}]", [PING].repeat(count).join(","));
    let got = client.ask(post(many(50)).session(&session)).await;
    assert_eq!((got.status, got.text.matches("result").count()), (200, 50));
    client.ask(post(many(51)).session(&session)).await.expect(400, -32600, "null");
    client.ask(post("[{").session(&session)).await.expect(400, -32700, "null");
}

#[tokio::test]
async fn a_batch_may_be_larger_than_what_may_be_in_flight() {
    let limits = Limits { calls_per_session: 2, ..Limits::default() };
    let client = Client::with(legacy(script().transport()), limits);
    let session = client.session("2025-03-26").await;
    let many = format!("[{}]", [PING].repeat(5).join(","));
    let got = client.ask(post(many).session(&session)).await;
    assert_eq!((got.status, got.text.matches("result").count()), (200, 5), "{}", got.text);
}

#[tokio::test]
async fn initialize_has_no_place_in_a_batch_and_nothing_of_it_is_done() {
    let script = script();
    let client = Client::of(legacy(script.transport()));
    let session = client.session("2025-03-26").await;
    let batch = format!("[{},{NOTE},{}]", call(1), initialize("2025-03-26"));
    client.ask(post(&*batch).session(&session)).await.expect(400, -32600, "null");
    assert!(script.heard_of("tools/call").is_empty() && script.heard_of("notifications/x").is_empty());
    client.ask(post(batch)).await.expect(400, -32000, "null");
}

#[tokio::test]
async fn other_revisions_have_no_batches() {
    let script = script();
    let client = Client::of(legacy(script.transport()));
    for revision in ["2024-11-05", "2025-06-18", "2025-11-25"] {
        let session = client.session(revision).await;
        client.ask(post(format!("[{}]", call(1))).session(&session)).await.expect(400, -32600, "null");
    }
    assert!(script.heard_of("tools/call").is_empty());
}

#[tokio::test]
async fn a_batch_has_no_messages_of_the_modern_era() {
    let script = script();
    let client = Client::of(legacy(script.transport()));
    let modern = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}"#;
    let session = client.session("2025-03-26").await;
    client.ask(post(format!("[{},{modern}]", call(1))).session(&session)).await.expect(400, -32600, "null");
    client.ask(post(format!("[{modern}]"))).await.expect(400, -32600, "null");
    let header = post(format!("[{}]", call(1))).session(&session).header("mcp-protocol-version", "2026-07-28");
    client.ask(header).await.expect(400, -32600, "null");
    assert!(script.heard_of("tools/call").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_note_makes_the_answer_a_stream() {
    let (server, mut stage) = stage();
    let client = Client::of(legacy(server));
    let session = client.session("2025-03-26").await;
    let mut server = stage.server().await;
    let open = client.open(post(format!("[{},{}]", call(1), call(2))).session(&session));
    let play = async {
        let one = server.hear("tools/call").await;
        let two = server.hear("tools/call").await;
        server.answer(&two, r#"{"n":2}"#).await;
        server.progress(&one, 1).await;
        (server, one)
    };
    let (mut events, (server, one)) = futures::join!(open, play);
    events.expect_stream();
    let first = [events.message().await, events.message().await];
    assert!(first.iter().any(|event| event.data().contains(r#""id":2,"result":{"n":2}"#)), "{first:?}");
    assert!(first.iter().any(|event| event.data().contains(r#""progressToken":1"#)), "{first:?}");
    server.answer(&one, r#"{"n":1}"#).await;
    assert!(events.message().await.data().contains(r#""id":1,"result":{"n":1}"#));
    assert_eq!(events.rest().await, []);
}
