//! Talking with children that do not keep the rules: whoever is concerned gets a clear error, nobody else notices.

use std::time::Duration;

use mcp_protocol::method::TOOLS_CALL;
use mcp_transport::{CloseReason, Closed, DuplexLimits, Lost};
use tokio::time::timeout;

use super::{Marked, PATIENCE, echo, initialize, request, response, tool};

/// Every call is answered with its own text, whatever else the child prints.
async fn check_survives(behaviours: &[&str]) {
    let server = Marked::rude(behaviours);
    let connection = server.connect().await;
    initialize(&connection).await;
    let calls = (0..20).map(|n| {
        let connection = &connection;
        async move { assert_eq!(echo(connection, &format!("call {n}")).await.unwrap(), format!("call {n}")) }
    });
    timeout(PATIENCE, futures::future::join_all(calls)).await.expect("every call is answered");
    connection.close().await;
    assert_eq!(server.living(), 0);
}

/// The call ends with why the child is over, and nothing of the child is left.
async fn check_lost(behaviours: &[&str], reason: CloseReason, words: &[&str]) {
    let server = Marked::rude(behaviours);
    let connection = server.connect().await;
    initialize(&connection).await;
    let lost = timeout(PATIENCE, echo(&connection, "x")).await.expect("the call ends");
    let Err(Lost::Exited(closed)) = lost else { panic!("{lost:?}") };
    assert_eq!(*closed, Closed { reason, stderr: words.iter().map(|&word| word.to_owned()).collect() });
    assert_eq!(connection.closed().await, closed);
    server.until_gone().await;
}

#[tokio::test]
async fn lines_that_are_no_messages_are_skipped() {
    check_survives(&["garbage", "invalid-utf8"]).await;
}

#[tokio::test]
async fn an_answer_that_comes_twice_reaches_one_call_once() {
    check_survives(&["twice"]).await;
}

#[tokio::test]
async fn a_flooded_stderr_does_not_stop_the_child() {
    check_survives(&["flood-stderr=1000000"]).await;
}

#[tokio::test]
async fn a_flood_of_progress_does_not_stop_the_answers() {
    check_survives(&["flood-progress=2000"]).await;
}

#[tokio::test]
async fn a_line_past_the_limit_is_skipped() {
    let mut server = Marked::rude(&["huge-line=3000000"]);
    server.server = server.server.limits(DuplexLimits { line: 1_000_000, ..DuplexLimits::default() });
    let connection = server.connect().await;
    for n in 0..5 {
        assert_eq!(echo(&connection, &n.to_string()).await.unwrap(), n.to_string());
    }
    connection.close().await;
}

#[tokio::test]
async fn a_call_gets_its_progress_and_then_its_answer() {
    let server = Marked::rude(&["flood-progress=5"]);
    let connection = server.connect().await;
    let params = r#"{"name":"echo","arguments":{"text":"x"},"_meta":{"progressToken":"t"}}"#;
    let (_, notes) = response(&connection, TOOLS_CALL, params).await.unwrap();
    assert!((1..=5).contains(&notes), "{notes}: progress may be coalesced, but some arrives");
    connection.close().await;
}

#[tokio::test]
async fn a_child_that_dies_mid_line_says_so_to_its_callers() {
    check_lost(&["half-line"], CloseReason::Exited(3), &["rude-server: only half of it"]).await;
}

#[tokio::test]
async fn a_child_that_dies_between_calls_says_so_to_the_next() {
    check_lost(&["dies-after=0"], CloseReason::Exited(7), &["rude-server: that was enough"]).await;
}

#[tokio::test]
async fn a_child_that_closes_stdout_and_lives_is_stopped() {
    check_lost(&["closes-stdout", "stubborn"], CloseReason::Ended, &[]).await;
}

#[tokio::test]
async fn what_a_dead_child_has_left_in_its_group_ends_with_it() {
    check_lost(&["dies-after=0", "grandchild"], CloseReason::Exited(7), &["rude-server: that was enough"]).await;
}

#[tokio::test]
async fn a_pipe_that_somebody_else_holds_open_keeps_nobody_waiting() {
    let server = Marked::rude(&["dies-after=1", "escapee"]);
    let connection = server.connect().await;
    assert_eq!(echo(&connection, "x").await.unwrap(), "x");
    let lost = timeout(PATIENCE, echo(&connection, "y")).await.expect("the call ends although stdout is open");
    let Err(Lost::Exited(closed)) = lost else { panic!("{lost:?}") };
    assert_eq!(closed.reason, CloseReason::Exited(7));
    assert_eq!(closed.stderr, ["rude-server: that was enough"]);
    timeout(PATIENCE, connection.close()).await.expect("close does not wait for it either");
    // It has left the group, which is as far as we reach.
    let escaped = mcp_testkit::living(&server.mark);
    assert_eq!(escaped.len(), 1);
    kill(escaped[0], rustix::process::Signal::KILL);
}

#[tokio::test]
async fn a_killed_child_ends_its_calls_at_once() {
    let server = Marked::rude(&["silent"]);
    let connection = server.connect().await;
    initialize(&connection).await;
    let pending = echo(&connection, "x");
    let murder = async {
        // The call is in flight once the other future has been polled.
        tokio::task::yield_now().await;
        kill(mcp_testkit::living(&server.mark)[0], rustix::process::Signal::KILL);
        std::time::Instant::now()
    };
    let (lost, killed) = futures::future::join(pending, murder).await;
    // It may or may not have read the call before.
    let Err(Lost::Exited(closed) | Lost::Unread(closed)) = lost else { panic!("{lost:?}") };
    assert_eq!(closed.reason, CloseReason::Killed(9));
    assert!(killed.elapsed() < Duration::from_secs(2), "{:?}", killed.elapsed());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_call_that_a_killed_child_has_not_read_says_so() {
    let server = Marked::rude(&[]);
    let connection = server.connect().await;
    initialize(&connection).await;
    let child = mcp_testkit::living(&server.mark)[0];
    echo(&connection, "read").await.unwrap();
    kill(child, rustix::process::Signal::STOP);
    // What it is at when the signal comes, it may still end; stopped, it reads nothing.
    until_stopped(child).await;
    let murder = async {
        tokio::task::yield_now().await;
        kill(child, rustix::process::Signal::KILL);
    };
    let (lost, ()) = futures::future::join(echo(&connection, "not read"), murder).await;
    assert!(matches!(lost, Err(Lost::Unread(_))), "{lost:?}");
}

#[cfg(target_os = "linux")]
async fn until_stopped(id: u32) {
    let is_stopped = || {
        let state = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
        state.rsplit_once(") ").is_some_and(|(_, state)| state.starts_with('T'))
    };
    let waiting = async {
        while !is_stopped() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, waiting).await.expect("it stops");
}

#[tokio::test]
async fn calls_to_a_silent_or_deaf_child_end_when_it_is_closed() {
    for behaviour in ["mute", "silent", "deaf"] {
        let server = Marked::rude(&[behaviour]);
        let connection = server.connect().await;
        let reply = request(&connection, TOOLS_CALL, "{}").await.unwrap();
        let close = timeout(PATIENCE, connection.close());
        let (messages, closed) = futures::future::join(futures::StreamExt::collect::<Vec<_>>(reply), close).await;
        closed.expect("close does not hang");
        // The deaf one answers once before it stops reading, if it is quick enough.
        assert!(behaviour == "deaf" || matches!(messages[..], [Err(Lost::Exited(_))]), "{behaviour}: {messages:?}");
        assert_eq!(server.living(), 0, "{behaviour}");
    }
}

#[tokio::test]
async fn a_large_result_arrives_whole_again_and_again() {
    let server = Marked::new(mcp_transport_stdio::StdioServer::new(env!("CARGO_BIN_EXE_echo-server")));
    let connection = server.connect().await;
    for _ in 0..5 {
        let text = tool(&connection, "echo", r#"{"text":"start ","bytes":1048576}"#).await.unwrap();
        assert!(text.len() == 1_048_582 && text.starts_with("start x") && text.ends_with('x'));
    }
    connection.close().await;
}

pub(crate) fn kill(id: u32, signal: rustix::process::Signal) {
    let id = rustix::process::Pid::from_raw(id.try_into().unwrap()).unwrap();
    rustix::process::kill_process(id, signal).unwrap();
}
