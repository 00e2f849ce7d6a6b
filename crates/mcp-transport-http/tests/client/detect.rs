//! Which of the two a URL speaks.

use std::sync::Arc;

use mcp_transport::{ConnectError, Connection, Transport};
use mcp_transport_http::{Detect, HttpError};
use tokio::task::JoinHandle;

use crate::fake::{CALL, Fake, call, caller};

type Connecting = JoinHandle<Result<Arc<dyn Connection>, ConnectError>>;

fn connecting(transport: &Arc<Detect>) -> Connecting {
    let transport = Arc::clone(transport);
    tokio::spawn(async move { transport.connect(&caller()).await })
}

fn detect(server: &Fake) -> Arc<Detect> {
    Arc::new(Detect::new(server.remote("/x")))
}

#[tokio::test]
async fn any_json_rpc_answer_means_streamable_and_is_remembered() {
    for (head, body) in [
        ("200 OK", r#"{"jsonrpc":"2.0","id":1,"result":{}}"#),
        ("400 Bad Request", r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"no session"}}"#),
        ("404 Not Found", r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no method"}}"#),
    ] {
        let mut server = Fake::start().await;
        let transport = detect(&server);
        let first = connecting(&transport);
        let question = server.expect("POST /x").await;
        assert_eq!(question.header("mcp-method"), Some("server/discover"));
        assert_eq!(question.header("mcp-protocol-version"), Some("2026-07-28"));
        question.answer(&format!("{head}\r\ncontent-type: application/json"), body).await;
        first.await.unwrap().unwrap();
        let connection = connecting(&transport).await.unwrap().unwrap();
        let reply = call(&connection, CALL);
        server.expect("POST /x").await.result("{}").await;
        reply.await.unwrap().response().await.unwrap();
    }
}

#[tokio::test]
async fn a_stream_that_begins_with_its_endpoint_means_the_pair() {
    for refusal in ["404 Not Found", "405 Method Not Allowed", "400 Bad Request"] {
        let mut server = Fake::start().await;
        let transport = detect(&server);
        let first = connecting(&transport);
        server.expect("POST /x").await.answer(refusal, "<html>").await;
        let mut stream = server.expect("GET /x").await;
        stream.stream().await;
        stream.part("event: endpoint\ndata: /m\n\n").await;
        let connection = first.await.unwrap().unwrap();
        let reply = call(&connection, CALL);
        let exchange = server.expect("POST /m").await;
        let id = exchange.id();
        exchange.accepted().await;
        stream.part(&format!("data: {{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{}}}}\n\n")).await;
        reply.await.unwrap().response().await.unwrap();

        let second = connecting(&transport);
        server.expect("GET /x").await.answer("503 Busy", "").await;
        assert!(matches!(second.await.unwrap(), Err(ConnectError::Http { status: 503, .. })));
        let third = connecting(&transport);
        server.expect("POST /x").await.answer("503 Busy", "").await;
        third.await.unwrap().expect_err("asked anew, and an outage says nothing");
    }
}

#[tokio::test]
async fn an_old_streamable_server_that_refuses_in_plain_text_is_found() {
    let mut server = Fake::start().await;
    let first = connecting(&detect(&server));
    server.expect("POST /x").await.answer("422 Unprocessable", "expect initialize request").await;
    server.expect("GET /x").await.answer("400 Bad Request", "no session").await;
    first.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_wrong_path_is_neither() {
    let mut server = Fake::start().await;
    let first = connecting(&detect(&server));
    server.expect("POST /x").await.answer("404 Not Found", "").await;
    server.expect("GET /x").await.answer("404 Not Found", "").await;
    let Err(ConnectError::Other(error)) = first.await.unwrap() else { panic!() };
    assert!(matches!(error.downcast_ref(), Some(HttpError::NotMcp { .. })));
}

#[tokio::test]
async fn refused_credentials_say_nothing_about_the_transport() {
    let mut server = Fake::start().await;
    let transport = detect(&server);
    for status in [401, 403, 500] {
        let first = connecting(&transport);
        server.expect("POST /x").await.answer(&format!("{status} No"), "").await;
        assert!(matches!(first.await.unwrap(), Err(ConnectError::Http { status: said, .. }) if said == status));
    }
}
