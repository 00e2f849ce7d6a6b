//! Whose a URI is.

use futures::StreamExt;
use mcp_jsonrpc::Message;
use mcp_protocol::{
    ListKind,
    method::{
        COMPLETION_COMPLETE, PROMPTS_GET, RESOURCES_READ, RESOURCES_SUBSCRIBE, RESOURCES_UNSUBSCRIBE,
        RESOURCES_UPDATED, TOOLS_CALL,
    },
};

use crate::{
    client::{A_WHILE, Client, hub, named, uri},
    server::{Plan, Server},
};

fn contents(uri: &str) -> String {
    format!(r#"{{"contents":[{{"uri":"{uri}","text":"t"}}]}}"#)
}

fn link(uri: &str) -> String {
    format!(r#"{{"content":[{{"type":"resource_link","uri":"{uri}","name":"n"}}]}}"#)
}

#[tokio::test(start_paused = true)]
async fn a_uri_leads_to_its_server_by_list_by_template_and_by_links_that_were_shown() {
    let (one, two) = (Server::with_tools("a", &["x"]), Server::with_tools("b", &["x"]));
    one.lists(ListKind::Resources, [uri("u:1")]);
    two.lists(ListKind::Resources, [uri("u:2")]);
    two.lists(ListKind::ResourceTemplates, [r#"{"uriTemplate":"t:{n}"}"#]);
    two.answers(TOOLS_CALL, &link("odd:1"));
    for server in [&one, &two] {
        server.answers(RESOURCES_READ, r#"{"contents":[]}"#);
    }
    let client = Client::of(&hub(&[&one, &two])).await;
    assert_eq!(client.tool("b__x").await, link("odd:1"), "nothing collides");
    for text in ["u:2", "t:9", "odd:1"] {
        client.ask(RESOURCES_READ, &uri(text)).await;
    }
    assert_eq!(two.heard(RESOURCES_READ), [uri("u:2"), uri("t:9"), uri("odd:1")]);
    assert!(one.heard(RESOURCES_READ).is_empty());
}

#[tokio::test(start_paused = true)]
async fn for_a_uri_that_nobody_has_shown_all_are_asked_and_whoever_has_it_is_remembered() {
    let (one, two, three) = (Server::new("a"), Server::new("b"), Server::new("c"));
    one.plan(RESOURCES_READ, Plan::Error(-32002, "not found"));
    two.answers(RESOURCES_READ, &contents("n:1"));
    // One that hangs holds nobody up.
    three.plan(RESOURCES_READ, Plan::ByHand);
    let client = Client::of(&hub(&[&one, &three, &two])).await;
    assert_eq!(client.ask(RESOURCES_READ, &uri("n:1")).await, contents("n:1"));
    client.ask(RESOURCES_READ, &uri("n:1")).await;
    assert_eq!((one.heard(RESOURCES_READ).len(), two.heard(RESOURCES_READ).len()), (1, 2));
    two.plan(RESOURCES_READ, Plan::Error(-32002, "not found"));
    three.plan(RESOURCES_READ, Plan::Error(-32002, "not found"));
    assert!(client.ask(RESOURCES_READ, &uri("n:2")).await.contains("-32002"));
}

#[tokio::test(start_paused = true)]
async fn of_a_uri_that_two_have_the_second_has_a_prefix_wherever_it_stands() {
    let (one, two) = (Server::with_tools("a", &["x"]), Server::with_tools("b", &["x"]));
    for server in [&one, &two] {
        server.lists(ListKind::Resources, [uri("u:1")]);
        server.answers(RESOURCES_READ, &contents("u:1"));
        server.answers(TOOLS_CALL, &link("u:1"));
    }
    let client = Client::of(&hub(&[&one, &two])).await;
    let theirs = "mcp-hub://b/u:1";
    assert_eq!(client.keys(ListKind::Resources).await, ["u:1", theirs]);
    assert_eq!(client.ask(RESOURCES_READ, &uri("u:1")).await, contents("u:1"));
    assert_eq!(client.ask(RESOURCES_READ, &uri(theirs)).await, contents(theirs));
    assert_eq!((one.heard(RESOURCES_READ), two.heard(RESOURCES_READ)), (vec![uri("u:1")], vec![uri("u:1")]));
    assert_eq!(client.tool("a__x").await, link("u:1"));
    assert_eq!(client.tool("b__x").await, link(theirs));
    let embedded = |uri: &str| format!(r#"{{"content":[{{"type":"resource","resource":{{"uri":"{uri}"}}}}]}}"#);
    two.answers(TOOLS_CALL, &embedded("u:1"));
    assert_eq!(client.tool("b__x").await, embedded(theirs));
    let mut events = client.events();
    assert_eq!(client.ask(RESOURCES_SUBSCRIBE, &uri(theirs)).await, "{}");
    assert_eq!(two.heard(RESOURCES_SUBSCRIBE), [uri("u:1")]);
    // The second connection is the client's.
    for (server, expect) in [(&one, "u:1"), (&two, theirs)] {
        server.says(1, Message::notification(RESOURCES_UPDATED, Some(&uri("u:1"))));
        let event = tokio::time::timeout(A_WHILE, events.next()).await.unwrap().unwrap();
        assert_eq!(event.params(), Some(&*uri(expect)));
    }
    client.ask(RESOURCES_UNSUBSCRIBE, &uri(theirs)).await;
    assert_eq!(two.heard(RESOURCES_UNSUBSCRIBE), [uri("u:1")]);
    assert!(one.heard(RESOURCES_SUBSCRIBE).is_empty() && one.heard(RESOURCES_UNSUBSCRIBE).is_empty());
}

#[tokio::test(start_paused = true)]
async fn completions_go_where_the_prompt_or_the_template_is() {
    let (one, two) = (Server::new("a"), Server::new("b"));
    for server in [&one, &two] {
        server.lists(ListKind::Prompts, [named("p")]);
        server.lists(ListKind::ResourceTemplates, [r#"{"uriTemplate":"t:{n}"}"#]);
        server.answers(COMPLETION_COMPLETE, r#"{"completion":{"values":[]}}"#);
        server.answers(PROMPTS_GET, "{}");
    }
    let client = Client::of(&hub(&[&one, &two])).await;
    let params = |kind: &str, member: &str, value: &str| {
        format!(r#"{{"ref":{{"type":"{kind}","{member}":"{value}"}},"argument":{{"name":"n","value":"v"}}}}"#)
    };
    client.ask(COMPLETION_COMPLETE, &params("ref/prompt", "name", "b__p")).await;
    client.ask(COMPLETION_COMPLETE, &params("ref/resource", "uri", "mcp-hub://b/t:{n}")).await;
    let heard = [params("ref/prompt", "name", "p"), params("ref/resource", "uri", "t:{n}")];
    assert_eq!(two.heard(COMPLETION_COMPLETE), heard);
    client.ask(COMPLETION_COMPLETE, &params("ref/resource", "uri", "t:{n}")).await;
    assert_eq!(one.heard(COMPLETION_COMPLETE), [params("ref/resource", "uri", "t:{n}")]);
    let unknown = client.ask(COMPLETION_COMPLETE, &params("ref/prompt", "name", "p")).await;
    assert!(unknown.contains("-32602"), "{unknown}");
}
