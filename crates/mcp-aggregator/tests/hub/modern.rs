//! Clients of the modern era.

use futures::StreamExt;
use mcp_aggregator::{Freshness, Place, Spoken};
use mcp_jsonrpc::{Id, Message};
use mcp_protocol::{
    Era, ListKind, SubscriptionFilter, acknowledged, change, listen_result,
    method::{RESOURCES_UPDATED, SERVER_DISCOVER, SUBSCRIPTIONS_LISTEN, TOOLS_CALL},
    subscription_id,
};
use mcp_transport::{Lost, Principal};

use crate::{
    client::{Client, hub, next, settle, uri},
    server::{Call, Plan, Server, gone},
};

#[tokio::test(start_paused = true)]
async fn a_client_discovers_the_hub_and_lists_may_be_kept_for_a_while() {
    let (one, two) = (Server::with_tools("a", &["x"]), Server::with_tools("b", &["x"]));
    let client = Client::modern(&hub(&[&one, &two])).await;
    let discovered = client.ask(SERVER_DISCOVER, "{}").await;
    assert!(discovered.contains("mcp_hub") && discovered.contains(r#""supportedVersions""#), "{discovered}");
    let list = client.list(ListKind::Tools).await;
    for part in [r#""resultType":"complete""#, r#""ttlMs":10000"#, r#""cacheScope":"private""#, "a__x", "b__x"] {
        assert!(list.contains(part), "{part} in {list}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_passes_with_its_envelope_and_an_unfinished_result_with_its_retry() {
    let (one, two) = (Server::with_tools("a", &["x"]), Server::new("b"));
    two.lists(ListKind::Tools, [r#"{"name":"x","annotations":{"readOnlyHint":true}}"#]);
    let asks = r#"{"resultType":"input_required","inputRequests":{"k":{"method":"elicitation/create","params":{}}},"requestState":"s\u0031"}"#;
    two.answers(TOOLS_CALL, asks);
    let client = Client::modern(&hub(&[&one, &two])).await;
    let params = |name: &str, more: &str| format!(r#"{{"name":"{name}","_meta":{{"x":1}}{more}}}"#);
    assert_eq!(client.ask(TOOLS_CALL, &params("b__x", "")).await, asks);
    let answers = r#","inputResponses":{"k":{"action":"accept"}},"requestState":"s\u0031""#;
    client.ask(TOOLS_CALL, &params("b__x", answers)).await;
    assert_eq!(two.heard(TOOLS_CALL), [params("x", ""), params("x", answers)]);
    // Whoever has answered something is not to have answered it twice.
    two.plan(TOOLS_CALL, Plan::Lost(Lost::Exited(gone())));
    assert!(client.call(1, TOOLS_CALL, &params("b__x", answers)).await.response().await.is_err());
    assert_eq!(two.heard(TOOLS_CALL).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn servers_of_the_other_era_are_not_there() {
    let (one, two) = (Server::with_tools("a", &["x"]), Server::with_tools("b", &["x"]));
    one.is().mute = Some(Era::Modern);
    let hub = hub(&[&one, &two]);
    let client = Client::modern(&hub).await;
    assert_eq!(client.tools().await, ["b__x"]);
    let spoken = |place| hub.spoken(&hub.scope(place, &Principal::Anonymous).unwrap());
    assert_eq!(spoken(Place::All), Spoken::BySome);
    assert_eq!(spoken(Place::Server("a".into())), Spoken::ByNone);
    assert_eq!(spoken(Place::Server("b".into())), Spoken::ByAll);
}

/// The filter (JSON text) of a subscription.
fn params(filter: &str) -> String {
    format!(r#"{{"_meta":{{}},"notifications":{filter}}}"#)
}

/// Agrees to a subscription of the client's, as a server does.
async fn agree(call: &Call) -> Id {
    let id = call.request.message().id().unwrap();
    let filter = SubscriptionFilter::read(call.request.message().params().unwrap()).unwrap();
    call.says(acknowledged(&id, &filter)).await;
    id
}

/// The call that is not the hub's own.
async fn clients(server: &Server) -> Call {
    loop {
        let call = server.next().await;
        if call.request.message().params().unwrap().contains("resourceSubscriptions") {
            return call;
        }
        agree(&call).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_subscription_is_acknowledged_and_tells_of_lists_and_of_resources_of_several_servers() {
    let (one, two) = (Server::with_tools("a", &["x"]), Server::with_tools("b", &["x"]));
    for server in [&one, &two] {
        server.lists(ListKind::Resources, [uri("u:1")]);
        server.plan(SUBSCRIPTIONS_LISTEN, Plan::ByHand);
    }
    let hub = hub(&[&one, &two]);
    let client = Client::modern(&hub).await;
    let theirs = "mcp-hub://b/u:1";
    let wanted = params(&format!(r#"{{"toolsListChanged":true,"resourceSubscriptions":["u:1","{theirs}","no:1"]}}"#));
    let listen = client.call(9, SUBSCRIPTIONS_LISTEN, &wanted);
    let agreed = async {
        let calls = (clients(&one).await, clients(&two).await);
        agree(&calls.0).await;
        agree(&calls.1).await;
        calls
    };
    let (mut reply, (first, second)) = tokio::join!(listen, agreed);
    let acknowledgement = next(&mut reply).await;
    assert_eq!(subscription_id(&acknowledgement), Some(Id::from(9)));
    let honoured = SubscriptionFilter::read(acknowledgement.params().unwrap()).unwrap();
    assert_eq!(honoured.resource_subscriptions, ["u:1", theirs]);
    assert!(honoured.tools_list_changed && !honoured.prompts_list_changed);
    for (call, expect) in [(&first, "u:1"), (&second, theirs)] {
        let filter = SubscriptionFilter::read(call.request.message().params().unwrap()).unwrap();
        assert_eq!(filter.resource_subscriptions, ["u:1"]);
        let updated = r#"{"_meta":{"io.modelcontextprotocol/subscriptionId":9},"uri":"u:1"}"#;
        call.says(Message::notification(RESOURCES_UPDATED, Some(updated))).await;
        let note = next(&mut reply).await;
        assert_eq!(subscription_id(&note), Some(Id::from(9)));
        assert!(note.params().unwrap().contains(&format!(r#""uri":"{expect}""#)), "{note:?}");
    }
    one.lists(ListKind::Tools, [r#"{"name":"z"}"#]);
    one.lists(ListKind::Prompts, [r#"{"name":"z"}"#]);
    hub.look("a");
    // The hub's own subscription is opened anew.
    agree(&one.next().await).await;
    let note = next(&mut reply).await;
    assert_eq!((note.method(), subscription_id(&note)), (Some(ListKind::Tools.list_changed()), Some(Id::from(9))));
    drop(reply);
    let (mut first, mut second) = (first, second);
    assert_eq!((first.cancelled().await, second.cancelled().await), ("dropped".to_owned(), "dropped".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_agree_to_tell_holds_nobody_up_and_is_not_acknowledged() {
    let (one, two) = (Server::new("a"), Server::new("b"));
    one.lists(ListKind::Resources, [uri("u:1")]);
    two.lists(ListKind::Resources, [uri("u:2")]);
    let client = Client::modern(&hub(&[&one, &two])).await;
    one.plan(SUBSCRIPTIONS_LISTEN, Plan::ByHand);
    two.plan(SUBSCRIPTIONS_LISTEN, Plan::Error(-32601, "no"));
    let begun = tokio::time::Instant::now();
    let mut reply = client.call(1, SUBSCRIPTIONS_LISTEN, &params(r#"{"resourceSubscriptions":["u:1","u:2"]}"#)).await;
    let acknowledgement = next(&mut reply).await;
    let honoured = SubscriptionFilter::read(acknowledgement.params().unwrap()).unwrap();
    assert!(honoured.is_empty(), "{honoured:?}");
    assert_eq!(begun.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_hub_hears_of_changes_by_a_subscription_that_is_there_before_the_lists_are_read() {
    let one = Server::with_tools("a", &["x"]);
    one.plan(SUBSCRIPTIONS_LISTEN, Plan::ByHand);
    let hub = hub(&[&one]);
    let client = Client::modern(&hub).await;
    let call = one.next().await;
    let at = |method: &str| one.is().heard.iter().position(|it| it.message.method() == Some(method)).unwrap();
    assert!(at(SUBSCRIPTIONS_LISTEN) < at(ListKind::Tools.method()));
    let id = agree(&call).await;
    one.lists(ListKind::Tools, [r#"{"name":"y"}"#]);
    call.says(change(&id, ListKind::Tools.list_changed())).await;
    settle().await;
    assert_eq!(client.tools().await, ["a__y"]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_refuses_to_tell_is_not_asked_over_and_over() {
    let one = Server::with_tools("a", &["x"]);
    one.plan(SUBSCRIPTIONS_LISTEN, Plan::Error(-32601, "no"));
    let client = Client::modern(&hub(&[&one])).await;
    tokio::time::sleep(std::time::Duration::from_mins(10)).await;
    assert_eq!(client.tools().await, ["a__x"]);
    assert_eq!((one.heard(SUBSCRIPTIONS_LISTEN).len(), one.heard(ListKind::Tools.method()).len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_subscription_ends_in_an_orderly_way_with_the_hub() {
    let one = Server::with_tools("a", &["x"]);
    let hub = hub(&[&one]);
    let client = Client::modern(&hub).await;
    let mut reply = client.call(4, SUBSCRIPTIONS_LISTEN, &params(r#"{"toolsListChanged":true}"#)).await;
    next(&mut reply).await;
    drop((client, hub));
    assert_eq!(next(&mut reply).await.result(), Some(&*listen_result(&Id::from(4))));
    assert!(reply.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_was_started_anew_goes_on_telling() {
    let one = Server::with_tools("a", &["x"]);
    one.lists(ListKind::Resources, [uri("u:1")]);
    one.plan(SUBSCRIPTIONS_LISTEN, Plan::ByHand);
    let client = Client::modern(&hub(&[&one])).await;
    let wanted = params(r#"{"resourceSubscriptions":["u:1"]}"#);
    let listen = client.call(9, SUBSCRIPTIONS_LISTEN, &wanted);
    let agreed = async {
        let call = clients(&one).await;
        agree(&call).await;
        call
    };
    let (mut reply, call) = tokio::join!(listen, agreed);
    next(&mut reply).await;
    call.answers.send(Err(Lost::Exited(gone()))).await.unwrap();
    let told = async {
        let call = clients(&one).await;
        agree(&call).await;
        call.says(Message::notification(RESOURCES_UPDATED, Some(&uri("u:1")))).await;
        call
    };
    let (note, _call) = tokio::join!(reply.next(), told);
    assert_eq!(note.unwrap().unwrap().params(), Some(&*uri("u:1")));
}

#[tokio::test(start_paused = true)]
async fn the_status_tells_of_servers_of_either_era() {
    let (one, two) = (Server::with_tools("a", &["x"]), Server::with_tools("b", &["x", "y"]));
    (one.is().mute, two.is().mute) = (Some(Era::Modern), Some(Era::Legacy));
    let hub = hub(&[&one, &two]);
    hub.start();
    settle().await;
    assert_eq!(hub.status().servers.len(), 2, "from now on the modern era is looked at, too");
    settle().await;
    for (offered, tools) in hub.status().servers.iter().zip([1, 2]) {
        assert_eq!((&offered.freshness, offered.counts[0], offered.shown_tools), (&Freshness::Current, tools, tools));
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_never_announced_is_read_again_when_it_is_no_longer_fresh() {
    let (one, two) = (Server::new("a"), Server::new("b"));
    let listed = |tool: &str, ttl: u64| {
        let list =
            format!(r#"{{"resultType":"complete","tools":[{{"name":"{tool}"}}],"ttlMs":{ttl},"cacheScope":"public"}}"#);
        Plan::Result(list)
    };
    one.is().capabilities = r#"{"tools":{}}"#.to_owned();
    for (server, ttl) in [(&one, 60_000), (&two, 60_000)] {
        server.plan(ListKind::Tools.method(), listed("x", ttl));
    }
    let client = Client::modern(&hub(&[&one, &two])).await;
    assert_eq!(client.tools().await, ["a__x", "b__x"]);
    one.plan(ListKind::Tools.method(), listed("y", 0));
    let wait = |seconds| tokio::time::sleep(std::time::Duration::from_secs(seconds));
    wait(59).await;
    assert_eq!(client.tools().await, ["a__x", "b__x"]);
    wait(2).await;
    assert_eq!(client.tools().await, ["a__y", "b__x"]);
    assert_eq!(two.heard(ListKind::Tools.method()).len(), 1, "it says so when its list changes");
    // One that is never fresh is asked every ten seconds and no more.
    let before = one.heard(ListKind::Tools.method()).len();
    wait(60).await;
    assert_eq!(one.heard(ListKind::Tools.method()).len() - before, 6);
}
