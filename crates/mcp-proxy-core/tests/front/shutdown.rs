//! How a proxy ends.

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    client::{Client, call, get, initialize, legacy, post},
    server::stage,
};

#[tokio::test(start_paused = true)]
async fn what_is_in_flight_is_answered_and_streams_end() {
    let (server, mut stage) = stage();
    let client = Client::of(legacy(server));
    let session = client.session("2025-06-18").await;
    let mut server = stage.server().await;
    let asked = client.begin(post(call(1)).session(&session));
    let plain = client.begin(post(call(2)).accept("application/json"));
    let mut events = client.open(get("/mcp").session(&session)).await;
    server.hear("tools/call").await;
    server.hear("tools/call").await;
    let start = Instant::now();
    client.proxy.close().await;
    let got = asked.await.unwrap();
    got.expect(200, -32000, "1");
    assert!(got.text.contains("shutting down"), "{}", got.text);
    let plain = plain.await.unwrap();
    assert!(plain.status == 502 || plain.status == 503, "{}", plain.text);
    assert_eq!(events.next().await, None);
    while server.next().await.is_some() {}
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn nothing_new_is_taken() {
    let (server, _stage) = stage();
    let client = Client::of(legacy(server));
    let session = client.session("2025-06-18").await;
    client.proxy.close().await;
    for ask in [post(initialize("2025-06-18")), post(call(1)).session(&session), get("/sse"), get("/health")] {
        let got = client.ask(ask).await;
        got.expect(503, -32000, "null");
        assert_eq!(got.header("retry-after"), Some("5"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_http_and_sse_ends_after_its_answers() {
    let (server, mut stage) = stage();
    let client = Client::of(legacy(server));
    let mut events = client.open(get("/sse")).await;
    let endpoint = events.next().await.unwrap().data().to_owned();
    client.ask(post(initialize("2024-11-05")).at(&endpoint)).await;
    events.message().await;
    client.ask(post(call(1)).at(&endpoint)).await;
    let reading = tokio::spawn(events.rest());
    let mut server = stage.server().await;
    server.hear("tools/call").await;
    client.proxy.close().await;
    let rest = reading.await.unwrap();
    assert!(rest.last().unwrap().data().contains(r#""id":1,"error""#), "{rest:?}");
}
