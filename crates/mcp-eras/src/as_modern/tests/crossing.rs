//! Requests and answers on their way from one era to the other.

use mcp_protocol::DiscoverResult;
use serde_json::value::RawValue;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_server_is_discovered_by_its_handshake() {
    let lab = Lab::new();
    assert_eq!(&*lab.modern.peer().handshake, "{}");
    let answer = lab.answer(&Ask::new(method::SERVER_DISCOVER, "")).await;
    let text = answer.result().unwrap();
    let result = DiscoverResult::read(text).unwrap();
    assert_eq!(result.supported_versions, ["2026-07-28"]);
    assert_eq!(result.capabilities.get(), server::CAPABILITIES.replace(r#","tasks":{"list":{}}"#, ""));
    assert_eq!(result.server_info(), Some(r#"{"name":"old","version":"1"}"#));
    assert_eq!(result.instructions.map(RawValue::get), Some("\"be nice\""));
    assert!(text.contains(r#""ttlMs":0,"cacheScope":"private""#));
    assert_eq!((&*lab.modern.peer().handshake, lab.modern.peer().revision), (text, Revision::LATEST));
}

#[tokio::test(start_paused = true)]
async fn a_request_goes_out_without_its_envelope_and_otherwise_as_it_came() {
    let lab = Lab::new();
    let ask = Ask::new("vendor/echo", r#""n": 1.50e2, "a" : [ ]"#)
        .meta(r#""progressToken":"t","traceparent":"00-1","v/x":{ }"#);
    lab.answer(&ask).await;
    let heard = lab.heard().await;
    let sent = heard.iter().find(|line| line.starts_with("vendor/echo")).unwrap();
    assert!(sent.starts_with(r#"vendor/echo {"n": 1.50e2, "a" : [ ],"_meta":{"progressToken":"#), "{sent}");
    assert!(sent.ends_with(r#","traceparent":"00-1","v/x":{ }}}"#), "{sent}");
}

#[tokio::test(start_paused = true)]
async fn a_large_payload_is_not_changed_by_a_byte() {
    let lab = Lab::new();
    let large = format!(r#"{{"n": 0.10, "u":"\u2028", "x":"{}" }}"#, "x".repeat(3 << 20));
    let answer = lab.answer(&Ask::new(method::TOOLS_CALL, &format!(r#""name":"echo","arguments":{large}"#))).await;
    assert_eq!(answer.value(&["result", "structuredContent", "arguments"]), Some(&*large));
}

#[tokio::test(start_paused = true)]
async fn progress_comes_before_the_answer() {
    let lab = Lab::new();
    let messages = lab.all(&Ask::tool("progress").meta(r#""progressToken":"t""#)).await;
    let params: Vec<_> = messages.iter().filter_map(Message::params).collect();
    assert_eq!(params, [r#"{"progressToken":"t","progress":1}"#, r#"{"progressToken":"t","progress":2}"#]);
    assert_eq!(messages.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn lists_say_that_they_are_complete_and_not_to_be_kept() {
    let lab = Lab::new();
    let answer = lab.answer(&Ask::new(method::TOOLS_LIST, "")).await;
    let info = r#""_meta":{"io.modelcontextprotocol/serverInfo":{"name":"old","version":"1"}}"#;
    let head = format!(r#"{{"resultType":"complete","ttlMs":0,"cacheScope":"private",{info},"#);
    assert_eq!(answer.result(), Some(&*format!(r#"{head}"tools":[],"nextCursor":"c"}}"#)));
    let called = lab.answer(&Ask::tool("echo")).await;
    assert!(!called.result().unwrap().contains("ttlMs"), "only what can be kept says so");
}

#[tokio::test(start_paused = true)]
async fn logs_come_to_who_asked_for_them_and_from_the_level_on() {
    let lab = Lab::new();
    let notes = async |ask: Ask| {
        let mut messages = lab.all(&ask).await;
        messages.pop();
        messages.iter().map(|it| it.params().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let debug = notes(Ask::tool("log").logging("debug")).await;
    assert_eq!(debug, [r#"{"level":"debug","data":1}"#, r#"{"level":"error","data":2}"#], "and no change of a list");
    assert_eq!(notes(Ask::tool("log").logging("warning")).await, [r#"{"level":"error","data":2}"#]);
    let before = lab.heard().await.iter().filter(|line| line.starts_with(method::LOGGING_SET_LEVEL)).count();
    assert_eq!(before, 2);
    assert!(notes(Ask::tool("log")).await.is_empty());
    let heard = lab.heard().await;
    assert_eq!(heard.iter().filter(|line| line.starts_with(method::LOGGING_SET_LEVEL)).count(), before);
    assert!(heard.iter().any(|line| line.contains(r#"{"level":"warning"}"#)), "{heard:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_silent_about_a_level_holds_a_call_up_for_a_short_time_only() {
    let lab = Lab::new();
    let start = tokio::time::Instant::now();
    let answer = lab.answer(&Ask::tool("log").logging("emergency")).await;
    assert!(!answer.is_error());
    assert_eq!(start.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_resource_that_is_not_there_is_a_wrong_param_and_other_errors_stay() {
    let lab = Lab::new();
    for (data, expect) in [
        ("", r#"{"uri":"file:///a"}"#),
        (r#","data":{}"#, r#"{"uri":"file:///a"}"#),
        (r#","data":{"x":1}"#, r#"{"uri":"file:///a","x":1}"#),
        (r#","data":{"uri":"b"}"#, r#"{"uri":"b"}"#),
        (r#","data":null"#, r#"{"uri":"file:///a"}"#),
        (r#","data":"x""#, r#""x""#),
    ] {
        let answer = lab.answer(&Ask::new(method::RESOURCES_READ, &format!(r#""uri":"file:///a"{data}"#))).await;
        refused(&answer, code::INVALID_PARAMS);
        assert_eq!(answer.value(&["error", "data"]), Some(expect));
    }
    let other = lab.answer(&Ask::tool("unknown")).await;
    assert_eq!(other.error(), Some(r#"{"code":-32602,"message":"no","data":{"x":1}}"#));
}

#[tokio::test(start_paused = true)]
async fn what_does_not_cross_is_refused_here_and_the_unknown_passes() {
    let lab = Lab::new();
    for name in [
        method::INITIALIZE,
        method::PING,
        method::LOGGING_SET_LEVEL,
        method::RESOURCES_SUBSCRIBE,
        method::TASKS_LIST,
        method::TASKS_GET,
        method::TASKS_UPDATE,
    ] {
        refused(&lab.answer(&Ask::new(name, "")).await, code::METHOD_NOT_FOUND);
    }
    assert!(lab.heard().await.is_empty(), "nobody was asked");
    refused(&lab.answer(&Ask::new("vendor/unknown", "")).await, code::METHOD_NOT_FOUND);
    assert!(lab.heard().await.iter().any(|line| line.starts_with("vendor/unknown")));
    let broken = Ask::new(method::TOOLS_LIST, "").logging("loud");
    refused(&lab.answer(&broken).await, code::INVALID_PARAMS);
}

#[tokio::test(start_paused = true)]
async fn what_a_server_asks_outside_of_a_call_is_refused_there() {
    let lab = Lab::new();
    let answer = lab.answer(&Ask::new("vendor/ask", "")).await;
    assert!(!answer.is_error());
    assert!(lab.heard().await.iter().any(|line| line.contains("\"id\":90,\"error\"")));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_after_the_close_and_nothing_told_before() {
    let lab = Lab::new();
    let ask = Ask::new(method::TOOLS_LIST, "");
    let note = Message::notification(method::CANCELLED, None);
    lab.modern.tell(note, ask.request().caller()).await.unwrap();
    assert!(lab.modern.events().is_none());
    lab.modern.close().await;
    assert_eq!(lab.modern.closed().await.reason, CloseReason::Requested);
    let error = lab.modern.call(ask.request()).await.unwrap_err();
    assert!(matches!(error.reason, NotSent::Closed(_)));
    assert_eq!(error.message.to_bytes(), ask.request().message().to_bytes());
    assert!(lab.heard().await.is_empty());
}
