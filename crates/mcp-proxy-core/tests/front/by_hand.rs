//! Servers that a person starts, stops and starts again.

use std::time::Duration;

use http::Method;
use mcp_proxy_core::{ReachError, ServerOptions, ServerState, Supervision};
use mcp_testkit::Script;
use tokio::time::{sleep, timeout};

use crate::{
    client::{Client, ask, call, dedicated, get, initialize, legacy, plain, post},
    modern::tool,
    noted::{Log, Noted},
    server::stage,
};

const STOPPED: &str = "server `lab` was stopped by hand; start it again first";

fn state(client: &Client) -> ServerState {
    client.proxy.status()[0].state
}

#[tokio::test(start_paused = true)]
async fn a_shared_server_that_is_stopped_stays_so_until_it_is_started() {
    let (server, mut stage) = stage();
    let client = Client::of(legacy(server));
    let session = client.session("2025-06-18").await;
    let mut server = stage.server().await;
    let asked = [client.begin(post(call(1)).session(&session)), client.begin(plain(call(2)))];
    for _ in 0..2 {
        server.hear("tools/call").await;
    }
    let mut events = client.open(get("/mcp").session(&session)).await;
    client.proxy.stop_server("lab").await.unwrap();
    assert!(server.next().await.is_none(), "the process has ended");
    for asked in asked {
        assert_eq!(asked.await.unwrap().code(), -32000);
    }
    assert_eq!(state(&client), ServerState::Stopped);
    let within = client.ask(post(call(3)).session(&session)).await;
    within.expect(200, -32000, "3");
    assert!(within.text.contains(STOPPED), "{}", within.text);
    let note = post(r#"{"jsonrpc":"2.0","method":"notifications/x"}"#).session(&session);
    let note = client.ask(note).await;
    assert!(note.status == 503 && note.text.contains(STOPPED), "{}", note.text);
    for ask in [post(initialize("2025-06-18")), plain(call(1)), get("/sse"), tool()] {
        let got = client.ask(ask).await;
        assert!(got.status == 503 && got.text.contains(STOPPED), "{}", got.text);
    }
    sleep(Duration::from_hours(1)).await;
    assert!(stage.is_empty());
    client.proxy.start_server("lab").await.unwrap();
    let mut server = stage.server().await;
    assert_eq!(state(&client), ServerState::Running);
    let again = client.session("2025-06-18").await;
    for session in [&session, &again] {
        let asked = client.begin(post(call(4)).session(session));
        let request = server.hear("tools/call").await;
        server.answer(&request, "{}").await;
        assert_eq!(asked.await.unwrap().result(), "{}", "sessions live on");
    }
    server.say(r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#).await;
    assert!(events.message().await.data().contains("list_changed"));
}

#[tokio::test(start_paused = true)]
async fn a_shared_server_that_is_restarted_keeps_its_sessions() {
    let (server, mut stage) = stage();
    let client = Client::of(legacy(server));
    let session = client.session("2025-06-18").await;
    let mut old = stage.server().await;
    let asked = client.begin(post(call(1)).session(&session));
    old.hear("tools/call").await;
    client.proxy.restart_server("lab").await.unwrap();
    asked.await.unwrap().expect(200, -32000, "1");
    let mut new = stage.server().await;
    assert!(old.next().await.is_none());
    let asked = client.begin(post(call(2)).session(&session));
    let request = new.hear("tools/call").await;
    new.answer(&request, "{}").await;
    assert_eq!(asked.await.unwrap().result(), "{}");
    assert_eq!((state(&client), client.proxy.status()[0].restarts), (ServerState::Running, 0));
}

#[tokio::test(start_paused = true)]
async fn spare_instances_are_stopped_too() {
    let (server, mut stage) = stage();
    let client = Client::of(legacy(server));
    let (one, two) = (client.session("2025-06-18").await, client.session("2025-06-18").await);
    let mut main = stage.server().await;
    let both = || [&one, &two].map(|session| client.begin(post(call(1)).session(session)));
    let asked = both();
    let calls = [main.hear("tools/call").await, main.hear("tools/call").await];
    main.say(r#"{"jsonrpc":"2.0","id":7,"method":"elicitation/create","params":{}}"#).await;
    main.hear_answer().await;
    for (call, asked) in calls.iter().zip(asked) {
        main.answer(call, "{}").await;
        asked.await.unwrap().result();
    }
    let asked = both();
    let mut spare = stage.server().await;
    spare.hear("tools/call").await;
    main.hear("tools/call").await;
    client.proxy.stop_server("lab").await.unwrap();
    assert!(main.next().await.is_none() && spare.next().await.is_none());
    for asked in asked {
        asked.await.unwrap().expect(200, -32000, "1");
    }
    assert!(client.proxy.status()[0].is_interactive);
}

#[tokio::test(start_paused = true)]
async fn a_dedicated_server_that_is_stopped_loses_its_sessions() {
    let (server, mut stage) = stage();
    let client = Client::of(dedicated(server));
    let session = client.session("2025-06-18").await;
    let mut own = stage.server().await;
    let without = client.begin(plain(call(1)));
    let mut shared = stage.server().await;
    shared.hear("tools/call").await;
    let asked = client.begin(post(call(1)).session(&session));
    own.hear("tools/call").await;
    let mut pair = client.open(get("/sse")).await;
    pair.next().await.unwrap();
    assert_eq!(client.proxy.status()[0].instances, 2);
    client.proxy.stop_server("lab").await.unwrap();
    assert!(own.next().await.is_none() && shared.next().await.is_none());
    for asked in [asked, without] {
        assert_eq!(asked.await.unwrap().code(), -32000);
    }
    assert_eq!(pair.rest().await, []);
    client.ask(post(call(1)).session(&session)).await.expect(404, -32001, "null");
    for ask in [post(initialize("2025-06-18")), plain(call(1)), get("/sse")] {
        let got = client.ask(ask).await;
        assert!(got.status == 503 && got.text.contains(STOPPED), "{}", got.text);
    }
    assert_eq!((state(&client), client.proxy.status()[0].instances), (ServerState::Stopped, 0));
    assert!(stage.is_empty());
    client.proxy.start_server("lab").await.unwrap();
    client.session("2025-06-18").await;
}

#[tokio::test(start_paused = true)]
async fn a_dedicated_server_that_is_restarted_loses_its_sessions_too() {
    let (server, mut stage) = stage();
    let client = Client::of(dedicated(server));
    let session = client.session("2025-06-18").await;
    let mut own = stage.server().await;
    let asked = client.begin(plain(call(1)));
    let mut shared = stage.server().await;
    let request = shared.hear("tools/call").await;
    shared.answer(&request, "{}").await;
    asked.await.unwrap().result();
    client.proxy.restart_server("lab").await.unwrap();
    assert!(own.next().await.is_none() && shared.next().await.is_none());
    client.ask(post(call(1)).session(&session)).await.expect(404, -32001, "null");
    client.session("2025-06-18").await;
}

#[tokio::test(start_paused = true)]
async fn a_session_that_comes_about_while_its_server_is_stopped_leaves_nothing() {
    let (server, mut stage) = crate::server::slow_stage(Duration::from_secs(20));
    let client = Client::of(dedicated(server));
    let mut pair = client.open(get("/sse")).await;
    let endpoint = pair.next().await.unwrap().data().to_owned();
    client.ask(post(initialize("2024-11-05")).at(&endpoint)).await;
    let reading = tokio::spawn(pair.rest());
    let asked = client.begin(post(initialize("2025-06-18")));
    sleep(Duration::from_secs(5)).await;
    client.proxy.stop_server("lab").await.unwrap();
    let refused = timeout(Duration::from_secs(1), asked).await.expect("it is told at once").unwrap();
    assert!(refused.status == 503 && refused.text.contains(STOPPED), "{}", refused.text);
    assert!(timeout(Duration::from_secs(1), reading).await.is_ok(), "the stream ends");
    assert_eq!(client.proxy.status()[0].instances, 0);
    sleep(Duration::from_secs(30)).await;
    assert!(stage.is_empty());
}

#[tokio::test(start_paused = true)]
async fn starting_by_hand_tries_now() {
    let log = Log::default();
    let server = Noted::new("lab", Script::new().transport(), &log);
    let down = server.down();
    down.set(true);
    let client = Client::of(legacy(server).supervision(Supervision { auto_restart: false, ..Supervision::default() }));
    assert!(matches!(client.proxy.start_server("lab").await, Err(ReachError::Connect { .. })));
    assert_eq!(state(&client), ServerState::Error);
    down.set(false);
    assert_eq!(client.ask(plain(call(1))).await.status, 502, "a use waits until it is worth another attempt");
    client.proxy.start_server("lab").await.unwrap();
    assert_eq!((state(&client), log.lines().len()), (ServerState::Running, 1));
}

#[tokio::test(start_paused = true)]
async fn both_ways_to_a_server_of_two_eras_stop_and_start() {
    let log = Log::default();
    let script = Script::new().answer("tools/call", r#"{"resultType":"complete"}"#);
    let remote = ServerOptions::new("lab", Noted::new("lab", script.transport(), &log));
    // What serves others too is spoken to in the era of each client.
    let client = Client::of(remote.about("http", Some("http://lab.example/mcp".into())));
    let count = |what: &str| log.lines().iter().filter(|line| line.ends_with(what)).count();
    for ask in [tool(), plain(call(1))] {
        assert_eq!(client.ask(ask).await.status, 200);
    }
    let opened = count("opens");
    client.proxy.stop_server("lab").await.unwrap();
    assert!(2 <= count("is gone"), "{:?}", log.lines());
    for ask in [tool(), plain(call(1))] {
        assert_eq!(client.ask(ask).await.status, 503);
    }
    assert_eq!(count("opens"), opened);
    client.proxy.start_server("lab").await.unwrap();
    assert_eq!(count("opens"), opened + 2);
    for ask in [tool(), plain(call(1))] {
        assert_eq!(client.ask(ask).await.status, 200);
    }
    assert_eq!(count("opens"), opened + 2);
}

#[tokio::test]
async fn nobody_can_start_what_is_not_there() {
    let client = Client::of(legacy(Script::new().transport()));
    let unknown = [
        client.proxy.start_server("x").await,
        client.proxy.stop_server("x").await,
        client.proxy.restart_server("x").await,
    ];
    assert!(unknown.iter().all(|outcome| matches!(outcome, Err(ReachError::Unknown(name)) if name == "x")));
    assert_eq!(client.ask(ask(Method::GET, "/health")).await.status, 200);
}
