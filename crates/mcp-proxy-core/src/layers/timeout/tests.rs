use futures::StreamExt;
use mcp_protocol::{Revision, method};
use mcp_transport::{Memory, MemoryEnd, Transport};

use super::*;

const LIMITS: fn() -> Limits = Limits::default;

/// A call through the layer to a server that does what `serve` does after the call has come.
async fn call<F>(serve: impl Fn(MemoryEnd, Id) -> F + Clone + Send + Sync + 'static) -> (impl Connection, Reply)
where
    F: Future<Output = ()> + Send + 'static,
{
    let memory = Memory::new(move |mut end| {
        let serve = serve.clone();
        async move {
            let id = end.next().await.unwrap().id().unwrap();
            serve(end, id).await;
        }
    });
    let caller = Caller::proxy(Revision::LATEST_LEGACY);
    let inner = memory.connect(&caller).await.unwrap();
    let layer = Timeout::new(inner, Arc::default(), &LIMITS());
    let message = Message::request(&Id::from(1), method::TOOLS_CALL, Some("{}"));
    let reply = layer.call(Request::new(message, caller).unwrap()).await.unwrap();
    (layer, reply)
}

async fn forever(mut end: MemoryEnd) {
    while end.next().await.is_some() {}
}

#[track_caller]
fn assert_about(elapsed: Duration, expected: Duration) {
    assert!(expected <= elapsed && elapsed <= expected + 4 * TICK, "{elapsed:?} is not about {expected:?}");
}

#[tokio::test(start_paused = true)]
async fn silence_ends_a_call_and_tells_the_server() {
    let (told, mut hears) = tokio::sync::mpsc::channel(1);
    let (_layer, reply) = call(move |mut end, _| {
        let told = told.clone();
        async move { told.send(end.next().await.unwrap()).await.unwrap() }
    })
    .await;
    let start = tokio::time::Instant::now();
    let lost = reply.response().await.unwrap_err();
    assert!(matches!(lost, Lost::Timeout { after } if after == LIMITS().call_idle), "{lost}");
    assert_about(start.elapsed(), LIMITS().call_idle);
    assert_eq!(hears.recv().await.unwrap().method(), Some(method::CANCELLED));
}

#[tokio::test(start_paused = true)]
async fn signs_of_life_extend_a_call_but_not_for_ever() {
    let (_layer, reply) = call(|end, _| async move {
        loop {
            tokio::time::sleep(LIMITS().call_idle / 2).await;
            end.send(Message::notification(method::MESSAGE, Some("{}"))).await;
        }
    })
    .await;
    let start = tokio::time::Instant::now();
    let lost = reply.response().await.unwrap_err();
    assert!(matches!(lost, Lost::Timeout { after } if after == LIMITS().call_time), "{lost}");
    assert_about(start.elapsed(), LIMITS().call_time);
}

#[tokio::test(start_paused = true)]
async fn a_clients_thinking_time_is_not_the_servers() {
    let (layer, mut reply) = call(|mut end, id| async move {
        end.send(Message::request(&Id::from(7), method::ELICITATION_CREATE, Some("{}"))).await;
        while end.next().await.is_some_and(|message| message.kind() != Kind::Response) {}
        tokio::time::sleep(LIMITS().call_idle / 2).await;
        end.send(Message::response(&id, "{}")).await;
        forever(end).await;
    })
    .await;
    let question = reply.next().await.unwrap().unwrap();
    let thinking = LIMITS().answer_time.saturating_sub(TICK);
    assert!(tokio::time::timeout(thinking, reply.next()).await.is_err(), "the call outlives its idle time");
    let answer = Message::response(&question.id().unwrap(), "{}");
    layer.tell(answer, &Caller::proxy(Revision::LATEST_LEGACY)).await.unwrap();
    assert!(reply.response().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn after_the_answer_the_servers_clock_runs_again() {
    let (layer, mut reply) = call(|end, _| async move {
        end.send(Message::request(&Id::from(7), method::ELICITATION_CREATE, Some("{}"))).await;
        forever(end).await;
    })
    .await;
    let question = reply.next().await.unwrap().unwrap();
    assert!(tokio::time::timeout(LIMITS().call_idle * 2, reply.next()).await.is_err());
    let start = tokio::time::Instant::now();
    let answer = Message::response(&question.id().unwrap(), "{}");
    layer.tell(answer, &Caller::proxy(Revision::LATEST_LEGACY)).await.unwrap();
    assert!(matches!(reply.response().await, Err(Lost::Timeout { .. })));
    assert_about(start.elapsed(), LIMITS().call_idle);
}

#[tokio::test(start_paused = true)]
async fn a_question_that_is_withdrawn_waits_for_nobody() {
    let (_layer, mut reply) = call(|end, _| async move {
        end.send(Message::request(&Id::from(7), method::ELICITATION_CREATE, Some("{}"))).await;
        end.send(Message::notification(method::CANCELLED, Some(r#"{"requestId":7}"#))).await;
        forever(end).await;
    })
    .await;
    reply.next().await.unwrap().unwrap();
    let start = tokio::time::Instant::now();
    assert!(matches!(reply.response().await, Err(Lost::Timeout { .. })));
    assert_about(start.elapsed(), LIMITS().call_idle);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_progress_does_not_outlive_the_call() {
    let (_layer, mut reply) = call(|end, _| async move {
        loop {
            end.send(Message::notification(method::MESSAGE, Some("{}"))).await;
            tokio::time::sleep(TICK).await;
        }
    })
    .await;
    // Behind the server all the time, so that no poll finds nothing.
    tokio::time::sleep(LIMITS().call_time + TICK * 8).await;
    let lost = loop {
        match reply.next().await.unwrap() {
            Ok(_) => {}
            Err(lost) => break lost,
        }
    };
    assert!(matches!(lost, Lost::Timeout { after } if after == LIMITS().call_time), "{lost}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_answers_has_a_bound_of_its_own() {
    let (_layer, mut reply) = call(|end, _| async move {
        end.send(Message::request(&Id::from(7), method::ELICITATION_CREATE, Some("{}"))).await;
        forever(end).await;
    })
    .await;
    reply.next().await.unwrap().unwrap();
    let lost = reply.response().await.unwrap_err();
    assert!(matches!(lost, Lost::Timeout { after } if after == LIMITS().answer_time), "{lost}");
}
