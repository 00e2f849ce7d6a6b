//! Cancelling calls of a session, and ids that are not unique.

use std::time::Duration;

use http::Method;
use mcp_proxy_core::Limits;
use tokio::time::timeout;

use crate::{
    client::{Client, ask, call, cancelled, legacy, post},
    server::stage,
};

#[tokio::test(start_paused = true)]
async fn the_named_call_ends_and_no_other() {
    let (server, mut stage) = stage();
    let client = Client::of(legacy(server));
    let session = client.session("2025-06-18").await;
    let mut server = stage.server().await;
    let (one, two) = (client.begin(post(call(1)).session(&session)), client.begin(post(call(2)).session(&session)));
    let (first, second) = (server.hear("tools/call").await, server.hear("tools/call").await);
    let got = client.ask(post(cancelled(1)).session(&session)).await;
    assert_eq!((got.status, &*got.text), (202, ""));
    let notice = server.hear("notifications/cancelled").await;
    assert_eq!(notice.value(&["params", "requestId"]), Some(first.id().unwrap().as_str()), "the server's own id");
    assert_eq!(notice.value(&["params", "reason"]), Some("\"bored\""));
    one.await.unwrap().expect(200, -32000, "1");
    server.answer(&first, r#"{"late":1}"#).await;
    server.answer(&second, "{}").await;
    assert_eq!(two.await.unwrap().result(), "{}");
}

#[tokio::test(start_paused = true)]
async fn what_is_over_unknown_or_somebody_elses_is_not_cancelled() {
    let (server, mut stage) = stage();
    let client = Client::of(legacy(server));
    let (session, other) = (client.session("2025-06-18").await, client.session("2025-06-18").await);
    let mut server = stage.server().await;
    let one = client.begin(post(call(1)).session(&session));
    let request = server.hear("tools/call").await;
    for (id, whose) in [(1, &other), (7, &session), (0, &session)] {
        assert_eq!(client.ask(post(cancelled(id)).session(whose)).await.status, 202);
    }
    let as_text = cancelled(1).replace(":1,", ":\"1\",");
    assert_eq!(client.ask(post(as_text).session(&session)).await.status, 202);
    server.answer(&request, "{}").await;
    assert_eq!(one.await.unwrap().result(), "{}");
    assert_eq!(client.ask(post(cancelled(1)).session(&session)).await.status, 202);
    let two = client.begin(post(call(1)).session(&session));
    let request = server.hear("tools/call").await;
    server.answer(&request, "{}").await;
    assert_eq!(two.await.unwrap().result(), "{}");
}

#[tokio::test(start_paused = true)]
async fn equal_ids_are_both_answered_and_neither_is_cancelled() {
    let (server, mut stage) = stage();
    let client = Client::of(legacy(server));
    let session = client.session("2025-06-18").await;
    let mut server = stage.server().await;
    let one = client.begin(post(call(1)).session(&session));
    let first = server.hear("tools/call").await;
    let two = client.begin(post(call(1)).session(&session));
    let second = server.hear("tools/call").await;
    assert_ne!(first.id(), second.id());
    client.ask(post(cancelled(1)).session(&session)).await;
    server.answer(&second, r#"{"n":2}"#).await;
    server.answer(&first, r#"{"n":1}"#).await;
    assert_eq!((&*one.await.unwrap().result(), &*two.await.unwrap().result()), (r#"{"n":1}"#, r#"{"n":2}"#));
}

#[tokio::test(start_paused = true)]
async fn everybody_may_use_the_same_id() {
    let (server, mut stage) = stage();
    let client = Client::of(legacy(server));
    let mut asked = Vec::new();
    for _ in 0..20 {
        let session = client.session("2025-06-18").await;
        asked.push(client.begin(post(call(1)).session(&session)));
    }
    let mut server = stage.server().await;
    let mut requests = Vec::new();
    for _ in 0..20 {
        requests.push(server.hear("tools/call").await);
    }
    for (n, request) in requests.iter().enumerate().rev() {
        server.answer(request, &format!(r#"{{"n":{n}}}"#)).await;
    }
    for (n, asked) in asked.into_iter().enumerate() {
        assert_eq!(asked.await.unwrap().text, format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{"n":{n}}}}}"#));
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_for_a_place_can_be_cancelled() {
    let (server, mut stage) = stage();
    let limits = Limits { calls_per_session: 1, ..Limits::default() };
    let client = Client::with(legacy(server), limits);
    let session = client.session("2025-06-18").await;
    let mut server = stage.server().await;
    let one = client.begin(post(call(1)).session(&session));
    let first = server.hear("tools/call").await;
    let two = client.begin(post(call(2)).session(&session));
    tokio::task::yield_now().await;
    client.ask(post(cancelled(2)).session(&session)).await;
    server.answer(&first, "{}").await;
    assert_eq!(one.await.unwrap().result(), "{}");
    two.await.unwrap().expect(200, -32000, "2");
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_session_ends_its_calls() {
    let (server, mut stage) = stage();
    let client = Client::of(legacy(server));
    let session = client.session("2025-06-18").await;
    let mut server = stage.server().await;
    let one = client.begin(post(call(1)).session(&session));
    server.hear("tools/call").await;
    // Its client has gone already; the call goes on nevertheless.
    let lost = client.begin(post(call(2)).session(&session));
    server.hear("tools/call").await;
    lost.abort();
    assert!(timeout(Duration::from_secs(5), server.next()).await.is_err());
    assert_eq!(client.ask(ask(Method::DELETE, "/mcp").session(&session)).await.status, 200);
    server.hear("notifications/cancelled").await;
    server.hear("notifications/cancelled").await;
    one.await.unwrap().expect(200, -32000, "1");
}
