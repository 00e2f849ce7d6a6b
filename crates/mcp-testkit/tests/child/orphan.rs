//! Nothing survives this process, even if it is killed.

use std::{
    env, fs,
    io::{BufRead, BufReader, Write},
    process::{Child, Command, Stdio},
    time::Duration,
};

use futures::future::join_all;
use mcp_transport::{Secret, Transport};
use mcp_transport_stdio::StdioServer;
use rustix::process::Signal;

use super::{Marked, PATIENCE, caller, initialize, talk::kill, until};

const CHILDREN: usize = 20;
/// A shell, the server, and the two it has started.
const PROCESSES: usize = 4 * CHILDREN;
/// Tells a second run of this test program to keep its children until it is killed.
const KEEP: &str = "TEST_KEEPS_ITS_CHILDREN";

/// A shell around a server that ignores the end of stdin and SIGTERM, and has grandchildren that do.
fn wrapped() -> StdioServer {
    let line = format!("'{}' stubborn grandchild; true", env!("CARGO_BIN_EXE_rude-server"));
    StdioServer::new("sh").args(["-c", &line])
}

#[tokio::test]
async fn twenty_families_leave_together() {
    let mut server = Marked::new(wrapped());
    if let Ok(mark) = env::var(KEEP) {
        server.server = server.server.env("TEST_MARK", Secret::new(mark.clone()));
        server.mark = format!("TEST_MARK={mark}");
    }
    let connections = join_all((0..CHILDREN).map(|_| server.connect())).await;
    join_all(connections.iter().map(initialize)).await;
    until("all have started", PATIENCE, || server.living() == PROCESSES).await;
    if env::var_os(KEEP).is_some() {
        std::io::stdout().write_all(b"\nready\n").unwrap();
        // This run is killed here.
        std::future::pending::<()>().await;
    }
    join_all(connections.iter().map(|connection| connection.close())).await;
    assert_eq!(server.living(), 0);
}

/// A second run of this program with twenty families, and the mark they bear.
fn keeper(name: &str) -> (Child, String) {
    let mark = format!("{name}-{}", std::process::id());
    let mut keeper = Command::new(env::current_exe().unwrap())
        .args(["--exact", "orphan::twenty_families_leave_together", "--nocapture"])
        .env(KEEP, &mark)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(keeper.stdout.take().unwrap()).lines();
    let ready = lines.map_while(Result::ok).any(|line| line == "ready");
    assert!(ready, "the second run has ended: {:?}", keeper.wait());
    (keeper, format!("TEST_MARK={mark}"))
}

fn watchdog_of(parent: u32) -> Option<u32> {
    let is_it = |id: &u32| {
        let read = |file: &str| fs::read_to_string(format!("/proc/{id}/{file}")).unwrap_or_default();
        // The parent is the second field after the name in parentheses, the state is the first.
        let stat = read("stat");
        let fields = stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().collect::<Vec<_>>());
        let is_child = fields.is_some_and(|fields| fields.get(1) == Some(&parent.to_string().as_str()));
        is_child && read("cmdline").contains("mcp-watchdog")
    };
    fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).find(is_it)
}

#[tokio::test]
async fn nothing_survives_a_killed_process() {
    let (mut keeper, mark) = keeper("killed");
    let watchdog = watchdog_of(keeper.id()).expect("there is a watchdog");
    assert_eq!(mcp_testkit::living(&mark).len(), PROCESSES);
    keeper.kill().unwrap();
    until("nothing is left", Duration::from_secs(2), || mcp_testkit::living(&mark).is_empty()).await;
    keeper.wait().unwrap();
    // Whoever is its parent now may not have reaped it yet, but the dead have no command line.
    let command = || fs::read(format!("/proc/{watchdog}/cmdline")).unwrap_or_default();
    until("the watchdog goes too", PATIENCE, || command().is_empty()).await;
}

#[tokio::test]
async fn a_watchdog_that_died_has_a_successor_that_knows_all() {
    let (mut keeper, mark) = keeper("unwatched");
    let first = watchdog_of(keeper.id()).expect("there is a watchdog");
    kill(first, Signal::KILL);
    until("there is another one", PATIENCE, || watchdog_of(keeper.id()).is_some_and(|second| second != first)).await;
    assert_eq!(mcp_testkit::living(&mark).len(), PROCESSES, "the death of a watchdog ends nobody");
    keeper.kill().unwrap();
    until("nothing is left", Duration::from_secs(2), || mcp_testkit::living(&mark).is_empty()).await;
    keeper.wait().unwrap();
}

#[tokio::test]
async fn without_a_watchdog_children_still_die_with_their_parent() {
    let (mut keeper, mark) = keeper("alone");
    // Where /bin/sh keeps ending there is no fourth watchdog; what is left is the parent-death signal.
    let mut last = 0;
    for _ in 0..3 {
        until("there is a watchdog", PATIENCE, || watchdog_of(keeper.id()).is_some_and(|next| next != last)).await;
        last = watchdog_of(keeper.id()).expect("there is a watchdog");
        kill(last, Signal::KILL);
    }
    until("there is none", PATIENCE, || !fs::exists(format!("/proc/{last}")).unwrap()).await;
    assert_eq!(watchdog_of(keeper.id()), None);
    keeper.kill().unwrap();
    keeper.wait().unwrap();
    until("the shells are gone", PATIENCE, || mcp_testkit::living(&mark).len() <= PROCESSES - CHILDREN).await;
    for survivor in mcp_testkit::living(&mark) {
        kill(survivor, Signal::KILL);
    }
}

#[tokio::test]
async fn whoever_waits_for_our_output_does_not_wait_for_the_watchdog() {
    // The watchdog of this process lives as long as it does; none of its descriptors is one of ours.
    let server = StdioServer::new(env!("CARGO_BIN_EXE_rude-server"));
    let connection = server.connect(&caller()).await.unwrap();
    let watchdog = watchdog_of(std::process::id()).expect("there is a watchdog");
    for descriptor in ["1", "2"] {
        let target = fs::read_link(format!("/proc/{watchdog}/fd/{descriptor}")).unwrap();
        assert_eq!(target.to_str(), Some("/dev/null"));
    }
    connection.close().await;
}
