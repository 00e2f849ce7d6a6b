use std::{
    io::{BufRead, BufReader, PipeWriter, Write, pipe},
    sync::mpsc::{Receiver, channel},
    thread::{self, JoinHandle},
    time::Duration,
};

use mcp_proxy_core::jsonrpc::{Id, Kind, Message};
use mcp_proxy_core::protocol::{
    CacheHints, ClientCapability, DiscoverResult, InitializeResult, InputRequired, ListKind, ListPage, LogLevel,
    ProgressParams, ResultType, Revision, SubscriptionFilter, UnsupportedVersion, code, level_of, meta, method,
    subscription_id,
};
use serde_json::{Value, json};

use super::run;

/// How long an answer may take before the test fails instead of hanging.
const PATIENCE: Duration = Duration::from_secs(20);

/// A client of a server that runs in this process.
struct Client {
    input: Option<PipeWriter>,
    said: Receiver<Message>,
    server: JoinHandle<()>,
}

impl Client {
    fn new() -> Self {
        let ((theirs, input), (output, ours)) = (pipe().unwrap(), pipe().unwrap());
        let (sender, said) = channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines() {
                let message = Message::parse(line.unwrap().into()).expect("the server says only messages");
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let server = thread::spawn(move || run(BufReader::new(theirs), ours).unwrap());
        Self { input: Some(input), said, server }
    }

    /// After the handshake of a client with these capabilities.
    fn legacy(revision: &str, capabilities: &Value) -> Self {
        let mut client = Self::new();
        let params = json!({ "protocolVersion": revision, "capabilities": capabilities,
            "clientInfo": { "name": "test", "version": "1" } });
        client.request(0, method::INITIALIZE, &params);
        let answer = client.next();
        let settled = InitializeResult::read(answer.result().unwrap()).unwrap();
        assert_eq!(settled.protocol_version, revision);
        client.line(&json!({ "jsonrpc": "2.0", "method": method::INITIALIZED }).to_string());
        client
    }

    fn line(&mut self, line: &str) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }

    fn request(&mut self, id: u64, method: &str, params: &Value) {
        self.line(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string());
    }

    fn call(&mut self, id: u64, tool: &str, arguments: &Value) {
        self.request(id, method::TOOLS_CALL, &json!({ "name": tool, "arguments": arguments }));
    }

    fn cancel(&mut self, id: u64) {
        let params = json!({ "requestId": id });
        self.line(&json!({ "jsonrpc": "2.0", "method": method::CANCELLED, "params": params }).to_string());
    }

    #[track_caller]
    fn next(&self) -> Message {
        self.said.recv_timeout(PATIENCE).expect("the server says something")
    }

    /// The next message, which must answer this request with a result.
    #[track_caller]
    fn result(&self, id: u64) -> Value {
        let message = self.next();
        assert_eq!((message.kind(), message.id()), (Kind::Response, Some(Id::from(id))), "{message:?}");
        serde_json::from_str(message.result().expect("a result")).unwrap()
    }

    /// The next message, which must refuse this request.
    #[track_caller]
    fn refused(&self, id: u64) -> i64 {
        let message = self.next();
        assert_eq!(message.id(), Some(Id::from(id)));
        code::of(&message).expect("an error")
    }

    #[track_caller]
    fn notified(&self, method: &str) -> Message {
        let message = self.next();
        assert_eq!((message.kind(), message.method()), (Kind::Notification, Some(method)));
        message
    }

    /// Ends the input; gives what is said after that.
    fn end(mut self) -> Vec<Message> {
        drop(self.input.take());
        self.server.join().unwrap();
        self.said.iter().collect()
    }
}

fn modern(capabilities: &Value, mut params: Value) -> Value {
    params[meta::META][meta::PROTOCOL_VERSION] = json!(Revision::LATEST.as_str());
    params[meta::META][meta::CLIENT_CAPABILITIES] = capabilities.clone();
    params
}

fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().unwrap()
}

#[test]
fn a_handshake_settles_on_each_legacy_revision_and_happens_once() {
    for revision in Revision::ALL.into_iter().filter(|revision| *revision < Revision::LATEST) {
        let mut client = Client::legacy(revision.as_str(), &json!({}));
        client.request(1, method::INITIALIZE, &json!({}));
        assert_eq!(client.refused(1), code::INVALID_REQUEST);
        assert!(client.end().is_empty());
    }
}

#[test]
fn nothing_but_ping_comes_before_the_handshake() {
    let mut client = Client::new();
    client.request(1, method::PING, &json!({}));
    assert_eq!(client.result(1), json!({}));
    client.request(2, method::TOOLS_LIST, &json!({}));
    assert_eq!(client.refused(2), code::INVALID_REQUEST);
    client.request(3, method::SERVER_DISCOVER, &json!({}));
    assert_eq!(client.refused(3), code::INVALID_PARAMS);
}

#[test]
fn what_cannot_be_served_is_refused_by_its_code() {
    let mut client = Client::legacy("2025-11-25", &json!({}));
    for (id, method, params, code) in [
        (1, "demo/unknown", json!({}), code::METHOD_NOT_FOUND),
        (2, method::TOOLS_CALL, json!({}), code::INVALID_PARAMS),
        (3, method::TOOLS_CALL, json!({ "name": "nothing" }), code::INVALID_PARAMS),
        (4, method::TOOLS_CALL, json!({ "name": "echo", "arguments": [] }), code::INVALID_PARAMS),
        (5, method::TOOLS_LIST, json!({ "cursor": "x" }), code::INVALID_PARAMS),
        (6, method::TOOLS_LIST, json!([]), code::INVALID_PARAMS),
        (7, method::RESOURCES_READ, json!({ "uri": "demo://nothing" }), code::RESOURCE_NOT_FOUND),
        (8, method::RESOURCES_SUBSCRIBE, json!({ "uri": "demo://echo/x" }), code::RESOURCE_NOT_FOUND),
        (9, method::PROMPTS_GET, json!({ "name": "greet" }), code::INVALID_PARAMS),
        (10, method::COMPLETION_COMPLETE, json!({ "ref": {}, "argument": {} }), code::INVALID_PARAMS),
        (11, method::LOGGING_SET_LEVEL, json!({ "level": "loud" }), code::INVALID_PARAMS),
        (12, method::ROOTS_LIST, json!({}), code::METHOD_NOT_FOUND),
    ] {
        client.request(id, method, &params);
        assert_eq!(client.refused(id), code, "{method} {params}");
    }
    for (line, code) in [
        ("{", code::PARSE_ERROR),
        ("7", code::INVALID_REQUEST),
        (r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, code::INVALID_REQUEST),
    ] {
        client.line(line);
        assert_eq!(code::of(&client.next()), Some(code), "{line}");
    }
}

#[test]
fn a_batch_is_answered_in_the_revision_that_has_them() {
    let mut client = Client::legacy("2025-03-26", &json!({}));
    client.line(r#"[{"jsonrpc":"2.0","id":1,"method":"ping"},7,{"jsonrpc":"2.0","id":"a","method":"ping"}]"#);
    assert_eq!(client.result(1), json!({}));
    assert_eq!(code::of(&client.next()), Some(code::INVALID_REQUEST));
    assert_eq!(client.next().id(), Id::parse("\"a\""));
}

#[test]
fn the_lists_are_lists_and_the_quick_tools_answer() {
    let mut client = Client::legacy("2025-11-25", &json!({}));
    for (id, kind, method) in [
        (1, ListKind::Tools, method::TOOLS_LIST),
        (2, ListKind::Prompts, method::PROMPTS_LIST),
        (3, ListKind::Resources, method::RESOURCES_LIST),
        (4, ListKind::ResourceTemplates, method::RESOURCES_TEMPLATES_LIST),
    ] {
        client.request(id, method, &Value::Null);
        assert!(!ListPage::read(kind, &client.result(id).to_string()).unwrap().items.is_empty());
    }
    for (id, tool, arguments, expect) in [
        (5, "echo", json!({ "text": "a\nb" }), Some("a\nb")),
        (6, "add", json!({ "a": 9_007_199_254_740_993_i64, "b": 1 }), Some("{\"sum\":9007199254740994}")),
        (7, "add", json!({ "a": 0.5, "b": 1 }), Some("{\"sum\":1.5}")),
        (8, "big", json!({ "bytes": 3 }), Some("abc")),
        (9, "echo", json!({}), None),
        (10, "add", json!({ "a": 1e308, "b": 1e308 }), None),
        (11, "big", json!({ "bytes": -1 }), None),
        (12, "count", json!({ "steps": 0 }), None),
    ] {
        client.call(id, tool, &arguments);
        let result = client.result(id);
        assert_eq!(result["isError"], json!(expect.is_none()), "{result}");
        assert!(expect.is_none_or(|expect| text(&result) == expect), "{result}");
        assert_eq!(result.get("structuredContent").is_some(), tool == "add" && expect.is_some());
    }
    client.call(13, "time", &json!({}));
    assert_eq!(text(&client.result(13)).len(), "2026-07-28T00:00:00Z".len());
}

#[test]
fn prompts_are_filled_in_and_completed() {
    let mut client = Client::legacy("2025-06-18", &json!({}));
    client.request(1, method::PROMPTS_GET, &json!({ "name": "greet", "arguments": { "name": "Ada" } }));
    assert!(client.result(1)["messages"][0]["content"]["text"].as_str().unwrap().contains("Ada"));
    let params =
        json!({ "ref": { "type": "ref/prompt", "name": "greet" }, "argument": { "name": "name", "value": "a" } });
    client.request(2, method::COMPLETION_COMPLETE, &params);
    assert_eq!(client.result(2)["completion"]["values"], json!(["Ada", "Alan"]));
}

#[test]
fn counting_tells_progress_logs_and_changes_a_resource() {
    let mut client = Client::legacy("2025-11-25", &json!({}));
    client.request(1, method::RESOURCES_SUBSCRIBE, &json!({ "uri": "demo://counter" }));
    client.result(1);
    let arguments = json!({ "steps": 2, "delay_ms": 0 });
    let params = json!({ "name": "count", "arguments": arguments, "_meta": { "progressToken": "t" } });
    client.request(2, method::TOOLS_CALL, &params);
    for step in ["1", "2"] {
        let message = client.notified(method::PROGRESS);
        let progress = ProgressParams::read(message.params().unwrap()).unwrap();
        assert_eq!((progress.token.as_str(), progress.progress), ("\"t\"", step));
    }
    assert_eq!(level_of(client.notified(method::MESSAGE).params().unwrap()), Ok(LogLevel::Info));
    assert_eq!(client.notified(method::RESOURCES_UPDATED).params(), Some(r#"{"uri":"demo://counter"}"#));
    assert_eq!(text(&client.result(2)), "counted to 2");
    client.request(3, method::RESOURCES_READ, &json!({ "uri": "demo://counter" }));
    assert_eq!(client.result(3)["contents"][0]["text"], "2");

    client.request(4, method::LOGGING_SET_LEVEL, &json!({ "level": "error" }));
    client.result(4);
    client.request(5, method::RESOURCES_UNSUBSCRIBE, &json!({ "uri": "demo://counter" }));
    client.result(5);
    client.call(6, "count", &arguments);
    client.result(6);
}

#[test]
fn a_long_call_holds_nothing_up_and_ends_when_it_is_cancelled() {
    let mut client = Client::legacy("2025-11-25", &json!({}));
    let forever = json!({ "steps": 10_000, "delay_ms": 60_000 });
    client.call(1, "count", &forever);
    client.call(1, "count", &forever);
    assert_eq!(client.refused(1), code::INVALID_REQUEST);
    client.call(2, "echo", &json!({ "text": "hi" }));
    assert_eq!(text(&client.result(2)), "hi");
    client.cancel(7);
    client.cancel(1);
    // The id is free again, and nothing was said for the first call.
    client.call(1, "count", &json!({ "steps": 1, "delay_ms": 0 }));
    client.notified(method::MESSAGE);
    client.result(1);
    client.call(3, "count", &forever);
    assert!(client.end().is_empty(), "the end of the input ends what is left");
}

#[test]
fn a_legacy_client_is_asked_by_a_request() {
    let mut client = Client::legacy("2025-06-18", &json!({ "elicitation": {}, "roots": {} }));
    client.call(1, "ask", &json!({}));
    let asked = client.next();
    assert_eq!((asked.kind(), asked.method()), (Kind::Request, Some(method::ELICITATION_CREATE)));
    let needed = ClientCapability::needed_for(method::ELICITATION_CREATE, asked.params());
    assert_eq!(needed, Some(ClientCapability::ElicitationForm));
    client.call(2, "roots", &json!({}));
    let roots = client.next();
    assert_eq!(roots.method(), Some(method::ROOTS_LIST));
    let answers = [
        (roots, r#"{"roots":[{"uri":"file:///a"},{"uri":"file:///b"}]}"#, 2, "file:///a\nfile:///b"),
        (asked, r#"{"action":"accept","content":{"name":"Ada"}}"#, 1, "Hello, Ada!"),
    ];
    for (question, answer, id, expect) in answers {
        client.line(std::str::from_utf8(&Message::response(&question.id().unwrap(), answer).to_bytes()).unwrap());
        assert_eq!(text(&client.result(id)), expect);
    }
}

#[test]
fn a_question_is_taken_back_with_its_call_and_a_useless_answer_is_an_error() {
    let mut client = Client::legacy("2025-11-25", &json!({ "elicitation": { "form": {} } }));
    client.call(1, "ask", &json!({}));
    let asked = client.next().id().unwrap();
    client.cancel(1);
    let taken_back = client.notified(method::CANCELLED);
    assert_eq!(taken_back.value(&["params", "requestId"]), Some(asked.as_str()));
    client.line(std::str::from_utf8(&Message::response(&asked, "{}").to_bytes()).unwrap());
    client.call(2, "ask", &json!({}));
    let again = client.next().id().unwrap();
    let refusal = Message::error_response(Some(&again), code::INTERNAL_ERROR, "no", None).to_bytes();
    client.line(std::str::from_utf8(&refusal).unwrap());
    assert_eq!(client.result(2)["isError"], true);
}

#[test]
fn who_cannot_be_asked_is_told_so() {
    for (revision, capabilities) in [("2025-11-25", json!({ "elicitation": { "url": {} } })), ("2024-11-05", json!({}))]
    {
        let mut client = Client::legacy(revision, &capabilities);
        for (id, tool) in [(1, "ask"), (2, "roots")] {
            client.call(id, tool, &json!({}));
            assert_eq!(client.result(id)["isError"], true);
            client.request(id, method::TOOLS_CALL, &modern(&capabilities, json!({ "name": tool })));
            let result = client.result(id);
            assert_eq!((&result["isError"], &result["resultType"]), (&json!(true), &json!("complete")));
        }
    }
}

#[test]
fn a_modern_client_needs_no_handshake() {
    let mut client = Client::new();
    client.request(1, method::SERVER_DISCOVER, &modern(&json!({}), json!({})));
    let text = client.result(1).to_string();
    let discovered = DiscoverResult::read(&text).unwrap();
    assert_eq!(discovered.supported_versions, [Revision::LATEST.as_str()]);
    assert!(discovered.server_info().is_some());
    for (id, method, params, cached) in [
        (2, method::TOOLS_LIST, json!({}), true),
        (3, method::RESOURCES_READ, json!({ "uri": "demo://echo/a%20b" }), true),
        (4, method::PROMPTS_GET, json!({ "name": "greet", "arguments": { "name": "Ada" } }), false),
        (5, method::TOOLS_CALL, json!({ "name": "add", "arguments": { "a": 1, "b": 2 } }), false),
    ] {
        client.request(id, method, &modern(&json!({}), params));
        let result = client.result(id).to_string();
        assert_eq!(ResultType::of(&result), Ok(ResultType::Complete));
        assert_eq!(CacheHints::read(&result).unwrap().is_some(), cached, "{method}");
    }
}

#[test]
fn a_modern_request_is_refused_for_what_it_lacks() {
    let mut client = Client::new();
    for (id, method) in
        [(1, method::INITIALIZE), (2, method::PING), (3, method::LOGGING_SET_LEVEL), (4, "demo/unknown")]
    {
        client.request(id, method, &modern(&json!({}), json!({})));
        assert_eq!(client.refused(id), code::METHOD_NOT_FOUND, "{method}");
    }
    client.request(5, method::TOOLS_LIST, &json!({ "_meta": { meta::PROTOCOL_VERSION: "2026-07-28" } }));
    assert_eq!(client.refused(5), code::INVALID_PARAMS);
    client.request(6, method::RESOURCES_READ, &modern(&json!({}), json!({ "uri": "demo://nothing" })));
    assert_eq!(client.refused(6), code::INVALID_PARAMS);
    let mut params = modern(&json!({}), json!({}));
    params[meta::META][meta::PROTOCOL_VERSION] = json!("2025-11-25");
    client.request(7, method::TOOLS_LIST, &params);
    let refusal = client.next();
    assert_eq!(code::of(&refusal), Some(code::UNSUPPORTED_VERSION));
    assert_eq!(UnsupportedVersion::read(refusal.error().unwrap()).unwrap().supported, [Revision::LATEST.as_str()]);
}

#[test]
fn a_modern_client_is_asked_by_a_result() {
    let mut client = Client::new();
    let able = json!({ "elicitation": {} });
    client.request(1, method::TOOLS_CALL, &modern(&able, json!({ "name": "ask" })));
    let asked = client.result(1);
    let raw = asked.to_string();
    let question = InputRequired::read(&raw).unwrap();
    assert_eq!(question.requests[0].method, method::ELICITATION_CREATE);
    let (key, state) = (question.requests[0].key.as_ref(), &asked["requestState"]);

    let answer = json!({ "action": "accept", "content": { "name": "Ada" } });
    let retry = |responses: Value, state: &Value| {
        modern(&able, json!({ "name": "ask", "inputResponses": responses, "requestState": state }))
    };
    client.request(2, method::TOOLS_CALL, &retry(json!({ key: answer, "other": 1 }), state));
    let result = client.result(2);
    assert_eq!((text(&result), &result["resultType"]), ("Hello, Ada!", &json!("complete")));
    client.request(3, method::TOOLS_CALL, &retry(json!({ "other": 1 }), state));
    assert_eq!(client.result(3)["resultType"], "input_required");
    client.request(4, method::TOOLS_CALL, &retry(json!({ key: answer }), &json!("forged")));
    assert_eq!(client.refused(4), code::INVALID_PARAMS);
    client.request(5, method::TOOLS_CALL, &retry(json!({ key: { "action": "shrug" } }), state));
    assert_eq!(client.refused(5), code::INVALID_PARAMS);
}

#[test]
fn a_change_stream_is_acknowledged_first_and_ended_with_a_result() {
    let mut client = Client::new();
    let wanted = json!({ "toolsListChanged": true, "resourceSubscriptions": ["demo://counter", "demo://other"] });
    for (id, filter) in [(1, &wanted), (2, &wanted), (3, &json!({}))] {
        client.request(id, method::SUBSCRIPTIONS_LISTEN, &modern(&json!({}), json!({ "notifications": filter })));
        let first = client.notified(method::SUBSCRIPTIONS_ACKNOWLEDGED);
        assert_eq!(subscription_id(&first), Some(Id::from(id)));
        let honoured = SubscriptionFilter::read(first.params().unwrap()).unwrap();
        assert!(!honoured.tools_list_changed);
        assert_eq!(honoured.resource_subscriptions.is_empty(), id == 3);
    }
    client.cancel(2);

    let arguments = json!({ "steps": 1, "delay_ms": 0 });
    let mut params = modern(&json!({}), json!({ "name": "count", "arguments": arguments }));
    client.request(4, method::TOOLS_CALL, &params);
    assert_eq!(subscription_id(&client.notified(method::RESOURCES_UPDATED)), Some(Id::from(1)));
    client.result(4);
    // Logs are only for who asks for them.
    params[meta::META][meta::LOG_LEVEL] = json!("debug");
    client.request(5, method::TOOLS_CALL, &params);
    client.notified(method::MESSAGE);
    client.notified(method::RESOURCES_UPDATED);
    client.result(5);

    let ended: Vec<_> = client.end().iter().map(|message| message.id().unwrap()).collect();
    assert_eq!(ended, [Id::from(1), Id::from(3)]);
}
