//! Keys: who comes in, and by which way.

use std::time::Duration;

use http::Method;
use mcp_proxy_core::{
    Proxy, ServerOptions,
    auth::Keys,
    transport::{Principal, Secret},
};
use mcp_testkit::Script;
use tokio::time::timeout;

use crate::{
    client::{Ask, Client, ask, call, get, initialize, legacy, modern as modern_server, plain, post},
    modern,
    mount::Parrot,
    server::stage,
};

pub(crate) const ALICE: &str = "alice-s3cret-0123456789";
pub(crate) const BOB: &str = "bob-s3cret-0123456789";
const WRONG: &str = "wr0ng-s3cret-0123456789";

const WAYS: [fn(Ask, &str) -> Ask; 5] = [
    |ask, key| ask.header("authorization", &format!("Bearer {key}")),
    |ask, key| ask.header("x-api-key", key),
    |ask, key| ask.query(&format!("auth_key={key}")),
    |ask, key| ask.query(&format!("key={key}")),
    // Many clients send every server a token, and it is not meant for us.
    |ask, key| ask.header("authorization", "Bearer of-another-server").header("x-api-key", key),
];

pub(crate) fn keys() -> Keys {
    Keys::new([("alice", ALICE), ("bob", BOB)].map(|(name, key)| (name.into(), Secret::new(key)))).unwrap()
}

fn client_of(server: ServerOptions) -> Client {
    let parrot = Parrot::default();
    Client::build(Proxy::builder().server_with(server).keys(keys()).mount("api", parrot))
}

fn client() -> Client {
    client_of(legacy(Script::new().answer("tools/call", "{}").transport()))
}

async fn session(client: &Client, key: &str) -> String {
    let got = client.ask(post(initialize("2025-06-18")).key(key)).await;
    assert_eq!(got.status, 200, "{}", got.text);
    got.header("mcp-session-id").unwrap().to_owned()
}

/// Opens a stream of HTTP+SSE with a key in its URL; gives the stream and where to post to.
async fn pair(client: &Client, key: &str) -> (crate::client::Events, String) {
    let mut events = client.open(get("/sse").query(&format!("auth_key={key}"))).await;
    events.expect_stream();
    let endpoint = events.next().await.unwrap().data().to_owned();
    (events, endpoint)
}

#[tokio::test]
async fn without_a_key_nobody_gets_anywhere() {
    let script = Script::new();
    let client = client_of(legacy(script.transport()));
    let methods = [Method::GET, Method::POST, Method::DELETE, Method::PUT, Method::HEAD, Method::OPTIONS];
    for path in
        ["/mcp", "/lab/mcp", "/none/mcp", "/sse", "/messages", "/message?session_id=x", "/api/x", "/nothing", "/"]
    {
        for method in &methods {
            let got = client.ask(ask(method.clone(), path)).await;
            got.expect(401, -32000, "null");
            assert_eq!(got.header("www-authenticate"), Some("Bearer"), "{method} {path}");
            assert!(got.text.contains("a key is needed"), "{}", got.text);
            for way in WAYS {
                let got = client.ask(way(ask(method.clone(), path), WRONG)).await;
                got.expect(401, -32000, "null");
                assert!(got.text.contains("not one of"), "{}", got.text);
            }
        }
    }
    client.ask(post(initialize("2025-06-18"))).await.expect(401, -32000, "null");
    assert!(script.heard().is_empty(), "the server never hears of it");
}

#[tokio::test]
async fn a_key_opens_every_route_whichever_way_it_comes() {
    let client = client();
    for way in WAYS {
        assert_eq!(client.ask(way(post(initialize("2025-06-18")), ALICE)).await.status, 200);
        assert_eq!(client.ask(way(plain(call(1)).at("/lab/mcp"), BOB)).await.result(), "{}");
        client.open(way(get("/sse"), ALICE)).await.expect_stream();
        client.ask(way(post(call(1)).at("/messages"), ALICE)).await.expect(400, -32000, "null");
        let parroted = client.ask(way(get("/api/x"), BOB)).await;
        assert!(parroted.text.contains("Named(\"bob\")"), "{}", parroted.text);
        for method in [Method::GET, Method::DELETE] {
            let ask = ask(method, "/mcp").accept("text/event-stream");
            client.ask(way(ask, ALICE)).await.expect(400, -32000, "null");
        }
        assert_eq!(client.ask(way(ask(Method::GET, "/nothing"), ALICE)).await.status, 404);
    }
}

#[tokio::test]
async fn a_key_that_stands_twice_is_unclear() {
    let twice = post(initialize("2025-06-18")).query(&format!("key={ALICE}&key={ALICE}"));
    client().ask(twice).await.expect(400, -32600, "null");
}

#[tokio::test]
async fn anybody_may_ask_for_health() {
    let client = client();
    for ask in [get("/health"), get("/health").key(WRONG), ask(Method::HEAD, "/health")] {
        assert_eq!(client.ask(ask).await.status, 200);
    }
}

#[tokio::test]
async fn a_session_is_of_the_key_it_was_made_under() {
    let client = client();
    let alices = session(&client, ALICE).await;
    for key in [ALICE, BOB] {
        let is_hers = key == ALICE;
        let posted = client.ask(post(call(1)).session(&alices).key(key)).await;
        let stream = client.open(get("/mcp").session(&alices).key(key)).await;
        assert_eq!((posted.status, stream.status), if is_hers { (200, 200) } else { (404, 404) });
        if !is_hers {
            posted.expect(404, -32001, "null");
            client.ask(ask(Method::DELETE, "/mcp").session(&alices).key(key)).await.expect(404, -32001, "null");
        }
    }
    client.ask(post(call(1)).session(&alices)).await.expect(401, -32000, "null");
    assert_eq!(client.ask(post(call(1)).session(&alices).key(ALICE)).await.status, 200, "it is still there");
    assert_eq!(client.ask(ask(Method::DELETE, "/mcp").session(&alices).key(ALICE)).await.status, 200);
}

#[tokio::test]
async fn the_session_stands_for_the_key_where_its_messages_go() {
    let client = client();
    let (mut events, endpoint) = pair(&client, ALICE).await;
    assert!(!endpoint.contains(ALICE) && !endpoint.contains("key"), "{endpoint}");
    let post_to = |endpoint: &str| post(initialize("2024-11-05")).at(endpoint);
    assert_eq!(client.ask(post_to(&endpoint)).await.status, 202);
    assert!(events.message().await.data().contains(r#""id":0,"result""#));
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    assert_eq!(client.ask(post(ping).at(&endpoint).key(ALICE)).await.status, 202);
    assert!(events.message().await.data().contains(r#""id":1,"result""#));
    client.ask(post(ping).at(&endpoint).key(BOB)).await.expect(404, -32001, "null");
    client.ask(post(ping).at(&endpoint).key(WRONG)).await.expect(401, -32000, "null");
    let (path, id) = endpoint.split_once('=').unwrap();
    for unknown in [format!("{path}=unknown"), path.to_owned(), "/messages".to_owned()] {
        client.ask(post(ping).at(&unknown)).await.expect(401, -32000, "null");
    }
    client.ask(post(ping).at(&format!("{path}=unknown")).key(ALICE)).await.expect(404, -32001, "null");
    for elsewhere in
        [post(ping).session(id), post(ping).query(&format!("session_id={id}")), get(&format!("/sse?session_id={id}"))]
    {
        client.ask(elsewhere).await.expect(401, -32000, "null");
    }
    client.ask(get(&endpoint)).await.expect(405, -32600, "null");
    drop(events);
    client.ask(post(ping).at(&endpoint)).await.expect(401, -32000, "null");
}

#[tokio::test]
async fn a_session_of_streamable_http_stands_for_nothing() {
    let client = client();
    let session = session(&client, ALICE).await;
    let ask = post(call(1)).at(&format!("/messages?session_id={session}"));
    client.ask(ask.clone()).await.expect(401, -32000, "null");
    client.ask(ask.key(ALICE)).await.expect(404, -32001, "null");
}

#[tokio::test]
async fn no_answer_shows_a_key() {
    let client = client();
    let asks = [
        get("/mcp"),
        get("/nothing"),
        get("/none/mcp"),
        get("/sse").query("dialect=unknown"),
        get("/mcp").session("unknown"),
        post("{"),
        post(call(1)),
        post(call(1)).query("x=1"),
        plain(call(1)).query("x=1"),
        post(call(1)).at("/messages"),
        post(call(1)).at("/messages?session_id=unknown"),
        ask(Method::PUT, "/mcp"),
        get("/mcp").header("origin", "https://evil.example"),
        get("/mcp").header("host", "evil.example"),
    ];
    for ask in asks {
        for (way, key) in WAYS.into_iter().flat_map(|way| [(way, ALICE), (way, WRONG)]) {
            let got = client.ask(way(ask.clone(), key)).await;
            assert!(400 <= got.status, "{}", got.text);
            assert!(!format!("{} {:?}", got.text, got.headers).contains("s3cret"), "{got:?}");
        }
    }
    assert!(!format!("{:?}", client.proxy).contains("s3cret"));
}

fn keys_of(pairs: &[(&str, &str)]) -> Keys {
    Keys::new(pairs.iter().map(|&(name, key)| (name.into(), Secret::new(key)))).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_taken_away_ends_what_it_opened_and_nothing_else() {
    let client = client();
    let mut sessions = Vec::new();
    for key in [ALICE, BOB] {
        let id = session(&client, key).await;
        let events = client.open(get("/mcp").session(&id).key(key)).await;
        let (pair, _) = pair(&client, key).await;
        sessions.push((id, events, pair));
    }
    client.proxy.set_keys(keys_of(&[("bob", BOB), ("carol", WRONG)]));
    let [(alices, mut events, mut alices_pair), (bobs, _bobs_events, _bobs_pair)] =
        <[_; 2]>::try_from(sessions).ok().unwrap();
    while events.next().await.is_some() {}
    while alices_pair.next().await.is_some() {}
    assert_eq!(client.ask(post(call(1)).session(&alices).key(ALICE)).await.status, 401);
    client.ask(post(call(1)).session(&bobs).key(BOB)).await.result();
    assert_eq!(client.ask(post(initialize("2025-06-18")).key(WRONG)).await.status, 200, "a new key opens it");
    let owners: Vec<_> = client.proxy.sessions().into_iter().map(|info| info.principal).collect();
    assert!(!owners.contains(&Principal::Named("alice".into())) && owners.len() == 3, "{owners:?}");

    client.proxy.set_keys(keys_of(&[("bob", "another-s3cret-01234")]));
    client.ask(post(call(1)).session(&bobs).key("another-s3cret-01234")).await.expect(404, -32001, "null");
    client.proxy.set_keys(Keys::default());
    client.ask(plain(call(1))).await.result();
}

#[tokio::test(start_paused = true)]
async fn streams_without_a_session_end_with_their_key() {
    let (server, mut stage) = stage();
    let client = client_of(modern_server(server));
    let mut listening = client.open(modern::listen().key(ALICE)).await;
    let mut server = stage.server().await;
    server.hear("subscriptions/listen").await;
    let mut called = client.open(modern::tool().key(ALICE)).await;
    let mut bobs = client.open(modern::tool().key(BOB)).await;
    client.proxy.set_keys(keys_of(&[("bob", BOB)]));
    let mut last = String::new();
    while let Some(event) = listening.next().await {
        last = event.0;
    }
    assert!(last.contains(r#""resultType":"complete""#), "{last}");
    let refused = called.message().await.message();
    assert!(refused.is_error() && called.next().await.is_none());
    assert!(timeout(Duration::from_secs(5), bobs.message()).await.is_err(), "the other one goes on");
}
