//! What the holder of a key sees.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Empty;
use mcp_proxy_core::{
    HubOptions, Proxy, Service, ServiceBody,
    aggregator::{Grant, Pattern},
    auth::Keys,
    transport::{Principal, Secret},
};

use crate::{
    client::{Client, initialize, plain, post},
    fleet::{LIST, call, group, hub_with, names},
};

const ALL: &str = "all-s3cret-0123456789";
const GROUP: &str = "group-s3cret-0123456789";
const TOOL: &str = "tool-s3cret-0123456789";

/// A service that answers whatever it is asked.
#[derive(Debug)]
struct Nothing;

#[async_trait::async_trait]
impl Service for Nothing {
    async fn answer(&self, _: &Proxy, _: Request<Bytes>, _: &Principal) -> Response<ServiceBody> {
        Response::new(ServiceBody::new(Empty::new()))
    }
}

fn client() -> Client {
    let grants = [
        ("group".into(), Grant { groups: Some(vec!["g".into()]), tools: None }),
        ("tool".into(), Grant { groups: None, tools: Some(vec![Pattern::new("a__*")]) }),
    ];
    let keys = [("all", ALL), ("group", GROUP), ("tool", TOOL)].map(|(name, key)| (name.into(), Secret::new(key)));
    let options = HubOptions { grants: grants.into(), groups: vec![group("g", &["b"])], ..HubOptions::default() };
    Client::build(hub_with(options).keys(Keys::new(keys).unwrap()).mount("api", Nothing))
}

#[tokio::test(start_paused = true)]
async fn lists_hold_what_the_key_opens() {
    let client = client();
    for (key, tools) in [(ALL, vec!["a__who", "b__who"]), (GROUP, vec!["b__who"]), (TOOL, vec!["a__who"])] {
        assert_eq!(names(&client.ask(plain(LIST).key(key)).await), tools);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_listed_cannot_be_called() {
    let client = client();
    client.ask(plain(call("b__who")).key(TOOL)).await.expect(200, -32602, "1");
    client.ask(plain(call("a__who")).key(GROUP)).await.expect(200, -32602, "1");
    assert!(client.ask(plain(call("a__who")).key(TOOL)).await.result().contains(r#""from":"a""#));
}

#[tokio::test(start_paused = true)]
async fn a_place_that_the_key_does_not_open_is_refused() {
    let client = client();
    for (path, key, status) in [
        ("/groups/g/mcp", GROUP, 200),
        ("/servers/b/mcp", GROUP, 200),
        ("/servers/a/mcp", GROUP, 403),
        ("/servers/a/mcp", ALL, 200),
    ] {
        let got = client.ask(plain(LIST).at(path).key(key)).await;
        assert_eq!(got.status, status, "{path} {key}: {}", got.text);
    }
    assert_eq!(client.ask(plain(LIST)).await.status, 401);
}

#[tokio::test(start_paused = true)]
async fn a_session_stays_with_its_key() {
    let client = client();
    let got = client.ask(post(initialize("2025-06-18")).key(TOOL)).await;
    let id = got.header("mcp-session-id").unwrap();
    for (key, status) in [(TOOL, 200), (GROUP, 404), (ALL, 404)] {
        assert_eq!(client.ask(post(LIST).session(id).key(key)).await.status, status);
    }
}

#[tokio::test(start_paused = true)]
async fn a_limited_key_does_not_open_what_stands_beside_mcp() {
    let client = client();
    for (key, status) in [(ALL, 200), (GROUP, 403), (TOOL, 403)] {
        let got = client.ask(crate::client::get("/api/x").key(key)).await;
        assert_eq!(got.status, status, "{key}: {}", got.text);
    }
}
