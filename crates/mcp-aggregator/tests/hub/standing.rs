//! What a client has asked for, and a server may forget.

use mcp_protocol::{
    ListKind,
    method::{LOGGING_SET_LEVEL, RESOURCES_SUBSCRIBE, RESOURCES_UNSUBSCRIBE, ROOTS_LIST_CHANGED, TOOLS_CALL},
};
use mcp_transport::NotSent;

use crate::{
    client::{Client, hub, settle, uri},
    server::{Plan, Server},
};

const WARNING: &str = r#"{"level":"warning"}"#;

#[tokio::test(start_paused = true)]
async fn a_level_reaches_servers_in_use_and_those_that_will_be() {
    let (one, two) = (Server::with_tools("a", &["x"]), Server::with_tools("b", &["x"]));
    for server in [&one, &two] {
        server.answers(TOOLS_CALL, "{}");
    }
    let client = Client::of(&hub(&[&one, &two])).await;
    client.tool("a__x").await;
    assert_eq!(client.ask(LOGGING_SET_LEVEL, WARNING).await, "{}");
    assert_eq!((one.heard(LOGGING_SET_LEVEL).len(), two.heard(LOGGING_SET_LEVEL).len()), (1, 0));
    client.tool("b__x").await;
    client.tool("b__x").await;
    assert_eq!(two.heard(LOGGING_SET_LEVEL), [WARNING]);
    assert!(client.ask(LOGGING_SET_LEVEL, r#"{"level":"loud"}"#).await.contains("-32602"));
}

#[tokio::test(start_paused = true)]
async fn a_level_that_is_set_while_a_server_is_opened_is_not_lost() {
    let one = Server::with_tools("a", &["x"]);
    one.answers(TOOLS_CALL, "{}");
    one.plan(LOGGING_SET_LEVEL, Plan::ByHand);
    let client = Client::of(&hub(&[&one])).await;
    client.ask(LOGGING_SET_LEVEL, WARNING).await;
    let called = client.tool("a__x");
    let meanwhile = async {
        // The server is being told of the first level when the second one comes.
        let told = one.next().await;
        client.ask(LOGGING_SET_LEVEL, r#"{"level":"debug"}"#).await;
        told.answers("{}").await;
        one.next().await.answers("{}").await;
    };
    tokio::join!(called, meanwhile);
    assert_eq!(one.heard(LOGGING_SET_LEVEL), [WARNING, r#"{"level":"debug"}"#]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_does_not_keep_a_level_from_being_set() {
    let one = Server::with_tools("a", &["x"]);
    one.answers(TOOLS_CALL, "{}");
    let client = Client::of(&hub(&[&one])).await;
    client.tool("a__x").await;
    one.plan(LOGGING_SET_LEVEL, Plan::ByHand);
    let begun = tokio::time::Instant::now();
    assert_eq!(client.ask(LOGGING_SET_LEVEL, WARNING).await, "{}");
    assert_eq!(begun.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_has_forgotten_the_client_is_told_all_of_it_again() {
    for end in [NotSent::Forgotten, NotSent::Closed(crate::server::gone())] {
        let one = Server::with_tools("a", &["x"]);
        one.lists(ListKind::Resources, [uri("u:1"), uri("u:2")]);
        let client = Client::of(&hub(&[&one])).await;
        client.ask(LOGGING_SET_LEVEL, WARNING).await;
        for text in ["u:1", "u:2"] {
            client.ask(RESOURCES_SUBSCRIBE, &uri(text)).await;
        }
        client.ask(RESOURCES_UNSUBSCRIBE, &uri("u:2")).await;
        assert_eq!(one.heard(RESOURCES_SUBSCRIBE), [uri("u:1"), uri("u:2")], "each once");
        one.plan(TOOLS_CALL, Plan::Each(vec![Plan::NotSent(end), Plan::Result("{}".to_owned())]));
        one.is().heard.clear();
        let begun = tokio::time::Instant::now();
        assert_eq!(client.tool("a__x").await, "{}");
        assert!(begun.elapsed().is_zero(), "at once, and invisibly");
        assert_eq!(
            (one.heard(LOGGING_SET_LEVEL), one.heard(RESOURCES_SUBSCRIBE)),
            (vec![WARNING.to_owned()], vec![uri("u:1")])
        );
        settle().await;
        let open = one.open.load(std::sync::atomic::Ordering::Relaxed);
        assert_eq!(open, 2, "the hub's own connection and the client's new one");
    }
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_was_refused_is_not_made_again() {
    let one = Server::with_tools("a", &["x"]);
    one.lists(ListKind::Resources, [uri("u:1")]);
    one.plan(RESOURCES_SUBSCRIBE, Plan::Error(-32603, "no"));
    let client = Client::of(&hub(&[&one])).await;
    assert!(client.ask(RESOURCES_SUBSCRIBE, &uri("u:1")).await.contains("no"));
    one.plan(TOOLS_CALL, Plan::Each(vec![Plan::NotSent(NotSent::Forgotten), Plan::Result("{}".to_owned())]));
    client.tool("a__x").await;
    assert_eq!(one.heard(RESOURCES_SUBSCRIBE).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn other_roots_are_told_to_the_servers_in_use() {
    let (one, two) = (Server::with_tools("a", &["x"]), Server::with_tools("b", &["x"]));
    one.answers(TOOLS_CALL, "{}");
    let client = Client::of(&hub(&[&one, &two])).await;
    client.tool("a__x").await;
    client.tell(mcp_jsonrpc::Message::notification(ROOTS_LIST_CHANGED, None)).await;
    assert_eq!((one.heard(ROOTS_LIST_CHANGED).len(), two.heard(ROOTS_LIST_CHANGED).len()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn calls_that_wait_for_one_server_wait_for_one_attempt() {
    let one = Server::with_tools("a", &["x"]);
    one.is().retry = mcp_aggregator::Retry::NEVER;
    let client = Client::of(&hub(&[&one])).await;
    one.is().opening = crate::server::Opening::FailsLate;
    let begun = tokio::time::Instant::now();
    let params = crate::client::named("a__x");
    let call = || client.send(1, TOOLS_CALL, &params);
    let (first, second, third) = tokio::join!(call(), call(), call());
    assert!(first.is_err() && second.is_err() && third.is_err());
    assert_eq!(begun.elapsed().as_secs(), 10, "and not one after the other");
}
