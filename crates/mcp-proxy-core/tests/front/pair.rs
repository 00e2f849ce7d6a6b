//! HTTP+SSE of 2024-11-05.

use std::time::Duration;

use mcp_proxy_core::{Allowed, Limits, Proxy};
use mcp_testkit::Script;
use tokio::{
    sync::mpsc,
    task::AbortHandle,
    time::{Instant, timeout},
};

use crate::{
    client::{Client, Event, Events, Got, call, cancelled, dedicated, get, initialize, legacy, post},
    server::{slow_stage, stage},
};

/// A stream that is being read, and where to post for it.
struct Pair {
    client: Client,
    events: mpsc::Receiver<Event>,
    reader: AbortHandle,
    endpoint: String,
}

/// A stream that nobody reads, and where to post for it.
async fn unread(client: &Client) -> (Events, String) {
    let mut events = client.open(get("/sse")).await;
    events.expect_stream();
    let event = events.next().await.unwrap();
    assert_eq!(event.field("event"), Some("endpoint"));
    let endpoint = event.data().to_owned();
    (events, endpoint)
}

async fn open(client: &Client) -> Pair {
    let (mut stream, endpoint) = unread(client).await;
    let (sender, events) = mpsc::channel(300);
    let reader = tokio::spawn(async move {
        while let Some(event) = stream.next().await {
            if !event.is_comment() {
                sender.send(event).await.unwrap();
            }
        }
    });
    Pair { client: client.clone(), endpoint, events, reader: reader.abort_handle() }
}

async fn pair(client: &Client) -> Pair {
    let mut pair = open(client).await;
    pair.post(&initialize("2024-11-05")).await;
    let answer = pair.message().await;
    assert_eq!(answer.field("event"), Some("message"));
    assert!(answer.data().contains(r#""protocolVersion":"2024-11-05""#), "{answer:?}");
    pair.post(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
    pair
}

impl Pair {
    async fn try_post(&self, body: &str) -> Got {
        self.client.ask(post(body).at(&self.endpoint)).await
    }

    async fn post(&self, body: &str) {
        let got = self.try_post(body).await;
        assert_eq!((got.status, &*got.text), (202, ""), "{body}");
    }

    /// The next event that is no comment.
    async fn message(&mut self) -> Event {
        self.events.recv().await.expect("the stream has not ended")
    }

    async fn data(&mut self) -> String {
        let event = self.message().await;
        assert_eq!((event.field("event"), event.id()), (Some("message"), None));
        event.data().to_owned()
    }
}

#[tokio::test(start_paused = true)]
async fn everything_comes_back_on_the_stream() {
    let (server, mut stage) = stage();
    let client = Client::of(legacy(server));
    let mut pair = pair(&client).await;
    let mut server = stage.server().await;
    pair.post(&call(1)).await;
    pair.post(&call(2)).await;
    let (one, two) = (server.hear("tools/call").await, server.hear("tools/call").await);
    server.progress(&one, 1).await;
    server.answer(&two, r#"{"n":2}"#).await;
    server.answer(&one, r#"{"n":1}"#).await;
    let mut data = [pair.data().await, pair.data().await, pair.data().await];
    data.sort();
    assert!(data[2].contains(r#""progressToken":1"#), "{data:?}");
    assert_eq!(data[0], r#"{"jsonrpc":"2.0","id":1,"result":{"n":1}}"#);
    assert_eq!(data[1], r#"{"jsonrpc":"2.0","id":2,"result":{"n":2}}"#);
    let changed = r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#;
    server.say(changed).await;
    assert_eq!(pair.data().await, changed);
}

#[tokio::test(start_paused = true)]
async fn questions_and_cancellations_go_both_ways() {
    let (server, mut stage) = stage();
    let client = Client::of(legacy(server));
    let mut pair = pair(&client).await;
    let mut server = stage.server().await;
    pair.post(&call(1)).await;
    let request = server.hear("tools/call").await;
    server.say(r#"{"jsonrpc":"2.0","id":"q","method":"roots/list"}"#).await;
    let question = pair.message().await.message();
    pair.post(&format!(r#"{{"jsonrpc":"2.0","id":{},"result":{{"roots":[]}}}}"#, question.id().unwrap())).await;
    assert_eq!(server.hear_answer().await.id().unwrap().as_str(), "\"q\"");
    pair.post(&cancelled(1)).await;
    let notice = server.hear("notifications/cancelled").await;
    assert_eq!(notice.value(&["params", "requestId"]), Some(request.id().unwrap().as_str()));
    assert!(timeout(Duration::from_secs(5), pair.events.recv()).await.is_err(), "no response is wanted");
}

#[tokio::test(start_paused = true)]
async fn a_call_can_be_cancelled_as_soon_as_it_is_posted() {
    let (server, mut stage) = stage();
    let client = Client::of(legacy(server));
    let (mut events, endpoint) = unread(&client).await;
    client.ask(post(initialize("2024-11-05")).at(&endpoint)).await;
    events.message().await;
    let mut server = stage.server().await;
    // Nobody reads the stream meanwhile, so the call has not begun.
    client.ask(post(call(1)).at(&endpoint)).await;
    client.ask(post(cancelled(1)).at(&endpoint)).await;
    assert!(timeout(Duration::from_secs(5), events.message()).await.is_err(), "no response is wanted");
    server.hear("tools/call").await;
    server.hear("notifications/cancelled").await;
}

#[tokio::test]
async fn the_endpoint_is_relative_to_where_clients_see_the_stream() {
    let script = || Script::new().transport();
    let client = Client::build(Proxy::builder().server("lab", script()));
    for (path, start) in [("/sse", "/messages?session_id="), ("/sse/", "/messages?"), ("/lab/sse", "/lab/messages?")] {
        let mut events = client.open(get(path)).await;
        let endpoint = events.next().await.unwrap().data().to_owned();
        assert!(endpoint.starts_with(start), "{endpoint}");
        assert_eq!(client.ask(post(initialize("2024-11-05")).at(&endpoint)).await.status, 202);
        let short = endpoint.replace("messages", "message").replace("session_id", "sessionId");
        let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
        assert_eq!(client.ask(post(ping).at(&short)).await.status, 202);
    }
    let allowed = Allowed { public_url: Some("https://mcp.example/tools/".to_owned()), ..Allowed::default() };
    let client = Client::build(Proxy::builder().server("lab", script()).allowed(allowed));
    let mut events = client.open(get("/sse").header("host", "mcp.example")).await;
    let endpoint = events.next().await.unwrap().data().to_owned();
    assert!(endpoint.starts_with("/tools/messages?session_id="), "{endpoint}");
}

#[tokio::test(start_paused = true)]
async fn the_session_ends_with_the_stream() {
    let (server, mut stage) = stage();
    let client = Client::of(legacy(server));
    let pair = pair(&client).await;
    let mut server = stage.server().await;
    let mut other = self::pair(&client).await;
    pair.post(&call(1)).await;
    other.post(&call(1)).await;
    let (request, others) = (server.hear("tools/call").await, server.hear("tools/call").await);
    pair.reader.abort();
    let notice = server.hear("notifications/cancelled").await;
    assert_eq!(notice.value(&["params", "requestId"]), Some(request.id().unwrap().as_str()));
    pair.try_post(&call(2)).await.expect(404, -32001, "null");
    server.answer(&others, "{}").await;
    assert_eq!(other.data().await, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#, "the other one goes on");
}

#[tokio::test]
async fn posts_must_name_a_stream_that_is_open() {
    let client = Client::of(legacy(Script::new().transport()));
    client.ask(post(call(1)).at("/messages")).await.expect(400, -32000, "null");
    client.ask(post(call(1)).at("/messages?session_id=")).await.expect(404, -32001, "null");
    client.ask(post(call(1)).at("/messages?session_id=unknown")).await.expect(404, -32001, "null");
    let session = client.session("2025-06-18").await;
    let streamable = format!("/messages?session_id={session}");
    client.ask(post(call(1)).at(&streamable)).await.expect(404, -32001, "null");
}

#[tokio::test]
async fn what_is_no_message_is_refused_at_once() {
    let client = Client::of(legacy(Script::new().transport()));
    let pair = pair(&client).await;
    pair.try_post("{").await.expect(400, -32700, "null");
    pair.try_post("[]").await.expect(400, -32600, "null");
    pair.try_post(&format!("[{}]", call(1))).await.expect(400, -32600, "null");
    let form = post(call(1)).at(&pair.endpoint).header("content-type", "text/plain");
    client.ask(form).await.expect(415, -32600, "null");
}

#[tokio::test]
async fn calls_before_the_handshake_are_errors_on_the_stream() {
    let client = Client::of(legacy(Script::new().transport()));
    let mut pair = open(&client).await;
    pair.post(&call(1)).await;
    assert!(pair.data().await.contains(r#""id":1,"error":{"code":-32600"#));
    pair.post(r#"{"jsonrpc":"2.0","id":2,"method":"initialize","params":{}}"#).await;
    assert!(pair.data().await.contains(r#""id":2,"error":{"code":-32602"#));
    pair.post(&initialize("2024-11-05")).await;
    assert!(pair.data().await.contains(r#""id":0,"result""#));
    pair.post(&initialize("2024-11-05")).await;
    assert!(pair.data().await.contains(r#""id":0,"error":{"code":-32600"#));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_slow_to_start_holds_up_no_post() {
    let (server, mut stage) = slow_stage(Duration::from_secs(45));
    let client = Client::of(legacy(server));
    let mut pair = open(&client).await;
    let start = Instant::now();
    pair.post(&initialize("2024-11-05")).await;
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert!(pair.data().await.contains(r#""id":0,"result""#));
    assert_eq!(start.elapsed(), Duration::from_secs(45));
    stage.server().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_may_post_only_so_much() {
    let client = Client::of(legacy(Script::new().transport()));
    let (_events, endpoint) = unread(&client).await;
    for id in 0..256 {
        assert_eq!(client.ask(post(call(id)).at(&endpoint)).await.status, 202);
    }
    let refused = client.ask(post(call(256)).at(&endpoint)).await;
    refused.expect(503, -32000, "256");
    assert_eq!(refused.header("retry-after"), Some("5"));
}

#[tokio::test(start_paused = true)]
async fn who_never_completes_the_handshake_loses_the_stream() {
    let mut limits = Limits::default();
    limits.sessions.pre_initialize = Duration::from_secs(20);
    let client = Client::with(legacy(Script::new().transport()), limits);
    let mut pair = open(&client).await;
    let start = Instant::now();
    assert_eq!(pair.events.recv().await, None);
    let waited = start.elapsed();
    assert!(Duration::from_secs(20) <= waited && waited <= Duration::from_secs(23), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stream_lives_as_long_as_it_is_open() {
    let client = Client::with(legacy(Script::new().transport()), Limits::default());
    let mut pair = pair(&client).await;
    assert!(timeout(Duration::from_hours(2), pair.events.recv()).await.is_err(), "nothing comes, not even the end");
    pair.post(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#).await;
    assert!(pair.data().await.contains(r#""id":1,"result""#));
}

#[tokio::test(start_paused = true)]
async fn a_dedicated_server_ends_its_stream_after_its_last_answers() {
    let (server, mut stage) = stage();
    let client = Client::of(dedicated(server));
    let mut pair = pair(&client).await;
    let mut server = stage.server().await;
    pair.post(&call(1)).await;
    pair.post(&call(2)).await;
    server.hear("tools/call").await;
    server.hear("tools/call").await;
    drop(server);
    for _ in 0..2 {
        let error = pair.data().await;
        assert!(error.contains("error") && !error.contains("cancelled"), "{error}");
    }
    assert_eq!(pair.events.recv().await, None);
    pair.try_post(&call(3)).await.expect(404, -32001, "null");
}
