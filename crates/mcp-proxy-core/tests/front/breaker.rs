//! A server that keeps failing.

use std::time::Duration;

use mcp_proxy_core::{BreakerOptions, Health, Limits, ServerOptions, transport::Memory};
use tokio::time::sleep;

use crate::{
    client::{Client, Got, call, legacy, plain, post},
    server::{Played, stage},
};

const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

fn watched(server: Memory) -> ServerOptions {
    legacy(server).breaker(Some(BreakerOptions::default()))
}

fn health(client: &Client) -> Health {
    client.proxy.status().remove(0).health
}

/// A call that the server does not answer, until that takes too long.
async fn unanswered(client: &Client, server: &mut Played) -> Got {
    let asked = client.begin(plain(call(1)));
    server.hear("tools/call").await;
    server.hear("notifications/cancelled").await;
    asked.await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn it_is_left_alone_for_a_while_and_then_tried_by_one_call() {
    let (server, mut stage) = stage();
    let limits = Limits { call_idle: Duration::from_secs(1), ..Limits::default() };
    let client = Client::with(watched(server), limits);
    let session = client.session("2025-06-18").await;
    let mut server = stage.server().await;
    for _ in 0..5 {
        assert!(!matches!(health(&client), Health::Open { .. }));
        unanswered(&client, &mut server).await.expect(504, -32000, "1");
    }
    assert!(matches!(health(&client), Health::Open { .. }));
    let refused = client.ask(plain(call(2))).await;
    refused.expect(503, -32000, "2");
    assert_eq!(refused.header("retry-after"), Some("10"));
    assert!(refused.text.contains("try again in 10 s"), "{}", refused.text);
    let in_session = client.ask(post(call(2)).session(&session)).await;
    assert!(in_session.text.contains("try again in 10 s"), "all connections count together: {}", in_session.text);
    // Whoever looks for himself may.
    let asked = client.begin(plain(PING));
    let ping = server.hear("ping").await;
    server.answer(&ping, "{}").await;
    assert_eq!(asked.await.unwrap().status, 200);

    sleep(Duration::from_secs(10)).await;
    assert_eq!(health(&client), Health::Probing);
    let asked = client.begin(plain(call(3)));
    let probe = server.hear("tools/call").await;
    assert_eq!(client.ask(plain(call(4))).await.header("retry-after"), Some("1"));
    server.answer(&probe, "{}").await;
    assert_eq!(asked.await.unwrap().result(), "{}");
    assert_eq!(health(&client), Health::Healthy);
}

#[tokio::test(start_paused = true)]
async fn a_start_by_hand_forgives_it() {
    let (server, mut stage) = stage();
    let limits = Limits { call_idle: Duration::from_secs(1), ..Limits::default() };
    let client = Client::with(watched(server), limits);
    client.proxy.start().await.unwrap();
    let mut server = stage.server().await;
    for _ in 0..5 {
        unanswered(&client, &mut server).await;
    }
    assert_eq!(client.ask(plain(call(2))).await.status, 503);
    client.proxy.restart_server("lab").await.unwrap();
    assert_eq!(health(&client), Health::Healthy);
    let mut server = stage.server().await;
    let asked = client.begin(plain(call(3)));
    let request = server.hear("tools/call").await;
    server.answer(&request, "{}").await;
    assert_eq!(asked.await.unwrap().result(), "{}");
}

#[tokio::test(start_paused = true)]
async fn without_a_breaker_nobody_is_refused() {
    let (server, mut stage) = stage();
    let limits = Limits { call_idle: Duration::from_secs(1), ..Limits::default() };
    let client = Client::with(legacy(server), limits);
    client.proxy.start().await.unwrap();
    let mut server = stage.server().await;
    for _ in 0..9 {
        unanswered(&client, &mut server).await.expect(504, -32000, "1");
    }
    assert_eq!(health(&client), Health::Healthy);
}
