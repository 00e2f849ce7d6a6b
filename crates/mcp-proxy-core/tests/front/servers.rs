//! Servers that come and go while the proxy runs.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures::stream;
use http_body::Frame;
use http_body_util::StreamBody;
use mcp_proxy_core::{Proxy, ReachError, ServerOptions, ServerState, Slot, Supervision, transport::Memory};
use mcp_testkit::Script;
use tokio::{
    sync::oneshot,
    time::{sleep, timeout},
};

use crate::{
    client::{Ask, Client, call, get, initialize, modern, named, plain, post},
    modern::tool,
    noted::{Log, Noted},
    server::stage,
};

fn script() -> Memory {
    Script::new().answer("tools/call", "{}").transport()
}

fn put(server: ServerOptions) -> Slot {
    Slot::Put(Box::new(server))
}

fn keep(name: &str) -> Slot {
    Slot::Keep(name.into())
}

/// A client of these servers.
fn client<const N: usize>(servers: [ServerOptions; N]) -> Client {
    Client::build(servers.into_iter().fold(Proxy::builder(), mcp_proxy_core::Builder::server_with))
}

fn names(client: &Client) -> Vec<String> {
    client.proxy.status().into_iter().map(|status| status.name.to_string()).collect()
}

/// Begins a session at the path.
async fn session(client: &Client, path: &str) -> Arc<str> {
    let got = client.ask(post(initialize("2025-06-18")).at(path)).await;
    assert_eq!(got.status, 200, "{}", got.text);
    got.header("mcp-session-id").unwrap().into()
}

/// Lets what runs in the background come to rest.
async fn settle() {
    sleep(Duration::from_secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stays_keeps_its_process_and_its_sessions() {
    let (server, mut stage) = stage();
    let client = client([named("a", server), named("b", script())]);
    let session = session(&client, "/a/mcp").await;
    let mut server = stage.server().await;
    let asked = client.begin(post(call(1)).at("/a/mcp").session(&session));
    let request = server.hear("tools/call").await;
    let mut events = client.open(get("/a/mcp").session(&session)).await;
    client.proxy.set_servers(vec![put(named("c", script())), keep("a")]).unwrap();
    assert_eq!(names(&client), ["c", "a"]);
    settle().await;
    server.answer(&request, "{}").await;
    assert_eq!(asked.await.unwrap().result(), "{}");
    server.say(r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#).await;
    assert!(events.message().await.data().contains("list_changed"));
    assert!(stage.is_empty(), "it is the same process");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_replaced_ends_its_sessions_and_begins_when_the_old_one_is_gone() {
    let log = Log::default();
    let server = |name, lingers| named("lab", Noted::new(name, script(), &log).lingering(Duration::from_secs(lingers)));
    let client = client([server("first", 5)]);
    let old = session(&client, "/mcp").await;
    let mut events = client.open(get("/mcp").session(&old)).await;
    client.proxy.set_servers(vec![put(server("second", 3))]).unwrap();
    client.ask(post(call(1)).session(&old)).await.expect(404, -32001, "null");
    assert_eq!(timeout(Duration::from_secs(1), async { while events.next().await.is_some() {} }).await, Ok(()));
    settle().await;
    assert_eq!(log.lines(), ["first opens"], "it is still going");
    // Whoever comes meanwhile waits.
    let new = session(&client, "/mcp").await;
    assert_eq!(log.lines(), ["first opens", "first is gone", "second opens"]);
    assert_eq!(client.ask(post(call(1)).session(&new)).await.result(), "{}");
}

#[tokio::test(start_paused = true)]
async fn the_third_waits_for_the_first_too() {
    let log = Log::default();
    let server = |name, lingers| named("lab", Noted::new(name, script(), &log).lingering(Duration::from_secs(lingers)));
    let client = client([server("first", 5)]);
    session(&client, "/mcp").await;
    client.proxy.set_servers(vec![put(server("second", 0))]).unwrap();
    settle().await;
    client.proxy.set_servers(vec![]).unwrap();
    settle().await;
    client.proxy.set_servers(vec![put(server("third", 0))]).unwrap();
    session(&client, "/mcp").await;
    assert_eq!(log.lines(), ["first opens", "first is gone", "third opens"]);
}

#[tokio::test(start_paused = true)]
async fn processes_of_sessions_are_waited_for_too() {
    let log = Log::default();
    let noted = |name, lingers| Noted::new(name, script(), &log).lingering(Duration::from_secs(lingers));
    let client = client([crate::client::dedicated(noted("first", 5))]);
    session(&client, "/mcp").await;
    client.proxy.set_servers(vec![put(named("lab", noted("second", 0)))]).unwrap();
    session(&client, "/mcp").await;
    assert_eq!(log.lines(), ["first opens", "first is gone", "second opens"]);
}

#[tokio::test]
async fn a_server_that_is_removed_is_not_found() {
    let client = client([named("a", script()), named("b", script())]);
    let old = session(&client, "/a/mcp").await;
    client.proxy.set_servers(vec![keep("b")]).unwrap();
    for ask in [post(initialize("2025-06-18")), post(call(1)).session(&old), plain(call(1)), get("/a/sse"), tool()] {
        let got = client.ask(ask.at("/a/mcp")).await;
        got.expect(404, -32600, "null");
        assert!(got.text.contains("no server is called `a`") && got.text.contains("`b`"), "{}", got.text);
    }
    assert!(matches!(client.proxy.stop_server("a").await, Err(ReachError::Unknown(name)) if name == "a"));
}

#[tokio::test]
async fn names_that_are_taken_change_nothing() {
    let client = client([named("a", script())]);
    let session = session(&client, "/a/mcp").await;
    let mut changes = client.proxy.changes();
    changes.mark_unchanged();
    for (slots, reason) in [
        (vec![keep("a"), put(named("mcp", script()))], "path of the proxy's own"),
        (vec![put(named("a", script())), put(named("a", script()))], "two servers are called `a`"),
        (vec![keep("a"), put(named("a", script()))], "two servers are called `a`"),
        (vec![put(named("b", script())), keep("c")], "no server is called `c`"),
    ] {
        let error = client.proxy.set_servers(slots).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
    assert_eq!((names(&client), changes.has_changed().unwrap()), (vec!["a".to_owned()], false));
    assert_eq!(client.ask(post(call(1)).at("/a/mcp").session(&session)).await.status, 200);
}

#[tokio::test]
async fn the_paths_at_the_top_are_those_of_an_only_server() {
    let client = client([]);
    let top = || [plain(call(1)), get("/sse"), plain(call(1)).at("/messages"), plain(call(1)).at("/message/")];
    for ask in top() {
        let got = client.ask(ask).await;
        got.expect(404, -32600, "null");
        assert!(got.text.contains("there is no server yet"), "{}", got.text);
    }
    client.proxy.set_servers(vec![put(named("a", script()))]).unwrap();
    assert_eq!(client.ask(plain(call(1))).await.status, 200);
    client.open(get("/sse")).await.expect_stream();
    client.proxy.set_servers(vec![keep("a"), put(named("b", script()))]).unwrap();
    for ask in top() {
        let got = client.ask(ask).await;
        got.expect(404, -32600, "null");
        assert!(got.text.contains("/NAME/mcp: `a`, `b`"), "{}", got.text);
    }
    for path in ["/a/mcp", "/b/mcp"] {
        assert_eq!(client.ask(plain(call(1)).at(path)).await.status, 200);
    }
}

#[tokio::test]
async fn each_reason_has_its_own_answer() {
    let (failing, log) = (Script::new().transport(), Log::default());
    let failing = Noted::new("failing", failing, &log);
    failing.down().set(true);
    let once = Supervision { auto_restart: false, ..Supervision::default() };
    let client = client([
        ServerOptions::disabled("disabled"),
        named("stopped", script()),
        named("failing", failing).supervision(once),
        named("fine", script()),
    ]);
    client.proxy.stop_server("stopped").await.unwrap();
    let asks: [fn() -> Ask; 3] = [|| plain(call(1)), || post(initialize("2025-06-18")), tool];
    for ask in asks {
        for (name, status, code, words) in [
            ("disabled", 503, -32000, "server `disabled` is disabled in the configuration"),
            ("stopped", 503, -32000, "server `stopped` was stopped by hand; start it again first"),
            ("failing", 502, -32000, "server `failing`: the server could not be reached"),
            ("unknown", 404, -32600, "no server is called `unknown`"),
        ] {
            let got = client.ask(ask().at(&format!("/{name}/mcp"))).await;
            assert_eq!((got.status, got.code()), (status, code), "{name}: {}", got.text);
            assert!(got.text.contains(words), "{name}: {}", got.text);
        }
    }
    for (name, status) in [("disabled", 503), ("stopped", 503), ("unknown", 404), ("fine", 200)] {
        assert_eq!(client.open(get(&format!("/{name}/sse"))).await.status, status, "{name}");
    }
    let states: Vec<_> = client.proxy.status().iter().map(|status| (status.state, status.is_disabled)).collect();
    let (stopped, error) = (ServerState::Stopped, ServerState::Error);
    assert_eq!(states[..3], [(stopped, true), (stopped, false), (error, false)]);
    assert!(matches!(client.proxy.start_server("disabled").await, Err(ReachError::Disabled(_))));
    client.proxy.start().await.unwrap_err();
}

#[tokio::test]
async fn names_may_have_spaces() {
    let client = client([named("my own server/é", script()), named("b", script())]);
    let path = "/my%20own%20server%2F%c3%A9";
    let session = session(&client, &format!("{path}/mcp")).await;
    assert_eq!(client.ask(post(call(1)).at(&format!("{path}/mcp")).session(&session)).await.status, 200);
    let mut events = client.open(get(&format!("{path}/sse"))).await;
    let endpoint = events.next().await.unwrap().data().to_owned();
    assert!(endpoint.starts_with(&format!("{path}/messages?")), "{endpoint}");
    assert_eq!(client.ask(post(initialize("2024-11-05")).at(&endpoint)).await.status, 202);
    assert!(events.message().await.data().contains("result"));
}

#[tokio::test(start_paused = true)]
async fn calls_in_flight_to_a_removed_server_get_an_error() {
    let (server, mut stage) = stage();
    let client = client([named("lab", server)]);
    let session = session(&client, "/mcp").await;
    let mut server = stage.server().await;
    let mut pair = client.open(get("/sse")).await;
    let endpoint = pair.next().await.unwrap().data().to_owned();
    client.ask(post(initialize("2024-11-05")).at(&endpoint)).await;
    pair.message().await;
    client.ask(post(call(3)).at(&endpoint)).await;
    let reading = tokio::spawn(pair.rest());
    let asked = [client.begin(post(call(1)).session(&session)), client.begin(plain(call(2)))];
    for _ in 1..=3 {
        server.hear("tools/call").await;
    }
    client.proxy.set_servers(vec![]).unwrap();
    for (id, asked) in ["1", "2"].into_iter().zip(asked) {
        let got = timeout(Duration::from_secs(5), asked).await.unwrap().unwrap();
        assert_eq!((got.code(), got.message().id().unwrap().as_str()), (-32000, id), "{}", got.text);
    }
    let rest = timeout(Duration::from_secs(5), reading).await.unwrap().unwrap();
    assert!(rest.iter().any(|event| event.0.contains(r#""id":3,"error""#)), "{rest:?}");
    while server.next().await.is_some() {}
}

#[tokio::test(start_paused = true)]
async fn a_request_that_comes_too_late_is_told_to_try_again() {
    let client = client([named("lab", script())]);
    for ask in [post(initialize("2025-06-18")), plain(call(1))] {
        let (go, may_go) = oneshot::channel();
        let slow = slowly(ask, may_go);
        let asking = client.clone();
        let asked = tokio::spawn(async move { asking.ask_with(slow).await });
        settle().await;
        client.proxy.set_servers(vec![put(named("lab", script()))]).unwrap();
        go.send(()).unwrap();
        let got = asked.await.unwrap();
        assert_eq!((got.status, got.header("retry-after")), (503, Some("5")), "{}", got.text);
        assert!(got.text.contains("server `lab` has just left"), "{}", got.text);
    }
}

/// The request; its body comes only after it may go.
fn slowly(
    ask: Ask,
    may_go: oneshot::Receiver<()>,
) -> http::Request<impl http_body::Body<Data = Bytes, Error = std::convert::Infallible>> {
    let (head, body) = ask.request().into_parts();
    let body = stream::once(Box::pin(async move {
        may_go.await.unwrap();
        let text = http_body_util::BodyExt::collect(body).await.unwrap().to_bytes();
        Ok(Frame::data(text))
    }));
    http::Request::from_parts(head, StreamBody::new(body))
}

#[tokio::test(start_paused = true)]
async fn new_servers_are_started_at_once_unless_they_wait_for_a_use() {
    let client = client([]);
    let mut changes = client.proxy.changes();
    let ((eager, mut one), (lazy, mut two), (wanted, mut three)) = (stage(), stage(), stage());
    let slots = vec![put(named("a", eager)), put(named("b", lazy).on_demand()), put(modern(wanted))];
    client.proxy.set_servers(slots).unwrap();
    assert!(changes.has_changed().unwrap());
    changes.mark_unchanged();
    one.server().await;
    three.server().await;
    assert!(two.is_empty());
    let states: Vec<_> = client.proxy.status().iter().map(|status| status.state).collect();
    assert_eq!(states, [ServerState::Running, ServerState::Stopped, ServerState::Running]);
    assert!(changes.has_changed().unwrap());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_started_for_a_proxy_that_has_stopped() {
    let client = client([]);
    client.proxy.close().await;
    let (server, mut stage) = stage();
    client.proxy.set_servers(vec![put(named("a", server))]).unwrap();
    settle().await;
    assert!(stage.is_empty());
}
