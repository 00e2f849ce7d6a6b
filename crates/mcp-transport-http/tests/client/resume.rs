//! Streams that break before the answer.

use mcp_transport::Lost;

use crate::fake::{CALL, Exchange, Fake, call, introduced};

async fn primed(server: &mut Fake) -> Exchange {
    let mut exchange = server.expect("POST /mcp").await;
    exchange.stream().await;
    exchange.part("id: 1-1\nretry: 10\ndata:\n\n").await;
    exchange
}

#[tokio::test]
async fn a_stream_with_event_ids_is_gone_on_with() {
    let mut server = Fake::start().await;
    let connection = introduced(&mut server).await;
    let reply = call(&connection, CALL);
    let first = primed(&mut server).await;
    let id = first.id();
    // Once ended in order (polling), once cut, once with a server that is not back yet.
    first.end().await;
    let reading = tokio::spawn(async move { reply.await.unwrap().response().await });
    let mut second = server.expect("GET /mcp").await;
    assert_eq!(second.header("last-event-id"), Some("1-1"));
    assert_eq!(second.header("mcp-session-id"), Some("s1"));
    second.stream().await;
    second.part("id: 1-2\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"n\"}\n\ndata: torn").await;
    drop(second);
    let third = server.expect("GET /mcp").await;
    assert_eq!(third.header("last-event-id"), Some("1-2"));
    third.answer("503 Busy", "").await;
    let mut fourth = server.expect("GET /mcp").await;
    assert_eq!(fourth.header("last-event-id"), Some("1-2"));
    fourth.stream().await;
    fourth.part(&format!("id: 1-3\ndata: {{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{}}}}\n\n")).await;
    let response = reading.await.unwrap().unwrap();
    assert_eq!(response.id().unwrap().as_str(), "\"mine\"");
}

#[tokio::test]
async fn without_an_event_id_the_call_is_lost() {
    let mut server = Fake::start().await;
    let connection = introduced(&mut server).await;
    let reply = call(&connection, CALL);
    let mut exchange = server.expect("POST /mcp").await;
    exchange.stream().await;
    exchange.part("data: {\"jsonrpc\":\"2.0\",\"id\":2,\"resu").await;
    drop(exchange);
    assert!(matches!(reply.await.unwrap().response().await, Err(Lost::Exited(_))));
}

#[tokio::test]
async fn a_server_that_cannot_go_on_has_lost_the_call() {
    let mut server = Fake::start().await;
    let connection = introduced(&mut server).await;
    let reply = call(&connection, CALL);
    drop(primed(&mut server).await);
    let reading = tokio::spawn(async move { reply.await.unwrap().response().await });
    server.expect("GET /mcp").await.answer("405 Method Not Allowed", "").await;
    assert!(matches!(reading.await.unwrap(), Err(Lost::Http { status: 405, .. })));
}

#[tokio::test]
async fn a_connection_cut_before_the_head_is_lost_and_never_sent_again() {
    let mut server = Fake::start().await;
    let connection = introduced(&mut server).await;
    let reply = call(&connection, CALL);
    drop(server.expect("POST /mcp").await);
    assert!(matches!(reply.await.unwrap().response().await, Err(Lost::Exited(_))));
    let next = call(&connection, r#"{"jsonrpc":"2.0","id":5,"method":"tools/list"}"#);
    let exchange = server.expect("POST /mcp").await;
    assert!(exchange.body.contains("tools/list"), "the lost call was not repeated");
    exchange.result("{}").await;
    next.await.unwrap().response().await.unwrap();
}

#[tokio::test]
async fn a_modern_stream_is_never_gone_on_with() {
    let mut server = Fake::start().await;
    let connection = introduced(&mut server).await;
    let meta =
        r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;
    let reply =
        call(&connection, &format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{{"_meta":{meta}}}}}"#));
    drop(primed(&mut server).await);
    assert!(matches!(reply.await.unwrap().response().await, Err(Lost::Exited(_))));
}
