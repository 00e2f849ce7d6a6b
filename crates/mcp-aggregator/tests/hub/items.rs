//! Every item as a person sees it who decides over them.

use std::sync::Arc;

use mcp_aggregator::{Hidden, HubOptions, ItemRule, Pattern, Pin, Rules};
use mcp_protocol::ListKind;
use mcp_transport::Store;

use crate::{
    client::{Client, Kept, heard, hub_with, named, uri},
    server::Server,
};

#[tokio::test(start_paused = true)]
async fn every_item_is_there_with_what_is_seen_of_it_or_why_not() {
    let (one, two) = (Server::with_tools("a", &["x", "y", "z", "x"]), Server::with_tools("b", &["w", "w2"]));
    one.lists(ListKind::Prompts, [named("p")]);
    one.lists(ListKind::Resources, [uri("u:1")]);
    two.lists(ListKind::Resources, [uri("u:1")]);
    let called = |name: &str| ItemRule { name: Some(name.into()), ..ItemRule::default() };
    let off = ItemRule { enabled: Some(false), ..ItemRule::default() };
    let of_a = Rules {
        deny: vec![Pattern::new("z")],
        tools: [("x".into(), called("ex")), ("y".into(), off.clone()), ("gone".into(), off)].into(),
        ..Rules::default()
    };
    let of_b = Rules { tools: [("w".into(), called("ex"))].into(), ..Rules::default() };
    let options = HubOptions { rules: [("a".into(), of_a), ("b".into(), of_b)].into(), ..HubOptions::default() };
    let hub = hub_with(options, &[&one, &two], None);
    Client::of(&hub).await.tools().await;
    let all = hub.items();
    let told = |item: &mcp_aggregator::HubItem| {
        (format!("{}/{}", item.server, item.key), item.exposed.as_deref().map(str::to_owned), item.hidden)
    };
    let seen = |of: &str, name: &str| (of.to_owned(), Some(name.to_owned()), None);
    let hidden = |of: &str, why| (of.to_owned(), None, Some(why));
    assert_eq!(
        all.items.iter().map(told).collect::<Vec<_>>(),
        [
            seen("a/x", "ex"),
            hidden("a/y", Hidden::ByRule),
            hidden("a/z", Hidden::ByPatterns),
            hidden("a/x", Hidden::Twice),
            seen("a/p", "a__p"),
            seen("a/u:1", "u:1"),
            hidden("a/gone", Hidden::Missing),
            hidden("b/w", Hidden::Conflict),
            seen("b/w2", "b__w2"),
            seen("b/u:1", "mcp-hub://b/u:1"),
        ]
    );
    assert_eq!(all.conflicts.len(), 1);
    let x = &all.items[0];
    assert!(x.own.as_ref().unwrap().contains(r#""x""#) && x.seen.as_ref().unwrap().contains(r#""ex""#));
    assert_eq!(x.rule.as_ref().unwrap().name.as_deref(), Some("ex"));
    assert!(all.items[6].own.is_none() && all.items[6].rule.is_some());
}

#[tokio::test(start_paused = true)]
async fn what_a_definition_was_before_it_changed_is_shown() {
    let one = Server::with_tools("a", &["x"]);
    let store: Arc<dyn Store> = Arc::<Kept>::default();
    let rules = Rules { pin: Pin::Block, ..Rules::default() };
    let options = HubOptions { rules: [("a".into(), rules)].into(), ..HubOptions::default() };
    let hub = hub_with(options.clone(), &[&one], Some(Arc::clone(&store)));
    let client = Client::of(&hub).await;
    let mut events = client.events();
    client.tools().await;
    let first = hub.items().items.remove(0);
    assert!(!first.is_changed && first.pinned.is_none());
    one.lists(ListKind::Tools, [r#"{"name":"x","description":"other"}"#]);
    one.has_changed(ListKind::Tools);
    heard(&mut events).await;
    // In another process too.
    let next = hub_with(options, &[&one], Some(store));
    Client::of(&next).await.tools().await;
    for hub in [&hub, &next] {
        let changed = hub.items().items.remove(0);
        assert_eq!((changed.is_changed, changed.hidden), (true, Some(Hidden::Changed)));
        assert_eq!(changed.pinned, first.own);
    }
    assert!(hub.approve("a", "x").await);
    let approved = hub.items().items.remove(0);
    assert!(!approved.is_changed && approved.pinned.is_none() && approved.exposed.as_deref() == Some("a__x"));
}
