//! Calls to many servers as one, as a person sees them who watches.

use mcp_proxy_core::{TrafficLimits, transport::Principal};

use crate::{
    client::{Client, initialize, plain, post},
    fleet::{call, hub},
};

#[tokio::test(start_paused = true)]
async fn a_call_through_the_hub_is_its_clients_and_in_the_words_of_its_server() {
    let client = Client::build(hub().traffic(TrafficLimits::default()));
    let traffic = client.proxy.traffic().unwrap();
    let got = client.ask(post(initialize("2025-06-18"))).await;
    let session = got.header("mcp-session-id").unwrap().to_owned();
    client.ask(post(call("b__who")).session(&session)).await.result();
    client.ask(plain(call("a__who"))).await.result();
    let calls = traffic.calls();
    let of = |server: &str| calls.iter().find(|it| &*it.server == server && &*it.method == "tools/call").unwrap();
    let (a, b) = (of("a"), of("b"));
    assert_eq!((b.subject.as_deref(), &b.principal), (Some("who"), &Principal::Anonymous));
    assert_eq!(&*b.client.as_ref().unwrap().info, r#"{"name":"c","version":"1"}"#);
    assert_eq!((a.subject.as_deref(), &a.principal), (Some("who"), &Principal::Anonymous));
    let lists = calls.iter().filter(|it| &*it.method == "tools/list");
    assert!(lists.into_iter().all(|it| it.principal == Principal::Proxy), "the hub itself has asked for lists");
}
