//! Nothing stays behind.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use mcp_aggregator::Place;
use mcp_protocol::{
    Era,
    method::{ELICITATION_CREATE, TOOLS_CALL},
};
use mcp_transport::Principal;

use crate::{
    client::{Client, hub, members, named, settle},
    server::{Opening, Plan, Server},
};

fn tasks() -> usize {
    tokio::runtime::Handle::current().metrics().num_alive_tasks()
}

#[tokio::test(start_paused = true)]
async fn a_hub_that_is_dropped_ends_its_tasks_and_lets_go_of_everything() {
    let (one, two) = (Server::with_tools("a", &["x"]), Server::with_tools("b", &["x"]));
    for server in [&one, &two] {
        server.answers(TOOLS_CALL, "{}");
    }
    let hub = hub(&[&one, &two]);
    let client = Client::of(&hub).await;
    client.tool("a__x").await;
    let scope = hub.scope(Place::All, &Principal::Anonymous).unwrap();
    for era in [Era::Legacy, Era::Modern] {
        drop(hub.sessionless(&scope, era).await);
    }
    let (weak, face) = (Arc::downgrade(&hub), Arc::downgrade(&client.connection));
    drop((client, scope, hub));
    settle().await;
    assert_eq!((weak.strong_count(), face.strong_count(), tasks()), (0, 0, 0));
    for server in [one, two] {
        assert_eq!((server.open.load(Ordering::Relaxed), Arc::strong_count(&server)), (0, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_face_that_outlives_its_hub_says_so() {
    let one = Server::with_tools("a", &["x"]);
    let hub = hub(&[&one]);
    let scope = hub.scope(Place::All, &Principal::Anonymous).unwrap();
    let connection = hub.session(&scope).await;
    drop(hub);
    let message = mcp_jsonrpc::Message::request(&mcp_jsonrpc::Id::from(1), TOOLS_CALL, Some(&named("a__x")));
    let caller = mcp_transport::Caller::proxy(mcp_protocol::Revision::LATEST_LEGACY);
    let request = mcp_transport::Request::new(message, caller).unwrap();
    assert!(connection.call(request).await.is_err());
    connection.close().await;
}

#[tokio::test(start_paused = true)]
async fn many_sessions_come_and_go_and_leave_nothing() {
    let one = Server::with_tools("a", &["x"]);
    one.answers(TOOLS_CALL, "{}");
    let hub = hub(&[&one]);
    Client::of(&hub).await;
    settle().await;
    let before = (tasks(), Arc::strong_count(&one));
    for _ in 0..100 {
        let client = Client::of(&hub).await;
        client.tool("a__x").await;
        client.connection.close().await;
    }
    for _ in 0..100 {
        // Some just vanish.
        Client::of(&hub).await.tool("a__x").await;
    }
    settle().await;
    assert_eq!((tasks(), Arc::strong_count(&one)), before);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_removed_is_held_by_nobody() {
    let (one, two) = (Server::with_tools("a", &["x"]), Server::with_tools("b", &["x"]));
    for server in [&one, &two] {
        server.answers(TOOLS_CALL, "{}");
    }
    let hub = hub(&[&one, &two]);
    let client = Client::of(&hub).await;
    client.tool("a__x").await;
    client.tool("b__x").await;
    hub.set_members(members(&[&two]));
    settle().await;
    assert!(*one.is().lines[1].closed.borrow(), "the client's conversation is over");
    assert_eq!((one.open.load(Ordering::Relaxed), Arc::strong_count(&one)), (0, 1));
    assert_eq!(client.tool("b__x").await, "{}");
}

#[tokio::test(start_paused = true)]
async fn a_session_that_leaves_while_a_server_is_opened_takes_the_late_connection_along() {
    let (one, params) = (Server::with_tools("a", &["x"]), named("a__x"));
    let client = Client::of(&hub(&[&one])).await;
    one.is().opening = Opening::Hangs;
    let begun = tokio::time::Instant::now();
    let leave = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        client.connection.close().await;
    };
    let (called, ()) = tokio::join!(client.send(1, TOOLS_CALL, &params), leave);
    assert!(called.is_err());
    assert_eq!(begun.elapsed().as_secs(), 1);
    one.is().opening = Opening::Works;
    one.plan(mcp_protocol::method::LOGGING_SET_LEVEL, Plan::ByHand);
    let other = Client::of(&hub(&[&one])).await;
    other.ask(mcp_protocol::method::LOGGING_SET_LEVEL, r#"{"level":"info"}"#).await;
    let leave = async {
        one.next().await;
        other.connection.close().await;
    };
    let (called, ()) = tokio::join!(other.send(1, TOOLS_CALL, &params), leave);
    assert!(called.is_err());
    settle().await;
    let last = one.is().lines.last().cloned().unwrap();
    assert!(*last.closed.borrow());
}

#[tokio::test(start_paused = true)]
async fn the_questions_of_a_conversation_end_with_it() {
    let one = Server::with_tools("a", &["x"]);
    one.answers(TOOLS_CALL, "{}");
    let client = Client::of(&hub(&[&one])).await;
    client.tool("a__x").await;
    one.says(1, mcp_jsonrpc::Message::request(&mcp_jsonrpc::Id::from(0), ELICITATION_CREATE, Some("{}")));
    settle().await;
    one.is().lines[1].end();
    settle().await;
    client.tool("a__x").await;
    settle().await;
    assert_eq!(one.open.load(Ordering::Relaxed), 2, "no question holds the old connection");
}

#[tokio::test(start_paused = true)]
async fn the_events_of_a_client_end_when_it_leaves() {
    let client = Client::of(&hub(&[])).await;
    let mut events = client.events();
    client.connection.close().await;
    assert!(futures::StreamExt::next(&mut events).await.is_none());
    client.connection.closed().await;
}
