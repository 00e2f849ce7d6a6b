//! The dialect of prompty-mcp-proxy on the paths of HTTP+SSE.

use std::time::Duration;

use mcp_proxy_core::{Allowed, Dialect, Proxy, ServerOptions, Slot, Supervision, transport::Memory};
use mcp_testkit::Script;
use tokio::time::{sleep, timeout};

use crate::{
    client::{Ask, Client, Event, Events, call, dedicated, get, initialize, legacy, plain, post},
    keys::{ALICE, BOB, keys},
    noted::{Log, Noted},
    server::stage,
};

const CHANGED: &str = r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#;
const CHANGED_EVENT: &str =
    "event: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}";
const CLOSE: &str = "event: close\ndata: {\"message\":\"Server closed\"}";

/// A server whose paths speak the dialect.
fn prompty(transport: impl mcp_proxy_core::transport::Transport) -> ServerOptions {
    legacy(transport).dialect(Dialect::Prompty)
}

fn script() -> Memory {
    Script::new().answer("tools/call", r#"{"done":1}"#).transport()
}

/// A stream whose first event, which says where to post to, has been read.
async fn listen(client: &Client, ask: Ask) -> Events {
    let mut events = client.open(ask).await;
    events.expect_stream();
    let first = events.next().await.unwrap();
    assert_eq!(first.field("event"), Some("endpoint"), "{first:?}");
    events
}

/// The next event that is no comment, within the time that the stream takes to look.
async fn next(events: &mut Events) -> String {
    loop {
        let event =
            timeout(Duration::from_secs(1), events.next()).await.expect("something comes").expect("the stream goes on");
        if !event.is_comment() {
            return event.0;
        }
    }
}

async fn hears_nothing(events: &mut Events) {
    if let Ok(heard) = timeout(Duration::from_secs(5), events.next()).await {
        panic!("the listener hears {heard:?}");
    }
}

#[tokio::test]
async fn the_stream_begins_with_where_to_post() {
    let first = async |client: &Client, ask: Ask| client.open(ask).await.next().await.unwrap().0;
    let by_option = Client::of(prompty(script()));
    let by_query = Client::of(legacy(script()));
    for (client, query, path, host, expect) in [
        (&by_option, "", "/lab/sse", "localhost:3000", "http://localhost:3000/lab/message"),
        (&by_option, "", "/sse", "127.0.0.1", "http://127.0.0.1/message"),
        (&by_option, "?dialect=prompty", "/lab/sse", "localhost", "http://localhost/lab/message?dialect=prompty"),
        (&by_query, "?dialect=prompty", "/lab/sse/", "localhost:1", "http://localhost:1/lab/message?dialect=prompty"),
    ] {
        let text = first(client, get(&format!("{path}{query}")).header("host", host)).await;
        assert_eq!(text, format!("event: endpoint\ndata: {{\"uri\":\"{expect}\"}}"));
    }
    let allowed = Allowed { public_url: Some("https://mcp.example/tools/".to_owned()), ..Allowed::default() };
    let public = Client::build(Proxy::builder().server_with(prompty(script())).allowed(allowed));
    let text = first(&public, get("/lab/sse").header("host", "mcp.example")).await;
    assert_eq!(text, "event: endpoint\ndata: {\"uri\":\"https://mcp.example/tools/lab/message\"}");
}

#[tokio::test]
async fn answers_come_where_the_question_was_posted() {
    let clients = [
        (Client::of(prompty(script())), ["/lab/message", "/lab/messages", "/message"]),
        (
            Client::of(legacy(script())),
            ["/lab/message?dialect=prompty", "/message?dialect=prompty", "/messages?dialect=prompty"],
        ),
    ];
    for (client, paths) in clients {
        for path in paths {
            for ask in [post(call(7)), plain(call(7)), post(call(7)).accept("*/*"), post(call(7)).without("accept")] {
                let got = client.ask(ask.at(path)).await;
                assert_eq!((got.status, &*got.text), (200, r#"{"jsonrpc":"2.0","id":7,"result":{"done":1}}"#));
                assert_eq!(got.header("content-type"), Some("application/json"));
            }
            let note = post(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).at(path);
            let got = client.ask(note).await;
            assert_eq!((got.status, &*got.text), (204, ""));
            client.ask(post(r#"{"jsonrpc":"2.0","id":1,"method":"none"}"#).at(path)).await.expect(200, -32601, "1");
            client.ask(post("{").at(path)).await.expect(400, -32700, "null");
            client.ask(post(format!("[{}]", call(1))).at(path)).await.expect(400, -32600, "null");
            assert!(client.ask(post(initialize("2024-11-05")).at(path)).await.result().contains("\"script\""));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn everyone_hears_what_the_server_announces() {
    let (server, mut stage) = stage();
    let client = Client::build(Proxy::builder().server_with(prompty(server)).keys(keys()));
    let mut listeners = Vec::new();
    for key in [ALICE, BOB, ALICE] {
        listeners.push(listen(&client, get("/lab/sse").key(key)).await);
    }
    let server = stage.server().await;
    server.say(CHANGED).await;
    for listener in &mut listeners {
        assert_eq!(next(listener).await, CHANGED_EVENT);
    }
    drop(listeners.pop());
    server.say(CHANGED).await;
    for listener in &mut listeners {
        assert_eq!(next(listener).await, CHANGED_EVENT, "whoever leaves is missed by nobody");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_said_during_a_call_is_for_its_callers_listeners() {
    let (server, mut stage) = stage();
    let client = Client::build(Proxy::builder().server_with(prompty(server)).keys(keys()));
    let mut alices = [listen(&client, get("/sse").key(ALICE)).await, listen(&client, get("/sse").key(ALICE)).await];
    let mut bobs = listen(&client, get("/sse").key(BOB)).await;
    let mut server = stage.server().await;
    for path in ["/message", "/mcp"] {
        let asked = client.begin(plain(call(5)).at(path).key(ALICE));
        let request = server.hear("tools/call").await;
        server.progress(&request, 1).await;
        server.answer(&request, "{}").await;
        assert_eq!(asked.await.unwrap().text, r#"{"jsonrpc":"2.0","id":5,"result":{}}"#);
        for events in &mut alices {
            let heard = next(events).await;
            assert!(heard.contains("notifications/progress") && heard.contains(r#""progressToken":5"#), "{heard}");
        }
    }
    hears_nothing(&mut bobs).await;
}

#[tokio::test(start_paused = true)]
async fn the_stream_closes_when_its_server_is_stopped_or_removed_or_the_proxy_stops() {
    for end in 0..3 {
        let (server, mut stage) = stage();
        let client = Client::of(prompty(server));
        let mut events = listen(&client, get("/lab/sse")).await;
        let server = stage.server().await;
        server.say(CHANGED).await;
        assert_eq!(next(&mut events).await, CHANGED_EVENT);
        match end {
            0 => client.proxy.stop_server("lab").await.unwrap(),
            1 => client.proxy.set_servers(vec![]).unwrap(),
            _ => client.proxy.close().await,
        }
        assert_eq!(next(&mut events).await, CLOSE);
        assert_eq!(events.next().await, None);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_said_before_the_end_comes_before_it() {
    let (server, mut stage) = stage();
    let client = Client::of(prompty(server));
    let mut events = listen(&client, get("/lab/sse")).await;
    stage.server().await.say(CHANGED).await;
    sleep(Duration::from_millis(1)).await;
    client.proxy.set_servers(vec![Slot::Put(Box::new(prompty(script())))]).unwrap();
    assert_eq!((next(&mut events).await, next(&mut events).await), (CHANGED_EVENT.to_owned(), CLOSE.to_owned()));
}

#[tokio::test(start_paused = true)]
async fn the_stream_tells_of_each_failure_once_and_goes_on() {
    let log = Log::default();
    let (server, mut stage) = stage();
    let server = Noted::new("lab", server, &log);
    let down = server.down();
    let once = Supervision { auto_restart: false, ..Supervision::default() };
    let client = Client::of(prompty(server).supervision(once));
    let mut events = listen(&client, get("/lab/sse")).await;
    for _ in 0..2 {
        let server = stage.server().await;
        server.say(CHANGED).await;
        assert_eq!(next(&mut events).await, CHANGED_EVENT);
        drop(server);
        let failed = next(&mut events).await;
        let (kind, data) = failed.split_once("\ndata: ").unwrap();
        assert_eq!(kind, "event: error");
        assert!(data.starts_with(r#"{"error":""#) && data.ends_with(r#""}"#), "{data}");
        hears_nothing(&mut events).await;
        client.proxy.start_server("lab").await.unwrap();
        sleep(Duration::from_secs(1)).await;
    }
    down.set(true);
    client.proxy.restart_server("lab").await.unwrap_err();
    assert!(next(&mut events).await.contains("it is down for the test"));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_comes_up_later_is_heard_without_a_call() {
    let log = Log::default();
    let (server, mut stage) = stage();
    let server = Noted::new("lab", server, &log);
    let down = server.down();
    down.set(true);
    let client = Client::of(prompty(server));
    let mut events = listen(&client, get("/lab/sse")).await;
    down.set(false);
    let server = stage.server().await;
    server.say(CHANGED).await;
    loop {
        let event = next(&mut events).await;
        if event == CHANGED_EVENT {
            break;
        }
        assert!(event.starts_with("event: error"), "{event}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_listener_to_a_dedicated_server_hears_its_own_instance_and_keeps_it() {
    let (server, mut stage) = stage();
    let mut limits = mcp_proxy_core::Limits::default();
    limits.sessions.idle = Duration::from_mins(2);
    let server = dedicated(server).dialect(Dialect::Prompty);
    let client = Client::build(Proxy::builder().server_with(server).keys(keys()).limits(limits));
    let mut alices = listen(&client, get("/sse").key(ALICE)).await;
    let alice = stage.server().await;
    let mut bobs = listen(&client, get("/sse").key(BOB)).await;
    let bob = stage.server().await;
    assert!(timeout(Duration::from_mins(10), bobs.message()).await.is_err());
    bob.say(CHANGED).await;
    assert_eq!(next(&mut bobs).await, CHANGED_EVENT);
    drop(bobs);
    sleep(Duration::from_mins(3)).await;
    assert_eq!(client.proxy.status()[0].instances, 1, "without its listener it is idle");
    alice.say(CHANGED).await;
    assert!(next(&mut alices).await == CHANGED_EVENT, "once");
    assert!(stage.is_empty());
}

#[tokio::test(start_paused = true)]
async fn why_an_instance_cannot_be_had_is_for_whoever_wanted_it() {
    let log = Log::default();
    let server = Noted::new("lab", script(), &log);
    let down = server.down();
    let client = Client::build(Proxy::builder().server_with(dedicated(server).dialect(Dialect::Prompty)).keys(keys()));
    let mut alices = listen(&client, get("/sse").key(ALICE)).await;
    down.set(true);
    let mut bobs = listen(&client, get("/sse").key(BOB)).await;
    assert!(next(&mut bobs).await.starts_with("event: error\ndata: {\"error\":\"server `lab`: "));
    hears_nothing(&mut alices).await;
}

#[tokio::test]
async fn a_server_that_is_not_to_be_used_has_no_stream() {
    let client = Client::of(prompty(script()));
    client.proxy.stop_server("lab").await.unwrap();
    client.ask(get("/sse")).await.expect(503, -32000, "null");
    let disabled = Client::of(ServerOptions::disabled("lab").dialect(Dialect::Prompty));
    disabled.ask(get("/sse")).await.expect(503, -32000, "null");
    disabled.ask(get("/sse").accept("application/json")).await.expect(406, -32600, "null");
}

#[tokio::test(start_paused = true)]
async fn a_silent_stream_is_kept_alive() {
    let (server, _stage) = stage();
    let client = Client::of(prompty(server));
    let mut events = listen(&client, get("/sse")).await;
    let event = timeout(Duration::from_mins(1), events.next()).await.unwrap();
    assert_eq!(event, Some(Event(": keep-alive".to_owned())));
}

#[tokio::test]
async fn the_standard_is_there_for_whoever_does_not_ask_for_the_dialect() {
    let by_default = Client::of(legacy(script()));
    let by_query = Client::of(prompty(script()));
    for (client, query) in [(&by_default, ""), (&by_default, "?dialect=standard"), (&by_query, "?dialect=standard")] {
        let mut events = client.open(get(&format!("/lab/sse{query}"))).await;
        let first = events.next().await.unwrap();
        assert!(first.0.starts_with("event: endpoint\ndata: /lab/messages?session_id="), "{first:?}");
        let endpoint = first.data();
        let got = client.ask(post(initialize("2024-11-05")).at(endpoint)).await;
        assert_eq!((got.status, &*got.text), (202, ""));
        assert!(events.message().await.data().contains(r#""id":0,"result""#));
        let unnamed = client.ask(post(call(1)).at(&format!("/lab/messages{query}"))).await;
        unnamed.expect(400, -32000, "null");
    }
}

#[tokio::test]
async fn there_is_no_third_dialect() {
    let client = Client::of(legacy(script()));
    for ask in [get("/sse"), post(call(1)).at("/messages")] {
        let got = client.ask(ask.query("dialect=klingon")).await;
        got.expect(400, -32600, "null");
        assert!(got.text.contains("`standard` or `prompty`"), "{}", got.text);
    }
}
