//! What a server tells on the way to its answer.

use std::time::Duration;

use mcp_jsonrpc::Message;
use mcp_proxy_core::transport::Memory;
use tokio::time::Instant;

use crate::{
    asked::{RESULT, call, fetch, rest},
    client::{BOTH, Client, Event, legacy},
    server::{Played, Stage, stage},
};

fn lab() -> (Client, Stage) {
    let (server, stage): (Memory, Stage) = stage();
    (rest(legacy(server)), stage)
}

/// Says how far the call is, twice, and something for the log.
async fn tell(server: &Played, request: &Message) {
    server.progress(request, 1).await;
    server.say(r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"so far"}}"#).await;
    server.progress(request, 2).await;
}

fn kind(event: &Event) -> &str {
    event.field("event").unwrap()
}

#[tokio::test(start_paused = true)]
async fn progress_and_logs_are_listed_if_the_caller_wants_them() {
    let (client, mut stage) = lab();
    let asked = client.begin(call().query("notifications=true"));
    let mut server = stage.server().await;
    let request = server.hear_call().await;
    tell(&server, &request).await;
    server.answer(&request, RESULT).await;
    let notes = [
        r#"{"method":"notifications/progress","params":{"progressToken":1,"progress":1}}"#,
        r#"{"method":"notifications/message","params":{"level":"info","data":"so far"}}"#,
        r#"{"method":"notifications/progress","params":{"progressToken":1,"progress":2}}"#,
    ];
    let result = RESULT.strip_suffix('}').unwrap();
    asked.await.unwrap().is(200, &format!(r#"{result},"notifications":[{}]}}"#, notes.join(",")));
    // Nobody who does not ask is told.
    let asked = client.begin(call());
    let request = server.hear_call().await;
    assert_eq!(request.value(&["params", "_meta", "progressToken"]), None);
    server.answer(&request, RESULT).await;
    asked.await.unwrap().is(200, RESULT);
}

#[tokio::test(start_paused = true)]
async fn a_stream_tells_at_once_and_ends_with_the_result() {
    let (client, mut stage) = lab();
    let opening = tokio::spawn({
        let client = client.clone();
        async move { client.open(call().accept("text/event-stream")).await }
    });
    let mut server = stage.server().await;
    let request = server.hear_call().await;
    let mut events = opening.await.unwrap();
    events.expect_stream();
    assert_eq!(events.header("x-accel-buffering"), Some("no"));
    server.progress(&request, 1).await;
    let event = events.next().await.unwrap();
    assert_eq!((kind(&event), event.data()), ("progress", r#"{"progressToken":1,"progress":1}"#));
    server.say(r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"so far"}}"#).await;
    let event = events.next().await.unwrap();
    assert_eq!((kind(&event), event.data()), ("log", r#"{"level":"info","data":"so far"}"#));
    let since = Instant::now();
    assert_eq!(events.next().await, Some(Event(": keep-alive".to_owned())));
    assert_eq!(since.elapsed(), Duration::from_secs(15));
    server.answer(&request, RESULT).await;
    let event = events.next().await.unwrap();
    assert_eq!((kind(&event), event.data()), ("result", RESULT));
    assert_eq!(events.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_comes_to_nothing_ends_with_an_error() {
    let (client, mut stage) = lab();
    let streamed = || call().accept("text/event-stream").query("strict=true");
    let asked = client.begin(streamed());
    let mut server = stage.server().await;
    let request = server.hear_call().await;
    server.answer(&request, r#"{"content":[],"isError":true}"#).await;
    let got = asked.await.unwrap();
    assert!(
        got.text.starts_with(
            r#"event: error
data: {"error":"Tool error","message":"#
        ),
        "{}",
        got.text
    );
    let asked = client.begin(streamed());
    server.hear_call().await;
    drop(server);
    let got = asked.await.unwrap();
    assert!(
        got.text.starts_with(
            r#"event: error
data: {"error":"Server unreachable","message":"#
        ),
        "{}",
        got.text
    );
    assert!(got.text.ends_with("}\n\n"), "{}", got.text);
    // What goes wrong before there is a stream is an answer of its own.
    client.ask(streamed().at("/api/mcp/nobody/tools/t/execute")).await.fails(404, "Server not found");
}

#[tokio::test(start_paused = true)]
async fn whoever_takes_json_too_gets_json() {
    let (client, mut stage) = lab();
    let asked = client.begin(call().accept(BOTH));
    let mut server = stage.server().await;
    let request = server.hear_call().await;
    server.answer(&request, RESULT).await;
    asked.await.unwrap().is(200, RESULT);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_hangs_up_cancels_its_call() {
    let (client, mut stage) = lab();
    let asked = client.begin(call());
    let mut server = stage.server().await;
    let request = server.hear_call().await;
    asked.abort();
    let cancelled = server.hear("notifications/cancelled").await;
    assert_eq!(cancelled.value(&["params", "requestId"]), Some(request.id().unwrap().as_str()));
    let opening = tokio::spawn(async move { client.open(call().accept("text/event-stream")).await });
    let request = server.hear_call().await;
    drop(opening.await.unwrap());
    let cancelled = server.hear("notifications/cancelled").await;
    assert_eq!(cancelled.value(&["params", "requestId"]), Some(request.id().unwrap().as_str()));
}

#[tokio::test(start_paused = true)]
async fn progress_keeps_a_call_alive() {
    let (client, mut stage) = lab();
    let asked = client.begin(call().query("notifications=true"));
    let mut server = stage.server().await;
    let request = server.hear_call().await;
    for progress in 0..5 {
        tokio::time::sleep(Duration::from_secs(50)).await;
        server.progress(&request, progress).await;
    }
    server.answer(&request, RESULT).await;
    assert_eq!(asked.await.unwrap().status, 200);
    let asked = client.begin(fetch("/api/mcp/lab/prompts"));
    server.hear("prompts/list").await;
    asked.await.unwrap().fails(504, "Server too slow");
}
