//! What a server shows of itself.

use std::time::{Duration, SystemTime};

use http::Method;
use mcp_proxy_core::{Health, ServerState, ServerStatus, Supervision};
use mcp_testkit::Script;
use tokio::time::{sleep, timeout};

use crate::{
    client::{Client, ask, call, dedicated, get, legacy, modern, plain, post},
    modern,
    noted::{Log, Noted},
    server::stage,
};

fn status(client: &Client) -> ServerStatus {
    client.proxy.status().remove(0)
}

/// Waits until the clock on the wall has moved.
async fn a_moment() -> SystemTime {
    let start = SystemTime::now();
    while SystemTime::now() < start + Duration::from_millis(2) {
        tokio::task::yield_now().await;
    }
    SystemTime::now()
}

#[tokio::test(start_paused = true)]
async fn calls_are_counted_while_they_are_in_flight_and_each_counts_as_a_use() {
    let (server, mut stage) = stage();
    let client = Client::of(legacy(server));
    let fresh = status(&client);
    assert_eq!((fresh.state, fresh.pending, fresh.instances), (ServerState::Stopped, 0, 0));
    assert_eq!((&*fresh.name, fresh.restarts, fresh.error), ("lab", 0, None));
    let session = client.session("2025-06-18").await;
    let _events = client.open(get("/mcp").session(&session)).await;
    let mut server = stage.server().await;
    let unused = status(&client);
    assert_eq!((unused.state, unused.pending, unused.last_used), (ServerState::Running, 0, fresh.last_used));
    let before = a_moment().await;
    let asked = [client.begin(post(call(1)).session(&session)), client.begin(plain(call(2)))];
    let requests = [server.hear("tools/call").await, server.hear("tools/call").await];
    let used = status(&client);
    assert_eq!(used.pending, 2);
    assert!(before - Duration::from_millis(1) <= used.last_used, "{:?}", used.last_used);
    for (request, asked) in requests.iter().zip(asked) {
        server.answer(request, "{}").await;
        asked.await.unwrap().result();
    }
    let after = status(&client);
    assert_eq!((after.pending, after.last_used), (0, used.last_used));
}

#[tokio::test(start_paused = true)]
async fn restarts_and_failures_show_until_they_are_over() {
    let log = Log::default();
    let (server, mut stage) = stage();
    let server = Noted::new("lab", server, &log);
    let down = server.down();
    let client = Client::of(legacy(server).supervision(Supervision { max_restarts: 2, ..Supervision::default() }));
    client.proxy.start().await.unwrap();
    let mut changes = client.proxy.changes();
    down.set(true);
    drop(stage.server().await);
    let mut seen = Vec::new();
    while status(&client).state != ServerState::Error {
        timeout(Duration::from_mins(2), changes.changed()).await.unwrap().unwrap();
        let status = status(&client);
        if seen.last() != Some(&(status.state, status.restarts)) {
            seen.push((status.state, status.restarts));
        }
    }
    let (restarting, error) = (ServerState::Restarting, ServerState::Error);
    assert_eq!(seen, [(restarting, 1), (restarting, 2), (error, 2)]);
    let failure = status(&client).error.unwrap();
    assert!(failure.reason.contains("it is down for the test"), "{}", failure.reason);
    down.set(false);
    client.proxy.start_server("lab").await.unwrap();
    let up = status(&client);
    assert_eq!((up.state, up.error, up.restarts), (ServerState::Running, None, 0));
}

#[tokio::test(start_paused = true)]
async fn instances_of_sessions_come_and_go_and_whoever_watches_is_told() {
    let client = Client::of(dedicated(Script::new().answer("tools/call", "{}").transport()));
    let mut changes = client.proxy.changes();
    let mut expect = async |state, instances| {
        timeout(Duration::from_secs(1), changes.changed()).await.expect("somebody is told").unwrap();
        sleep(Duration::from_secs(1)).await;
        changes.mark_unchanged();
        assert_eq!((status(&client).state, status(&client).instances), (state, instances));
    };
    let one = client.session("2025-06-18").await;
    expect(ServerState::Running, 1).await;
    let two = client.session("2025-06-18").await;
    expect(ServerState::Running, 2).await;
    client.ask(plain(call(1))).await.result();
    expect(ServerState::Running, 3).await;
    for (session, left) in [(one, 2), (two, 1)] {
        client.ask(ask(Method::DELETE, "/mcp").session(&session)).await;
        expect(ServerState::Running, left).await;
    }
    client.proxy.stop_server("lab").await.unwrap();
    expect(ServerState::Stopped, 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_dedicated_server_that_cannot_be_had_shows_why_until_it_can() {
    for session in [true, false] {
        let log = Log::default();
        let server = Noted::new("lab", Script::new().answer("tools/call", "{}").transport(), &log);
        let down = server.down();
        down.set(true);
        let once = Supervision { auto_restart: false, ..Supervision::default() };
        let client = Client::of(dedicated(server).supervision(once));
        let mut changes = client.proxy.changes();
        let ask = || if session { post(crate::client::initialize("2025-06-18")) } else { plain(call(1)) };
        assert_eq!(client.ask(ask()).await.status, 502);
        assert!(changes.has_changed().unwrap());
        changes.mark_unchanged();
        let failed = status(&client);
        assert_eq!((failed.state, failed.instances, failed.health), (ServerState::Error, 0, Health::Failing));
        assert!(failed.error.unwrap().reason.contains("could not be reached"));
        down.set(false);
        sleep(Duration::from_mins(2)).await;
        assert_eq!(client.ask(ask()).await.status, 200);
        assert!(changes.has_changed().unwrap());
        let up = status(&client);
        assert_eq!((up.state, up.instances, up.error, up.health), (ServerState::Running, 1, None, Health::Healthy));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_without_a_session_keeps_its_instance() {
    let (server, mut stage) = stage();
    let mut limits = mcp_proxy_core::Limits::default();
    limits.sessions.idle = Duration::from_mins(2);
    let client = Client::with(modern(server).sharing(mcp_proxy_core::Sharing::Dedicated), limits);
    let mut listening = client.open(modern::listen()).await;
    let mut server = stage.server().await;
    let request = server.hear("subscriptions/listen").await;
    assert!(timeout(Duration::from_mins(10), async { while listening.next().await.is_some() {} }).await.is_err());
    assert_eq!(status(&client).instances, 1);
    server.answer(&request, r#"{"resultType":"complete"}"#).await;
    while listening.next().await.is_some() {}
    sleep(Duration::from_mins(3)).await;
    assert_eq!(status(&client).instances, 0);
}

#[tokio::test(start_paused = true)]
async fn calls_are_counted_by_how_they_end_and_timed() {
    let (server, mut stage) = stage();
    let client = Client::of(legacy(server));
    let unused = client.proxy.calls().remove(0);
    assert_eq!((unused.total(), unused.p50, unused.medians.len()), (0, None, 60));
    let session = client.session("2025-06-18").await;
    let mut server = stage.server().await;
    for result in ["{}", "{}", r#"{"isError":true}"#] {
        let asked = client.begin(post(call(1)).session(&session));
        let request = server.hear("tools/call").await;
        sleep(Duration::from_millis(100)).await;
        server.answer(&request, result).await;
        asked.await.unwrap().result();
    }
    let calls = client.proxy.calls().remove(0);
    assert_eq!((&*calls.name, calls.ok, calls.tool_errors), ("lab", 2, 1));
    assert_eq!((calls.total(), calls.failed()), (3, 1));
    let median = calls.p50.unwrap().as_millis();
    assert!((75..=125).contains(&median) && calls.medians[59] == calls.p50, "{calls:?}");
    assert!((calls.rate - 3.0 / 5.0).abs() < 0.001, "{}", calls.rate);
    sleep(Duration::from_mins(6)).await;
    let later = client.proxy.calls().remove(0);
    assert_eq!((later.total(), later.p50, later.p95), (3, None, None));
}
