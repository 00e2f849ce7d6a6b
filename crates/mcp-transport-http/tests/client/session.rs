//! Sessions of the legacy era and the server's own stream.

use std::sync::Arc;

use futures::StreamExt;
use mcp_transport::{CloseReason, NotSent, Transport};
use mcp_transport_http::{HttpLimits, StreamableHttp};

use crate::fake::{CALL, Fake, call, caller, initialized, introduced, request, text};

#[tokio::test]
async fn the_session_and_the_revision_are_named_from_the_handshake_on() {
    let mut server = Fake::start().await;
    let connection = server.connect().await;
    let initialize = call(&connection, r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}"#);
    let exchange = server.next().await;
    assert_eq!((exchange.header("mcp-session-id"), exchange.header("mcp-protocol-version")), (None, None));
    drop((initialize, exchange));

    let connection = introduced(&mut server).await;
    let told = initialized(&connection);
    let exchange = server.expect("POST /mcp").await;
    assert_eq!(exchange.header("mcp-session-id"), Some("s1"));
    assert_eq!(exchange.header("mcp-protocol-version"), Some("2025-06-18"));
    exchange.accepted().await;
    told.await.unwrap();
    let exchange = server.expect("GET /mcp").await;
    assert_eq!(exchange.header("mcp-session-id"), Some("s1"));
    assert_eq!(exchange.header("mcp-protocol-version"), Some("2025-06-18"));
    assert_eq!(exchange.header("accept"), Some("text/event-stream"));
    exchange.answer("405 Method Not Allowed", "").await;

    let reply = call(&connection, CALL);
    let exchange = server.expect("POST /mcp").await;
    assert_eq!(exchange.header("mcp-session-id"), Some("s1"));
    exchange.result("{}").await;
    reply.await.unwrap().response().await.unwrap();
}

#[tokio::test]
async fn a_forgotten_session_means_not_sent_and_ends_the_connection() {
    // The last two are what servers say that were started after the session, and so never knew it.
    for (status, body) in [
        ("404 Not Found", ""),
        ("404 Not Found", r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"Session not found"}}"#),
        ("400 Bad Request", r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"who are you"}}"#),
        ("400 Bad Request", r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"No valid session ID"}}"#),
    ] {
        let mut server = Fake::start().await;
        let connection = introduced(&mut server).await;
        let calling = {
            let connection = Arc::clone(&connection);
            tokio::spawn(async move { connection.call(request(CALL)).await.unwrap_err() })
        };
        let head = format!("{status}\r\ncontent-type: application/json");
        server.expect("POST /mcp").await.answer(&head, body).await;
        let error = calling.await.unwrap();
        assert!(matches!(error.reason, NotSent::Forgotten));
        assert_eq!(text(&error.message), CALL);
        assert_eq!(connection.closed().await.reason, CloseReason::Ended);
        let again = connection.call(request(CALL)).await.unwrap_err();
        assert!(matches!(again.reason, NotSent::Forgotten), "and nothing more is sent");
    }
}

#[tokio::test]
async fn a_404_that_answers_the_call_is_the_answer() {
    let mut server = Fake::start().await;
    let connection = introduced(&mut server).await;
    let reply = call(&connection, CALL);
    let body = r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32601,"message":"no such method"}}"#;
    server.expect("POST /mcp").await.answer("404 Not Found\r\ncontent-type: application/json", body).await;
    let response = reply.await.unwrap().response().await.unwrap();
    assert!(response.is_error() && response.id().unwrap().as_str() == "\"mine\"");
}

#[tokio::test]
async fn the_servers_own_stream_becomes_events_and_is_gone_on_with() {
    let mut server = Fake::start().await;
    let connection = introduced(&mut server).await;
    let mut events = connection.events().unwrap();
    assert!(connection.events().is_none(), "only the first taker gets them");
    let told = initialized(&connection);
    server.expect("POST /mcp").await.accepted().await;
    told.await.unwrap();

    let mut stream = server.expect("GET /mcp").await;
    assert_eq!(stream.header("last-event-id"), None);
    stream.stream().await;
    stream.part("id: e0\nretry: 10\ndata:\n\n").await;
    stream.part("data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}\nid: e1\n\n").await;
    assert_eq!(events.next().await.unwrap().method(), Some("notifications/tools/list_changed"));
    stream.part("id: e2\ndata: {\"jsonrpc\":\"2.0\",\"met").await;
    drop(stream);

    let mut stream = server.expect("GET /mcp").await;
    assert_eq!(stream.header("last-event-id"), Some("e1"), "the torn event was not seen");
    stream.stream().await;
    stream.part("id: e2\ndata: {\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"roots/list\"}\n\n").await;
    let asked = events.next().await.unwrap();
    assert_eq!(asked.id().unwrap().as_str(), "7");
}

#[tokio::test]
async fn a_servers_ping_is_answered_here() {
    let mut server = Fake::start().await;
    let connection = introduced(&mut server).await;
    let told = initialized(&connection);
    server.expect("POST /mcp").await.accepted().await;
    told.await.unwrap();
    let mut stream = server.expect("GET /mcp").await;
    stream.stream().await;
    stream.part("data: {\"jsonrpc\":\"2.0\",\"id\":\"p\",\"method\":\"ping\"}\n\n").await;
    let answer = server.expect("POST /mcp").await;
    assert_eq!(answer.body, r#"{"jsonrpc":"2.0","id":"p","result":{}}"#);
    answer.accepted().await;
}

#[tokio::test]
async fn closing_ends_the_session_and_a_server_that_keeps_it_is_fine() {
    let mut server = Fake::start().await;
    let connection = introduced(&mut server).await;
    let mut events = connection.events().unwrap();
    let closing = {
        let connection = Arc::clone(&connection);
        tokio::spawn(async move { connection.close().await })
    };
    let exchange = server.expect("DELETE /mcp").await;
    assert_eq!(exchange.header("mcp-session-id"), Some("s1"));
    exchange.answer("405 Method Not Allowed", "").await;
    closing.await.unwrap();
    assert_eq!(connection.closed().await.reason, CloseReason::Requested);
    assert!(events.next().await.is_none());
    assert!(matches!(connection.call(request(CALL)).await.unwrap_err().reason, NotSent::Closed(_)));
}

#[tokio::test]
async fn a_dropped_connection_ends_its_session_too() {
    let mut server = Fake::start().await;
    drop(introduced(&mut server).await);
    server.expect("DELETE /mcp").await.answer("200 OK", "").await;
}

#[tokio::test]
async fn a_question_for_which_there_is_no_room_is_answered_with_an_error() {
    let mut server = Fake::start().await;
    let mut limits = HttpLimits::default();
    limits.notes.count = 1;
    let transport = StreamableHttp::new(server.remote("/mcp").limits(limits));
    let connection = transport.connect(&caller()).await.unwrap();
    let told = initialized(&connection);
    server.expect("POST /mcp").await.accepted().await;
    told.await.unwrap();
    let mut stream = server.expect("GET /mcp").await;
    stream.stream().await;
    for id in [1, 2] {
        stream.part(&format!("data: {{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"roots/list\"}}\n\n")).await;
    }
    let refusal = server.expect("POST /mcp").await;
    assert!(refusal.message().is_error() && refusal.id() == "2", "{}", refusal.body);
    refusal.accepted().await;
    assert_eq!(connection.events().unwrap().next().await.unwrap().id().unwrap().as_str(), "1");
}

#[tokio::test]
async fn progress_on_the_servers_own_stream_finds_its_call() {
    let mut server = Fake::start().await;
    let connection = introduced(&mut server).await;
    let told = initialized(&connection);
    server.expect("POST /mcp").await.accepted().await;
    told.await.unwrap();
    let mut stream = server.expect("GET /mcp").await;
    stream.stream().await;
    let reply = call(&connection, r#"{"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{"progressToken":"t"}}}"#);
    let mut exchange = server.expect("POST /mcp").await;
    exchange.stream().await;
    let mut reply = reply.await.unwrap();
    for token in ["99".to_owned(), "\"t\"".to_owned(), exchange.id()] {
        let progress = r#""method":"notifications/progress","params""#;
        stream.part(&format!("data: {{\"jsonrpc\":\"2.0\",{progress}:{{\"progressToken\":{token}}}}}\n\n")).await;
    }
    assert_eq!(reply.next().await.unwrap().unwrap().params(), Some(r#"{"progressToken":"t"}"#));
    exchange.part(&format!("data: {{\"jsonrpc\":\"2.0\",\"id\":{},\"result\":{{}}}}\n\n", exchange.id())).await;
    reply.response().await.expect("one note, then the answer");
    stream.part("data: {\"jsonrpc\":\"2.0\",\"method\":\"n\"}\n\n").await;
    let event = connection.events().unwrap().next().await.unwrap();
    assert_eq!(event.method(), Some("n"), "progress of no call is nobody's");
}
