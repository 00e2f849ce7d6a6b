//! Questions of a shared server: each reaches the client whose call it belongs to, or nobody.

use futures::future::{join, join_all};
use mcp_testkit::bin;
use serde_json::json;

use crate::client::{Http, Json, Messages, Pair, Session, error, text};
use crate::marked::Mark;
use crate::proxy::Proxy;

const ROUNDS: u64 = 20;
const NOBODY_TOLD: &str = "cannot tell which client";

fn start(mark: &Mark) -> Proxy {
    Proxy::start(&["--era", "legacy", "--env", mark.variable()], &[bin("echo-server")])
}

async fn open(proxy: &Proxy) -> Session {
    Session::open(&Http::new(), &proxy.mcp, json!({"elicitation": {}, "sampling": {}, "roots": {}})).await
}

fn answer_to(question: &Json, name: &str) -> Json {
    let result = json!({"action": "accept", "content": {"name": name}});
    json!({"jsonrpc": "2.0", "id": question["id"], "result": result})
}

/// Calls the tool that asks and answers with `name`; gives what the tool was told, and how often the client was asked.
async fn ask(session: &Session, id: u64, name: &str) -> (String, usize) {
    let mut messages = session.start(id, "ask", json!({})).await;
    let mut asked = 0;
    while let Some(message) = messages.next().await {
        if message["method"] == "elicitation/create" {
            asked += 1;
            session.tell(&answer_to(&message, name)).await;
        } else {
            assert_eq!(message["id"], id);
            return (text(&message).to_owned(), asked);
        }
    }
    panic!("every request has a response");
}

/// A call that is in flight for a while; it has shown a sign of life.
async fn under_way(session: &Session) -> Messages {
    let mut messages = session.start(1, "echo", json!({"text": "busy", "delay": 400, "progress": 7})).await;
    assert_eq!(messages.next().await.unwrap()["method"], "notifications/progress");
    messages
}

/// Two clients ask and are asked at the same time, in many rounds.
async fn rounds(one: &Session, two: &Session) {
    for round in 0..ROUNDS {
        let (first, second) = (format!("one-{round}"), format!("two-{round}"));
        let told = join(ask(one, 1, &first), ask(two, 1, &second)).await;
        assert!(told.0.0.contains(&first) && told.0.1 == 1, "round {round}: {told:?}");
        assert!(told.1.0.contains(&second) && told.1.1 == 1, "round {round}: {told:?}");
    }
}

#[tokio::test]
async fn the_first_question_between_two_clients_reaches_nobody_and_later_ones_their_own() {
    let mark = Mark::new();
    let proxy = start(&mark);
    let (one, two) = (open(&proxy).await, open(&proxy).await);
    let busy = under_way(&one).await;
    let (told, asked) = ask(&two, 1, "two").await;
    assert!(told.contains(NOBODY_TOLD) && asked == 0, "{told}");
    assert_eq!(text(&busy.response().await), "busy");

    rounds(&one, &two).await;
    // The shared child for whoever comes first, and a spare one for the other.
    assert!((2..=3).contains(&mark.living()), "{}", mark.living());
    proxy.stop();
    assert_eq!(mark.living(), 0);
}

/// Whether the first two calls meet at all is up to the machine; once the server has asked, no later ones do.
#[tokio::test]
async fn a_race_for_the_first_question_gives_nobody_the_others() {
    let mark = Mark::new();
    let proxy = start(&mark);
    let (one, two) = (open(&proxy).await, open(&proxy).await);
    let told = join(ask(&one, 1, "one-first"), ask(&two, 1, "two-first")).await;
    for ((told, asked), own) in [(told.0, "one-first"), (told.1, "two-first")] {
        let refused = told.contains(NOBODY_TOLD) && asked == 0;
        assert!(refused || (told.contains(own) && asked == 1), "asked {asked} times: {told}");
    }
    rounds(&one, &two).await;
    proxy.stop();
    assert_eq!(mark.living(), 0);
}

#[tokio::test]
async fn one_client_alone_needs_no_spare_child() {
    let mark = Mark::new();
    let proxy = start(&mark);
    let (one, _idle) = (open(&proxy).await, open(&proxy).await);
    let calls = (0..5).map(|n| {
        let one = &one;
        async move { ask(one, n, "the same").await }
    });
    // Which of its calls a question belongs to cannot be told, but whose they all are can.
    for (told, _) in join_all(calls).await {
        assert!(told.contains("the same"), "{told}");
    }
    assert_eq!(mark.living(), 1);
    proxy.stop();
}

#[tokio::test]
async fn more_clients_than_spare_children_wait_for_their_turn() {
    let mark = Mark::new();
    let proxy = start(&mark);
    let sessions = join_all((0..12).map(|_| open(&proxy))).await;
    let busy = under_way(&sessions[0]).await;
    assert_eq!(ask(&sessions[1], 1, "").await.1, 0);
    busy.response().await;
    let calls = sessions.iter().zip(0..).map(async |(session, n)| {
        let name = format!("client-{n}.");
        assert!(ask(session, 1, &name).await.0.contains(&name));
    });
    join_all(calls).await;
    // Four spare ones are the limit.
    assert!(mark.living() <= 5, "{}", mark.living());
    proxy.stop();
    assert_eq!(mark.living(), 0);
}

#[tokio::test]
async fn a_client_that_cannot_be_asked_is_not() {
    let mark = Mark::new();
    let proxy = start(&mark);
    let session = Session::open(&Http::new(), &proxy.mcp, json!({"roots": {}})).await;
    let response = session.call(1, "ask", json!({})).await;
    assert!(text(&response).contains("has not declared the capability"), "{response}");
    // Nor may it take the others' way.
    let able = open(&proxy).await;
    assert!(ask(&able, 1, "able").await.0.contains("able"));
    proxy.stop();
}

#[tokio::test]
async fn a_question_meant_for_a_client_without_a_session_reaches_nobody() {
    let mark = Mark::new();
    let proxy = start(&mark);
    let bystander = open(&proxy).await;
    let mut stream = bystander.listen().await;
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "ask", "arguments": {}}});
    let (status, answer) = Http::new().plain(&proxy.mcp, &call).await;
    assert!(status.is_success() && text(&answer).contains("has not declared the capability"), "{answer}");
    proxy.stop();
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn clients_of_both_transports_are_asked_apart() {
    let mark = Mark::new();
    let proxy = start(&mark);
    let one = open(&proxy).await;
    let mut two = Pair::open(&Http::new(), &proxy.sse, json!({"elicitation": {}})).await;
    let busy = under_way(&one).await;
    two.start(1, "ask", json!({})).await;
    assert!(text(&two.next().await).contains(NOBODY_TOLD));
    busy.response().await;
    for _ in 0..ROUNDS {
        let asked = async {
            two.start(1, "ask", json!({})).await;
            let question = two.next().await;
            assert_eq!(question["method"], "elicitation/create");
            two.send(&answer_to(&question, "two")).await;
            let response = two.next().await;
            assert!(text(&response).contains("two"), "{response}");
        };
        let ((told, _), ()) = join(ask(&one, 1, "one"), asked).await;
        assert!(told.contains("one"), "{told}");
    }
    proxy.stop();
}

#[tokio::test]
async fn an_answer_to_no_question_of_ones_own_reaches_nobody() {
    let mark = Mark::new();
    let proxy = start(&mark);
    let (one, thief) = (open(&proxy).await, open(&proxy).await);
    let mut messages = one.start(1, "ask", json!({})).await;
    let question = messages.next().await.unwrap();
    // All ids that could be meant, by number and by text.
    for id in 0..40 {
        thief.tell(&answer_to(&json!({"id": id}), "thief")).await;
    }
    thief.tell(&answer_to(&question, "thief")).await;
    assert_eq!(text(&thief.echo(1, "still here").await), "still here");
    one.tell(&answer_to(&question, "one")).await;
    let response = messages.response().await;
    assert!(text(&response).contains("one"), "{response}");
    let unknown = one.call(2, "no such tool", json!({})).await;
    assert!(error(&unknown).contains("no such tool"));
    proxy.stop();
}
