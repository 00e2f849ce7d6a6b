//! Ends: closed, dropped, given up, or left with the runtime. Whichever it is, nothing remains.

use std::{sync::Arc, time::Duration};

use mcp_transport::{Client, CloseReason, ConnectError, Handshake, Transport};
use mcp_transport_stdio::{StdioServer, StopTiming};
use rustix::process::Signal;
use tokio::time::{Instant, timeout};

use super::{Marked, PATIENCE, caller, echo, initialize, talk::kill, until};

/// Ignores everything but SIGKILL, and so do the two it has started.
const FAMILY: [&str; 2] = ["stubborn", "grandchild"];

async fn started(server: &Marked) {
    until("all three have started", PATIENCE, || server.living() == 3).await;
}

#[tokio::test]
async fn a_child_that_keeps_the_rules_ends_when_its_stdin_does() {
    let mut server = Marked::rude(&[]);
    let long = Duration::from_mins(1);
    server.server = server.server.stop_timing(StopTiming { stdin_closed: long, terminated: long, killed: long });
    let connection = server.connect().await;
    initialize(&connection).await;
    timeout(PATIENCE, connection.close()).await.expect("neither wait is needed");
    assert_eq!(server.living(), 0);
    assert_eq!(connection.closed().await.reason, CloseReason::Requested);
    timeout(PATIENCE, connection.close()).await.expect("closing twice is closing once");
}

#[tokio::test]
async fn sigterm_reaches_the_whole_group() {
    // The shell waits for the loop that it has started, and that one ends only if it is asked itself.
    let script =
        "(trap exit TERM; while :; do sleep 0.01; done) & trap 'wait; exit' TERM; while :; do sleep 0.01; done";
    let mut server = Marked::new(StdioServer::new("sh").args(["-c", script]));
    server.server = server.server.stop_timing(StopTiming { terminated: 2 * PATIENCE, ..super::QUICK });
    let connection = server.connect().await;
    until("both loops run", PATIENCE, || server.living() >= 4).await;
    timeout(PATIENCE, connection.close()).await.expect("nobody waits for SIGKILL");
    assert_eq!(server.living(), 0);
}

#[tokio::test]
async fn close_ends_the_stubborn_and_all_they_have_started() {
    let server = Marked::rude(&FAMILY);
    let connection = server.connect().await;
    started(&server).await;
    let since = Instant::now();
    connection.close().await;
    assert_eq!(server.living(), 0, "close waits until all are gone");
    assert!(since.elapsed() >= Duration::from_millis(200), "each step has its time");
}

#[tokio::test]
async fn close_ends_a_child_that_was_stopped() {
    let server = Marked::rude(&[]);
    let connection = server.connect().await;
    initialize(&connection).await;
    kill(mcp_testkit::living(&server.mark)[0], Signal::STOP);
    timeout(PATIENCE, connection.close()).await.expect("it is killed");
    assert_eq!(server.living(), 0);
}

#[tokio::test]
async fn a_close_that_nobody_waits_for_goes_on() {
    let server = Marked::rude(&FAMILY);
    let connection = server.connect().await;
    started(&server).await;
    assert!(timeout(Duration::ZERO, connection.close()).await.is_err());
    server.until_gone().await;
}

#[tokio::test]
async fn a_dropped_connection_ends_its_child() {
    let server = Marked::rude(&FAMILY);
    let connection = server.connect().await;
    started(&server).await;
    drop(connection);
    server.until_gone().await;
}

#[test]
fn a_runtime_that_stops_ends_its_children() {
    let server = Marked::rude(&FAMILY);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let connection = runtime.block_on(async {
        let connection = server.connect().await;
        started(&server).await;
        connection
    });
    drop(runtime);
    let other = tokio::runtime::Runtime::new().unwrap();
    other.block_on(server.until_gone());
    // The connection outlives its runtime, and that is no harm.
    drop(connection);
}

#[tokio::test]
async fn a_handshake_that_fails_leaves_nothing() {
    let server = Marked::rude(&["mute", "stubborn", "grandchild"]);
    let client = Client { info: r#"{"name":"t","version":"1"}"#.into(), capabilities: "{}".into() };
    let mark = server.mark.clone();
    let handshake = Handshake::new(Arc::new(server.server), Arc::new(client)).patience(Duration::from_millis(300));
    let refused = handshake.connect(&caller()).await;
    assert!(matches!(refused, Err(ConnectError::Timeout { .. })), "{refused:?}");
    until("nothing is left", PATIENCE, || mcp_testkit::living(&mark).is_empty()).await;
}

#[tokio::test]
async fn a_connect_that_is_given_up_leaves_nothing() {
    let server = Marked::rude(&FAMILY);
    let limit = mcp_transport_stdio::ChildLimit::new(1);
    let transport = server.server.clone().children(limit.clone());
    for _ in 0..10 {
        // Polled once, so that the child is on its way, and then dropped.
        let given_up = timeout(Duration::ZERO, transport.connect(&caller())).await;
        drop(given_up);
        until("its place is free again", PATIENCE, || limit.free() == 1).await;
    }
    server.until_gone().await;
}

#[tokio::test]
async fn starting_over_and_over_uses_up_no_descriptors() {
    // In a process of its own under nextest; under plain cargo other tests open and close some meanwhile, so the bound is
    // what fifty leaked children would exceed by far.
    let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let server = Marked::rude(&[]);
    server.connect().await.close().await;
    let before = open();
    for _ in 0..50 {
        let connection = server.connect().await;
        assert_eq!(echo(&connection, "x").await.unwrap(), "x");
        connection.close().await;
    }
    until("the descriptors are closed", PATIENCE, || open() < before + 50).await;
    assert_eq!(server.living(), 0);
}
