use std::time::Duration;

use futures::StreamExt;
use mcp_jsonrpc::Id;
use mcp_protocol::Revision;
use mcp_transport::{Memory, MemoryEnd, NotSent, Transport};
use tokio::time::sleep;

use super::{super::meter::MOST_LOOKED_AT, *};

fn request(method: &str) -> Request {
    let message = Message::request(&Id::from(1), method, Some(r#"{"name":"t"}"#));
    Request::new(message, Caller::proxy(Revision::LATEST_LEGACY)).unwrap()
}

/// The layer over a server that answers a call with what `answer` makes of its id; `None` ends it.
async fn measure(
    answer: impl Fn(&Id) -> Option<Message> + Clone + Send + Sync + 'static,
) -> Measure<Arc<dyn Connection>> {
    let memory = Memory::new(move |mut end: MemoryEnd| {
        let answer = answer.clone();
        async move {
            while let Some(message) = end.next().await {
                let Some(id) = message.id() else { continue };
                sleep(Duration::from_millis(30)).await;
                let Some(answer) = answer(&id) else { return };
                end.send(answer).await;
            }
        }
    });
    let inner = memory.connect(&Caller::proxy(Revision::LATEST_LEGACY)).await.unwrap();
    Measure::new(inner, Arc::default())
}

/// How the calls of `method` have ended.
fn counts(layer: &Measure<impl Connection>, method: &str) -> Vec<(Outcome, u64)> {
    let series = layer.meter.series(&request(method));
    Outcome::ALL.map(|outcome| (outcome, series.count(outcome))).into_iter().filter(|(_, count)| 0 < *count).collect()
}

#[tokio::test(start_paused = true)]
async fn a_response_is_good_an_error_or_a_tools_own_failure() {
    let large = format!(r#"{{"isError":true,"content":"{}"}}"#, "x".repeat(MOST_LOOKED_AT));
    for (method, result, outcome) in [
        (method::TOOLS_CALL, "{}", Outcome::Ok),
        (method::TOOLS_CALL, r#"{"isError":false}"#, Outcome::Ok),
        (method::TOOLS_CALL, r#"{"content":[],"isError":true}"#, Outcome::ToolError),
        (method::TOOLS_CALL, &*large, Outcome::Ok),
        (method::PROMPTS_GET, r#"{"isError":true}"#, Outcome::Ok),
        (method::PROMPTS_GET, "error", Outcome::Error),
    ] {
        let result = result.to_owned();
        let layer = measure(move |id| {
            let error = || Message::error_response(Some(id), -32000, "no", None);
            Some(if result == "error" { error() } else { Message::response(id, &result) })
        })
        .await;
        layer.call(request(method)).await.unwrap().response().await.unwrap();
        assert_eq!(counts(&layer, method), [(outcome, 1)]);
    }
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_has_cancelled_and_who_gets_nothing_has_lost() {
    let layer = measure(|_| None).await;
    drop(layer.call(request(method::TOOLS_CALL)).await.unwrap());
    assert_eq!(counts(&layer, method::TOOLS_CALL), [(Outcome::Cancelled, 1)]);
    layer.call(request(method::TOOLS_CALL)).await.unwrap().cancel(Some("bored"));
    assert_eq!(counts(&layer, method::TOOLS_CALL), [(Outcome::Cancelled, 2)]);
    layer.call(request(method::TOOLS_CALL)).await.unwrap().response().await.unwrap_err();
    assert_eq!(counts(&layer, method::TOOLS_CALL), [(Outcome::Lost, 1), (Outcome::Cancelled, 2)]);
    let error = layer.call(request(method::TOOLS_CALL)).await.unwrap_err();
    assert!(matches!(error.reason, NotSent::Closed(_)));
    let all = [(Outcome::Lost, 1), (Outcome::NotSent, 1), (Outcome::Cancelled, 2)];
    assert_eq!(counts(&layer, method::TOOLS_CALL), all);
}

#[tokio::test(start_paused = true)]
async fn a_long_lived_call_is_counted_and_not_timed() {
    let layer = measure(|id| Some(Message::response(id, "{}"))).await;
    for method in [method::SUBSCRIPTIONS_LISTEN, method::TOOLS_LIST] {
        let mut reply = layer.call(request(method)).await.unwrap();
        while reply.next().await.is_some() {}
        assert_eq!(counts(&layer, method), [(Outcome::Ok, 1)]);
    }
    let seconds = |method: &str| format!("{:?}", layer.meter.series(&request(method)).seconds());
    assert!(seconds(method::SUBSCRIPTIONS_LISTEN).contains("count: 0"));
    let timed = seconds(method::TOOLS_LIST);
    assert!(timed.contains("sum: 0.03") && timed.contains("count: 1"), "{timed}");
}
