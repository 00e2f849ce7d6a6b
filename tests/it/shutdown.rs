//! Ctrl-C and SIGTERM: what is under way ends well, and nothing is left.

use std::time::{Duration, Instant};

use mcp_testkit::bin;
use rustix::process::Signal;
use serde_json::json;

use crate::client::{Http, Pair, Session, error, text};
use crate::folder::{Folder, entry, servers};
use crate::marked::{Mark, until};
use crate::proxy::Proxy;

/// What a proxy needs that has nothing left to wait for.
const SOON: Duration = Duration::from_secs(5);

async fn everything_open(signal: Signal, sharing: &str) {
    let mark = Mark::new();
    let options = ["--era", "legacy", "--session", sharing, "--env", mark.variable()];
    let mut proxy = Proxy::start(&options, &[bin("echo-server")]);
    let http = Http::new();
    let session = Session::open(&http, &proxy.mcp, json!({})).await;
    let mut stream = session.listen().await;
    let mut idle = Pair::open(&http, &proxy.sse, json!({})).await.into_messages();
    let mut call = session.start(1, "echo", json!({"text": "done", "delay": 1200, "progress": 5})).await;
    assert_eq!(call.next().await.unwrap()["method"], "notifications/progress");

    proxy.signal(signal);
    assert!(stream.next().await.is_none(), "an open stream ends");
    assert!(idle.next().await.is_none(), "an open stream ends");
    assert_eq!(text(&call.response().await), "done");
    let status = proxy.ended(SOON);
    assert_eq!(status.code(), Some(0), "{}", proxy.said());
    assert_eq!(mark.living(), 0);
}

#[test]
fn a_signal_as_soon_as_it_is_ready() {
    let folder = Folder::with(servers(json!({"a": entry("echo-server", &[])})));
    for _ in 0..10 {
        folder.start(&["--log-level", "warn"]).stop();
    }
}

#[tokio::test]
async fn sigterm_with_everything_open() {
    everything_open(Signal::TERM, "shared").await;
}

#[tokio::test]
async fn ctrl_c_with_everything_open() {
    everything_open(Signal::INT, "shared").await;
}

#[tokio::test]
async fn sigterm_with_dedicated_children() {
    everything_open(Signal::TERM, "dedicated").await;
}

#[tokio::test]
async fn calls_that_take_too_long_are_answered_with_an_error() {
    let mark = Mark::new();
    let options = ["--era", "legacy", "--limit", "drain=1s", "--env", mark.variable()];
    let mut proxy = Proxy::start(&options, &[bin("echo-server")]);
    let session = Session::open(&Http::new(), &proxy.mcp, json!({})).await;
    let mut call = session.start(1, "echo", json!({"text": "never", "delay": 60_000, "progress": 599})).await;
    assert_eq!(call.next().await.unwrap()["method"], "notifications/progress");
    proxy.signal(Signal::TERM);
    let response = call.response().await;
    assert!(!error(&response).is_empty());
    assert_eq!(proxy.ended(SOON).code(), Some(0), "{}", proxy.said());
    assert_eq!(mark.living(), 0);
}

#[tokio::test]
async fn a_call_whose_answer_comes_on_a_stream_is_answered() {
    let mut proxy = Proxy::start(&["--era", "legacy"], &[bin("echo-server")]);
    let mut pair = Pair::open(&Http::new(), &proxy.sse, json!({})).await;
    pair.start(1, "echo", json!({"text": "done", "delay": 1200})).await;
    // Whatever is answered now was begun after it.
    pair.start(2, "echo", json!({"text": "begun"})).await;
    assert_eq!(text(&pair.next().await), "begun");
    proxy.signal(Signal::TERM);
    assert_eq!(text(&pair.next().await), "done");
    assert!(pair.into_messages().next().await.is_none());
    assert_eq!(proxy.ended(SOON).code(), Some(0), "{}", proxy.said());
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_answered_on_its_stream() {
    let mut proxy = Proxy::start(&["--era", "legacy", "--limit", "drain=1s"], &[bin("echo-server")]);
    let mut pair = Pair::open(&Http::new(), &proxy.sse, json!({})).await;
    pair.start(1, "echo", json!({"text": "never", "delay": 60_000})).await;
    pair.start(2, "echo", json!({"text": "begun"})).await;
    assert_eq!(text(&pair.next().await), "begun");
    proxy.signal(Signal::TERM);
    let response = pair.next().await;
    assert!(!error(&response).is_empty() && response["id"] == 1, "{response}");
    assert_eq!(proxy.ended(SOON).code(), Some(0), "{}", proxy.said());
}

#[tokio::test]
async fn nobody_there() {
    let mut proxy = Proxy::start(&["--era", "legacy"], &[bin("echo-server")]);
    let since = Instant::now();
    proxy.signal(Signal::TERM);
    assert_eq!(proxy.ended(SOON).code(), Some(0));
    assert!(since.elapsed() < Duration::from_secs(1), "{:?}", since.elapsed());
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    for second in [Signal::TERM, Signal::INT] {
        let mark = Mark::new();
        let line = format!("'{}' stubborn grandchild silent; true", bin("rude-server").display());
        let mut proxy = Proxy::start(&["--era", "legacy", "--env", mark.variable()], &["sh", "-c", &line]);
        let session = Session::open(&Http::new(), &proxy.mcp, json!({})).await;
        let mut stream = session.listen().await;
        // It is never answered.
        tokio::spawn(async move { session.request(1, "tools/list", json!({})).await.status() });
        mark.until(4).await;
        proxy.signal(Signal::TERM);
        assert!(stream.next().await.is_none(), "it has heard the first signal");
        proxy.signal(second);
        assert!(!proxy.ended(Duration::from_secs(1)).success());
        until("nobody is left", Duration::from_secs(2), || mark.living() == 0).await;
    }
}

#[tokio::test]
async fn a_signal_during_the_start() {
    let mark = Mark::new();
    // Never ready, so there is no ready line to wait for.
    let line = format!("'{}' mute stubborn grandchild; true", bin("rude-server").display());
    let mut proxy = Proxy::begin(&["--era", "legacy", "--env", mark.variable()], &["sh", "-c", &line]);
    mark.until(4).await;
    proxy.signal(Signal::TERM);
    assert_eq!(proxy.ended(2 * SOON).code(), Some(0), "{}", proxy.said());
    // What was being started is not waited for; the watchdog sees to it.
    until("nobody is left", Duration::from_secs(2), || mark.living() == 0).await;
}
