//! Servers that are slow, gone, or back again.

use std::{sync::Arc, time::Duration};

use mcp_aggregator::{Freshness, HubOptions};
use mcp_protocol::{ListKind, method::TOOLS_CALL};
use mcp_transport::Store;
use tokio::time::Instant;

use crate::{
    client::{A_WHILE, Client, Kept, heard, hub, hub_with, members, named, settle},
    server::{Opening, Plan, Server},
};

fn hung(name: &str) -> Arc<Server> {
    let server = Server::with_tools(name, &["x"]);
    server.is().opening = Opening::Hangs;
    server
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_is_waited_for_until_the_deadline_and_then_no_more() {
    let (one, two) = (hung("a"), Server::with_tools("b", &["x"]));
    two.answers(TOOLS_CALL, "{}");
    let hub = hub(&[&one, &two]);
    let begun = Instant::now();
    let client = Client::of(&hub).await;
    assert_eq!(client.tools().await, ["b__x"]);
    assert_eq!(begun.elapsed(), Duration::from_secs(3));
    let again = Instant::now();
    assert_eq!(Client::of(&hub).await.tools().await, ["b__x"]);
    assert_eq!(client.tool("b__x").await, "{}");
    assert!(again.elapsed().is_zero());
    assert!(matches!(hub.status().servers[0].freshness, Freshness::Asking));
}

#[tokio::test(start_paused = true)]
async fn a_healthy_server_is_called_while_another_one_hangs() {
    let (one, two) = (hung("a"), Server::with_tools("b", &["x"]));
    two.answers(TOOLS_CALL, "{}");
    let hub = hub_with(HubOptions { deadline: Duration::ZERO, ..HubOptions::default() }, &[&one, &two], None);
    let client = Client::of(&hub).await;
    settle().await;
    hub.set_options(HubOptions::default());
    let begun = Instant::now();
    assert_eq!(client.tool("b__x").await, "{}");
    assert!(begun.elapsed().is_zero());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_comes_late_is_announced_and_then_there() {
    let (one, two) = (Server::with_tools("a", &["x"]), Server::with_tools("b", &["x"]));
    one.is().opening = Opening::Fails;
    let hub = hub(&[&one, &two]);
    let begun = Instant::now();
    let client = Client::of(&hub).await;
    assert_eq!(client.tools().await, ["b__x"]);
    assert!(begun.elapsed().is_zero(), "nobody waits for one that has failed");
    let mut events = client.events();
    one.is().opening = Opening::Works;
    // After this it is asked again.
    settle().await;
    assert_eq!(heard(&mut events).await, [ListKind::Tools.list_changed()]);
    assert_eq!(client.tools().await, ["a__x", "b__x"]);
}

#[tokio::test(start_paused = true)]
async fn one_list_that_hangs_does_not_hide_the_others() {
    let one = Server::with_tools("a", &["x"]);
    one.plan(ListKind::Resources.method(), Plan::ByHand);
    let hub = hub(&[&one]);
    let begun = Instant::now();
    let client = Client::of(&hub).await;
    assert_eq!(client.tools().await, ["a__x"]);
    assert!(begun.elapsed() <= Duration::from_secs(3));
    tokio::time::sleep(Duration::from_mins(2)).await;
    assert_eq!(hub.status().servers[0].freshness, Freshness::Current);
}

#[tokio::test(start_paused = true)]
async fn what_a_server_offered_is_kept_for_the_time_when_it_is_away() {
    let store = Arc::<Kept>::default();
    let one = Server::with_tools("a", &["x"]);
    let kept = || Some(Arc::clone(&store) as Arc<dyn Store>);
    drop(Client::of(&hub_with(HubOptions::default(), &[&one], kept())).await);
    settle().await;
    one.is().opening = Opening::Fails;
    let hub = hub_with(HubOptions::default(), &[&one], kept());
    let client = Client::of(&hub).await;
    assert_eq!(client.tools().await, ["a__x"]);
    assert!(matches!(hub.status().servers[0].freshness, Freshness::Stale { .. }));
    let begun = Instant::now();
    let error = client.send(1, TOOLS_CALL, &named("a__x")).await.unwrap_err();
    assert!(error.to_string().contains("server `a`"), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn a_server_on_demand_whose_offer_is_known_is_not_started_to_learn_it() {
    let store = Arc::<Kept>::default();
    let one = Server::with_tools("a", &["x"]);
    one.is().on_demand = true;
    one.answers(TOOLS_CALL, "{}");
    let kept = || Some(Arc::clone(&store) as Arc<dyn Store>);
    drop(Client::of(&hub_with(HubOptions::default(), &[&one], kept())).await);
    settle().await;
    one.is().lines.clear();
    let hub = hub_with(HubOptions::default(), &[&one], kept());
    let client = Client::of(&hub).await;
    let mut events = client.events();
    assert_eq!(client.tools().await, ["a__x"]);
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert!(one.is().lines.is_empty());
    assert_eq!(client.tool("a__x").await, "{}");
    one.lists(ListKind::Tools, [r#"{"name":"y"}"#]);
    one.generation.send_modify(|generation| *generation += 1);
    assert_eq!(heard(&mut events).await, [ListKind::Tools.list_changed()]);
    assert_eq!(client.tools().await, ["a__y"]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_dies_keeps_its_list_and_one_that_is_stopped_or_removed_does_not() {
    let (one, two) = (Server::with_tools("a", &["x"]), Server::with_tools("b", &["x"]));
    let hub = hub(&[&one, &two]);
    let client = Client::of(&hub).await;
    let mut events = client.events();
    one.is().opening = Opening::Fails;
    one.is().lines[0].end();
    tokio::time::sleep(Duration::from_mins(5)).await;
    assert_eq!(client.tools().await, ["a__x", "b__x"]);
    assert!(heard(&mut events).await.is_empty());
    one.is().usable = false;
    hub.look("a");
    assert_eq!(client.tools().await, ["b__x"]);
    assert_eq!(heard(&mut events).await, [ListKind::Tools.list_changed()]);
    hub.set_members(members(&[&one]));
    assert!(client.tools().await.is_empty());
    assert!(client.tool("b__x").await.contains("-32602"));
    assert_eq!(heard(&mut events).await, [ListKind::Tools.list_changed()]);
}

#[tokio::test(start_paused = true)]
async fn a_server_in_the_place_of_another_is_taken_for_it_until_it_has_been_asked() {
    let (old, new) = (Server::with_tools("a", &["x"]), hung("a"));
    new.lists(ListKind::Tools, [r#"{"name":"y"}"#]);
    let hub = hub(&[&old]);
    let client = Client::of(&hub).await;
    let mut events = client.events();
    hub.set_members(members(&[&new]));
    assert!(heard(&mut events).await.is_empty());
    assert_eq!(client.tools().await, ["a__x"]);
    new.is().opening = Opening::Works;
    hub.set_members(members(&[&new]));
    assert_eq!(heard(&mut events).await, [ListKind::Tools.list_changed()], "once");
    assert_eq!(client.tools().await, ["a__y"]);
}

#[tokio::test(start_paused = true)]
async fn a_server_on_demand_that_was_changed_is_asked_what_it_offers_now() {
    let (old, new) = (Server::with_tools("a", &["x"]), Server::with_tools("a", &["y"]));
    old.is().on_demand = true;
    new.is().on_demand = true;
    let hub = hub_with(HubOptions::default(), &[&old], Some(Arc::<Kept>::default()));
    let client = Client::of(&hub).await;
    assert_eq!(client.tools().await, ["a__x"]);
    hub.set_members(members(&[&new]));
    assert_eq!(client.tools().await, ["a__y"]);
}

#[tokio::test(start_paused = true)]
async fn another_process_of_a_server_is_asked_anew() {
    let one = Server::with_tools("a", &["x"]);
    let client = Client::of(&hub(&[&one])).await;
    let mut events = client.events();
    one.lists(ListKind::Tools, [r#"{"name":"y"}"#]);
    assert!(heard(&mut events).await.is_empty());
    one.generation.send_modify(|generation| *generation += 1);
    assert_eq!(heard(&mut events).await, [ListKind::Tools.list_changed()]);
    assert_eq!(client.tools().await, ["a__y"]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_away_is_asked_ever_less_often_and_at_once_if_somebody_says_so() {
    let one = Server::with_tools("a", &["x"]);
    one.is().opening = Opening::Fails;
    let hub = hub(&[&one]);
    let client = Client::of(&hub).await;
    tokio::time::sleep(Duration::from_mins(10)).await;
    one.is().opening = Opening::Works;
    tokio::time::sleep(A_WHILE).await;
    hub.look("a");
    tokio::time::sleep(A_WHILE).await;
    assert_eq!(client.tools().await, ["a__x"]);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_a_server_refuses_for_once_is_as_it_was() {
    let one = Server::with_tools("a", &["x"]);
    let client = Client::of(&hub(&[&one])).await;
    one.plan(ListKind::Tools.method(), Plan::Error(-32603, "not now"));
    one.has_changed(ListKind::Tools);
    settle().await;
    assert_eq!(client.tools().await, ["a__x"]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_could_not_be_used_at_first_is_followed_like_any_other() {
    let one = Server::with_tools("a", &["x"]);
    one.is().usable = false;
    one.is().counted = false;
    one.is().opening = Opening::Fails;
    let hub = hub(&[&one]);
    let client = Client::of(&hub).await;
    settle().await;
    one.is().usable = true;
    one.is().counted = true;
    one.is().opening = Opening::Works;
    hub.look("a");
    settle().await;
    assert_eq!(client.tools().await, ["a__x"]);
    one.lists(ListKind::Tools, [r#"{"name":"y"}"#]);
    one.generation.send_modify(|generation| *generation += 1);
    settle().await;
    assert_eq!(client.tools().await, ["a__y"]);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_may_be_as_long_as_anybody_likes() {
    let hub = hub_with(HubOptions { deadline: Duration::MAX, ..HubOptions::default() }, &[&hung("a")], None);
    assert!(tokio::time::timeout(A_WHILE, Client::of(&hub)).await.is_err());
}
