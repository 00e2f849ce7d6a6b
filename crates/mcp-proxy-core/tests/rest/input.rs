//! Servers that ask their caller for something in the middle of a call.

use std::time::Duration;

use mcp_jsonrpc::{Message, field};
use mcp_proxy_core::{Limits, ServerOptions};
use mcp_testkit::Script;
use tokio::{task::JoinHandle, time::sleep};

use crate::{
    asked::{ALICE, BOB, RESULT, TOOLS, call, fetch, keyed, rest, send},
    client::{Ask, Client, Got, legacy, modern, named},
    server::{Played, Stage, stage},
};

const FORM: &str =
    r#"{"message":"Which city?","requestedSchema":{"type":"object","properties":{"city":{"type":"string"}}}}"#;
const ROME: &str = r#"{"action":"accept","content":{"city":"Rome"}}"#;

fn answers(token: &str, answers: &str) -> Ask {
    send("/api/mcp/lab/input", &format!(r#"{{"token":"{token}","answers":{answers}}}"#))
}

fn rome(token: &str) -> Ask {
    answers(token, &format!(r#"{{"q1":{ROME}}}"#))
}

async fn ask_form(server: &Played, id: u32) {
    server.say(&format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"elicitation/create","params":{FORM}}}"#)).await;
}

struct Scene {
    client: Client,
    server: Played,
    stage: Stage,
    request: Message,
    asked: JoinHandle<Got>,
}

impl Scene {
    /// A call that the server has heard.
    async fn of(make: impl Fn(ServerOptions) -> Client, ask: Ask) -> Self {
        let (server, mut stage) = stage();
        let client = make(legacy(server));
        let asked = client.begin(ask);
        let mut server = stage.server().await;
        let request = server.hear_call().await;
        Self { client, server, stage, request, asked }
    }

    async fn new() -> Self {
        Self::of(rest, call()).await
    }

    /// The token under which the call waits for an answer to one form.
    async fn asks(self) -> (Client, Played, Stage, Message, String) {
        let Self { client, server, stage, request, asked } = self;
        ask_form(&server, 7).await;
        let token = conflict(&asked.await.unwrap(), &["q1"]);
        (client, server, stage, request, token)
    }
}

/// The token of an answer that asks these.
#[track_caller]
fn conflict(got: &Got, keys: &[&str]) -> String {
    assert_eq!(got.status, 409, "{}", got.text);
    assert!(got.text.starts_with(r#"{"error":"Input required","message":"Which city?","token":""#), "{}", got.text);
    for key in keys {
        let place = field::find(&got.text, &["requests", key]).unwrap().unwrap_or_else(|| panic!("{}", got.text));
        assert_eq!(&got.text[place], format!(r#"{{"method":"elicitation/create","params":{FORM}}}"#));
    }
    assert!(got.text_of("expiresAt").ends_with('Z'), "{}", got.text);
    got.text_of("token")
}

#[tokio::test(start_paused = true)]
async fn the_call_goes_on_with_the_answer() {
    let (client, mut server, _stage, request, token) = Scene::new().await.asks().await;
    sleep(Duration::from_secs(500)).await;
    let answered = client.begin(rome(&token));
    let answer = server.hear_answer().await;
    assert_eq!((answer.id().unwrap().as_str(), answer.result()), ("7", Some(ROME)));
    server.answer(&request, RESULT).await;
    answered.await.unwrap().is(200, RESULT);
    client.ask(rome(&token)).await.fails(410, "Gone");
}

#[tokio::test(start_paused = true)]
async fn one_may_decline() {
    let (client, mut server, _stage, request, token) = Scene::new().await.asks().await;
    let answered = client.begin(answers(&token, r#"{"q1":{"action":"decline"}}"#));
    assert_eq!(server.hear_answer().await.result(), Some(r#"{"action":"decline"}"#));
    server.answer(&request, r#"{"content":[],"isError":true}"#).await;
    answered.await.unwrap().is(200, r#"{"content":[],"isError":true}"#);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_fit_is_refused_and_may_be_given_again() {
    let (client, mut server, _stage, request, token) = Scene::new().await.asks().await;
    for wrong in ["{", "{}", r#"{"token":1,"answers":{}}"#] {
        client.ask(send("/api/mcp/lab/input", wrong)).await.fails(400, "Bad request");
    }
    for wrong in ["[]", "1", r#"{"q1":1}"#, r#"{"q1":{}}"#, r#"{"q1":{"action":"maybe"}}"#] {
        client.ask(answers(&token, wrong)).await.fails(400, "Bad request");
    }
    client.ask(rome("made-up")).await.fails(400, "Bad request");
    let answered = client.begin(rome(&token));
    server.hear_answer().await;
    server.answer(&request, RESULT).await;
    answered.await.unwrap().is(200, RESULT);
}

#[tokio::test(start_paused = true)]
async fn two_questions_are_asked_together_and_may_be_answered_apart() {
    let Scene { client, mut server, stage: _stage, request, asked } = Scene::new().await;
    ask_form(&server, 7).await;
    ask_form(&server, 8).await;
    let token = conflict(&asked.await.unwrap(), &["q1", "q2"]);
    let got = client.ask(rome(&token)).await;
    assert_eq!(server.hear_answer().await.id().unwrap().as_str(), "7");
    assert!(!got.text.contains("\"q1\""), "{}", got.text);
    let token = conflict(&got, &["q2"]);
    let answered = client.begin(answers(&token, &format!(r#"{{"q2":{ROME}}}"#)));
    assert_eq!(server.hear_answer().await.id().unwrap().as_str(), "8");
    server.answer(&request, RESULT).await;
    answered.await.unwrap().is(200, RESULT);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_its_callers_own_and_its_servers() {
    let (client, mut server, _stage, request, token) = Scene::of(keyed, call().key(ALICE)).await.asks().await;
    client.ask(rome(&token).key(BOB)).await.fails(400, "Bad request");
    client.ask(rome(&token)).await.fails(401, "Authentication failed");
    let answered = client.begin(rome(&token).key(ALICE));
    server.hear_answer().await;
    server.answer(&request, RESULT).await;
    answered.await.unwrap().is(200, RESULT);

    let (one, mut stage) = stage();
    let other = Script::new().answer("tools/list", TOOLS);
    let builder = mcp_proxy_core::Proxy::builder();
    let builder = builder.server_with(named("lab", one)).server_with(named("other", other.transport()));
    let client = Client::build(builder.rest());
    let asked = client.begin(call());
    let mut server = stage.server().await;
    server.hear_call().await;
    ask_form(&server, 7).await;
    let token = conflict(&asked.await.unwrap(), &["q1"]);
    client.ask(rome(&token).at("/api/mcp/other/input")).await.fails(400, "Bad request");
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_caller_stays_away_is_cancelled() {
    let (client, mut server, _stage, request, token) = Scene::new().await.asks().await;
    sleep(Duration::from_secs(602)).await;
    let mut heard = Vec::new();
    while let Ok(Some(message)) = tokio::time::timeout(Duration::from_secs(1), server.next()).await {
        heard.push(message);
    }
    let is_cancel = |message: &Message| {
        message.method() == Some("notifications/cancelled")
            && message.value(&["params", "requestId"]) == Some(request.id().unwrap().as_str())
    };
    assert!(heard.iter().any(is_cancel), "{heard:?}");
    assert_eq!(client.ask(rome(&token)).await.status, 410);
}

/// Each question keeps one of the spare instances of a shared server, three here; and calls that ask nothing need one too.
#[tokio::test(start_paused = true)]
async fn the_oldest_question_gives_way_when_the_spare_instances_run_out() {
    let (server, mut stage) = stage();
    let limits = Limits { interactive_children: 3, ..Limits::default() };
    let client = rest(legacy(server).limits(limits));
    let _at_once = [client.begin(call()), client.begin(call())];
    let mut shared = stage.server().await;
    shared.hear_call().await;
    shared.hear_call().await;
    // It can belong to either call, so that from now on each call runs alone.
    ask_form(&shared, 7).await;
    assert!(shared.hear_answer().await.error().is_some());

    let mut waiting = Vec::new();
    for _ in 0..3 {
        let asked = client.begin(call());
        let mut server = stage.server().await;
        let request = server.hear_call().await;
        ask_form(&server, 7).await;
        waiting.push((conflict(&asked.await.unwrap(), &["q1"]), server, request));
    }
    client.ask(rome(&waiting[0].0)).await.fails(410, "Gone");
    for (token, server, request) in &mut waiting[1..] {
        let answered = client.begin(rome(token));
        server.hear_answer().await;
        server.answer(request, RESULT).await;
        answered.await.unwrap().is(200, RESULT);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_goes_meanwhile_is_heard_of_with_the_answer() {
    let (client, server, _stage, _request, token) = Scene::new().await.asks().await;
    drop(server);
    client.ask(rome(&token)).await.fails(502, "Server unreachable");
}

#[tokio::test(start_paused = true)]
async fn the_short_form_is_still_short_after_a_question() {
    let (client, mut server, _stage, request, token) = Scene::of(rest, send("/lab/t", "")).await.asks().await;
    let answered = client.begin(rome(&token));
    server.hear_answer().await;
    server.answer(&request, RESULT).await;
    answered.await.unwrap().is(200, r#""hi""#);
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_with_the_question_and_the_answer_opens_another() {
    let streamed = |ask: Ask| ask.accept("text/event-stream").query("notifications=true");
    let Scene { client, mut server, stage: _stage, request, asked } = Scene::of(rest, streamed(call())).await;
    server.progress(&request, 1).await;
    ask_form(&server, 7).await;
    let got = asked.await.unwrap();
    let (first, second) = got.text.split_once("\n\n").unwrap();
    assert_eq!(first, "event: progress\ndata: {\"progressToken\":1,\"progress\":1}");
    let body = second.strip_prefix("event: input\ndata: ").unwrap().strip_suffix("\n\n").unwrap();
    let place = field::find(body, &["token"]).unwrap().unwrap();
    let token = field::unescape(&body[place]).unwrap();
    let answered = client.begin(streamed(rome(&token)));
    server.hear_answer().await;
    server.progress(&request, 2).await;
    server.answer(&request, RESULT).await;
    let progress = "event: progress\ndata: {\"progressToken\":1,\"progress\":2}";
    assert_eq!(answered.await.unwrap().text, format!("{progress}\n\nevent: result\ndata: {RESULT}\n\n"));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_answered_later_may_come_to_a_question() {
    let (server, mut stage) = stage();
    let client = rest(legacy(server));
    let asked = client.begin(call().header("prefer", "respond-async"));
    let mut server = stage.server().await;
    let request = server.hear_call().await;
    let place = asked.await.unwrap().header("location").unwrap().to_owned();
    ask_form(&server, 7).await;
    sleep(Duration::from_secs(1)).await;
    let token = conflict(&client.ask(fetch(&place)).await, &["q1"]);
    let answered = client.begin(rome(&token));
    server.hear_answer().await;
    server.answer(&request, RESULT).await;
    answered.await.unwrap().is(200, RESULT);
}

/// A modern server that asks, and answers when it is asked again.
fn asking(state: &str) -> String {
    format!(
        r#"{{"resultType":"input_required","inputRequests":{{"city":{{"method":"elicitation/create","params":{FORM}}}}}{state}}}"#
    )
}

const DONE: &str = r#"{"resultType":"complete","content":[{"type":"text","text":"hi"}]}"#;

#[tokio::test(start_paused = true)]
async fn a_modern_server_is_asked_again_with_its_state_and_the_answers() {
    let (server, mut stage) = stage();
    let client = rest(modern(server));
    let asked = client.begin(send("/lab/t", r#"{"a":1}"#));
    let mut server = stage.server().await;
    let request = server.hear_call().await;
    server.answer(&request, &asking(r#","requestState":"s \"1\"""#)).await;
    let token = conflict(&asked.await.unwrap(), &["city"]);
    // It is good until it expires: nothing waits for it that would be gone.
    for _ in 0..2 {
        let answered = client.begin(answers(&token, &format!(r#"{{"city":{ROME}}}"#)));
        let again = server.hear_call().await;
        assert_eq!(again.value(&["params", "name"]), Some(r#""t""#));
        assert_eq!(again.value(&["params", "arguments"]), Some(r#"{"a":1}"#));
        assert_eq!(again.value(&["params", "requestState"]), Some(r#""s \"1\"""#));
        assert_eq!(again.value(&["params", "inputResponses", "city"]), Some(ROME));
        server.answer(&again, DONE).await;
        answered.await.unwrap().is(200, r#""hi""#);
    }
}

#[tokio::test(start_paused = true)]
async fn prompts_and_resources_of_a_modern_server_may_ask_too() {
    let (server, mut stage) = stage();
    let client = rest(modern(server));
    let asks = [
        (send("/api/mcp/lab/prompts/p", r#"{"x":"1"}"#), "prompts/get", ["name", r#""p""#]),
        (fetch("/api/mcp/lab/resources/read?uri=a%3Ab"), "resources/read", ["uri", r#""a:b""#]),
    ];
    let mut server = None;
    for (ask, method, params) in asks {
        let asked = client.begin(ask);
        let server = match &mut server {
            Some(server) => server,
            none => none.insert(stage.server().await),
        };
        let request = server.hear(method).await;
        server.answer(&request, &asking("")).await;
        let token = conflict(&asked.await.unwrap(), &["city"]);
        let answered = client.begin(answers(&token, &format!(r#"{{"city":{ROME}}}"#)));
        let again = server.hear(method).await;
        assert_eq!(again.value(&["params", params[0]]), Some(params[1]));
        assert_eq!(again.value(&["params", "inputResponses", "city"]), Some(ROME));
        server.answer(&again, r#"{"resultType":"complete","messages":[]}"#).await;
        answered.await.unwrap().is(200, r#"{"resultType":"complete","messages":[]}"#);
    }
}
