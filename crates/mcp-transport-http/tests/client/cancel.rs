//! Calls that nobody waits for any more.

use crate::fake::{CALL, Fake, call, introduced};

#[tokio::test]
async fn a_dropped_reply_is_cancelled_under_our_id() {
    let mut server = Fake::start().await;
    let connection = introduced(&mut server).await;
    let reply = call(&connection, CALL);
    let mut exchange = server.expect("POST /mcp").await;
    let id = exchange.id();
    exchange.stream().await;
    drop(reply.await.unwrap());
    let cancel = server.expect("POST /mcp").await;
    assert_eq!(
        cancel.body,
        format!(r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{id}}}}}"#)
    );
    assert_eq!(cancel.header("mcp-session-id"), Some("s1"));
    cancel.accepted().await;
}

#[tokio::test]
async fn a_reason_travels_with_the_cancellation_and_it_is_sent_once() {
    let mut server = Fake::start().await;
    let connection = introduced(&mut server).await;
    let reply = call(&connection, CALL);
    let mut exchange = server.expect("POST /mcp").await;
    exchange.stream().await;
    reply.await.unwrap().cancel(Some("too slow"));
    let cancel = server.expect("POST /mcp").await;
    assert!(cancel.body.contains(r#""reason":"too slow""#), "{}", cancel.body);
    cancel.accepted().await;
    let next = call(&connection, r#"{"jsonrpc":"2.0","id":5,"method":"tools/list"}"#);
    let exchange = server.expect("POST /mcp").await;
    assert!(exchange.body.contains("tools/list"), "{}", exchange.body);
    exchange.result("{}").await;
    next.await.unwrap().response().await.unwrap();
}

#[tokio::test]
async fn a_call_given_up_before_its_answer_began_is_cancelled_too() {
    let mut server = Fake::start().await;
    let connection = introduced(&mut server).await;
    let calling = call(&connection, CALL);
    let exchange = server.expect("POST /mcp").await;
    calling.abort();
    let cancel = server.expect("POST /mcp").await;
    assert!(cancel.body.contains(&format!(r#""requestId":{}"#, exchange.id())), "{}", cancel.body);
}

#[tokio::test]
async fn an_answered_call_is_not_cancelled() {
    let mut server = Fake::start().await;
    let connection = introduced(&mut server).await;
    let reply = call(&connection, CALL);
    server.expect("POST /mcp").await.result("{}").await;
    reply.await.unwrap().response().await.unwrap();
    let next = call(&connection, r#"{"jsonrpc":"2.0","id":5,"method":"tools/list"}"#);
    assert!(server.expect("POST /mcp").await.body.contains("tools/list"));
    drop(next);
}

#[tokio::test]
async fn a_modern_call_is_cancelled_by_closing_its_stream() {
    let mut server = Fake::start().await;
    let connection = server.connect().await;
    let meta =
        r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;
    let reply =
        call(&connection, &format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{{"_meta":{meta}}}}}"#));
    let mut exchange = server.expect("POST /mcp").await;
    exchange.stream().await;
    drop(reply.await.unwrap());
    exchange.gone().await;
    let next = call(&connection, CALL);
    assert!(server.expect("POST /mcp").await.body.contains("tools/call"), "no message said so");
    drop(next);
}
