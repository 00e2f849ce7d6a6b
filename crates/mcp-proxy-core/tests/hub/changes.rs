//! What changes while clients are there.

use mcp_proxy_core::{
    HubOptions, Slot,
    aggregator::{ItemRule, Rules},
};
use mcp_testkit::Script;

use crate::{
    client::{Client, get, named, post},
    fleet::{LIST, call, hub, names, server},
    server::stage,
};

fn renamed() -> HubOptions {
    let rule = ItemRule { name: Some("whoami".into()), ..ItemRule::default() };
    let rules = Rules { tools: [("who".into(), rule)].into(), ..Rules::default() };
    HubOptions { rules: [("a".into(), rules)].into(), ..HubOptions::default() }
}

#[tokio::test(start_paused = true)]
async fn a_client_hears_of_another_name_and_uses_it() {
    let client = Client::build(hub());
    let id = client.session("2025-06-18").await;
    assert_eq!(names(&client.ask(post(LIST).session(&id)).await), ["a__who", "b__who"]);
    let mut stream = client.open(get("/mcp").session(&id)).await;
    client.proxy.set_hub(renamed());
    let note = stream.message().await.message();
    assert_eq!(note.method(), Some("notifications/tools/list_changed"));
    assert_eq!(names(&client.ask(post(LIST).session(&id)).await), ["whoami", "b__who"]);
    assert!(client.ask(post(call("whoami")).session(&id)).await.result().contains(r#""from":"a""#));
    client.ask(post(call("a__who")).session(&id)).await.expect(200, -32602, "1");
}

#[tokio::test(start_paused = true)]
async fn a_session_outlives_the_servers_it_uses() {
    let client = Client::build(hub());
    let id = client.session("2025-06-18").await;
    assert!(client.ask(post(call("a__who")).session(&id)).await.result().contains(r#""from":"a""#));
    let other = Script::new()
        .answer("tools/list", r#"{"tools":[{"name":"who"},{"name":"new"}]}"#)
        .answer("tools/call", r#"{"content":[],"from":"other"}"#);
    let slots = vec![Slot::Put(Box::new(named("a", other.transport()))), Slot::Put(Box::new(server("c")))];
    client.proxy.set_servers(slots).unwrap();
    assert_eq!(names(&client.ask(post(LIST).session(&id)).await), ["a__who", "a__new", "c__who"]);
    assert!(client.ask(post(call("a__who")).session(&id)).await.result().contains(r#""from":"other""#));
    client.ask(post(call("b__who")).session(&id)).await.expect(200, -32602, "1");
}

#[tokio::test(start_paused = true)]
async fn what_was_stopped_by_hand_is_not_offered_until_it_is_started() {
    let client = Client::build(hub());
    let id = client.session("2025-06-18").await;
    client.proxy.stop_server("a").await.unwrap();
    assert_eq!(names(&client.ask(post(LIST).session(&id)).await), ["b__who"]);
    client.proxy.start_server("a").await.unwrap();
    assert_eq!(names(&client.ask(post(LIST).session(&id)).await), ["a__who", "b__who"]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_delays_nobody_for_long() {
    let hangs = named("hangs", Script::new().say("initialize", [""; 0]).transport());
    let client = Client::build(hub().server_with(hangs));
    let began = tokio::time::Instant::now();
    let id = client.session("2025-06-18").await;
    assert_eq!(names(&client.ask(post(LIST).session(&id)).await), ["a__who", "b__who"]);
    assert!(began.elapsed() <= std::time::Duration::from_millis(3100), "{:?}", began.elapsed());
    let again = tokio::time::Instant::now();
    client.session("2025-06-18").await;
    assert!(again.elapsed() < std::time::Duration::from_millis(100), "it is waited for once");
}

#[tokio::test(start_paused = true)]
async fn a_call_goes_to_the_server_whose_tool_it_is_under_the_tools_own_name() {
    let (transport, mut stage) = stage();
    let client = Client::build(
        mcp_proxy_core::Proxy::builder().server_with(named("played", transport)).hub(HubOptions::default()),
    );
    let session = tokio::spawn({
        let client = client.clone();
        async move { client.session("2025-06-18").await }
    });
    let mut played = stage.server().await;
    let list = played.hear("tools/list").await;
    played.answer(&list, r#"{"tools":[{"name":"t"}]}"#).await;
    let id = session.await.unwrap();
    let answer = client.begin(post(call("played__t")).session(&id));
    let heard = played.hear("tools/call").await;
    assert_eq!(heard.params(), Some(r#"{"name":"t"}"#));
    played.answer(&heard, r#"{"content":[],"odd":{"b":1,"a":[]}}"#).await;
    assert_eq!(answer.await.unwrap().result(), r#"{"content":[],"odd":{"b":1,"a":[]}}"#);
}
