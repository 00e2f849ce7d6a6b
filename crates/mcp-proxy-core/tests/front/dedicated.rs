//! Sessions with a server of their own.

use std::time::Duration;

use http::Method;
use mcp_proxy_core::Limits;
use tokio::time::timeout;

use crate::{
    client::{Client, ask, call, dedicated, get, initialize, post},
    server::stage,
};

fn limits(children_per_server: usize) -> Limits {
    Limits { children_per_server, ..Limits::default() }
}

#[tokio::test(start_paused = true)]
async fn each_session_has_its_own_and_it_ends_with_the_session() {
    let (server, mut stage) = stage();
    let client = Client::of(dedicated(server));
    let one = client.session("2025-06-18").await;
    let mut first = stage.server().await;
    let two = client.session("2025-06-18").await;
    let mut second = stage.server().await;
    for (session, server, n) in [(&one, &mut first, 1), (&two, &mut second, 2)] {
        let asked = client.begin(post(call(1)).session(session));
        let request = server.hear("tools/call").await;
        server.answer(&request, &format!(r#"{{"n":{n}}}"#)).await;
        assert_eq!(asked.await.unwrap().result(), format!(r#"{{"n":{n}}}"#));
    }
    assert_eq!(client.ask(ask(Method::DELETE, "/mcp").session(&one)).await.status, 200);
    assert_eq!(first.next().await.map(|message| message.method().map(str::to_owned)), None);
    assert!(timeout(Duration::from_secs(5), second.next()).await.is_err(), "the other one goes on");
}

#[tokio::test(start_paused = true)]
async fn a_session_ends_with_its_server() {
    let (server, mut stage) = stage();
    let client = Client::of(dedicated(server));
    let session = client.session("2025-06-18").await;
    let mut server = stage.server().await;
    let asked: Vec<_> = (1..4).map(|id| client.begin(post(call(id)).session(&session))).collect();
    for _ in 1..4 {
        server.hear("tools/call").await;
    }
    drop(server);
    for (id, asked) in (1..4).zip(asked) {
        let got = asked.await.unwrap();
        got.expect(200, -32000, &id.to_string());
        assert!(!got.text.contains("cancelled"), "{}", got.text);
    }
    client.ask(post(call(5)).session(&session)).await.expect(404, -32001, "null");
    let again = client.session("2025-06-18").await;
    assert_ne!(session, again);
    stage.server().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_left_unnoticed_is_noticed_by_the_next_request() {
    let (server, mut stage) = stage();
    let client = Client::of(dedicated(server));
    let session = client.session("2025-06-18").await;
    drop(stage.server().await);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(client.ask(post(call(5)).session(&session)).await.status, 404);
    client.ask(post(call(5)).session(&session)).await.expect(404, -32001, "null");
}

#[tokio::test(start_paused = true)]
async fn the_stream_ends_with_the_server_and_so_does_the_session() {
    let (server, mut stage) = stage();
    let client = Client::of(dedicated(server));
    let session = client.session("2025-11-25").await;
    let server = stage.server().await;
    let mut events = client.open(get("/mcp").session(&session)).await;
    let priming = events.next().await.unwrap();
    drop(server);
    assert_eq!(events.rest().await, []);
    let again = get("/mcp").session(&session).last_event(priming.id().unwrap());
    client.ask(again).await.expect(404, -32001, "null");
}

#[tokio::test(start_paused = true)]
async fn a_server_may_say_anything_to_its_one_client() {
    let (server, mut stage) = stage();
    let client = Client::of(dedicated(server));
    let session = client.session("2025-06-18").await;
    let mut server = stage.server().await;
    let mut events = client.open(get("/mcp").session(&session)).await;
    server.say(r#"{"jsonrpc":"2.0","id":3,"method":"sampling/createMessage","params":{}}"#).await;
    let question = events.message().await.message();
    assert_eq!(question.method(), Some("sampling/createMessage"));
    let answer = format!(r#"{{"jsonrpc":"2.0","id":{},"result":{{"a":1}}}}"#, question.id().unwrap());
    assert_eq!(client.ask(post(answer).session(&session)).await.status, 202);
    let heard = server.hear_answer().await;
    assert_eq!((heard.id().unwrap().as_str(), heard.result()), ("3", Some(r#"{"a":1}"#)));
}

#[tokio::test(start_paused = true)]
async fn there_are_as_many_servers_as_the_limit_says() {
    let (server, mut stage) = stage();
    let client = Client::with(dedicated(server), limits(2));
    let one = client.session("2025-06-18").await;
    client.session("2025-06-18").await;
    let refused = client.ask(post(initialize("2025-06-18"))).await;
    refused.expect(503, -32000, "0");
    assert!(refused.text.contains("children_per_server"), "{}", refused.text);
    assert_eq!(refused.header("retry-after"), Some("5"));
    client.ask(ask(Method::DELETE, "/mcp").session(&one)).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    client.session("2025-06-18").await;
    for _ in 0..3 {
        stage.server().await;
    }
    assert!(stage.is_empty(), "the refused one started nothing");
}

#[tokio::test(start_paused = true)]
async fn traffic_without_sessions_shares_one_until_it_is_idle() {
    let (server, mut stage) = stage();
    let mut limits = limits(1);
    limits.sessions.idle = Duration::from_mins(2);
    let client = Client::with(dedicated(server), limits);
    let plain = |id| post(call(id)).accept("application/json");
    let asked = client.begin(plain(1));
    let mut server = stage.server().await;
    let request = server.hear("tools/call").await;
    server.answer(&request, "{}").await;
    assert_eq!(asked.await.unwrap().result(), "{}");
    tokio::time::sleep(Duration::from_secs(110)).await;
    let asked = client.begin(plain(2));
    let request = server.hear("tools/call").await;
    server.answer(&request, "{}").await;
    assert_eq!(asked.await.unwrap().result(), "{}");
    client.ask(post(initialize("2025-06-18"))).await.expect(503, -32000, "0");
    assert!(timeout(Duration::from_secs(110), server.next()).await.is_err());
    assert!(timeout(Duration::from_secs(15), server.next()).await.unwrap().is_none(), "idle for two minutes");
    client.session("2025-06-18").await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_during_the_handshake_leaves_nothing() {
    let (server, mut stage) = crate::server::slow_stage(Duration::from_secs(20));
    let client = Client::with(dedicated(server), limits(1));
    let asked = client.begin(post(initialize("2025-06-18")));
    tokio::time::sleep(Duration::from_secs(5)).await;
    asked.abort();
    tokio::time::sleep(Duration::from_secs(1)).await;
    client.session("2025-06-18").await;
    stage.server().await;
    assert!(stage.is_empty());
}
