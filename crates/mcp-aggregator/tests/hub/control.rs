//! Tools as people want them shown: names, parameters, rules that change, definitions that must not.

use std::sync::Arc;

use mcp_aggregator::{Hub, HubOptions, ItemRule, ParameterRule, Pattern, Pin, Rules};
use mcp_protocol::{ListKind, method::TOOLS_CALL};
use mcp_transport::Store;

use crate::{
    client::{Client, Kept, heard, hub, hub_with, settle, uri},
    server::Server,
};

fn ruled(server: &str, rules: Rules) -> HubOptions {
    HubOptions { rules: [(server.into(), rules)].into(), ..HubOptions::default() }
}

fn tool(name: &str, rule: ItemRule) -> Rules {
    Rules { tools: [(name.into(), rule)].into(), ..Rules::default() }
}

fn called(name: &str) -> ItemRule {
    ItemRule { name: Some(name.into()), ..ItemRule::default() }
}

#[tokio::test(start_paused = true)]
async fn a_renamed_tool_is_called_by_its_new_name_and_no_longer_by_the_old_one() {
    let one = Server::with_tools("a", &["x", "y"]);
    one.answers(TOOLS_CALL, "{}");
    let hub = hub_with(ruled("a", tool("x", called("best"))), &[&one], None);
    let client = Client::of(&hub).await;
    assert_eq!(client.tools().await, ["best", "a__y"]);
    assert_eq!(client.tool("best").await, "{}");
    assert_eq!(one.heard(TOOLS_CALL), [r#"{"name":"x"}"#]);
    for old in ["a__x", "x"] {
        assert!(client.tool(old).await.contains("-32602"), "{old}");
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_tools_that_are_to_have_one_name_the_later_is_left_out() {
    let (one, two) = (Server::with_tools("a", &["x"]), Server::with_tools("b", &["y"]));
    let rules = [("a".into(), tool("x", called("same"))), ("b".into(), tool("y", called("same")))];
    let hub = hub_with(HubOptions { rules: rules.into(), ..HubOptions::default() }, &[&one, &two], None);
    assert_eq!(Client::of(&hub).await.tools().await, ["same"]);
    let conflicts = hub.status().conflicts;
    assert!(conflicts[0].contains("`a/x`") && conflicts[0].contains("`b/y`") && conflicts.len() == 1, "{conflicts:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_disabled_or_denied_is_neither_listed_nor_called() {
    let one = Server::with_tools("a", &["read_1", "read_2", "write", "other"]);
    one.answers(TOOLS_CALL, "{}");
    let off = ItemRule { enabled: Some(false), ..ItemRule::default() };
    let rules = Rules {
        allow: Some(vec![Pattern::new("read_*"), Pattern::new("write")]),
        deny: vec![Pattern::new("write")],
        ..tool("read_2", off)
    };
    let client = Client::of(&hub_with(ruled("a", rules), &[&one], None)).await;
    assert_eq!(client.tools().await, ["a__read_1"]);
    for name in ["a__read_2", "a__write", "a__other"] {
        assert!(client.tool(name).await.contains("-32602"), "{name}");
    }
    assert!(one.heard(TOOLS_CALL).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_disabled_resource_is_not_read_by_whatever_way() {
    let (one, two) = (Server::new("a"), Server::new("b"));
    one.lists(ListKind::Resources, [uri("u:1")]);
    one.lists(ListKind::ResourceTemplates, [r#"{"uriTemplate":"u:{n}"}"#]);
    for server in [&one, &two] {
        server.answers(mcp_protocol::method::RESOURCES_READ, r#"{"contents":[]}"#);
    }
    let off = ItemRule { enabled: Some(false), ..ItemRule::default() };
    let off = |key: &str| Rules { resources: [(key.into(), off.clone())].into(), ..Rules::default() };
    let hub = hub_with(ruled("a", off("u:1")), &[&one], None);
    let client = Client::of(&hub).await;
    let read = async |uri_text| client.ask(mcp_protocol::method::RESOURCES_READ, &uri(uri_text)).await;
    for text in ["u:1", "mcp-hub://a/u:1"] {
        assert!(read(text).await.contains("-32002"), "{text}");
    }
    assert_eq!(read("u:2").await, r#"{"contents":[]}"#);
    hub.set_options(ruled("a", off("u:{n}")));
    assert!(read("u:2").await.contains("-32002"));
    assert_eq!(read("u:1").await, r#"{"contents":[]}"#, "it is listed by itself");
}

#[tokio::test(start_paused = true)]
async fn parameters_are_hidden_fixed_and_filled_in() {
    let one = Server::new("a");
    one.answers(TOOLS_CALL, "{}");
    one.lists(ListKind::Tools, [
        r#"{"name":"x","inputSchema":{"type":"object","properties":{"h":{},"f":{},"d":{},"o":{}},"required":["f","d","o"]}}"#,
    ]);
    let none = ParameterRule::default();
    let parameters = [
        ("h".into(), ParameterRule { hidden: true, ..none.clone() }),
        ("f".into(), ParameterRule { fixed: Some("1".into()), ..none.clone() }),
        ("d".into(), ParameterRule { default: Some("2".into()), ..none }),
    ];
    let rule = ItemRule { parameters: parameters.into(), ..ItemRule::default() };
    let client = Client::of(&hub_with(ruled("a", tool("x", rule)), &[&one], None)).await;
    let list = client.list(ListKind::Tools).await;
    assert!(list.contains(r#""properties":{"d":{"default":2},"o":{}},"required":["o"]"#), "{list}");
    client.ask(TOOLS_CALL, r#"{"name":"a__x","arguments":{"o":[ 0 ],"h":9,"f":9}}"#).await;
    assert_eq!(one.heard(TOOLS_CALL), [r#"{"name":"x","arguments":{"o":[ 0 ],"f":1,"d":2}}"#]);
}

#[tokio::test(start_paused = true)]
async fn options_apply_at_once_and_clients_hear_of_just_what_changed() {
    let one = Server::with_tools("a", &["x"]);
    one.lists(ListKind::Prompts, [r#"{"name":"p"}"#]);
    one.lists(ListKind::Resources, [uri("u:1")]);
    let hub = hub(&[&one]);
    let client = Client::of(&hub).await;
    let mut events = client.events();
    let off = ItemRule { enabled: Some(false), ..ItemRule::default() };
    let some = |kind: ListKind| {
        let mut rules = Rules::default();
        let (map, key) = match kind {
            ListKind::Tools => (&mut rules.tools, "x"),
            ListKind::Prompts => (&mut rules.prompts, "p"),
            _ => (&mut rules.resources, "u:1"),
        };
        map.insert(key.into(), off.clone());
        ruled("a", rules)
    };
    for kind in [ListKind::Tools, ListKind::Prompts, ListKind::Resources] {
        hub.set_options(some(kind));
        assert!(client.keys(kind).await.is_empty());
        assert_eq!(heard(&mut events).await, [kind.list_changed()]);
        hub.set_options(HubOptions::default());
        assert_eq!(client.keys(kind).await.len(), 1);
        assert_eq!(heard(&mut events).await, [kind.list_changed()]);
    }
    hub.set_options(HubOptions { deadline: std::time::Duration::ZERO, ..HubOptions::default() });
    assert!(heard(&mut events).await.is_empty());
}

fn pinned(pin: Pin) -> HubOptions {
    ruled("a", Rules { pin, ..Rules::default() })
}

fn changed(hub: &Hub) -> Vec<String> {
    hub.status().servers[0].changed_tools.iter().map(ToString::to_string).collect()
}

#[tokio::test(start_paused = true)]
async fn a_tool_whose_definition_changes_is_reported_or_hidden_until_it_is_approved() {
    let one = Server::with_tools("a", &["x", "y"]);
    let store: Arc<dyn Store> = Arc::<Kept>::default();
    let hub = hub_with(pinned(Pin::Block), &[&one], Some(Arc::clone(&store)));
    let client = Client::of(&hub).await;
    let mut events = client.events();
    assert_eq!(client.tools().await, ["a__x", "a__y"]);
    one.lists(ListKind::Tools, [r#"{"name":"x","description":"other"}"#, r#"{ "name" : "y" }"#]);
    one.has_changed(ListKind::Tools);
    assert_eq!(heard(&mut events).await.len(), 1);
    assert_eq!((client.tools().await, changed(&hub)), (vec!["a__y".to_owned()], vec!["x".to_owned()]));
    assert!(client.tool("a__x").await.contains("-32602"));
    hub.set_options(pinned(Pin::Warn));
    assert_eq!((client.tools().await.len(), changed(&hub).len()), (2, 1));
    hub.set_options(pinned(Pin::Block));
    assert!(!hub.approve("a", "z").await && !hub.approve("b", "x").await);
    assert!(hub.approve("a", "x").await);
    assert_eq!((client.tools().await.len(), changed(&hub).len()), (2, 0));
    // In another process the approved one is known, and the first one is a change.
    let next = hub_with(pinned(Pin::Block), &[&one], Some(Arc::clone(&store)));
    assert_eq!(Client::of(&next).await.tools().await, ["a__x", "a__y"]);
    one.lists(ListKind::Tools, [r#"{"name":"x"}"#]);
    let last = hub_with(pinned(Pin::Block), &[&one], Some(store));
    assert!(Client::of(&last).await.tools().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_pinned_by_a_change_of_options_is_kept() {
    let one = Server::with_tools("a", &["x"]);
    let store = Arc::<Kept>::default();
    let hub = hub_with(HubOptions::default(), &[&one], Some(Arc::clone(&store) as Arc<dyn Store>));
    Client::of(&hub).await;
    hub.set_options(pinned(Pin::Warn));
    settle().await;
    assert!(store.0.lock().unwrap()["pins-legacy"].contains(r#"{"a":{"x":"#));
}
