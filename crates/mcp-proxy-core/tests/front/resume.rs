//! Calls whose client loses its connection, and what it gets when it comes back.

use std::time::Duration;

use mcp_jsonrpc::Message;
use mcp_proxy_core::Limits;
use tokio::time::{advance, timeout};

use crate::{
    client::{Client, Event, Events, call, get, legacy, post},
    server::{Played, Stage, stage},
};

struct Lab {
    client: Client,
    session: String,
    server: Played,
    _stage: Stage,
}

async fn lab(revision: &str, limits: Limits) -> Lab {
    let (server, mut stage) = stage();
    let client = Client::with(legacy(server), limits);
    let session = client.session(revision).await.to_string();
    let server = stage.server().await;
    Lab { client, session, server, _stage: stage }
}

impl Lab {
    /// A call that is answered with a stream, whose first note has been read.
    async fn streaming(&mut self, id: u64) -> (Message, Events, Event) {
        let play = async {
            let request = self.server.hear("tools/call").await;
            self.server.progress(&request, 1).await;
            request
        };
        let ask = post(call(id)).session(&self.session);
        let (mut events, request) = futures::join!(self.client.open(ask), play);
        events.expect_stream();
        let first = events.message().await;
        (request, events, first)
    }

    async fn resume(&self, last: &str) -> Events {
        self.client.open(get("/mcp").session(&self.session).last_event(last)).await
    }
}

fn progress_of(events: &[Event]) -> Vec<String> {
    let value = |event: &Event| event.message().value(&["params", "progress"]).unwrap_or("result").to_owned();
    events.iter().filter(|event| !event.is_comment()).map(value).collect()
}

#[tokio::test(start_paused = true)]
async fn a_connection_lost_before_the_answer_ends_nothing() {
    let mut lab = lab("2025-06-18", Limits::default()).await;
    let asked = lab.client.begin(post(call(1)).session(&lab.session));
    let request = lab.server.hear("tools/call").await;
    asked.abort();
    assert!(timeout(Duration::from_secs(20), lab.server.next()).await.is_err(), "nothing was cancelled");
    lab.server.progress(&request, 1).await;
    // Nobody will see this question, so it is declined.
    lab.server.say(r#"{"jsonrpc":"2.0","id":77,"method":"sampling/createMessage","params":{}}"#).await;
    let declined = lab.server.hear_answer().await;
    assert!(declined.is_error() && declined.id().unwrap().as_str() == "77");
    lab.server.answer(&request, "{}").await;
    let asked = lab.client.begin(post(call(1)).session(&lab.session));
    let request = lab.server.hear("tools/call").await;
    lab.server.answer(&request, "{}").await;
    assert_eq!(asked.await.unwrap().result(), "{}");
}

#[tokio::test(start_paused = true)]
async fn what_was_missed_comes_once_and_in_order() {
    for revision in ["2025-03-26", "2025-06-18", "2025-11-25"] {
        let mut lab = lab(revision, Limits::default()).await;
        let (request, events, first) = lab.streaming(1).await;
        drop(events);
        for n in 2..5 {
            lab.server.progress(&request, n).await;
        }
        lab.server.answer(&request, "{}").await;
        advance(Duration::from_secs(1)).await;
        for _ in 0..2 {
            let events = lab.resume(first.id().unwrap()).await;
            events.expect_stream();
            let rest = events.rest().await;
            assert_eq!(progress_of(&rest), ["2", "3", "4", "result"], "{revision}");
            assert_eq!(rest[3].data(), r#"{"jsonrpc":"2.0","id":1,"result":{}}"#);
            let events = lab.resume(rest[1].id().unwrap()).await.rest().await;
            assert_eq!(progress_of(&events), ["4", "result"]);
            assert_eq!(lab.resume(rest[3].id().unwrap()).await.rest().await, []);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_comes_later_comes_as_it_does() {
    let mut lab = lab("2025-11-25", Limits::default()).await;
    let (request, events, first) = lab.streaming(1).await;
    drop(events);
    lab.server.progress(&request, 2).await;
    let mut events = lab.resume(first.id().unwrap()).await;
    assert_eq!(progress_of(&[events.message().await]), ["2"]);
    for n in 3..6 {
        lab.server.progress(&request, n).await;
        assert_eq!(progress_of(&[events.message().await]), [n.to_string()]);
    }
    let last = {
        lab.server.progress(&request, 6).await;
        events.message().await
    };
    // It breaks again.
    drop(events);
    lab.server.answer(&request, "{}").await;
    assert_eq!(progress_of(&lab.resume(last.id().unwrap()).await.rest().await), ["result"]);
}

#[tokio::test(start_paused = true)]
async fn a_stream_can_be_resumed_from_its_very_beginning() {
    let mut lab = lab("2025-11-25", Limits::default()).await;
    let mut events = lab.client.open(post(call(1)).session(&lab.session)).await;
    let request = lab.server.hear("tools/call").await;
    let priming = events.next().await.unwrap();
    drop(events);
    lab.server.progress(&request, 1).await;
    lab.server.answer(&request, "{}").await;
    let rest = lab.resume(priming.id().unwrap()).await.rest().await;
    assert_eq!(progress_of(&rest), ["1", "result"]);
}

#[tokio::test(start_paused = true)]
async fn one_stream_is_resumed_and_no_other() {
    let mut lab = lab("2025-06-18", Limits::default()).await;
    let (one, first_stream, first) = lab.streaming(1).await;
    let (two, second_stream, second) = lab.streaming(2).await;
    drop((first_stream, second_stream));
    for (n, request) in [(11, &one), (21, &two), (12, &one), (22, &two)] {
        lab.server.progress(request, n).await;
    }
    lab.server.answer(&two, "{}").await;
    lab.server.answer(&one, "{}").await;
    advance(Duration::from_secs(1)).await;
    assert_eq!(progress_of(&lab.resume(first.id().unwrap()).await.rest().await), ["11", "12", "result"]);
    assert_eq!(progress_of(&lab.resume(second.id().unwrap()).await.rest().await), ["21", "22", "result"]);
}

#[tokio::test(start_paused = true)]
async fn a_question_that_was_missed_can_still_be_answered() {
    let mut lab = lab("2025-06-18", Limits::default()).await;
    let (request, events, first) = lab.streaming(1).await;
    drop(events);
    lab.server.say(r#"{"jsonrpc":"2.0","id":"q","method":"sampling/createMessage","params":{}}"#).await;
    let mut events = lab.resume(first.id().unwrap()).await;
    let question = events.message().await.message();
    let answer = format!(r#"{{"jsonrpc":"2.0","id":{},"result":{{"a":1}}}}"#, question.id().unwrap());
    assert_eq!(lab.client.ask(post(answer).session(&lab.session)).await.status, 202);
    let heard = lab.server.hear_answer().await;
    assert_eq!((heard.id().unwrap().as_str(), heard.result()), ("\"q\"", Some(r#"{"a":1}"#)));
    lab.server.answer(&request, "{}").await;
    assert_eq!(progress_of(&events.rest().await), ["result"]);
}

#[tokio::test(start_paused = true)]
async fn ids_of_nothing_and_of_others_are_not_found() {
    let mut lab = lab("2025-06-18", Limits::default()).await;
    lab.resume("anything").await;
    let (_request, events, first) = lab.streaming(1).await;
    drop(events);
    let id = first.id().unwrap();
    for unknown in ["0", "-", "1-1-1", &format!("{id}9"), &id[1..]] {
        assert_eq!(lab.resume(unknown).await.status, 400, "{unknown}");
    }
    let other = lab.client.session("2025-06-18").await;
    let got = lab.client.ask(get("/mcp").session(&other).last_event(id)).await;
    got.expect(400, -32000, "null");
    assert!(got.text.contains("open a new stream"), "{}", got.text);
}

#[tokio::test(start_paused = true)]
async fn as_many_events_are_kept_as_the_limit_says() {
    let mut limits = Limits::default();
    limits.sessions.replay.events = 3;
    let mut lab = lab("2025-06-18", limits).await;
    let (request, events, first) = lab.streaming(1).await;
    drop(events);
    for n in 2..5 {
        lab.server.progress(&request, n).await;
    }
    advance(Duration::from_secs(1)).await;
    let mut events = lab.resume(first.id().unwrap()).await;
    let second = events.message().await;
    drop(events);
    lab.server.progress(&request, 5).await;
    advance(Duration::from_secs(1)).await;
    assert_eq!(lab.resume(first.id().unwrap()).await.status, 400, "the second event is not kept any more");
    let mut events = lab.resume(second.id().unwrap()).await;
    assert_eq!(progress_of(&[events.message().await]), ["3"]);
}

#[tokio::test(start_paused = true)]
async fn events_are_kept_for_as_long_as_the_limit_says() {
    let mut limits =
        Limits { call_idle: Duration::from_hours(1), call_time: Duration::from_hours(1), ..Limits::default() };
    limits.sessions.replay.age = Duration::from_mins(1);
    let mut lab = lab("2025-06-18", limits).await;
    let (request, events, first) = lab.streaming(1).await;
    drop(events);
    lab.server.progress(&request, 2).await;
    tokio::time::sleep(Duration::from_secs(58)).await;
    assert_eq!(progress_of(&[lab.resume(first.id().unwrap()).await.message().await]), ["2"]);
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(lab.resume(first.id().unwrap()).await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn a_silent_tail_sends_comments() {
    let mut lab = lab("2025-06-18", Limits::default()).await;
    let (_request, events, first) = lab.streaming(1).await;
    drop(events);
    let mut events = lab.resume(first.id().unwrap()).await;
    assert!(events.next().await.unwrap().is_comment());
}
