//! A shared server that has died and was started again knows what it was told before.

use mcp_testkit::living;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::client::{Http, Messages, Session};
use crate::marked::Mark;
use crate::proxy::Proxy;

const NONE: [&str; 0] = [];
const COUNTER: &str = "demo://counter";

/// Ends the one process that bears the mark.
async fn kill_child(mark: &Mark) {
    let child = living(mark.variable())[0];
    kill_process(Pid::from_raw(i32::try_from(child).unwrap()).unwrap(), Signal::KILL).unwrap();
    mark.until(0).await;
}

/// Changes the counter.
async fn count(session: &Session) {
    let counted = session.call(1, "count", json!({"steps": 1, "delay_ms": 0})).await;
    assert!(counted["result"].is_object(), "{counted}");
}

/// Waits until the stream tells of the counter. That lists may have changed with the server is told there as well.
async fn is_updated(stream: &mut Messages) {
    loop {
        let event = stream.next().await.expect("the stream stays open");
        if event["method"] == "notifications/resources/updated" {
            return assert_eq!(event["params"]["uri"], COUNTER);
        }
        assert!(event["method"].as_str().unwrap().ends_with("/list_changed"), "{event}");
    }
}

#[tokio::test]
async fn subscriptions_outlive_the_server() {
    let mark = Mark::new();
    let proxy = Proxy::start(&["--era", "legacy", "--env", mark.variable()], &NONE);
    let http = Http::new();
    let (session, other) =
        (Session::open(&http, &proxy.mcp, json!({})).await, Session::open(&http, &proxy.mcp, json!({})).await);
    let mut stream = session.listen().await;
    let subscribed = session.request(1, "resources/subscribe", json!({"uri": COUNTER})).await.response().await;
    assert!(subscribed["result"].is_object(), "{subscribed}");
    count(&other).await;
    is_updated(&mut stream).await;

    kill_child(&mark).await;
    // What was sent before its end was noticed is lost with it; then a call starts it again.
    while other.echo(1, "again").await.get("error").is_some() {}
    count(&other).await;
    is_updated(&mut stream).await;
    proxy.stop();
}
