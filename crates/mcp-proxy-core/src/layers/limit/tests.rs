use futures::StreamExt;
use mcp_jsonrpc::Id;
use mcp_protocol::{Era, Revision};
use mcp_transport::{Duplex, DuplexLimits, NoLifeline};

use super::*;

fn request(method: &str) -> Request {
    let message = Message::request(&Id::from(1), method, Some("{}"));
    Request::new(message, Caller::proxy(Revision::LATEST_LEGACY)).unwrap()
}

/// A layer over a server that never answers.
fn limit(places: &Places, limits: &Limits) -> (Limit<Arc<Duplex>>, tokio::io::DuplexStream) {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let (read, write) = tokio::io::split(ours);
    let inner = Duplex::over_io(read, write, Arc::new(NoLifeline), DuplexLimits::default());
    (Limit::new(inner, places.of_server(limits), limits), theirs)
}

#[track_caller]
fn assert_busy(outcome: Result<Reply, SendError>, limit: &str) {
    let error = outcome.unwrap_err();
    assert!(error.to_string().contains(limit), "{error}");
    assert_eq!(error.message.id(), Some(Id::from(1)), "the message comes back");
}

#[tokio::test(start_paused = true)]
async fn each_limit_holds_at_its_number_and_refuses_one_past_it() {
    let base = Limits { calls_per_session: 9, calls_per_server: 9, calls: 9, ..Limits::default() };
    for (limits, name) in [
        (Limits { calls_per_session: 2, ..base.clone() }, "calls_per_session"),
        (Limits { calls_per_server: 2, ..base.clone() }, "calls_per_server"),
        (Limits { calls: 2, ..base.clone() }, "`calls`"),
    ] {
        let (layer, _peer) = limit(&Places::new(&limits), &limits);
        let held = [
            layer.call(request(method::TOOLS_CALL)).await.unwrap(),
            layer.call(request(method::TOOLS_CALL)).await.unwrap(),
        ];
        let start = Instant::now();
        assert_busy(layer.call(request(method::TOOLS_CALL)).await, name);
        assert_eq!(start.elapsed(), limits.queue_wait);
        drop(held);
        assert!(layer.call(request(method::TOOLS_CALL)).await.is_ok(), "{name}: places come back");
    }
}

#[tokio::test(start_paused = true)]
async fn a_waiting_call_gets_the_next_place() {
    let limits = Limits { calls_per_session: 1, ..Limits::default() };
    let (layer, _peer) = limit(&Places::new(&limits), &limits);
    let layer = Arc::new(layer);
    let first = layer.call(request(method::TOOLS_CALL)).await.unwrap();
    let second = tokio::spawn({
        let layer = Arc::clone(&layer);
        async move { layer.call(request(method::TOOLS_CALL)).await }
    });
    tokio::task::yield_now().await;
    drop(first);
    assert!(second.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn long_lived_calls_take_no_place_of_a_call() {
    let limits = Limits { calls_per_session: 1, long_calls: 1, ..Limits::default() };
    let (layer, _peer) = limit(&Places::new(&limits), &limits);
    let _call = layer.call(request(method::TOOLS_CALL)).await.unwrap();
    let mut listening = layer.call(request(method::SUBSCRIPTIONS_LISTEN)).await.unwrap();
    assert_busy(layer.call(request(method::SUBSCRIPTIONS_LISTEN)).await, "long_calls");
    assert!(futures::poll!(listening.next()).is_pending());
    assert_eq!(layer.peer().era(), Era::Legacy);
}
