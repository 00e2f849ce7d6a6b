//! One stream of changes for all that a client listens to.

use mcp_protocol::{SubscriptionFilter, acknowledged, change, listen_result};
use tokio::time::Instant;

use super::*;

fn filter(request: &Message) -> SubscriptionFilter {
    assert_eq!(request.method(), Some(method::SUBSCRIPTIONS_LISTEN));
    SubscriptionFilter::read(request.params().unwrap()).unwrap()
}

async fn acknowledge(server: &Server, listen: &Message) {
    server.say(acknowledged(&listen.id().unwrap(), &filter(listen))).await;
}

fn updated(listen: &Message, uri: &str) -> Message {
    let id = listen.id().unwrap();
    let params = format!(r#"{{"_meta":{{"{}":{id}}},"uri":"{uri}"}}"#, meta::SUBSCRIPTION_ID);
    Message::notification(method::RESOURCES_UPDATED, Some(&params))
}

/// Subscribes, and acknowledges the stream that this opens.
async fn subscribe(client: &Legacy, server: &mut Server, uri: &str) -> Message {
    let params = format!(r#"{{"uri":"{uri}"}}"#);
    let reply = client.call("1", method::RESOURCES_SUBSCRIBE, Some(&params)).await;
    let response = tokio::spawn(reply.response());
    let listen = server.next().await;
    acknowledge(server, &listen).await;
    assert_eq!(response.await.unwrap().unwrap().result(), Some("{}"));
    listen
}

#[tokio::test(start_paused = true)]
async fn nothing_is_listened_for_until_somebody_would_hear_it() {
    let (client, mut server) = usual().await;
    server.hears_nothing().await;
    let mut events = client.server.events().unwrap();
    assert!(client.server.events().is_none(), "only the first taker");
    let listen = server.next().await;
    let wanted = filter(&listen);
    assert!(wanted.tools_list_changed && wanted.resources_list_changed);
    assert!(!wanted.prompts_list_changed, "the server does not announce it");
    assert!(wanted.resource_subscriptions.is_empty());
    assert!(Claim::read(&listen).unwrap().is_some());
    acknowledge(&server, &listen).await;
    server.say(change(&listen.id().unwrap(), method::TOOLS_LIST_CHANGED)).await;
    assert_eq!(
        text(&event(&mut events).await),
        r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{}}"#
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_that_announces_nothing_is_not_listened_to() {
    let discovered = r#"{"supportedVersions":["2026-07-28"],"capabilities":{"tools":{}}}"#;
    let (client, mut server) = pair(discovered, Revision::V2025_11_25, Some(ALL)).await;
    let _events = client.server.events().unwrap();
    server.hears_nothing().await;
    let refused = client.response(method::RESOURCES_SUBSCRIBE, Some(r#"{"uri":"a:1"}"#)).await;
    assert_eq!(code::of(&refused), Some(code::METHOD_NOT_FOUND));
}

#[tokio::test(start_paused = true)]
async fn subscriptions_come_and_go_without_a_gap() {
    let (client, mut server) = usual().await;
    let first = subscribe(&client, &mut server, "a:1").await;
    assert_eq!(filter(&first).resource_subscriptions, ["a:1"]);
    let mut events = client.server.events().unwrap();
    server.say(updated(&first, "a:1")).await;
    assert_eq!(event(&mut events).await.params(), Some(r#"{"uri":"a:1"}"#));

    // A second one: the old stream is heard until the new one stands, and no longer.
    let reply = client.call("1", method::RESOURCES_SUBSCRIBE, Some(r#"{"uri":"a:2"}"#)).await;
    let response = tokio::spawn(reply.response());
    let second = server.next().await;
    assert_eq!(filter(&second).resource_subscriptions, ["a:1", "a:2"]);
    server.say(updated(&first, "a:1")).await;
    assert_eq!(event(&mut events).await.params(), Some(r#"{"uri":"a:1"}"#));
    assert!(!response.is_finished(), "the client waits until the server knows");
    acknowledge(&server, &second).await;
    assert!(response.await.unwrap().is_ok());
    let cancelled = server.next().await;
    assert_eq!(cancelled.value(&["params", "requestId"]), Some(first.id().unwrap().as_str()));
    server.say(updated(&second, "a:2")).await;
    assert_eq!(event(&mut events).await.params(), Some(r#"{"uri":"a:2"}"#));

    // And back.
    let done = client.response(method::RESOURCES_UNSUBSCRIBE, Some(r#"{"uri":"a:2"}"#)).await;
    assert_eq!(done.result(), Some("{}"));
    let third = server.next().await;
    assert_eq!(filter(&third).resource_subscriptions, ["a:1"]);
    server.say(updated(&second, "a:2")).await;
    server.say(updated(&second, "a:1/below")).await;
    assert_eq!(event(&mut events).await.params(), Some(r#"{"uri":"a:1/below"}"#), "not what it unsubscribed from");
    // What both streams tell is heard once.
    acknowledge(&server, &third).await;
    server.say(updated(&second, "a:1")).await;
    server.say(updated(&third, "a:1")).await;
    assert_eq!(event(&mut events).await.params(), Some(r#"{"uri":"a:1"}"#));
    assert_eq!(server.next().await.method(), Some(method::CANCELLED));
    assert!(timeout(Duration::from_mins(1), events.next()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_subscription_needs_a_uri_and_twice_is_once() {
    let (client, mut server) = usual().await;
    for name in [method::RESOURCES_SUBSCRIBE, method::RESOURCES_UNSUBSCRIBE] {
        assert_eq!(code::of(&client.response(name, Some("{}")).await), Some(code::INVALID_PARAMS));
    }
    subscribe(&client, &mut server, "a:1").await;
    let again = client.response(method::RESOURCES_SUBSCRIBE, Some(r#"{"uri":"a:1"}"#)).await;
    assert_eq!(again.result(), Some("{}"));
    server.hears_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn without_anything_to_hear_the_stream_ends_and_begins_again_later() {
    let (client, mut server) = usual().await;
    let listen = subscribe(&client, &mut server, "a:1").await;
    client.response(method::RESOURCES_UNSUBSCRIBE, Some(r#"{"uri":"a:1"}"#)).await;
    let cancelled = server.next().await;
    assert_eq!(cancelled.value(&["params", "requestId"]), Some(listen.id().unwrap().as_str()));
    subscribe(&client, &mut server, "a:2").await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_stream_is_opened_again_and_the_client_looks_at_everything() {
    let (client, mut server) = usual().await;
    let mut events = client.server.events().unwrap();
    let listen = server.next().await;
    acknowledge(&server, &listen).await;
    server.answer(&listen, &listen_result(&listen.id().unwrap())).await;
    let lost = Instant::now();
    let mut waited = 0;
    for wait in [1, 2, 4, 8, 16, 30, 30] {
        let listen = server.next().await;
        waited += wait;
        assert_eq!(lost.elapsed(), Duration::from_secs(waited));
        server.refuse(&listen, code::INTERNAL_ERROR, None).await;
    }
    let listen = server.next().await;
    acknowledge(&server, &listen).await;
    assert_eq!(event(&mut events).await.method(), Some(method::TOOLS_LIST_CHANGED));
    assert_eq!(event(&mut events).await.method(), Some(method::RESOURCES_LIST_CHANGED));

    // Having stood, it is back soon.
    let lost = Instant::now();
    server.answer(&listen, &listen_result(&listen.id().unwrap())).await;
    server.next().await;
    assert_eq!(lost.elapsed(), Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_never_acknowledged_is_given_up_and_holds_nobody_for_long() {
    let (client, mut server) = usual().await;
    let begin = Instant::now();
    let response = client.response(method::RESOURCES_SUBSCRIBE, Some(r#"{"uri":"a:1"}"#)).await;
    assert_eq!((response.result(), begin.elapsed()), (Some("{}"), SUBSCRIBE_PATIENCE));
    let listen = server.next().await;
    let cancelled = server.next().await;
    assert_eq!(cancelled.value(&["params", "requestId"]), Some(listen.id().unwrap().as_str()));
    assert_eq!(begin.elapsed(), Duration::from_secs(30));
    filter(&server.next().await);
    assert_eq!(begin.elapsed(), Duration::from_secs(31));
}

#[tokio::test(start_paused = true)]
async fn listening_ends_with_the_session() {
    let (client, mut server) = usual().await;
    let mut events = client.server.events().unwrap();
    let listen = server.next().await;
    acknowledge(&server, &listen).await;
    client.server.close().await;
    assert!(events.next().await.is_none());
    let cancelled = server.next().await;
    assert_eq!(cancelled.value(&["params", "requestId"]), Some(listen.id().unwrap().as_str()));
    server.hears_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn listening_ends_with_whoever_holds_it_and_with_the_server() {
    let (client, mut server) = usual().await;
    let mut events = client.server.events().unwrap();
    let listen = server.next().await;
    acknowledge(&server, &listen).await;
    let _modern = Arc::clone(&client.server.session.modern);
    drop(client);
    assert!(events.next().await.is_none());
    assert_eq!(server.next().await.method(), Some(method::CANCELLED));

    let (client, mut server) = usual().await;
    let mut events = client.server.events().unwrap();
    server.next().await;
    drop(server);
    assert!(events.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn only_so_many_resources_are_subscribed_to() {
    let (client, mut server) = usual().await;
    for n in 0..session::MAX_SUBSCRIPTIONS {
        assert!(client.server.session.subscribe(&format!("a:{n}")).is_some(), "{n}");
    }
    let refused = client.response(method::RESOURCES_SUBSCRIBE, Some(r#"{"uri":"one:more"}"#)).await;
    assert_eq!(code::of(&refused), Some(code::INVALID_REQUEST));
    assert_eq!(filter(&server.next().await).resource_subscriptions.len(), 1024);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_knows_no_streams_is_left_alone_for_long() {
    let (client, mut server) = usual().await;
    let _events = client.server.events().unwrap();
    let begin = Instant::now();
    for n in 0..3 {
        let listen = server.next().await;
        assert_eq!(begin.elapsed(), Duration::from_secs(30 * n));
        server.refuse(&listen, code::METHOD_NOT_FOUND, None).await;
    }
    // And whoever subscribes meanwhile is not kept.
    let params = Some(r#"{"uri":"a:1"}"#);
    let since = Instant::now();
    assert_eq!(client.response(method::RESOURCES_SUBSCRIBE, params).await.result(), Some("{}"));
    assert_eq!(since.elapsed(), Duration::ZERO);
}
