//! Shared servers that ask their clients.

use mcp_proxy_core::Interaction;
use mcp_testkit::Script;

use crate::{
    client::{Client, call, get, initialize, legacy, plain, post},
    noted::{Log, Noted},
    server::stage,
};

const UNABLE: &str = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}"#;

#[tokio::test]
async fn whoever_can_be_asked_has_an_instance_of_its_own_where_that_is_set() {
    let log = Log::default();
    let script = Script::new().answer("tools/call", "{}");
    let server = legacy(Noted::new("lab", script.transport(), &log)).interaction(Interaction::Dedicated);
    let client = Client::of(server);
    for (hello, opened) in
        [(UNABLE.to_owned(), 1), (UNABLE.to_owned(), 1), (initialize("2025-06-18"), 2), (initialize("2025-06-18"), 3)]
    {
        assert_eq!(client.ask(post(hello)).await.status, 200);
        assert_eq!(log.lines().len(), opened);
    }
    client.ask(plain(call(1))).await.result();
    assert_eq!(log.lines().len(), 3, "without a session nobody can be asked");
    assert_eq!(client.proxy.status()[0].instances, 2);
}

#[tokio::test(start_paused = true)]
async fn an_instance_of_ones_own_ends_alone_and_may_ask_at_any_time() {
    let (server, mut stage) = stage();
    let client = Client::of(legacy(server).interaction(Interaction::Dedicated));
    let one = client.session("2025-06-18").await;
    let mut own = stage.server().await;
    let other = client.ask(post(UNABLE)).await.header("mcp-session-id").unwrap().to_owned();
    let mut shared = stage.server().await;
    let mut events = client.open(get("/mcp").session(&one)).await;
    own.say(r#"{"jsonrpc":"2.0","id":3,"method":"sampling/createMessage","params":{}}"#).await;
    assert_eq!(events.message().await.message().method(), Some("sampling/createMessage"));
    client.proxy.restart_server("lab").await.unwrap();
    assert!(own.next().await.is_none() && shared.next().await.is_none());
    client.ask(post(call(1)).session(&one)).await.expect(404, -32001, "null");
    let mut shared = stage.server().await;
    let asked = client.begin(post(call(1)).session(&other));
    let request = shared.hear("tools/call").await;
    shared.answer(&request, "{}").await;
    assert_eq!(asked.await.unwrap().result(), "{}", "what is shared goes on");
}

#[tokio::test(start_paused = true)]
async fn questions_that_may_be_anybodys_are_refused_and_start_nothing_where_that_is_set() {
    let (server, mut stage) = stage();
    let client = Client::of(legacy(server).interaction(Interaction::Refuse));
    let (one, two) = (client.session("2025-06-18").await, client.session("2025-06-18").await);
    let mut server = stage.server().await;
    for _ in 0..2 {
        let asked = [client.begin(post(call(1)).session(&one)), client.begin(post(call(1)).session(&two))];
        let calls = [server.hear("tools/call").await, server.hear("tools/call").await];
        server.say(r#"{"jsonrpc":"2.0","id":7,"method":"elicitation/create","params":{}}"#).await;
        let refusal = server.hear_answer().await;
        assert!(refusal.is_error() && refusal.id().unwrap().as_str() == "7", "{refusal:?}");
        for call in &calls {
            server.answer(call, "{}").await;
        }
        for asked in asked {
            assert_eq!(asked.await.unwrap().result(), "{}");
        }
    }
    assert!(stage.is_empty(), "all calls stay on the one instance");
    assert!(!client.proxy.status()[0].is_interactive);
    // One call at a time leaves no doubt.
    let mut events = client.open(post(call(2)).session(&one)).await;
    server.hear("tools/call").await;
    server.say(r#"{"jsonrpc":"2.0","id":8,"method":"elicitation/create","params":{}}"#).await;
    assert_eq!(events.message().await.message().method(), Some("elicitation/create"));
}
