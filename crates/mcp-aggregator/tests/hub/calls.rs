//! Calls on their way to the right server, and answers on theirs to the right client.

use futures::StreamExt;
use mcp_jsonrpc::{Id, Message};
use mcp_protocol::{
    ListKind,
    method::{CANCELLED, ELICITATION_CREATE, PROGRESS, PROMPTS_GET, SAMPLING_CREATE_MESSAGE, TOOLS_CALL},
};
use mcp_transport::{Lost, NotSent};

use crate::{
    client::{Client, heard, hub, named, next, settle},
    server::{Opening, Plan, Server, gone},
};

#[tokio::test(start_paused = true)]
async fn a_call_goes_to_its_server_under_its_own_name_and_the_result_comes_back_byte_for_byte() {
    let (one, two) = (Server::with_tools("a", &["x"]), Server::with_tools("b", &["x"]));
    let result = r#"{"content":[ {"type":"text","text":"\u00e9"}], "odd":1.50,"uri":"u:1"}"#;
    two.answers(TOOLS_CALL, result);
    let client = Client::of(&hub(&[&one, &two])).await;
    let params = r#"{"name" : "b__x","arguments":{ "name":"b__x"},"_meta":{"k":1}}"#;
    assert_eq!(client.ask(TOOLS_CALL, params).await, result);
    assert_eq!(two.heard(TOOLS_CALL), [r#"{"name" : "x","arguments":{ "name":"b__x"},"_meta":{"k":1}}"#]);
    assert!(one.heard(TOOLS_CALL).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_prompt_goes_to_its_server_too() {
    let (one, two) = (Server::new("a"), Server::new("b"));
    two.lists(ListKind::Prompts, [named("p")]);
    two.answers(PROMPTS_GET, r#"{"messages":[]}"#);
    let client = Client::of(&hub(&[&one, &two])).await;
    assert_eq!(client.ask(PROMPTS_GET, &named("b__p")).await, r#"{"messages":[]}"#);
    assert_eq!(two.heard(PROMPTS_GET), [named("p")]);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_has_is_refused() {
    let client = Client::of(&hub(&[&Server::with_tools("a", &["x"])])).await;
    for params in [&*named("x"), &named("a__y"), "{}", r#"{"name":1}"#] {
        let refused = client.ask(TOOLS_CALL, params).await;
        assert!(refused.contains("-32602"), "{params}: {refused}");
    }
    assert!(client.ask("no/such", "{}").await.contains("-32601"));
}

#[tokio::test(start_paused = true)]
async fn two_clients_with_equal_ids_each_get_their_own_answers() {
    let (one, two) = (Server::with_tools("a", &["x"]), Server::with_tools("b", &["x"]));
    one.plan(TOOLS_CALL, Plan::ByHand);
    two.plan(TOOLS_CALL, Plan::ByHand);
    let hub = hub(&[&one, &two]);
    let (ann, ben) = (Client::of(&hub).await, Client::of(&hub).await);
    let first = ann.call(7, TOOLS_CALL, &named("a__x")).await;
    let second = ben.call(7, TOOLS_CALL, &named("a__x")).await;
    let third = ann.call(7, TOOLS_CALL, &named("b__x")).await;
    let (to_first, to_second, to_third) = (one.next().await, one.next().await, two.next().await);
    to_second.answers(r#"{"n":2}"#).await;
    to_third.answers(r#"{"n":3}"#).await;
    to_first.answers(r#"{"n":1}"#).await;
    for (reply, n) in [(first, 1), (second, 2), (third, 3)] {
        let response = reply.response().await.unwrap();
        assert_eq!((response.id(), response.result()), (Some(Id::from(7)), Some(&*format!(r#"{{"n":{n}}}"#))));
    }
}

#[tokio::test(start_paused = true)]
async fn progress_comes_with_the_call_it_belongs_to() {
    let one = Server::with_tools("a", &["x"]);
    one.plan(TOOLS_CALL, Plan::ByHand);
    let hub = hub(&[&one]);
    let client = Client::of(&hub).await;
    let mut reply = client.call(1, TOOLS_CALL, r#"{"name":"a__x","_meta":{"progressToken":"t"}}"#).await;
    let call = one.next().await;
    let progress = Message::notification(PROGRESS, Some(r#"{"progressToken":"t","progress":1}"#));
    call.says(progress.clone()).await;
    call.answers("{}").await;
    assert_eq!(next(&mut reply).await.params(), progress.params());
    assert_eq!(next(&mut reply).await.result(), Some("{}"));
    assert!(reply.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_reaches_the_server_of_the_call_and_nobody_else() {
    let (one, two) = (Server::with_tools("a", &["x"]), Server::with_tools("b", &["x"]));
    one.plan(TOOLS_CALL, Plan::ByHand);
    two.plan(TOOLS_CALL, Plan::ByHand);
    let client = Client::of(&hub(&[&one, &two])).await;
    let (first, second) =
        (client.call(1, TOOLS_CALL, &named("a__x")).await, client.call(1, TOOLS_CALL, &named("b__x")).await);
    let (mut to_first, mut to_second) = (one.next().await, two.next().await);
    first.cancel(Some("enough"));
    assert_eq!(to_first.cancelled().await, "enough");
    assert!(to_second.cancelled.borrow().is_none());
    drop(second);
    assert_eq!(to_second.cancelled().await, "dropped");
}

#[tokio::test(start_paused = true)]
async fn questions_of_two_servers_with_one_id_each_get_their_own_answer() {
    let (one, two) = (Server::with_tools("a", &["x"]), Server::with_tools("b", &["x"]));
    one.plan(TOOLS_CALL, Plan::ByHand);
    two.plan(TOOLS_CALL, Plan::ByHand);
    let hub = hub(&[&one, &two]);
    let (client, other) = (Client::of(&hub).await, Client::of(&hub).await);
    let mut other_events = other.events();
    let mut first = client.call(1, TOOLS_CALL, &named("a__x")).await;
    let mut second = client.call(2, TOOLS_CALL, &named("b__x")).await;
    let (to_first, to_second) = (one.next().await, two.next().await);
    let question = |method| Message::request(&Id::from(0), method, Some("{}"));
    to_first.says(question(ELICITATION_CREATE)).await;
    to_second.says(question(SAMPLING_CREATE_MESSAGE)).await;
    let (asked_first, asked_second) = (next(&mut first).await, next(&mut second).await);
    assert_eq!(asked_second.method(), Some(SAMPLING_CREATE_MESSAGE));
    assert_ne!(asked_first.id(), asked_second.id());
    other.tell(Message::response(&asked_first.id().unwrap(), r#"{"by":"other"}"#)).await;
    client.tell(Message::response(&asked_second.id().unwrap(), r#"{"to":2}"#)).await;
    client.tell(Message::response(&asked_first.id().unwrap(), r#"{"to":1}"#)).await;
    assert_eq!(one.answered(), [("0".to_owned(), r#"{"to":1}"#.to_owned())]);
    assert_eq!(two.answered(), [("0".to_owned(), r#"{"to":2}"#.to_owned())]);
    assert!(heard(&mut other_events).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_question_that_is_withdrawn_is_named_as_the_client_knows_it() {
    let one = Server::with_tools("a", &["x"]);
    one.plan(TOOLS_CALL, Plan::ByHand);
    let client = Client::of(&hub(&[&one])).await;
    let mut reply = client.call(1, TOOLS_CALL, &named("a__x")).await;
    let call = one.next().await;
    call.says(Message::request(&Id::from(40), ELICITATION_CREATE, Some("{}"))).await;
    let asked = next(&mut reply).await.id().unwrap();
    call.says(Message::notification(CANCELLED, Some(r#"{"requestId":40}"#))).await;
    assert_eq!(next(&mut reply).await.params(), Some(&*format!(r#"{{"requestId":{asked}}}"#)));
    client.tell(Message::response(&asked, "{}")).await;
    assert!(one.answered().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_question_outside_of_calls_finds_its_way_and_back() {
    let one = Server::with_tools("a", &["x"]);
    one.answers(TOOLS_CALL, "{}");
    let hub = hub(&[&one]);
    let (client, other) = (Client::of(&hub).await, Client::of(&hub).await);
    client.tool("a__x").await;
    other.tool("a__x").await;
    let (mut events, mut others) = (client.events(), other.events());
    // The first connection is the hub's own.
    one.says(1, Message::request(&Id::from(0), ELICITATION_CREATE, Some("{}")));
    let question = events.next().await.unwrap();
    client.tell(Message::response(&question.id().unwrap(), r#"{"a":1}"#)).await;
    assert_eq!(one.answered(), [("0".to_owned(), r#"{"a":1}"#.to_owned())]);
    assert!(heard(&mut others).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_was_not_sent_is_sent_again_and_then_fails_with_the_servers_name() {
    let one = Server::with_tools("a", &["x"]);
    let hub = hub(&[&one]);
    let client = Client::of(&hub).await;
    one.is().opening = Opening::Fails;
    let begun = tokio::time::Instant::now();
    let error = client.send(1, TOOLS_CALL, &named("a__x")).await.unwrap_err();
    assert!(error.to_string().contains("server `a`"), "{error}");
    let waited = begun.elapsed().as_millis();
    assert!((900..=1351).contains(&waited), "two waits: {waited}");
    let late = async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        one.is().opening = Opening::Works;
    };
    one.answers(TOOLS_CALL, "{}");
    let (answer, ()) = tokio::join!(client.tool("a__x"), late);
    assert_eq!(answer, "{}");
}

fn annotated(hint: &str) -> String {
    format!(r#"{{"name":"x","annotations":{{"{hint}":true}}}}"#)
}

fn lost() -> Plan {
    Plan::Lost(Lost::Exited(gone()))
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_lost_is_made_again_if_the_tool_only_reads() {
    for hint in ["readOnlyHint", "idempotentHint"] {
        let one = Server::new("a");
        one.lists(ListKind::Tools, [annotated(hint)]);
        one.plan(TOOLS_CALL, Plan::Each(vec![lost(), lost(), Plan::Result("{}".to_owned())]));
        let client = Client::of(&hub(&[&one])).await;
        assert_eq!(client.tool("a__x").await, "{}");
        assert_eq!(one.heard(TOOLS_CALL).len(), 3);
        one.is().heard.clear();
        one.plan(TOOLS_CALL, lost());
        assert!(client.call(1, TOOLS_CALL, &named("a__x")).await.response().await.is_err());
        assert_eq!(one.heard(TOOLS_CALL).len(), 3, "twice again, and no more");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_lost_is_made_once_if_it_may_do_something() {
    let one = Server::with_tools("a", &["x"]);
    one.plan(TOOLS_CALL, lost());
    let client = Client::of(&hub(&[&one])).await;
    assert!(client.call(1, TOOLS_CALL, &named("a__x")).await.response().await.is_err());
    settle().await;
    assert_eq!(one.heard(TOOLS_CALL).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_its_server_never_read_is_made_again_whatever_it_does() {
    let one = Server::with_tools("a", &["x"]);
    let unread = Plan::Lost(Lost::Unread(gone()));
    one.plan(TOOLS_CALL, Plan::Each(vec![unread, Plan::Result("{}".to_owned())]));
    let client = Client::of(&hub(&[&one])).await;
    assert_eq!(client.tool("a__x").await, "{}");
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_client_was_asked_something_is_not_made_again() {
    let one = Server::new("a");
    one.lists(ListKind::Tools, [annotated("readOnlyHint")]);
    one.plan(TOOLS_CALL, Plan::ByHand);
    let client = Client::of(&hub(&[&one])).await;
    let mut reply = client.call(1, TOOLS_CALL, &named("a__x")).await;
    let call = one.next().await;
    call.says(Message::request(&Id::from(1), ELICITATION_CREATE, Some("{}"))).await;
    next(&mut reply).await;
    call.answers.send(Err(Lost::Exited(gone()))).await.unwrap();
    assert!(reply.next().await.unwrap().is_err());
    settle().await;
    assert_eq!(one.heard(TOOLS_CALL).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_an_answer_whatever_its_text_says() {
    let one = Server::new("a");
    one.lists(ListKind::Tools, [annotated("readOnlyHint")]);
    let client = Client::of(&hub(&[&one])).await;
    one.plan(TOOLS_CALL, Plan::Error(-32603, "timeout: session not found, connection closed"));
    assert!(client.tool("a__x").await.contains("timeout"));
    let failed = r#"{"isError":true,"content":[{"type":"text","text":"ECONNRESET timeout not found"}]}"#;
    one.answers(TOOLS_CALL, failed);
    assert_eq!(client.tool("a__x").await, failed);
    assert_eq!(one.heard(TOOLS_CALL).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_too_busy_is_not_asked_again() {
    let one = Server::with_tools("a", &["x"]);
    one.plan(TOOLS_CALL, Plan::NotSent(NotSent::Busy("busy")));
    let client = Client::of(&hub(&[&one])).await;
    assert!(client.send(1, TOOLS_CALL, &named("a__x")).await.is_err());
    assert_eq!(one.heard(TOOLS_CALL).len(), 1);
}
