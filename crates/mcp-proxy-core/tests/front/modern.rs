//! The modern era: requests that stand for themselves.

use std::time::Duration;

use http::Method;
use mcp_proxy_core::Limits;
use mcp_testkit::Script;
use tokio::time::timeout;

use crate::{
    client::{Ask, Client, ask, get, initialize, legacy, modern, post},
    server::stage,
};

const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

fn meta(version: &str) -> String {
    format!(r#""_meta":{{"{VERSION}":"{version}","{CAPABILITIES}":{{}},"progressToken":"p"}}"#)
}

fn request(id: &str, method: &str, params: &str) -> Ask {
    let comma = if params.is_empty() { "" } else { "," };
    let meta = meta("2026-07-28");
    post(format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{{{params}{comma}{meta}}}}}"#))
        .header("mcp-protocol-version", "2026-07-28")
        .header("mcp-method", method)
}

pub(crate) fn tool() -> Ask {
    request("\"a\"", "tools/call", r#""name":"t""#).header("mcp-name", "t")
}

pub(crate) fn listen() -> Ask {
    request("\"l\"", "subscriptions/listen", r#""notifications":{"toolsListChanged":true}"#)
}

#[tokio::test]
async fn a_request_passes_through_to_a_modern_server() {
    let script = Script::new().answer("tools/call", r#"{"resultType":"complete","n":1}"#);
    let client = Client::of(modern(script.transport()));
    let got = client.ask(tool()).await;
    assert_eq!(
        (got.status, &*got.text),
        (200, r#"{"jsonrpc":"2.0","id":"a","result":{"resultType":"complete","n":1}}"#)
    );
    assert_eq!(got.header("mcp-session-id"), None);
    let heard = &script.heard_of("tools/call")[0];
    assert_eq!(heard.value(&["params", "_meta", CAPABILITIES]), Some("{}"));
    assert!(script.heard_of("initialize").is_empty());
}

#[tokio::test]
async fn sessions_and_events_mean_nothing_here() {
    let client = Client::of(modern(Script::new().transport()));
    let got = client.ask(request("1", "tools/list", "").session("unknown").last_event("7")).await;
    assert!(got.result().contains(r#""tools":[]"#), "{}", got.text);
    for method in [Method::GET, Method::DELETE] {
        let got = client.ask(get("/mcp").at("/mcp")).await;
        got.expect(405, -32600, "null");
        assert_eq!(got.header("allow"), Some("POST"));
        let named = ask(method, "/mcp").accept("*/*").session("x").header("mcp-protocol-version", "2026-07-28");
        client.ask(named).await.expect(405, -32600, "null");
    }
}

#[tokio::test]
async fn what_the_headers_say_must_be_what_the_body_says() {
    let client = Client::of(modern(Script::new().answer("tools/call", "{}").transport()));
    for wrong in [
        tool().header("mcp-method", "tools/list"),
        tool().without("mcp-method"),
        tool().header("mcp-name", "u"),
        tool().without("mcp-name"),
        tool().header("mcp-protocol-version", "2025-11-25"),
        tool().without("mcp-protocol-version"),
        tool().header("mcp-name", "=?base64?!!?="),
    ] {
        client.ask(wrong).await.expect(400, -32020, "\"a\"");
    }
    assert_eq!(client.ask(tool().header("mcp-name", "=?base64?dA==?=")).await.status, 200);
}

#[tokio::test]
async fn a_request_must_say_what_it_needs() {
    let client = Client::of(modern(Script::new().transport()));
    let bare = |params: &str| {
        post(format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list"{params}}}"#))
            .header("mcp-protocol-version", "2026-07-28")
            .header("mcp-method", "tools/list")
    };
    for (params, key) in [
        (String::new(), VERSION),
        (r#","params":{"_meta":{}}"#.to_owned(), VERSION),
        (format!(r#","params":{{"_meta":{{"{VERSION}":"2026-07-28"}}}}"#), CAPABILITIES),
    ] {
        let got = client.ask(bare(&params)).await;
        got.expect(400, -32602, "1");
        assert!(got.text.contains(key), "{}", got.text);
    }
}

#[tokio::test]
async fn a_revision_that_is_not_served_is_told_which_are() {
    let client = Client::of(modern(Script::new().transport()));
    for version in ["2027-01-01", "2025-11-25"] {
        let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{{{}}}}}"#, meta(version));
        let ask = post(body).header("mcp-protocol-version", version).header("mcp-method", "tools/list");
        let got = client.ask(ask).await;
        got.expect(400, -32022, "1");
        assert!(got.text.contains(&format!(r#""supported":["2026-07-28"],"requested":"{version}""#)), "{}", got.text);
    }
}

#[tokio::test]
async fn methods_of_the_legacy_era_are_not_there() {
    let script = Script::new();
    let client = Client::of(modern(script.transport()));
    for method in
        ["initialize", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe", "tasks/list"]
    {
        client.ask(request("1", method, "")).await.expect(404, -32601, "1");
        assert!(script.heard_of(method).is_empty());
    }
    client.ask(request("1", "no/such", "")).await.expect(404, -32601, "1");
    assert_eq!(script.heard_of("no/such").len(), 1, "the server's own answer");
}

#[tokio::test]
async fn initialize_with_an_unsound_claim_is_the_legacy_handshake() {
    let client = Client::of(legacy(Script::new().transport()));
    for claim in ["7", "\"2025-11-25\"", "null"] {
        let meta = format!(r#""params":{{"_meta":{{"{VERSION}":{claim}}},"#);
        let got = client.ask(post(initialize("2025-11-25").replace(r#""params":{"#, &meta))).await;
        assert_eq!(got.status, 200, "{claim}: {}", got.text);
        assert!(got.header("mcp-session-id").is_some());
    }
    let got = client.ask(post(initialize("2025-11-25")).header("mcp-protocol-version", "2026-07-28")).await;
    assert_eq!(got.status, 200, "whatever a header says: {}", got.text);
}

#[tokio::test]
async fn some_errors_have_a_status_of_their_own() {
    for (code, status) in
        [(-32601, 404), (-32020, 400), (-32021, 400), (-32022, 400), (-32602, 200), (-32603, 200), (5, 200)]
    {
        let error = format!(r#"{{"jsonrpc":"2.0","id":$id,"error":{{"code":{code},"message":"no"}}}}"#);
        let client = Client::of(modern(Script::new().say("tools/call", [error]).transport()));
        client.ask(tool()).await.expect(status, code, "\"a\"");
    }
}

#[tokio::test]
async fn both_forms_of_an_answer_must_be_taken() {
    let client = Client::of(modern(Script::new().transport()));
    client.ask(tool().accept("application/json")).await.expect(406, -32600, "\"a\"");
    client.ask(tool().accept("text/event-stream")).await.expect(406, -32600, "\"a\"");
}

#[tokio::test]
async fn notifications_are_accepted_and_answers_are_not() {
    let script = Script::new();
    let client = Client::of(modern(script.transport()));
    let note = format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":1,{}}}}}"#,
        meta("2026-07-28")
    );
    let got = client.ask(post(note)).await;
    assert_eq!((got.status, &*got.text), (202, ""));
    let by_header =
        post(r#"{"jsonrpc":"2.0","method":"notifications/x"}"#).header("mcp-protocol-version", "2026-07-28");
    assert_eq!(client.ask(by_header).await.status, 202);
    let answer = post(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#).header("mcp-protocol-version", "2026-07-28");
    client.ask(answer).await.expect(400, -32600, "1");
    assert!(script.heard_of("notifications/cancelled").is_empty());
}

#[tokio::test(start_paused = true)]
async fn notes_come_before_the_response_and_cannot_be_resumed() {
    let (server, mut stage) = stage();
    let client = Client::of(modern(server));
    let play = async {
        let mut server = stage.server().await;
        let request = server.hear("tools/call").await;
        server.progress(&request, 1).await;
        server.answer(&request, "{}").await;
        server
    };
    let (events, _server) = futures::join!(client.open(tool()), play);
    events.expect_stream();
    let events = events.rest().await;
    assert_eq!(events.len(), 2, "{events:?}");
    assert!(events[0].data().contains(r#""progressToken":"p""#), "{events:?}");
    assert_eq!(events[1].data(), r#"{"jsonrpc":"2.0","id":"a","result":{}}"#);
    assert!(events.iter().all(|event| event.id().is_none()));
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_is_the_cancellation() {
    let (server, mut stage) = stage();
    let client = Client::of(modern(server));
    let asked = client.begin(tool());
    let mut server = stage.server().await;
    let request = server.hear("tools/call").await;
    asked.abort();
    let notice = server.hear("notifications/cancelled").await;
    assert_eq!(notice.value(&["params", "requestId"]), Some(request.id().unwrap().as_str()));
    let play = async {
        let request = server.hear("tools/call").await;
        server.progress(&request, 1).await;
    };
    let (mut events, ()) = futures::join!(client.open(tool()), play);
    events.next().await.unwrap();
    drop(events);
    server.hear("notifications/cancelled").await;
    // A stream that has had its response is closed and not cancelled.
    let play = async {
        let request = server.hear("tools/call").await;
        server.progress(&request, 1).await;
        server.answer(&request, "{}").await;
    };
    let (events, ()) = futures::join!(client.open(tool()), play);
    events.rest().await;
    assert!(timeout(Duration::from_secs(5), server.next()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_subscription_streams_until_the_proxy_stops() {
    let (server, mut stage) = stage();
    let limits = Limits { call_idle: Duration::from_secs(5), call_time: Duration::from_secs(20), ..Limits::default() };
    let client = Client::with(modern(server), limits);
    let note = |id: &str, method: &str| {
        let meta = format!(r#""_meta":{{"io.modelcontextprotocol/subscriptionId":{id}}}"#);
        format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{{{meta}}}}}"#)
    };
    let play = async {
        let mut server = stage.server().await;
        let request = server.hear("subscriptions/listen").await;
        let id = request.id().unwrap().to_string();
        server.say(&note(&id, "notifications/subscriptions/acknowledged")).await;
        (server, id)
    };
    let (mut events, (mut server, id)) = futures::join!(client.open(listen()), play);
    events.expect_stream();
    let first = events.message().await.message();
    assert_eq!(first.method(), Some("notifications/subscriptions/acknowledged"));
    assert_eq!(first.value(&["params", "_meta", "io.modelcontextprotocol/subscriptionId"]), Some("\"l\""));
    tokio::time::sleep(Duration::from_mins(1)).await;
    server.say(&note(&id, "notifications/tools/list_changed")).await;
    assert_eq!(events.message().await.message().method(), Some("notifications/tools/list_changed"));
    let proxy = client.proxy.clone();
    let closing = tokio::spawn(async move { proxy.close().await });
    let last = events.message().await.message();
    assert_eq!(last.id().unwrap().as_str(), "\"l\"");
    assert_eq!(last.value(&["result", "resultType"]), Some("\"complete\""));
    assert_eq!(last.value(&["result", "_meta", "io.modelcontextprotocol/subscriptionId"]), Some("\"l\""));
    assert_eq!(events.rest().await, []);
    while server.next().await.is_some() {}
    closing.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_its_server_has_ended_is_not_ended_twice() {
    let (server, mut stage) = stage();
    let client = Client::of(modern(server));
    let play = async {
        let mut server = stage.server().await;
        let request = server.hear("subscriptions/listen").await;
        let ack = r#"{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":$id}}}"#;
        server.say(&ack.replace("$id", request.id().unwrap().as_str())).await;
        server.answer(&request, r#"{"resultType":"complete"}"#).await;
        server
    };
    let listen = request("1", "subscriptions/listen", r#""notifications":{}"#);
    let (mut events, _server) = futures::join!(client.open(listen), play);
    events.message().await;
    assert_eq!(events.message().await.data(), r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete"}}"#);
    client.proxy.close().await;
    assert_eq!(events.rest().await, []);
}

#[tokio::test]
async fn a_server_of_the_legacy_era_is_used_by_the_modern_rules() {
    let script = Script::new().answer("tools/call", r#"{"content":[],"n":1}"#);
    let client = Client::of(legacy(script.transport()));
    let found = client.ask(request("1", "server/discover", "")).await.result();
    assert!(found.contains(r#""supportedVersions":["2026-07-28"]"#), "{found}");
    let result = client.ask(tool()).await.result();
    for part in [r#""content":[],"n":1"#, r#""resultType":"complete""#] {
        assert!(result.contains(part), "{result}");
    }
    let heard = &script.heard_of("tools/call")[0];
    assert_eq!(heard.value(&["params", "_meta", CAPABILITIES]), None, "{heard:?}");
}

#[tokio::test]
async fn a_server_of_the_modern_era_has_sessions_to_legacy_clients() {
    let script = Script::new().answer("tools/call", r#"{"resultType":"complete","content":[],"n":1}"#);
    let client = Client::of(modern(script.transport()));
    let id = client.session("2025-06-18").await;
    let got = client.ask(post(crate::client::call(1)).session(&id)).await;
    assert_eq!(got.result(), r#"{"content":[],"n":1}"#);
    assert_eq!(script.heard_of("tools/call")[0].value(&["params", "_meta", VERSION]), Some(r#""2026-07-28""#));
    assert!(script.heard_of("initialize").is_empty());
}
