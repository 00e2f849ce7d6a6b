//! How a call of a session is answered: as JSON or as a stream.

use std::time::Duration;

use mcp_proxy_core::Limits;
use tokio::time::{Instant, advance};

use crate::{
    client::{Client, Events, call, legacy, post},
    server::{Played, stage},
};

/// A call whose server has said how far it is, and nothing else.
async fn with_progress(revision: &str) -> (Client, Played, Events) {
    let (server, mut stage) = stage();
    let client = Client::of(legacy(server));
    let session = client.session(revision).await;
    let mut server = stage.server().await;
    let play = async {
        let request = server.hear("tools/call").await;
        server.progress(&request, 1).await;
        request
    };
    let (mut events, request) = futures::join!(client.open(post(call(1)).session(&session)), play);
    events.expect_stream();
    server.progress(&request, 2).await;
    server.answer(&request, r#"{"n":1}"#).await;
    assert_eq!(events.header("cache-control"), Some("no-cache, no-transform"));
    assert_eq!(events.header("x-accel-buffering"), Some("no"));
    if revision == "2025-11-25" {
        let priming = events.next().await.unwrap();
        assert_eq!(priming.data(), "");
        assert!(priming.id().is_some());
    }
    (client, server, events)
}

#[tokio::test(start_paused = true)]
async fn a_response_that_comes_first_is_json() {
    let (server, mut stage) = stage();
    let client = Client::of(legacy(server));
    let session = client.session("2025-11-25").await;
    let mut server = stage.server().await;
    let asked = client.begin(post(call(1)).session(&session));
    let request = server.hear("tools/call").await;
    advance(Duration::from_secs(8)).await;
    server.answer(&request, r#"{"n":1}"#).await;
    server.progress(&request, 1).await;
    let got = asked.await.unwrap();
    assert_eq!((got.result().as_str(), got.header("cache-control")), (r#"{"n":1}"#, None));
}

#[tokio::test(start_paused = true)]
async fn a_note_that_comes_first_opens_a_stream_that_ends_with_the_response() {
    for revision in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let (_client, _server, events) = with_progress(revision).await;
        let events = events.rest().await;
        let data: Vec<_> = events.iter().map(|event| event.data().to_owned()).collect();
        assert_eq!(data.len(), 3, "{data:?}");
        for (n, data) in data.iter().take(2).enumerate() {
            assert!(data.contains(&format!(r#""progressToken":1,"progress":{}"#, n + 1)), "{data}");
        }
        assert_eq!(data[2], r#"{"jsonrpc":"2.0","id":1,"result":{"n":1}}"#);
        assert!(events.iter().all(|event| event.field("event") == Some("message")));
        let mut ids: Vec<_> = events.iter().filter_map(|event| event.id()).collect();
        assert_eq!(ids.len(), if revision == "2024-11-05" { 0 } else { 3 }, "{revision}");
        ids.dedup();
        assert!(ids.is_empty() || ids.len() == 3);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_takes_long_gets_a_stream_with_a_comment() {
    for revision in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let (server, mut stage) = stage();
        let limits = Limits { stream_after: Duration::from_secs(4), ..Limits::default() };
        let client = Client::with(legacy(server), limits);
        let session = client.session(revision).await;
        let mut server = stage.server().await;
        let start = Instant::now();
        let mut events = client.open(post(call(1)).session(&session)).await;
        events.expect_stream();
        let waited = start.elapsed();
        assert!(Duration::from_secs(4) <= waited && waited <= Duration::from_millis(4500), "{waited:?}");
        // Something comes at once, so that nobody on the way waits for a first byte.
        let first = events.next().await.unwrap();
        assert_eq!(start.elapsed(), waited);
        assert!(if revision == "2025-11-25" { first.data().is_empty() } else { first.is_comment() }, "{first:?}");
        let request = server.hear("tools/call").await;
        server.answer(&request, "{}").await;
        assert_eq!(events.message().await.data(), r#"{"jsonrpc":"2.0","id":1,"result":{}}"#);
        assert_eq!(events.rest().await, []);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_not_silent_for_long() {
    let (server, mut stage) = stage();
    let limits = Limits { call_idle: Duration::from_mins(5), ..Limits::default() };
    let client = Client::with(legacy(server), limits);
    let session = client.session("2025-06-18").await;
    let mut server = stage.server().await;
    let mut events = client.open(post(call(1)).session(&session)).await;
    let request = server.hear("tools/call").await;
    events.next().await.unwrap();
    for _ in 0..3 {
        let start = Instant::now();
        assert!(events.next().await.unwrap().is_comment());
        let waited = start.elapsed();
        assert!(Duration::from_secs(15) <= waited && waited <= Duration::from_millis(15_500), "{waited:?}");
    }
    server.progress(&request, 1).await;
    assert!(!events.next().await.unwrap().is_comment());
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_for_a_place_for_a_while() {
    let (server, mut stage) = stage();
    let limits = Limits { calls_per_session: 2, ..Limits::default() };
    let client = Client::with(legacy(server), limits);
    let (session, other) = (client.session("2025-06-18").await, client.session("2025-06-18").await);
    let mut server = stage.server().await;
    let (one, two) = (client.begin(post(call(1)).session(&session)), client.begin(post(call(2)).session(&session)));
    let (first, second) = (server.hear("tools/call").await, server.hear("tools/call").await);
    let start = Instant::now();
    let got = client.ask(post(call(3)).session(&session)).await;
    got.expect(200, -32000, "3");
    assert!(got.text.contains("calls_per_session"), "{}", got.text);
    assert_eq!(start.elapsed(), Duration::from_secs(5));
    let others = client.begin(post(call(1)).session(&other));
    let request = server.hear("tools/call").await;
    server.answer(&request, r#"{"other":1}"#).await;
    assert_eq!(others.await.unwrap().result(), r#"{"other":1}"#);
    let third = client.begin(post(call(3)).session(&session));
    server.answer(&first, "{}").await;
    let request = server.hear("tools/call").await;
    server.answer(&request, r#"{"n":3}"#).await;
    server.answer(&second, "{}").await;
    assert_eq!(third.await.unwrap().result(), r#"{"n":3}"#);
    assert!(one.await.unwrap().status == 200 && two.await.unwrap().status == 200);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_leaves_is_an_error_and_not_the_end_of_the_session() {
    let (server, mut stage) = stage();
    let client = Client::of(legacy(server));
    let session = client.session("2025-06-18").await;
    let mut server = stage.server().await;
    let asked = client.begin(post(call(1)).session(&session));
    server.hear("tools/call").await;
    drop(server);
    asked.await.unwrap().expect(200, -32000, "1");
    let asked = client.begin(post(call(2)).session(&session));
    let mut server = stage.server().await;
    let request = server.hear("tools/call").await;
    server.answer(&request, "{}").await;
    assert_eq!(asked.await.unwrap().result(), "{}");
}
