//! The stream of a session, and what servers say on their own.

use std::time::Duration;

use http::Method;
use mcp_testkit::Script;
use tokio::time::{Instant, advance};

use crate::{
    client::{Client, Events, ask, call, get, legacy, post},
    server::stage,
};

const CHANGED: &str = r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#;

async fn listen(client: &Client, session: &str) -> Events {
    let events = client.open(get("/mcp").session(session)).await;
    events.expect_stream();
    events
}

#[tokio::test(start_paused = true)]
async fn everybody_hears_that_a_list_has_changed() {
    let (server, mut stage) = stage();
    let client = Client::of(legacy(server));
    let (one, two, late) =
        (client.session("2025-03-26").await, client.session("2025-11-25").await, client.session("2025-06-18").await);
    let server = stage.server().await;
    let (mut first, mut second) = (listen(&client, &one).await, listen(&client, &two).await);
    server.say(CHANGED).await;
    for events in [&mut first, &mut second] {
        let event = events.message().await;
        assert_eq!((event.data(), event.field("event")), (CHANGED, Some("message")));
        assert!(event.id().is_some());
    }
    assert_eq!(listen(&client, &late).await.message().await.data(), CHANGED, "it waits for a stream");
}

#[tokio::test(start_paused = true)]
async fn a_stream_begins_as_its_revision_says() {
    let client = Client::of(legacy(Script::new().transport()));
    for (revision, primes) in [("2025-03-26", false), ("2025-06-18", false), ("2025-11-25", true)] {
        let session = client.session(revision).await;
        let mut events = listen(&client, &session).await;
        let start = Instant::now();
        let first = events.next().await.unwrap();
        assert_eq!(first.is_comment(), !primes, "{first:?}");
        if primes {
            assert_eq!((first.data(), start.elapsed()), ("", Duration::ZERO));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn there_is_one_stream_at_a_time() {
    let (server, mut stage) = stage();
    let client = Client::of(legacy(server));
    let session = client.session("2025-06-18").await;
    let server = stage.server().await;
    let events = listen(&client, &session).await;
    let refused = client.ask(get("/mcp").session(&session)).await;
    refused.expect(409, -32000, "null");
    assert!(refused.text.contains("last-event-id"), "{}", refused.text);
    drop(events);
    let mut events = listen(&client, &session).await;
    server.say(CHANGED).await;
    assert_eq!(events.message().await.data(), CHANGED);
}

#[tokio::test(start_paused = true)]
async fn who_knows_the_last_event_takes_over() {
    let (server, mut stage) = stage();
    let client = Client::of(legacy(server));
    let session = client.session("2025-11-25").await;
    let server = stage.server().await;
    let mut events = listen(&client, &session).await;
    let priming = events.next().await.unwrap();
    server.say(CHANGED).await;
    let first = events.message().await;
    let resume = |id: &str| get("/mcp").session(&session).last_event(id);
    let mut second = client.open(resume(priming.id().unwrap())).await;
    second.expect_stream();
    assert_eq!(events.rest().await, [], "the first one ends");
    assert_eq!(second.message().await, first, "what may have been missed comes again");
    server.say(CHANGED).await;
    let third = second.message().await;
    drop(second);
    server.say(CHANGED).await;
    advance(Duration::from_secs(1)).await;
    let mut events = client.open(resume(third.id().unwrap())).await;
    let fourth = events.message().await;
    assert!(fourth.data() == CHANGED && fourth.id() != third.id());
    assert_eq!(client.ask(resume("x")).await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_with_its_session() {
    let client = Client::of(legacy(Script::new().transport()));
    let session = client.session("2025-06-18").await;
    let mut events = listen(&client, &session).await;
    let start = Instant::now();
    assert_eq!(client.ask(ask(Method::DELETE, "/mcp").session(&session)).await.status, 200);
    assert_eq!(events.next().await, None);
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_question_reaches_the_one_whose_call_it_is() {
    let (server, mut stage) = stage();
    let client = Client::of(legacy(server));
    let (session, other) = (client.session("2025-06-18").await, client.session("2025-06-18").await);
    let mut server = stage.server().await;
    let mut others = listen(&client, &other).await;
    let mut own = listen(&client, &session).await;
    let question = r#"{"jsonrpc":"2.0","id":5,"method":"elicitation/create","params":{"message":"?"}}"#;
    let play = async {
        let request = server.hear("tools/call").await;
        server.say(question).await;
        request
    };
    let (mut events, request) = futures::join!(client.open(post(call(1)).session(&session)), play);
    events.expect_stream();
    let asked = events.message().await.message();
    assert_eq!((asked.method(), asked.params()), (Some("elicitation/create"), Some(r#"{"message":"?"}"#)));
    let answer = |value: u8| format!(r#"{{"jsonrpc":"2.0","id":{},"result":{{"v":{value}}}}}"#, asked.id().unwrap());
    assert_eq!(client.ask(post(answer(1)).session(&other)).await.status, 202, "dropped: it was not asked");
    let got = client.ask(post(answer(2)).session(&session)).await;
    assert_eq!((got.status, &*got.text), (202, ""));
    let heard = server.hear_answer().await;
    assert_eq!((heard.id().unwrap().as_str(), heard.result()), ("5", Some(r#"{"v":2}"#)));
    server.answer(&request, "{}").await;
    assert_eq!(events.message().await.data(), r#"{"jsonrpc":"2.0","id":1,"result":{}}"#);
    assert_eq!(events.rest().await, []);
    server.say(CHANGED).await;
    assert_eq!((others.message().await.data(), own.message().await.data()), (CHANGED, CHANGED), "and nothing before");
}

#[tokio::test(start_paused = true)]
async fn a_change_of_a_resource_reaches_those_who_asked() {
    let (server, mut stage) = stage();
    let client = Client::of(legacy(server));
    let (session, other) = (client.session("2025-06-18").await, client.session("2025-06-18").await);
    let mut server = stage.server().await;
    let subscribe = r#"{"jsonrpc":"2.0","id":1,"method":"resources/subscribe","params":{"uri":"a:b"}}"#;
    let asked = client.begin(post(subscribe).session(&session));
    let request = server.hear("resources/subscribe").await;
    server.answer(&request, "{}").await;
    assert_eq!(asked.await.unwrap().result(), "{}");
    let (mut own, mut others) = (listen(&client, &session).await, listen(&client, &other).await);
    let updated = r#"{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"a:b"}}"#;
    server.say(updated).await;
    server.say(CHANGED).await;
    assert_eq!(own.message().await.data(), updated);
    assert_eq!(others.message().await.data(), CHANGED);
}
