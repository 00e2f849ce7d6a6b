//! How many sessions there are, and when they end by themselves.

use std::time::Duration;

use http::Method;
use mcp_proxy_core::Limits;
use mcp_testkit::Script;
use tokio::time::{Instant, sleep};

use crate::{
    client::{Client, ask, call, get, initialize, legacy, post},
    server::{slow_stage, stage},
};

const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

fn client(limits: Limits) -> Client {
    Client::with(legacy(Script::new().transport()), limits)
}

async fn status(client: &Client, session: &str) -> u16 {
    client.ask(post(PING).session(session)).await.status
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test(start_paused = true)]
async fn there_are_as_many_sessions_as_the_limit_says() {
    let mut limits = Limits::default();
    limits.sessions.total = 3;
    let client = client(limits);
    let one = client.session("2025-06-18").await;
    client.session("2025-06-18").await;
    client.session("2025-06-18").await;
    let refused = client.ask(post(initialize("2025-06-18"))).await;
    refused.expect(503, -32000, "0");
    assert_eq!(refused.header("retry-after"), Some("5"));
    client.ask(get("/sse")).await.expect(503, -32000, "null");
    assert_eq!(client.ask(post(PING).accept("application/json")).await.status, 200, "the plain form has none");
    client.ask(ask(Method::DELETE, "/mcp").session(&one)).await;
    client.session("2025-06-18").await;
}

#[tokio::test(start_paused = true)]
async fn nobody_without_a_name_is_held_to_a_limit_of_its_own() {
    let mut limits = Limits::default();
    limits.sessions.per_principal = 1;
    let client = client(limits);
    for _ in 0..5 {
        client.session("2025-06-18").await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_never_completes_the_handshake_keeps_no_session() {
    let mut limits = Limits::default();
    limits.sessions.total = 2;
    let client = client(limits);
    let (one, two) = (client.hello("2025-06-18").await, client.hello("2025-06-18").await);
    // An open stream is no completion.
    let mut events = client.open(get("/mcp").session(&two)).await;
    sleep(seconds(28)).await;
    client.ask(post(initialize("2025-06-18"))).await.expect(503, -32000, "0");
    sleep(seconds(5)).await;
    assert_eq!((status(&client, &one).await, status(&client, &two).await), (404, 404));
    while let Some(event) = events.next().await {
        assert!(event.is_comment());
    }
    client.session("2025-06-18").await;
}

#[tokio::test(start_paused = true)]
async fn a_request_completes_the_handshake_too() {
    let client = client(Limits::default());
    let session = client.hello("2025-06-18").await;
    sleep(seconds(20)).await;
    assert_eq!(status(&client, &session).await, 200);
    sleep(seconds(600)).await;
    assert_eq!(status(&client, &session).await, 200);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_slow_to_start_does_not_cost_the_session() {
    let (server, mut stage) = slow_stage(seconds(45));
    let client = Client::of(legacy(server));
    let start = Instant::now();
    let session = client.session("2025-06-18").await;
    assert_eq!(start.elapsed(), seconds(45));
    let mut server = stage.server().await;
    let asked = client.begin(post(call(1)).session(&session));
    let request = server.hear("tools/call").await;
    server.answer(&request, "{}").await;
    assert_eq!(asked.await.unwrap().result(), "{}");
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_not_used_ends() {
    let client = client(Limits::default());
    let session = client.session("2025-06-18").await;
    for _ in 0..3 {
        sleep(seconds(29 * 60)).await;
        assert_eq!(status(&client, &session).await, 200);
    }
    sleep(seconds(30 * 60 + 3)).await;
    assert_eq!(status(&client, &session).await, 404);
}

#[tokio::test(start_paused = true)]
async fn streams_and_calls_are_use() {
    let (server, mut stage) = stage();
    let mut limits = Limits { call_idle: seconds(3600), call_time: seconds(3600), ..Limits::default() };
    limits.sessions.idle = seconds(60);
    let client = Client::with(legacy(server), limits);
    let (streaming, calling) = (client.session("2025-06-18").await, client.session("2025-06-18").await);
    let mut server = stage.server().await;
    let events = client.open(get("/mcp").session(&streaming)).await;
    let asked = client.begin(post(call(1)).session(&calling));
    let request = server.hear("tools/call").await;
    sleep(seconds(600)).await;
    server.answer(&request, "{}").await;
    drop(events);
    assert!(asked.await.unwrap().text.contains("result"));
    for session in [&streaming, &calling] {
        let accepted = client.ask(post(r#"{"jsonrpc":"2.0","method":"notifications/x"}"#).session(session)).await;
        assert_eq!(accepted.status, 202);
    }
}

#[tokio::test(start_paused = true)]
async fn no_session_is_older_than_a_day() {
    let mut limits = Limits::default();
    limits.sessions.absolute = seconds(100);
    let client = client(limits);
    let session = client.session("2025-06-18").await;
    let mut events = client.open(get("/mcp").session(&session)).await;
    sleep(seconds(98)).await;
    assert_eq!(status(&client, &session).await, 200);
    sleep(seconds(4)).await;
    assert_eq!(status(&client, &session).await, 404);
    while let Some(event) = events.next().await {
        assert!(event.is_comment());
    }
}
