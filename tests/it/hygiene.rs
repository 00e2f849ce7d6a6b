//! What comes and goes leaves the proxy as it was.

use std::fs;

use futures::future::join_all;
use futures::stream::{self, StreamExt as _};
use mcp_testkit::bin;
use serde_json::json;

use crate::client::{Http, Pair, Session, text};
use crate::marked::{Mark, PATIENCE, until};
use crate::proxy::Proxy;

/// Open files, sockets and pipes, and threads.
fn held(proxy: &Proxy) -> (usize, usize) {
    let count = |folder| fs::read_dir(format!("/proc/{}/{folder}", proxy.id())).unwrap().count();
    (count("fd"), count("task"))
}

async fn one_session(http: &Http, proxy: &Proxy) {
    let session = Session::open(http, &proxy.mcp, json!({})).await;
    let stream = session.listen().await;
    assert_eq!(text(&session.echo(1, "a").await), "a");
    drop(stream);
    assert!(session.end().await.is_success());
}

async fn leaves_no_trace(sharing: &str, sessions: usize) {
    let mark = Mark::new();
    let options = ["--era", "legacy", "--session", sharing, "--env", mark.variable()];
    let proxy = Proxy::start(&options, &[bin("echo-server")]);
    let children = usize::from(sharing == "shared");
    mark.until(children).await;
    let before = held(&proxy);
    let http = Http::new();
    stream::iter(0..sessions).for_each_concurrent(8, async |_| one_session(&http, &proxy).await).await;
    let pairs = join_all((0..10).map(|_| Pair::open(&http, &proxy.sse, json!({})))).await;
    drop((pairs, http));
    mark.until(children).await;
    let what = format!("{before:?} before");
    until(&what, PATIENCE, || held(&proxy).0 <= before.0 && held(&proxy).1 <= before.1 + 4).await;
    proxy.stop();
}

#[tokio::test]
async fn two_hundred_sessions_of_a_shared_server() {
    leaves_no_trace("shared", 200).await;
}

#[tokio::test]
async fn forty_sessions_with_a_child_each() {
    leaves_no_trace("dedicated", 40).await;
}

#[tokio::test]
async fn a_log_that_nobody_reads_any_more_stops_nothing() {
    let mut proxy =
        Proxy::start(&["--era", "legacy", "--log-level", "trace"], &[bin("rude-server"), "flood-stderr=100000".into()]);
    let session = Session::open(&Http::new(), &proxy.mcp, json!({})).await;
    assert_eq!(text(&session.echo(1, "heard").await), "heard");
    proxy.stop_listening();
    for n in 2..6 {
        assert_eq!(text(&session.echo(n, "unheard").await), "unheard");
    }
    proxy.stop();
}
