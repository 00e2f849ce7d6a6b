//! Sessions as a person sees them.

use std::time::Duration;

use mcp_proxy_core::{Proxy, transport::Principal};
use mcp_testkit::Script;
use tokio::time::sleep;

use crate::{
    client::{Client, call, get, initialize, legacy, post},
    keys::{ALICE, BOB, keys},
    server::stage,
};

#[tokio::test(start_paused = true)]
async fn sessions_are_listed_with_who_uses_them_and_how() {
    let (server, mut stage) = stage();
    let client = Client::build(Proxy::builder().server_with(legacy(server)).keys(keys()));
    let got = client.ask(post(initialize("2025-06-18")).key(ALICE)).await;
    let id = got.header("mcp-session-id").unwrap().to_owned();
    let mut server = stage.server().await;
    let asked = client.begin(post(call(1)).session(&id).key(ALICE));
    let request = server.hear("tools/call").await;
    sleep(Duration::from_millis(10)).await;
    let pair = client.open(get("/lab/sse").key(BOB)).await;
    pair.expect_stream();

    let listed = client.proxy.sessions();
    let [one, other] = &*listed else { panic!("{listed:?}") };
    assert_eq!((&one.principal, &*one.place), (&Principal::Named("alice".into()), "/lab/mcp"));
    assert_eq!((one.revision.as_str(), one.calls, one.pending), ("2025-06-18", 1, 1));
    assert_eq!(&*one.client.as_ref().unwrap().info, r#"{"name":"c","version":"1"}"#);
    assert!(one.since <= one.last_used && one.handle.len() == 16 && !id.contains(&one.handle));
    assert_eq!((&other.principal, &*other.place), (&Principal::Named("bob".into()), "/lab/sse"));
    assert!(other.client.is_none() && other.calls == 0);
    assert!(!format!("{listed:?}").contains(&id), "an id is a credential");

    server.answer(&request, "{}").await;
    asked.await.unwrap().result();
    let listed = client.proxy.sessions();
    assert_eq!((listed[0].calls, listed[0].pending), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_person_can_end_a_session_with_its_calls_and_streams() {
    let client = Client::of(legacy(Script::new().say("tools/call", [""; 0]).transport()));
    let id = client.session("2025-06-18").await;
    let mut events = client.open(get("/mcp").session(&id)).await;
    sleep(Duration::from_millis(10)).await;
    let mut pair = client.open(get("/sse")).await;
    let asked = client.begin(post(call(1)).session(&id));
    while client.proxy.sessions()[0].pending == 0 {
        tokio::task::yield_now().await;
    }
    for info in client.proxy.sessions() {
        assert!(client.proxy.end_session(&info.handle));
        assert!(!client.proxy.end_session(&info.handle), "it is over");
    }
    assert!(client.proxy.sessions().is_empty());
    asked.await.unwrap().code();
    while events.next().await.is_some() {}
    while pair.next().await.is_some() {}
    client.ask(post(call(2)).session(&id)).await.expect(404, -32001, "null");
    assert!(!client.proxy.end_session("0000000000000000"));
}
