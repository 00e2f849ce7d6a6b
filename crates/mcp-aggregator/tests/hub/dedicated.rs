//! Servers of which every session has its own instance.

use std::sync::{Arc, atomic::Ordering};

use mcp_aggregator::{HubOptions, Pin, Rules};
use mcp_protocol::{ListKind, method::TOOLS_CALL};

use crate::{
    client::{Client, heard, hub, hub_with, named, settle},
    server::{Plan, Server},
};

fn dedicated() -> Arc<Server> {
    let server = Server::with_tools("a", &["x"]);
    server.is().dedicated = true;
    server.answers(TOOLS_CALL, "{}");
    server
}

#[tokio::test(start_paused = true)]
async fn every_session_has_an_instance_and_closing_it_closes_that() {
    let one = dedicated();
    let hub = hub(&[&one]);
    let (ann, ben) = (Client::of(&hub).await, Client::of(&hub).await);
    assert!(*one.is().lines[0].closed.borrow(), "the one that was asked what there is");
    ann.tool("a__x").await;
    ben.tool("a__x").await;
    ann.tool("a__x").await;
    let lines: Vec<_> =
        one.is().heard.iter().filter(|it| it.message.method() == Some(TOOLS_CALL)).map(|it| it.line).collect();
    assert_eq!(lines, [1, 2, 1]);
    ann.connection.close().await;
    assert!(*one.is().lines[1].closed.borrow() && !*one.is().lines[2].closed.borrow());
    assert!(ann.send(1, TOOLS_CALL, &named("a__x")).await.is_err(), "there is no more of it");
    assert_eq!(one.is().lines.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_one_instance_offers_anew_is_its_own_clients_alone() {
    let one = dedicated();
    let hub = hub(&[&one]);
    let (ann, ben) = (Client::of(&hub).await, Client::of(&hub).await);
    ann.tool("a__x").await;
    ben.tool("a__x").await;
    let (mut anns, mut bens) = (ann.events(), ben.events());
    one.lists(ListKind::Tools, [r#"{"name":"x"}"#, r#"{"name":"y"}"#]);
    let before = one.heard(ListKind::Tools.method()).len();
    for _ in 0..5 {
        one.says(1, mcp_jsonrpc::Message::notification(ListKind::Tools.list_changed(), None));
    }
    assert_eq!(heard(&mut anns).await, [ListKind::Tools.list_changed()]);
    assert!(one.heard(ListKind::Tools.method()).len() <= before + 2, "they are read one time after the other");
    assert!(heard(&mut bens).await.is_empty());
    assert_eq!((ann.tools().await, ben.tools().await.len()), (vec!["a__x".to_owned(), "a__y".to_owned()], 1));
    assert_eq!(ann.tool("a__y").await, "{}");
    assert!(ben.tool("a__y").await.contains("-32602"));
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_changes_in_one_instance_is_blocked_there_too() {
    let one = dedicated();
    let rules = Rules { pin: Pin::Block, ..Rules::default() };
    let hub = hub_with(HubOptions { rules: [("a".into(), rules)].into(), ..HubOptions::default() }, &[&one], None);
    let client = Client::of(&hub).await;
    client.tool("a__x").await;
    one.lists(ListKind::Tools, [r#"{"name":"x","description":"other"}"#]);
    one.says(1, mcp_jsonrpc::Message::notification(ListKind::Tools.list_changed(), None));
    settle().await;
    assert!(client.tools().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_an_instance_offered_goes_with_it() {
    let one = dedicated();
    let client = Client::of(&hub(&[&one])).await;
    client.tool("a__x").await;
    one.lists(ListKind::Tools, [r#"{"name":"x"}"#, r#"{"name":"y"}"#]);
    one.says(1, mcp_jsonrpc::Message::notification(ListKind::Tools.list_changed(), None));
    settle().await;
    assert_eq!(client.tools().await.len(), 2);
    one.is().lines[1].end();
    client.tool("a__x").await;
    assert_eq!(client.tools().await, ["a__x"]);
}

#[tokio::test(start_paused = true)]
async fn two_calls_at_once_open_one_instance() {
    let one = dedicated();
    let client = Client::of(&hub(&[&one])).await;
    tokio::join!(client.tool("a__x"), client.tool("a__x"), client.tool("a__x"));
    assert_eq!(one.is().lines.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_given_up_while_an_instance_is_opened_leaves_none_behind() {
    let one = dedicated();
    one.plan(mcp_protocol::method::LOGGING_SET_LEVEL, Plan::ByHand);
    let client = Client::of(&hub(&[&one])).await;
    client.ask(mcp_protocol::method::LOGGING_SET_LEVEL, r#"{"level":"info"}"#).await;
    // It is open, and has not yet been told all that it is to know.
    tokio::select! {
        _ = client.tool("a__x") => unreachable!("the server does not answer"),
        _ = one.next() => {}
    }
    settle().await;
    assert!(*one.is().lines[1].closed.borrow());
    assert_eq!(one.open.load(Ordering::Relaxed), 0);
}
