//! HTTP+SSE of 2024-11-05.

use std::sync::Arc;

use futures::StreamExt;
use mcp_transport::{CloseReason, ConnectError, Connection, Lost, Transport};
use mcp_transport_http::{HttpError, Sse};

use crate::fake::{CALL, Exchange, Fake, call, caller, message, text};

async fn opened(server: &mut Fake) -> (Arc<dyn Connection>, Exchange) {
    let transport = Sse::new(server.remote("/a/sse"));
    let connecting = tokio::spawn(async move { transport.connect(&caller()).await.unwrap() });
    let mut stream = server.expect("GET /a/sse").await;
    assert_eq!(stream.header("accept"), Some("text/event-stream"));
    stream.stream().await;
    stream.part("event: endpoint\r\ndata: /a/messages?sessionId=1\r\n\r\n").await;
    (connecting.await.unwrap(), stream)
}

#[tokio::test]
async fn calls_are_posted_and_answered_on_the_stream() {
    let mut server = Fake::start().await;
    let (connection, mut stream) = opened(&mut server).await;
    let reply = call(&connection, CALL);
    let exchange = server.expect("POST /a/messages?sessionId=1").await;
    let id = exchange.id();
    exchange.accepted().await;
    stream.part(&format!("event: message\ndata: {{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{}}}}\n\n")).await;
    let response = reply.await.unwrap().response().await.unwrap();
    assert_eq!(text(&response), r#"{"jsonrpc":"2.0","id":"mine","result":{}}"#);

    let mut events = connection.events().unwrap();
    stream.part("data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}\n\n").await;
    assert_eq!(events.next().await.unwrap().method(), Some("notifications/tools/list_changed"));
    assert!(connection.closed().now_or_pending(), "the conversation goes on");
    drop(stream);
    assert_eq!(connection.closed().await.reason, CloseReason::Ended);
}

#[tokio::test]
async fn nothing_overtakes_a_notification() {
    let mut server = Fake::start().await;
    let (connection, _stream) = opened(&mut server).await;
    let note = message(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    connection.tell(note, &caller()).await.unwrap();
    let (one, two) = (call(&connection, CALL), call(&connection, CALL));
    let first = server.next().await;
    assert_eq!(first.message().method(), Some("notifications/initialized"));
    first.accepted().await;
    // Requests wait for nobody.
    let (second, third) = (server.next().await, server.next().await);
    assert_ne!(second.id(), third.id());
    drop((one, two));
}

#[tokio::test]
async fn a_call_that_cannot_be_posted_is_answered_with_an_error() {
    let mut server = Fake::start().await;
    let (connection, _stream) = opened(&mut server).await;
    let reply = call(&connection, CALL);
    server.expect("POST /a/messages?sessionId=1").await.answer("404 Not Found", "gone").await;
    let response = reply.await.unwrap().response().await.unwrap();
    assert!(response.is_error() && response.id().unwrap().as_str() == "\"mine\"");
}

#[tokio::test]
async fn the_end_of_the_stream_loses_what_is_in_flight() {
    let mut server = Fake::start().await;
    let (connection, stream) = opened(&mut server).await;
    let reply = call(&connection, CALL);
    server.next().await.accepted().await;
    stream.end().await;
    assert!(matches!(reply.await.unwrap().response().await, Err(Lost::Exited(_))));
}

#[tokio::test]
async fn closing_closes_the_stream() {
    let mut server = Fake::start().await;
    let (connection, stream) = opened(&mut server).await;
    connection.close().await;
    stream.gone().await;
}

async fn refused(first: &'static str) -> ConnectError {
    let mut server = Fake::start().await;
    let transport = Sse::new(server.remote("/sse"));
    let connecting = tokio::spawn(async move { transport.connect(&caller()).await.map(drop).unwrap_err() });
    let mut stream = server.next().await;
    stream.stream().await;
    stream.part(first).await;
    connecting.await.unwrap()
}

#[tokio::test]
async fn an_endpoint_elsewhere_is_refused() {
    for elsewhere in ["https://evil.test/messages", "//evil.test/", "http://127.0.0.1:1/messages"] {
        let first: &'static str = Box::leak(format!("event: endpoint\ndata: {elsewhere}\n\n").into_boxed_str());
        let ConnectError::Other(error) = refused(first).await else { panic!("{elsewhere}") };
        assert!(matches!(error.downcast_ref(), Some(HttpError::Endpoint(_))), "{elsewhere}: {error}");
    }
}

#[tokio::test]
async fn a_stream_must_begin_with_its_endpoint() {
    for first in ["data: {\"jsonrpc\":\"2.0\",\"method\":\"n\"}\n\n", "event: endpoint\ndata: http://[\n\n"] {
        assert!(matches!(refused(first).await, ConnectError::Other(_)), "{first}");
    }
}

trait NowOrPending: Future + Sized {
    /// Whether the future is still pending.
    fn now_or_pending(self) -> bool {
        futures::FutureExt::now_or_never(self).is_none()
    }
}

impl<F: Future> NowOrPending for F {}

#[tokio::test]
async fn posts_use_connections_again() {
    let mut server = Fake::start().await;
    let (connection, _stream) = opened(&mut server).await;
    for _ in 0..10 {
        let note = message(r#"{"jsonrpc":"2.0","method":"notifications/roots/list_changed"}"#);
        connection.tell(note, &caller()).await.unwrap();
        server.next().await.answer("202 Accepted", "Accepted").await;
    }
    assert!(server.connections() <= 3, "{} connections", server.connections());
}
