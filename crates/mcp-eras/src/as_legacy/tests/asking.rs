//! Servers that want input.

use mcp_protocol::{InputRequest, InputRequired, InputResponses};
use tokio::time::Instant;

use super::*;

const TOOL: Option<&str> = Some(r#"{"name":"t","_meta":{"progressToken":"p"}}"#);
const FORM: &str = r#"{"message":"hi","requestedSchema":{"type":"object","properties":{}}}"#;

fn asks(requests: &[(&'static str, &'static str, Option<&'static str>)], state: Option<&'static str>) -> String {
    let request = |&(key, method, params): &(&'static str, &'static str, Option<&'static str>)| InputRequest {
        key: key.into(),
        method: method.into(),
        params,
    };
    InputRequired { requests: requests.iter().map(request).collect(), state }.write()
}

/// Begins a tool call that asks these things, and hands out what the client is asked.
async fn asked(
    client: &Legacy,
    server: &mut Server,
    id: &str,
    requests: &[(&'static str, &'static str, Option<&'static str>)],
) -> (Reply, Vec<Message>) {
    let mut reply = client.call(id, method::TOOLS_CALL, TOOL).await;
    let request = server.next().await;
    server.answer(&request, &asks(requests, Some(r#""s\u0041""#))).await;
    let mut questions = Vec::new();
    for _ in requests {
        questions.push(next(&mut reply).await);
    }
    (reply, questions)
}

fn answers(request: &Message) -> Vec<(String, String)> {
    let read = InputResponses::read(request.params().unwrap()).unwrap();
    read.responses.iter().map(|(key, text)| (key.to_string(), (*text).to_owned())).collect()
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect()
}

const THREE: [(&str, &str, Option<&str>); 3] = [
    ("e", method::ELICITATION_CREATE, Some(FORM)),
    ("s\"", method::SAMPLING_CREATE_MESSAGE, Some(r#"{"messages":[],"maxTokens":1}"#)),
    ("r", method::ROOTS_LIST, None),
];

#[tokio::test(start_paused = true)]
async fn three_kinds_at_once_are_asked_answered_and_sent_back_together() {
    let (client, mut server) = usual().await;
    let (reply, questions) = asked(&client, &mut server, "1", &THREE).await;
    let mut reply = reading(reply);
    for (question, (_, method, params)) in questions.iter().zip(THREE) {
        assert_eq!((question.kind(), question.method(), question.params()), (Kind::Request, Some(method), params));
    }
    client.answer(&questions[2], r#"{"roots":[]}"#).await;
    client.answer(&questions[0], r#"{"action":"accept","content":{"n":1.0}}"#).await;
    client.answer(&questions[1], r#"{"role":"assistant"}"#).await;
    let again = server.next().await;
    assert_eq!(
        answers(&again),
        owned(&[
            ("e", r#"{"action":"accept","content":{"n":1.0}}"#),
            ("s\"", r#"{"role":"assistant"}"#),
            ("r", r#"{"roots":[]}"#)
        ])
    );
    assert_eq!(again.value(&["params", "requestState"]), Some(r#""s\u0041""#), "byte for byte");
    assert_eq!(again.value(&["params", "name"]), Some(r#""t""#));
    assert!(Claim::read(&again).unwrap().is_some());
    server.answer(&again, r#"{"resultType":"complete","content":[]}"#).await;
    let response = next(&mut reply).await;
    assert_eq!((response.id(), response.result()), (Some(Id::from(1)), Some(r#"{"content":[]}"#)));
}

#[tokio::test(start_paused = true)]
async fn rounds_follow_each_other_and_progress_goes_on_under_the_clients_token() {
    let (client, mut server) = usual().await;
    let (reply, mut questions) = asked(&client, &mut server, "1", &THREE[..1]).await;
    let mut reply = reading(reply);
    let mut told = 0;
    for round in 0..3 {
        client.answer(&questions[0], r#"{"action":"decline"}"#).await;
        let again = server.next().await;
        assert_eq!(answers(&again), owned(&[("e", r#"{"action":"decline"}"#)]), "of the last round alone");
        let token = again.value(&meta::PROGRESS_TOKEN_PATH).unwrap();
        for value in 1..=round + 1 {
            let params = format!(r#"{{"progressToken":{token},"progress":{value}}}"#);
            server.say(Message::notification(method::PROGRESS, Some(&params))).await;
        }
        let state = Some(r#""next""#);
        server.answer(&again, &if round < 2 { asks(&THREE[..1], state) } else { "{}".to_owned() }).await;
        let note = next(&mut reply).await;
        told += 1;
        let expect = format!(r#"{{"progressToken":"p","progress":{told}}}"#);
        assert_eq!(note.params(), Some(expect.as_str()), "it never goes back");
        questions = vec![next(&mut reply).await];
    }
    assert_eq!(questions[0].result(), Some("{}"));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_only_wants_to_be_asked_again_is_after_a_pause_and_not_for_ever() {
    let (client, mut server) = usual().await;
    let reply = client.call("1", method::RESOURCES_READ, Some(r#"{"uri":"a:b"}"#)).await;
    let waiting = tokio::spawn(reply.response());
    let begin = Instant::now();
    for round in 0..=10 {
        let request = server.next().await;
        assert_eq!(begin.elapsed(), Duration::from_millis(250 * round));
        server.answer(&request, &asks(&[], Some(r#""again""#))).await;
    }
    let response = waiting.await.unwrap().unwrap();
    assert_eq!(code::of(&response), Some(code::INTERNAL_ERROR));
    server.hears_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn no_clock_runs_while_the_client_thinks() {
    let (client, mut server) = usual().await;
    let (reply, questions) = asked(&client, &mut server, "1", &THREE[..1]).await;
    let _reply = reading(reply);
    server.hears_nothing().await;
    client.answer(&questions[0], r#"{"action":"accept"}"#).await;
    assert_eq!(answers(&server.next().await).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_form_for_a_client_without_forms_is_dismissed() {
    for (revision, capabilities) in [
        (Revision::V2025_11_25, Some("{}")),
        (Revision::V2025_03_26, Some(ALL)),
        (Revision::V2025_11_25, Some(r#"{"elicitation":{"url":{}}}"#)),
        (Revision::V2025_11_25, None),
    ] {
        let (client, mut server) = pair(DISCOVERED, revision, capabilities).await;
        let reply = client.call("1", method::TOOLS_CALL, TOOL).await;
        let _waiting = tokio::spawn(reply.response());
        let request = server.next().await;
        server.answer(&request, &asks(&THREE[..1], None)).await;
        let again = server.next().await;
        assert_eq!(answers(&again), owned(&[("e", r#"{"action":"cancel"}"#)]), "{revision}");
        assert_eq!(again.value(&["params", "requestState"]), None, "none was given");
    }
}

#[tokio::test(start_paused = true)]
async fn a_url_is_asked_with_a_name_where_the_revision_has_urls() {
    const URL: [(&str, &str, Option<&str>); 1] =
        [("u", method::ELICITATION_CREATE, Some(r#"{"mode":"url","url":"https://a.example","message":"go"}"#))];
    let (client, mut server) = usual().await;
    let (_reply, questions) = asked(&client, &mut server, "1", &URL).await;
    let name = questions[0].value(&["params", "elicitationId"]).unwrap();
    assert_eq!(name, format!(r#""calendar-{}""#, questions[0].id().unwrap()));
    assert_eq!(questions[0].value(&["params", "url"]), Some(r#""https://a.example""#));

    let (client, mut server) = pair(DISCOVERED, Revision::V2025_06_18, Some(ALL)).await;
    let reply = client.call("1", method::TOOLS_CALL, TOOL).await;
    let _waiting = tokio::spawn(reply.response());
    let request = server.next().await;
    server.answer(&request, &asks(&URL, None)).await;
    assert_eq!(answers(&server.next().await), owned(&[("u", r#"{"action":"cancel"}"#)]));
}

#[tokio::test(start_paused = true)]
async fn what_a_client_cannot_be_asked_ends_the_call_and_nothing_is_asked() {
    let (client, mut server) = pair(DISCOVERED, Revision::V2025_11_25, Some(r#"{"elicitation":{}}"#)).await;
    let mut reply = client.call("1", method::TOOLS_CALL, TOOL).await;
    let request = server.next().await;
    server.answer(&request, &asks(&THREE, None)).await;
    let response = next(&mut reply).await;
    assert_eq!(response.value(&["result", "isError"]), Some("true"));
    assert!(text(&response).contains(method::SAMPLING_CREATE_MESSAGE));

    let mut reply = client.call("2", method::PROMPTS_GET, Some(r#"{"name":"p"}"#)).await;
    let request = server.next().await;
    server.answer(&request, &asks(&THREE[2..], None)).await;
    assert_eq!(code::of(&next(&mut reply).await), Some(code::INVALID_PARAMS));
    server.hears_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_fails_at_a_form_has_dismissed_it() {
    let (client, mut server) = usual().await;
    let (reply, questions) = asked(&client, &mut server, "1", &THREE[..1]).await;
    client.refuse(&questions[0]).await;
    let _waiting = tokio::spawn(reply.response());
    assert_eq!(answers(&server.next().await), owned(&[("e", r#"{"action":"cancel"}"#)]));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_refuses_anything_else_ends_the_call_and_what_else_it_was_asked() {
    let (client, mut server) = usual().await;
    let (mut reply, questions) = asked(&client, &mut server, "1", &THREE).await;
    client.refuse(&questions[1]).await;
    for withdrawn in [&questions[0], &questions[2]] {
        let notice = next(&mut reply).await;
        assert_eq!(notice.method(), Some(method::CANCELLED));
        assert_eq!(notice.value(&["params", "requestId"]), Some(withdrawn.id().unwrap().as_str()));
    }
    let response = next(&mut reply).await;
    assert_eq!(response.value(&["result", "isError"]), Some("true"));
    assert!(text(&response).contains("not now"));
    client.answer(&questions[0], "{}").await;
    server.hears_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn giving_a_call_up_takes_its_questions_back() {
    let (client, mut server) = usual().await;
    let mut events = client.server.events().unwrap();
    let listen = server.next().await;
    assert_eq!(listen.method(), Some(method::SUBSCRIPTIONS_LISTEN));
    let (reply, questions) = asked(&client, &mut server, "1", &THREE[..2]).await;
    client.answer(&questions[0], r#"{"action":"accept"}"#).await;
    reply.cancel(Some("enough"));
    let notice = event(&mut events).await;
    assert_eq!(notice.method(), Some(method::CANCELLED));
    let id = questions[1].id().unwrap();
    assert_eq!(notice.params(), Some(format!(r#"{{"requestId":{id},"reason":"enough"}}"#).as_str()));
    client.answer(&questions[1], "{}").await;
}

#[tokio::test(start_paused = true)]
async fn a_call_given_up_before_its_questions_were_read_takes_nothing_back() {
    let (client, mut server) =
        pair(r#"{"supportedVersions":["2026-07-28"],"capabilities":{"tools":{}}}"#, Revision::V2025_11_25, Some(ALL))
            .await;
    let mut events = client.server.events().unwrap();
    let mut reply = client.call("1", method::TOOLS_CALL, TOOL).await;
    let request = server.next().await;
    server.answer(&request, &asks(&THREE[..2], None)).await;
    let first = next(&mut reply).await;
    drop(reply);
    let notice = event(&mut events).await;
    assert_eq!(notice.value(&["params", "requestId"]), Some(first.id().unwrap().as_str()));
    assert!(timeout(Duration::from_secs(9), events.next()).await.is_err(), "only of what was read");
}

#[tokio::test(start_paused = true)]
async fn two_calls_that_ask_under_one_key_each_get_their_own_answer() {
    let (client, mut server) = usual().await;
    let (one, first) = asked(&client, &mut server, "1", &THREE[..1]).await;
    let (two, second) = asked(&client, &mut server, "2", &THREE[..1]).await;
    assert_ne!(first[0].id(), second[0].id());
    client.answer(&second[0], r#"{"action":"accept","content":{"n":2}}"#).await;
    client.answer(&first[0], r#"{"action":"accept","content":{"n":1}}"#).await;
    for (reply, id) in [(two, 2), (one, 1)] {
        let response = tokio::spawn(reply.response());
        let again = server.next().await;
        assert_eq!(again.value(&["params", "inputResponses", "e", "content", "n"]), Some(id.to_string().as_str()));
        server.answer(&again, &format!(r#"{{"content":[],"n":{id}}}"#)).await;
        let response = response.await.unwrap().unwrap();
        assert_eq!(response.id(), Some(Id::from(id)));
        assert_eq!(response.value(&["result", "n"]), Some(id.to_string().as_str()));
    }
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_session_is_the_end_of_its_questions() {
    let (client, mut server) = usual().await;
    let (mut reply, _) = asked(&client, &mut server, "1", &THREE[..1]).await;
    client.server.close().await;
    assert!(matches!(reply.next().await, Some(Err(Lost::Exited(_)))));
}

#[tokio::test(start_paused = true)]
async fn too_many_questions_at_once_are_not_asked() {
    let (client, mut server) = usual().await;
    for (count, is_asked) in [(32, true), (33, false)] {
        let mut reply = client.call("1", method::TOOLS_CALL, TOOL).await;
        let request = server.next().await;
        let many = (0..count).map(|n| format!(r#""k{n}":{{"method":"{}"}}"#, method::ROOTS_LIST));
        let many = many.collect::<Vec<_>>().join(",");
        server.answer(&request, &format!(r#"{{"resultType":"input_required","inputRequests":{{{many}}}}}"#)).await;
        assert_eq!(next(&mut reply).await.kind() == Kind::Request, is_asked, "{count}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_cannot_bring_answers_of_its_own() {
    let (client, mut server) = usual().await;
    let params = r#"{"name":"t","requestState":"forged"}"#;
    let mut reply = client.call("1", method::TOOLS_CALL, Some(params)).await;
    let request = server.next().await;
    server.answer(&request, &asks(&[], Some(r#""s""#))).await;
    assert_eq!(next(&mut reply).await.value(&["result", "isError"]), Some("true"));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_ends_while_its_client_thinks_has_lost_the_call() {
    let (client, mut server) = usual().await;
    let (mut reply, questions) = asked(&client, &mut server, "1", &THREE[..1]).await;
    drop(server);
    client.server.closed().await;
    client.answer(&questions[0], r#"{"action":"accept"}"#).await;
    assert!(matches!(reply.next().await, Some(Err(Lost::Exited(_)))));
    assert!(reply.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_question_that_no_client_is_asked_or_that_is_none_ends_the_call() {
    let (client, mut server) = usual().await;
    for broken in [
        asks(&[("k", method::TOOLS_LIST, None)], None),
        r#"{"resultType":"input_required"}"#.to_owned(),
        r#"{"resultType":"input_required","requestState":7}"#.to_owned(),
    ] {
        let mut reply = client.call("1", method::PROMPTS_GET, Some(r#"{"name":"p"}"#)).await;
        let request = server.next().await;
        server.answer(&request, &broken).await;
        assert_eq!(code::of(&next(&mut reply).await), Some(code::INTERNAL_ERROR), "{broken}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_given_up_between_two_rounds_is_not_made_again() {
    let (client, mut server) = usual().await;
    let mut reply = client.call("1", method::TOOLS_CALL, TOOL).await;
    let request = server.next().await;
    server.answer(&request, &asks(&[], Some(r#""s""#))).await;
    assert!(timeout(Duration::from_millis(249), reply.next()).await.is_err());
    drop(reply);
    server.hears_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_the_server_refuses_is_answered_by_that() {
    let (client, mut server) = usual().await;
    let (reply, questions) = asked(&client, &mut server, "1", &THREE[..1]).await;
    client.answer(&questions[0], r#"{"action":"accept"}"#).await;
    let mut reply = reading(reply);
    let again = server.next().await;
    server.refuse(&again, code::INVALID_PARAMS, None).await;
    assert_eq!(text(&next(&mut reply).await), r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"no"}}"#);
}
