//! Calls that are answered later.

use std::time::Duration;

use http::Method;
use mcp_proxy_core::ServerOptions;
use tokio::time::sleep;

use crate::{
    asked::{ALICE, BOB, RESULT, call, fetch, keyed, rest, script, send},
    client::{Ask, Client, ask, legacy, named},
    server::stage,
};

fn later(ask: Ask) -> Ask {
    ask.header("prefer", "respond-async")
}

/// Begins a call; where it is found.
async fn begin(client: &Client, ask: Ask) -> String {
    let got = client.ask(later(ask)).await;
    let place = got.header("location").unwrap_or_else(|| panic!("{}", got.text)).to_owned();
    got.is(202, &format!(r#"{{"status":"running","call":"{place}"}}"#));
    place
}

fn delete(path: &str) -> Ask {
    ask(Method::DELETE, path)
}

#[tokio::test(start_paused = true)]
async fn a_call_goes_on_and_its_outcome_is_fetched_as_often_as_one_likes() {
    let (server, mut stage) = stage();
    let client = rest(legacy(server));
    let asked = tokio::spawn({
        let client = client.clone();
        async move { begin(&client, call()).await }
    });
    let mut server = stage.server().await;
    let request = server.hear_call().await;
    let place = asked.await.unwrap();
    assert!(place.starts_with("/api/mcp/lab/calls/"), "{place}");
    let running = format!(r#"{{"status":"running","call":"{place}"}}"#);
    client.ask(fetch(&place)).await.is(202, &running);
    server.answer(&request, RESULT).await;
    while client.ask(fetch(&place)).await.status == 202 {
        tokio::task::yield_now().await;
    }
    for _ in 0..2 {
        client.ask(fetch(&place)).await.is(200, RESULT);
    }
}

#[tokio::test(start_paused = true)]
async fn an_outcome_has_its_own_status() {
    let failing = r#"{"content":[],"isError":true}"#;
    let client = rest(legacy(script().answer("tools/call", failing).transport()));
    let place = begin(&client, call().query("strict=true")).await;
    sleep(Duration::from_millis(1)).await;
    client.ask(fetch(&place)).await.fails(422, "Tool error");
    client.ask(later(send("/api/mcp/lab/tools/none/execute", ""))).await.fails(404, "Tool not found");
}

#[tokio::test(start_paused = true)]
async fn whoever_deletes_a_call_cancels_and_forgets_it() {
    let (server, mut stage) = stage();
    let client = rest(legacy(server));
    let asked = tokio::spawn({
        let client = client.clone();
        async move { begin(&client, call()).await }
    });
    let mut server = stage.server().await;
    let request = server.hear_call().await;
    let place = asked.await.unwrap();
    let got = client.ask(delete(&place)).await;
    assert_eq!((got.status, &*got.text, got.header("content-type")), (204, "", None));
    let cancelled = server.hear("notifications/cancelled").await;
    assert_eq!(cancelled.value(&["params", "requestId"]), Some(request.id().unwrap().as_str()));
    client.ask(fetch(&place)).await.fails(404, "Call not found");
    client.ask(delete(&place)).await.fails(404, "Call not found");
}

#[tokio::test(start_paused = true)]
async fn a_call_is_its_callers_own() {
    let client = keyed(legacy(script().transport()));
    let place = begin(&client, call().key(ALICE)).await;
    for foreign in [fetch(&place), delete(&place)] {
        client.ask(foreign.clone().key(BOB)).await.fails(404, "Call not found");
        client.ask(foreign).await.fails(401, "Authentication failed");
    }
    sleep(Duration::from_millis(1)).await;
    client.ask(fetch(&place).key(ALICE)).await.is(200, RESULT);
}

#[tokio::test(start_paused = true)]
async fn a_call_of_one_server_is_none_of_another() {
    let server = |name: &str| -> ServerOptions { named(name, script().transport()) };
    let builder = mcp_proxy_core::Proxy::builder().server_with(server("lab")).server_with(server("b"));
    let client = Client::build(builder.rest());
    let place = begin(&client, call()).await;
    client.ask(fetch(&place.replace("/lab/", "/b/"))).await.fails(404, "Call not found");
}

#[tokio::test(start_paused = true)]
async fn an_outcome_is_kept_for_ten_minutes() {
    let client = rest(legacy(script().transport()));
    let place = begin(&client, call()).await;
    sleep(Duration::from_secs(598)).await;
    client.ask(fetch(&place)).await.is(200, RESULT);
    sleep(Duration::from_secs(4)).await;
    client.ask(fetch(&place)).await.fails(404, "Call not found");
}

#[tokio::test(start_paused = true)]
async fn no_key_has_more_than_a_hundred_of_them_and_there_are_not_more_than_a_thousand() {
    let client = keyed(legacy(script().transport()));
    let mut last = String::new();
    for _ in 0..100 {
        last = begin(&client, call().key(ALICE)).await;
    }
    let refused = client.ask(later(call()).key(ALICE)).await;
    refused.fails(503, "Unavailable");
    assert_eq!(refused.header("retry-after"), Some("5"));
    begin(&client, call().key(BOB)).await;
    assert_eq!(client.ask(delete(&last).key(ALICE)).await.status, 204);
    begin(&client, call().key(ALICE)).await;

    let client = rest(legacy(script().transport()));
    for _ in 0..1000 {
        begin(&client, call()).await;
    }
    client.ask(later(call())).await.fails(503, "Unavailable");
    sleep(Duration::from_secs(602)).await;
    begin(&client, call()).await;
}
