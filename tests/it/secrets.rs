//! What the log never shows, at its most verbose.

use futures::future::join;
use mcp_testkit::bin;
use rustix::process::Signal;
use serde_json::json;

use crate::client::{Http, Pair, Session, error, text};
use crate::marked::PATIENCE;
use crate::proxy::Proxy;

const VALUE: &str = "canary-value-8f1b";
const ARGUMENT: &str = "canary-argument-77c2";
const TEXT: &str = "canary-text-d05e";

/// Everything a session does with a server that dies at the third call; gives what was logged.
async fn log_of(options: &[&str]) -> String {
    let variable = format!("API_TOKEN={VALUE}");
    let fixed = ["--log-level", "trace", "--env", &variable];
    let options: Vec<_> = fixed.iter().chain(options).copied().collect();
    let line = format!("exec '{}' dies-after=2", bin("rude-server").display());
    let mut proxy = Proxy::start(&options, &["sh", "-c", &line, "sh", ARGUMENT]);
    let http = Http::new();
    let session = Session::open(&http, &proxy.mcp, json!({})).await;
    let stream = session.listen().await;
    let environment = session.call(1, "env", json!({})).await;
    assert!(text(&environment).contains(&variable), "the server has it");
    assert_eq!(text(&session.echo(2, TEXT).await), TEXT);
    assert!(error(&session.echo(3, TEXT).await).contains("code 7"));
    let (_, pair) = join(session.end(), Pair::open(&http, &proxy.sse, json!({}))).await;
    drop((pair, stream));
    proxy.signal(Signal::TERM);
    assert!(proxy.ended(2 * PATIENCE).success());
    proxy.said() + "\n" + session.secret()
}

fn shows_nothing(log: &str) {
    let (log, session) = log.rsplit_once('\n').unwrap();
    assert!(log.contains("TRACE") || log.contains("DEBUG"), "it is verbose: {log}");
    for canary in [VALUE, ARGUMENT, TEXT, session] {
        let shown: Vec<_> = log.lines().filter(|line| line.contains(canary)).collect();
        assert!(shown.is_empty(), "`{canary}` is in {shown:#?}");
    }
}

#[tokio::test]
async fn of_a_shared_server() {
    shows_nothing(&log_of(&["--log-format", "text"]).await);
}

#[tokio::test]
async fn of_dedicated_servers() {
    shows_nothing(&log_of(&["--session", "dedicated", "--log-format", "json"]).await);
}
