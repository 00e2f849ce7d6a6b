//! Calls as a person sees them who watches.

use std::time::Duration;

use mcp_proxy_core::{CallOutcome, Direction, Proxy, TrafficLimits, transport::Principal};
use mcp_testkit::Script;
use tokio::time::sleep;

use crate::{
    client::{Client, call, cancelled, legacy, plain, post},
    keys::{ALICE, keys},
    server::stage,
};

#[tokio::test(start_paused = true)]
async fn a_call_is_seen_with_everything_that_is_said_in_it() {
    let (server, mut stage) = stage();
    let client = Client::build(Proxy::builder().server_with(legacy(server)).traffic(TrafficLimits::default()));
    let session = client.session("2025-06-18").await;
    let mut server = stage.server().await;
    let traffic = client.proxy.traffic().unwrap();
    let mut news = traffic.watch();
    let mut events = client.open(post(call(7)).session(&session)).await;
    let request = server.hear("tools/call").await;
    let begun = news.recv().await.unwrap();
    assert_eq!((begun.outcome, begun.took, begun.subject.as_deref()), (CallOutcome::Running, None, Some("t")));
    server.progress(&request, 1).await;
    events.message().await;
    server.say(r#"{"jsonrpc":"2.0","id":3,"method":"elicitation/create","params":{}}"#).await;
    let question = events.message().await.message();
    let answer = format!(r#"{{"jsonrpc":"2.0","id":{},"result":{{"action":"decline"}}}}"#, question.id().unwrap());
    client.ask(post(answer).session(&session)).await;
    server.hear_answer().await;
    sleep(Duration::from_millis(250)).await;
    server.answer(&request, r#"{"isError":true}"#).await;
    events.message().await;

    let ended = news.recv().await.unwrap();
    assert_eq!((ended.id, ended.outcome, &*ended.server), (begun.id, CallOutcome::ToolError, "lab"));
    assert_eq!((&*ended.method, ended.revision.as_str()), ("tools/call", "2025-06-18"));
    assert!(Duration::from_millis(250) <= ended.took.unwrap() && 0 < ended.response_bytes);
    assert_eq!(&*ended.client.unwrap().info, r#"{"name":"c","version":"1"}"#);
    let exchange = traffic.exchange(ended.id).unwrap();
    let said: Vec<_> = exchange.messages.iter().map(|it| (it.direction, it.text.as_str())).collect();
    let [request, progress, question, answer, response] = &*said else { panic!("{said:?}") };
    assert_eq!(*request, (Direction::ToServer, call(7).as_str()));
    for (message, direction, holds) in [
        (progress, Direction::ToClient, "notifications/progress"),
        (question, Direction::ToClient, "elicitation/create"),
        (answer, Direction::ToServer, "decline"),
        (response, Direction::ToClient, "isError"),
    ] {
        assert!(message.0 == direction && message.1.contains(holds), "{message:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_seen_who_calls_and_how_it_ends() {
    let (server, mut stage) = stage();
    let server = legacy(server);
    let client = Client::build(Proxy::builder().server_with(server).keys(keys()).traffic(TrafficLimits::default()));
    let traffic = client.proxy.traffic().unwrap();
    let asked = client.begin(plain(call(1)).key(ALICE));
    let mut server = stage.server().await;
    server.hear("tools/call").await;
    drop(server);
    asked.await.unwrap().code();
    let lost = &traffic.calls()[0];
    assert_eq!((&lost.principal, lost.outcome), (&Principal::Named("alice".into()), CallOutcome::Lost));

    let got = client.ask(post(crate::client::initialize("2025-06-18")).key(ALICE)).await;
    let session = got.header("mcp-session-id").unwrap().to_owned();
    let asked = client.begin(post(call(2)).session(&session).key(ALICE));
    let mut server = stage.server().await;
    server.hear("tools/call").await;
    client.ask(post(cancelled(2)).session(&session).key(ALICE)).await;
    asked.await.unwrap();
    assert_eq!(traffic.calls()[0].outcome, CallOutcome::Cancelled);
}

#[tokio::test]
async fn nothing_is_kept_that_nobody_has_asked_for() {
    let client = Client::of(legacy(Script::new().answer("tools/call", "{}").transport()));
    client.ask(plain(call(1))).await.result();
    assert!(client.proxy.traffic().is_none());
}
