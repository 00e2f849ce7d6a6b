//! A shared server that has died and was started again knows what it was told before.

use std::time::Duration;

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

#[tokio::test]
async fn a_call_that_a_dying_server_has_not_read_is_answered_by_the_next_one() {
    let mark = Mark::new();
    let proxy = Proxy::start(&["--era", "legacy", "--env", mark.variable()], &NONE);
    let session = Session::open(&Http::new(), &proxy.mcp, json!({})).await;
    assert!(session.echo(1, "before").await["result"].is_object());
    let child = Pid::from_raw(i32::try_from(living(mark.variable())[0]).unwrap()).unwrap();
    // It reads nothing more, and knows nothing of its end.
    kill_process(child, Signal::STOP).unwrap();
    let death = async {
        // Should it come before the call, there is no harm: the call waits for the next one then.
        tokio::time::sleep(Duration::from_millis(100)).await;
        kill_process(child, Signal::KILL).unwrap();
    };
    let (answer, ()) = futures::future::join(session.echo(2, "meanwhile"), death).await;
    assert!(answer["result"].is_object(), "{answer}");
    proxy.stop();
}
