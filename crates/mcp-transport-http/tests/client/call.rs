//! Calls and their answers.

use futures::StreamExt;
use mcp_transport::{Budget, Lost, NotSent, Transport};
use mcp_transport_http::{HttpClient, HttpLimits, Remote, ServerUrl, StreamableHttp};

use crate::fake::{CALL, Fake, call, caller, message, request, text};

#[tokio::test]
async fn a_json_answer_comes_back_under_the_callers_id() {
    let mut server = Fake::start().await;
    let connection = server.connect().await;
    let reply = call(&connection, CALL);
    let exchange = server.expect("POST /mcp").await;
    assert_eq!(exchange.header("accept"), Some("application/json, text/event-stream"));
    assert_eq!(exchange.header("content-type"), Some("application/json"));
    assert_eq!(exchange.body, r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t"}}"#);
    exchange.result(r#"{"a":1}"#).await;
    let response = reply.await.unwrap().response().await.unwrap();
    assert_eq!(text(&response), r#"{"jsonrpc":"2.0","id":"mine","result":{"a":1}}"#);
}

#[tokio::test]
async fn notes_come_before_the_answer_and_each_caller_gets_its_own() {
    let mut server = Fake::start().await;
    let connection = server.connect().await;
    let with_token = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{"progressToken":"p"}}}"#;
    let (one, two) = (call(&connection, with_token), call(&connection, with_token));
    let (mut first, mut second) = (server.next().await, server.next().await);
    assert_ne!(first.id(), second.id());
    for exchange in [&mut second, &mut first] {
        let id = exchange.id();
        exchange.stream().await;
        exchange.part(&format!(
            "event: message\ndata: {{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{{\"progressToken\":{id}}}}}\n\n\
             data: {{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{\"was\":{id}}}}}\n\n"
        )).await;
    }
    let mut was = Vec::new();
    for reply in [one, two] {
        let mut reply = reply.await.unwrap();
        let note = reply.next().await.unwrap().unwrap();
        assert_eq!(note.params(), Some(r#"{"progressToken":"p"}"#));
        let response = reply.response().await.unwrap();
        assert_eq!(response.id().unwrap().as_str(), "1");
        was.push(response.result().unwrap().to_owned());
    }
    was.sort_unstable();
    assert_eq!(was, [r#"{"was":1}"#, r#"{"was":2}"#]);
}

#[tokio::test]
async fn a_connection_is_used_again_after_a_stream() {
    let mut server = Fake::start().await;
    let connection = server.connect().await;
    let reply = call(&connection, CALL);
    let mut exchange = server.next().await;
    let id = exchange.id();
    exchange.stream().await;
    exchange.part(&format!("data: {{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{}}}}\n\n")).await;
    reply.await.unwrap().response().await.unwrap();
    exchange.end().await;
    // Its end may still be on the way when the next call begins, so that one may need a connection of its own.
    for _ in 0..10 {
        let reply = call(&connection, CALL);
        server.next().await.result("{}").await;
        reply.await.unwrap().response().await.unwrap();
    }
    assert!(server.connections() <= 2, "{} connections", server.connections());
}

#[tokio::test]
async fn the_answer_is_this_calls_whatever_id_it_has() {
    let mut server = Fake::start().await;
    let connection = server.connect().await;
    for (status, id) in [("200 OK", "null"), ("400 Bad Request", "\"server-error\""), ("500 Oops", "9007199254740992")]
    {
        let reply = call(&connection, CALL);
        let head = format!("{status}\r\ncontent-type: application/json");
        let body = format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":-32602,"message":"x"}}}}"#);
        server.next().await.answer(&head, &body).await;
        let response = reply.await.unwrap().response().await.unwrap();
        assert_eq!(text(&response), r#"{"jsonrpc":"2.0","id":"mine","error":{"code":-32602,"message":"x"}}"#);
    }
}

#[tokio::test]
async fn what_is_no_answer_is_told_apart() {
    let mut server = Fake::start().await;
    let connection = server.connect().await;
    for (head, body, status) in [
        ("202 Accepted", "", Some(202)),
        ("204 No Content", "", Some(204)),
        ("200 OK\r\ncontent-type: application/json", "", Some(200)),
        ("200 OK\r\ncontent-type: text/html", "<html>", None),
        ("200 OK\r\ncontent-type: application/json", "{\"detail\":1}", None),
        ("502 Bad Gateway\r\ncontent-type: text/html", "<html>", Some(502)),
        ("404 Not Found", "no", Some(404)),
        ("405 Method Not Allowed", "", Some(405)),
    ] {
        let reply = call(&connection, CALL);
        server.next().await.answer(head, body).await;
        let lost = reply.await.unwrap().response().await.unwrap_err();
        match status {
            Some(expected) => {
                assert!(matches!(lost, Lost::Http { status, .. } if status == expected), "{head}: {lost:?}");
            }
            None => assert!(matches!(lost, Lost::NotMcp), "{head}: {lost:?}"),
        }
    }
}

#[tokio::test]
async fn a_busy_server_says_when_to_come_back() {
    let mut server = Fake::start().await;
    let connection = server.connect().await;
    let reply = call(&connection, CALL);
    server.next().await.answer("503 Busy\r\nretry-after: 7", "").await;
    let lost = reply.await.unwrap().response().await.unwrap_err();
    assert!(matches!(lost, Lost::Http { status: 503, retry_after: Some(after), .. } if after.as_secs() == 7));
}

#[tokio::test]
async fn nobody_there_means_not_sent() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let url = ServerUrl::parse(&format!("http://{address}/mcp?key=hunter2")).unwrap();
    let remote = Remote::new(url, HttpClient::default());
    let connection = StreamableHttp::new(remote).connect(&caller()).await.unwrap();
    let error = connection.call(request(CALL)).await.unwrap_err();
    assert_eq!(text(&error.message), CALL, "the message comes back as it was");
    assert!(matches!(error.reason, NotSent::Connect(_)));
    assert!(!format!("{error:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_modern_call_repeats_itself_in_headers_and_names_no_session() {
    let mut server = Fake::start().await;
    let connection = crate::fake::introduced(&mut server).await;
    let meta =
        r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;
    let params = format!(r#"{{"name":"größe","_meta":{meta}}}"#);
    let reply = call(&connection, &format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#));
    let exchange = server.next().await;
    assert_eq!(exchange.header("mcp-protocol-version"), Some("2026-07-28"));
    assert_eq!(exchange.header("mcp-method"), Some("tools/call"));
    assert_eq!(exchange.header("mcp-name"), Some("=?base64?Z3LDtsOfZQ==?="));
    assert_eq!(exchange.header("mcp-session-id"), None);
    exchange.result("{}").await;
    reply.await.unwrap().response().await.unwrap();
}

fn limited(server: &Fake, limits: HttpLimits) -> StreamableHttp {
    StreamableHttp::new(server.remote("/mcp").limits(limits))
}

fn limits(change: impl FnOnce(&mut HttpLimits)) -> HttpLimits {
    let mut limits = HttpLimits::default();
    change(&mut limits);
    limits
}

#[tokio::test]
async fn a_body_at_the_limit_passes_and_one_past_it_is_lost() {
    let mut server = Fake::start().await;
    let body = r#"{"jsonrpc":"2.0","id":1,"result":{}}"#;
    for (limit, passes) in [(body.len(), true), (body.len() - 1, false)] {
        let connection = limited(&server, limits(|limits| limits.body = limit)).connect(&caller()).await.unwrap();
        let reply = call(&connection, CALL);
        let mut exchange = server.next().await;
        // In two parts and of unknown length, so that it has to be counted.
        exchange.write("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n").await;
        exchange.part(&body[..10]).await;
        exchange.part(&body[10..]).await;
        exchange.end().await;
        match reply.await.unwrap().response().await {
            Ok(_) => assert!(passes),
            Err(lost) => {
                assert!(!passes && matches!(lost, Lost::TooLarge { limit: said } if said == limit), "{lost:?}");
            }
        }
    }
}

#[tokio::test]
async fn an_event_past_the_limit_is_skipped_and_the_stream_lives_on() {
    let mut server = Fake::start().await;
    let connection = limited(&server, limits(|limits| limits.event = 100)).connect(&caller()).await.unwrap();
    let reply = call(&connection, CALL);
    let mut exchange = server.next().await;
    exchange.stream().await;
    exchange
        .part(&format!("data: {{\"jsonrpc\":\"2.0\",\"method\":\"n\",\"params\":[\"{}\"]}}\n\n", "x".repeat(100)))
        .await;
    exchange.part("data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n\n").await;
    assert!(reply.await.unwrap().response().await.is_ok());

    let reply = call(&connection, CALL);
    let mut exchange = server.next().await;
    exchange.stream().await;
    exchange.part(&format!("data: {{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":[\"{}\"]}}\n\n", "x".repeat(100))).await;
    exchange.end().await;
    assert!(matches!(reply.await.unwrap().response().await, Err(Lost::TooLarge { limit: 100 })));
}

#[tokio::test]
async fn large_answers_are_charged_to_the_budget() {
    let mut server = Fake::start().await;
    let budget = Budget::new(100_000);
    let connection =
        limited(&server, limits(|limits| limits.budget = budget.clone())).connect(&caller()).await.unwrap();
    let large = format!("\"{}\"", "x".repeat(70_000));
    let reply = call(&connection, CALL);
    server.next().await.result(&large).await;
    let held = reply.await.unwrap().response().await.unwrap();
    assert!(budget.held() >= 70_000);
    let reply = call(&connection, CALL);
    server.next().await.result(&large).await;
    assert!(matches!(reply.await.unwrap().response().await, Err(Lost::Overloaded)));
    drop(held);
    assert_eq!(budget.held(), 0);
}

#[tokio::test]
async fn as_many_calls_as_the_limit_are_in_flight_and_one_past_it_is_not_sent() {
    let mut server = Fake::start().await;
    let connection = limited(&server, limits(|limits| limits.in_flight = 1)).connect(&caller()).await.unwrap();
    let first = call(&connection, CALL);
    let exchange = server.next().await;
    let busy = connection.call(request(CALL)).await.unwrap_err();
    assert!(matches!(busy.reason, NotSent::Busy(_)));
    let listen = call(&connection, r#"{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{}}"#);
    server.next().await.result("{}").await;
    listen.await.unwrap().response().await.expect("has a place of its own");
    exchange.result("{}").await;
    first.await.unwrap().response().await.unwrap();
    let again = call(&connection, CALL);
    server.next().await.result("{}").await;
    again.await.unwrap().response().await.unwrap();
}

#[tokio::test]
async fn what_has_no_response_is_posted_and_a_refusal_gives_it_back() {
    let mut server = Fake::start().await;
    let connection = server.connect().await;
    let note = message(r#"{"jsonrpc":"2.0","method":"notifications/roots/list_changed"}"#);
    for (status, sent) in [("202 Accepted", true), ("200 OK", true), ("500 Oops", true), ("400 Bad Request", false)] {
        let (connection, told) = (std::sync::Arc::clone(&connection), note.clone());
        let telling = tokio::spawn(async move { connection.tell(told, &caller()).await });
        server.next().await.answer(status, "").await;
        assert_eq!(telling.await.unwrap().is_ok(), sent, "{status}");
    }
}
