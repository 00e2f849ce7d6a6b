//! What clients see of several servers.

use std::sync::Arc;

use mcp_aggregator::{Grant, Group, HubOptions, Pattern, Place};
use mcp_protocol::ListKind;
use mcp_transport::Principal;

use crate::{
    client::{Client, heard, hub, hub_with},
    server::Server,
};

#[tokio::test(start_paused = true)]
async fn lists_are_merged_in_the_order_of_the_configuration() {
    let (one, two) = (Server::with_tools("z", &["x", "y"]), Server::with_tools("a", &["x"]));
    let hub = hub(&[&one, &two]);
    let client = Client::of(&hub).await;
    assert_eq!(client.tools().await, ["z__x", "z__y", "a__x"]);
}

#[tokio::test(start_paused = true)]
async fn nothing_of_an_item_is_lost_but_its_name_changes() {
    let (one, two) = (Server::new("a"), Server::new("b"));
    one.lists(ListKind::Tools, [r#"{ "odd" : [1.0, {"é":"\u00e9"}],"name":"x" ,"_meta":{"k":null}}"#]);
    two.lists(ListKind::Resources, [r#"{"uri":"u:1", "name":"\u0041", "more":1e3}"#]);
    let client = Client::of(&hub(&[&one, &two])).await;
    let tools = client.list(ListKind::Tools).await;
    assert_eq!(tools, r#"{"tools":[{ "odd" : [1.0, {"é":"\u00e9"}],"name":"a__x" ,"_meta":{"k":null}}]}"#);
    let resources = client.list(ListKind::Resources).await;
    assert_eq!(resources, r#"{"resources":[{"uri":"u:1", "name":"\u0041", "more":1e3}]}"#);
}

fn group(name: &str, servers: &[&str]) -> Group {
    let servers = servers.iter().map(|name| Pattern::new(*name)).collect();
    Group { name: name.into(), servers: Some(servers), tools: None, deny: Vec::new() }
}

fn patterns(texts: &[&str]) -> Vec<Pattern> {
    texts.iter().map(|text| Pattern::new(*text)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_group_of_one_server_has_no_prefixes_and_one_of_more_has() {
    let (one, two) = (Server::with_tools("a", &["x", "y"]), Server::with_tools("b", &["x"]));
    let narrow = Group { tools: Some(patterns(&["*__x"])), deny: patterns(&["b__*"]), ..group("narrow", &["*"]) };
    let groups = vec![group("single", &["b"]), group("both", &["?"]), narrow];
    let hub = hub_with(HubOptions { groups, ..HubOptions::default() }, &[&one, &two], None);
    for (place, expect) in [
        (Place::Group("single".into()), &["x"][..]),
        (Place::Group("both".into()), &["a__x", "a__y", "b__x"]),
        (Place::Group("narrow".into()), &["a__x"]),
        (Place::Server("a".into()), &["x", "y"]),
    ] {
        assert_eq!(Client::at(&hub, place, &Principal::Anonymous).await.tools().await, expect);
    }
    assert!(hub.scope(Place::Group("c".into()), &Principal::Anonymous).is_err());
    assert!(hub.scope(Place::Server("c".into()), &Principal::Anonymous).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_key_sees_what_its_grant_opens_even_one_that_comes_later() {
    let (one, two) = (Server::with_tools("a", &["x", "y"]), Server::with_tools("b", &["x"]));
    let options = |grants: &[(&str, Grant)]| HubOptions {
        groups: vec![group("g", &["a"])],
        grants: grants.iter().map(|(name, grant)| (Arc::from(*name), grant.clone())).collect(),
        ..HubOptions::default()
    };
    let grant = Grant { groups: Some(vec!["g".into()]), tools: Some(patterns(&["*__x"])) };
    let hub = hub_with(options(&[("ann", grant.clone())]), &[&one, &two], None);
    let (ann, ben) = (Principal::Named("ann".into()), Principal::Named("ben".into()));
    assert_eq!(Client::at(&hub, Place::All, &ann).await.tools().await, ["a__x"]);
    assert!(hub.scope(Place::Server("b".into()), &ann).is_err());
    let ben = Client::at(&hub, Place::All, &ben).await;
    assert_eq!(ben.tools().await.len(), 3);
    let mut events = ben.events();
    hub.set_options(options(&[("ben", grant)]));
    assert_eq!(ben.tools().await, ["a__x"]);
    assert_eq!(heard(&mut events).await, [ListKind::Tools.list_changed()]);
}

#[tokio::test(start_paused = true)]
async fn a_group_that_is_closed_or_goes_away_is_empty_for_those_who_are_in_it() {
    let one = Server::with_tools("a", &["x"]);
    let options = |groups: &[&str], open: &[&str]| HubOptions {
        groups: groups.iter().map(|name| group(name, &["a"])).collect(),
        grants: [("ann".into(), Grant { groups: Some(open.iter().map(|name| (*name).into()).collect()), tools: None })]
            .into(),
        ..HubOptions::default()
    };
    let hub = hub_with(options(&["g"], &["g"]), &[&one], None);
    let ann = Client::at(&hub, Place::Group("g".into()), &Principal::Named("ann".into())).await;
    let anybody = Client::at(&hub, Place::Group("g".into()), &Principal::Anonymous).await;
    assert_eq!((ann.tools().await.len(), anybody.tools().await.len()), (1, 1));
    hub.set_options(options(&["g"], &["other"]));
    assert_eq!((ann.tools().await.len(), anybody.tools().await.len()), (0, 1));
    assert!(ann.tool("x").await.contains("-32602"));
    hub.set_options(options(&[], &["g"]));
    assert_eq!((ann.tools().await.len(), anybody.tools().await.len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_grant_of_one_name_does_not_open_the_tool_that_would_have_had_it() {
    let (one, two) = (Server::with_tools("a", &["b__c"]), Server::with_tools("a__b", &["c"]));
    let grant = Grant { groups: None, tools: Some(patterns(&["a__b__c"])) };
    let options = HubOptions { grants: [("ann".into(), grant)].into(), ..HubOptions::default() };
    let hub = hub_with(options, &[&one, &two], None);
    let ann = Client::at(&hub, Place::All, &Principal::Named("ann".into())).await;
    assert_eq!(ann.tools().await, ["a__b__c"]);
    let status = hub.status();
    assert!(status.conflicts[0].contains("`a__b/c`") && status.conflicts[0].contains("`a/b__c`"), "{status:?}");
    assert_eq!(status.servers[1].renamed.len(), 1);
    let all = Client::of(&hub).await.tools().await;
    assert_eq!((all.len(), &*all[0]), (2, "a__b__c"));
}

#[tokio::test(start_paused = true)]
async fn pages_go_on_over_servers_and_over_a_reload() {
    let (one, two) = (Server::with_tools("a", &["1", "2", "3"]), Server::with_tools("b", &["4", "5"]));
    let options = HubOptions { page: 2, ..HubOptions::default() };
    let hub = hub_with(options.clone(), &[&one, &two], None);
    let client = Client::of(&hub).await;
    let cursor =
        |page: &str| mcp_protocol::ListPage::read(ListKind::Tools, page).unwrap().next_cursor.map(String::from);
    let names = |page: &str| {
        let page = mcp_protocol::ListPage::read(ListKind::Tools, page).unwrap();
        page.items.iter().map(|item| ListKind::Tools.key_of(item).unwrap().into_owned()).collect::<Vec<_>>()
    };
    let params = |cursor: Option<String>| format!(r#"{{"cursor":"{}"}}"#, cursor.unwrap());
    let first = client.list(ListKind::Tools).await;
    assert_eq!(names(&first), ["a__1", "a__2"]);
    let second = client.ask(ListKind::Tools.method(), &params(cursor(&first))).await;
    assert_eq!(names(&second), ["a__3", "b__4"]);
    // The first tool goes, and the next page is still the next one.
    let rules = mcp_aggregator::Rules { deny: patterns(&["1"]), ..mcp_aggregator::Rules::default() };
    hub.set_options(HubOptions { rules: [("a".into(), rules)].into(), ..options });
    let third = client.ask(ListKind::Tools.method(), &params(cursor(&second))).await;
    assert_eq!((names(&third), cursor(&third)), (vec!["b__5".to_owned()], None));
    for foreign in ["\"x\"", "1", &format!("\"{}\"", cursor(&first).unwrap().replace('d', "e"))] {
        let refused = client.ask(ListKind::Tools.method(), &format!(r#"{{"cursor":{foreign}}}"#)).await;
        assert!(refused.contains("-32602"), "{refused}");
    }
    let other = client.ask(ListKind::Prompts.method(), &params(cursor(&first))).await;
    assert!(other.contains("-32602"), "another list's: {other}");
}

#[tokio::test(start_paused = true)]
async fn what_a_server_announces_is_read_again_and_told_once() {
    let (one, two) = (Server::with_tools("a", &["x"]), Server::with_tools("b", &["y"]));
    let hub = hub(&[&one, &two]);
    let client = Client::of(&hub).await;
    let mut events = client.events();
    one.lists(ListKind::Tools, [r#"{"name":"z"}"#]);
    one.has_changed(ListKind::Tools);
    one.has_changed(ListKind::Tools);
    assert_eq!(heard(&mut events).await, [ListKind::Tools.list_changed()]);
    assert_eq!(client.tools().await, ["a__z", "b__y"]);
    assert_eq!((one.heard(ListKind::Tools.method()).len(), two.heard(ListKind::Tools.method()).len()), (2, 1));
    one.has_changed(ListKind::Tools);
    assert!(heard(&mut events).await.is_empty(), "it is the same as before");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_announces_without_end_is_asked_ever_less_often() {
    let one = Server::with_tools("a", &["x"]);
    let hub = hub(&[&one]);
    let client = Client::of(&hub).await;
    for _ in 0..10_000 {
        one.has_changed(ListKind::Tools);
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let asked = one.heard(ListKind::Tools.method()).len();
    assert!(asked < 70, "{asked} times in 100 s");
    assert_eq!(client.tools().await, ["a__x"]);
}

#[tokio::test(start_paused = true)]
async fn a_server_alone_speaks_for_itself_and_several_through_the_hub() {
    let (one, two) = (Server::new("a"), Server::new("b"));
    one.is().handshake = r#""serverInfo":{"name":"own","version":"7"},"instructions":"Do.","extra":1"#.to_owned();
    two.is().handshake = r#""instructions":"Don't.""#.to_owned();
    let hub = hub(&[&one, &two]);
    let alone = Client::at(&hub, Place::Server("a".into()), &Principal::Anonymous).await;
    let handshake = alone.connection.peer().handshake.to_string();
    assert!(handshake.ends_with(r#""serverInfo":{"name":"own","version":"7"},"instructions":"Do.","extra":1}"#));
    let all = Client::of(&hub).await.connection.peer().handshake.to_string();
    assert!(all.contains("mcp_hub") && all.contains(r"## a\n\nDo.\n\n## b\n\nDon't."), "{all}");
}
