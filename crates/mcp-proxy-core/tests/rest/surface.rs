//! The four flows that others have, body by body, and the rest of the protocol.

use mcp_proxy_core::Proxy;
use mcp_testkit::Script;

use crate::{
    asked::{CALL, RESULT, TOOLS, call, fetch, rest, script, send},
    client::{Client, legacy, named},
};

#[tokio::test]
async fn servers_are_listed_with_what_may_be_told_of_them() {
    let builder = Proxy::builder()
        .server_with(named("a", Script::new().transport()).about("http", Some("http://a.test/mcp".into())))
        .server_with(named("b", Script::new().transport()).about("stdio", None));
    let got = Client::build(builder.rest()).ask(fetch("/api/list-servers")).await;
    got.is(
        200,
        r#"{"servers":[{"name":"a","url":"http://a.test/mcp","type":"http"},{"name":"b","type":"stdio"}],"count":2}"#,
    );
}

#[tokio::test]
async fn initialize_gives_the_session_in_the_body_and_in_the_header() {
    let script = script();
    let client = rest(legacy(script.transport()));
    for body in ["", "{}", "nonsense"] {
        let got = client.ask(send("/api/mcp/lab/initialize", body)).await;
        let id = got.header("mcp-session-id").unwrap();
        got.is(
            200,
            &format!(
                r#"{{"protocolVersion":"2025-11-25","capabilities":{{"tools":{{}}}},"serverInfo":{{"name":"script","version":"1"}},"sessionId":"{id}"}}"#
            ),
        );
    }
    assert_eq!(script.heard_of("initialize").len(), 1, "the server is asked once for all");
}

#[tokio::test]
async fn a_session_is_named_in_the_query_or_in_the_header_and_the_query_wins() {
    let client = rest(legacy(script().transport()));
    let id = client.ask(send("/api/mcp/lab/initialize", "")).await.text_of("sessionId");
    let tools = fetch("/api/mcp/lab/tools");
    for named in [
        tools.clone().session(&id),
        tools.clone().query(&format!("sessionId={id}")),
        tools.clone().query(&format!("sessionId={id}")).session("another"),
        tools.clone().query("sessionId=").session(&id),
    ] {
        let got = client.ask(named).await;
        got.is(200, TOOLS);
        assert_eq!(got.header("mcp-session-id"), Some(&*id));
    }
    for unknown in [tools.clone().query("sessionId=another").session(&id), tools.session("another")] {
        client.ask(unknown).await.fails(404, "Not found");
    }
    let got = client.ask(call().session(&id)).await;
    got.is(200, RESULT);
    assert_eq!(got.header("mcp-session-id"), Some(&*id));
}

#[tokio::test]
async fn a_session_is_opened_along_the_way_if_init_is_exactly_true() {
    let client = rest(legacy(script().transport()));
    for path in ["/api/mcp/lab/tools", CALL] {
        let ask = |init: &str| {
            let ask = if path == CALL { call() } else { fetch(path) };
            ask.query(&format!("init={init}"))
        };
        for no in ["TRUE", "1", "false", "", "true%20"] {
            let got = client.ask(ask(no)).await;
            assert_eq!((got.status, got.header("mcp-session-id")), (200, None), "{no}: {}", got.text);
        }
        let got = client.ask(ask("true")).await;
        assert_eq!(got.status, 200, "{}", got.text);
        let id = got.header("mcp-session-id").unwrap();
        client.ask(fetch("/api/mcp/lab/tools").session(id)).await.is(200, TOOLS);
    }
}

#[tokio::test]
async fn a_page_of_tools_is_the_servers_own_result() {
    let page = r#"{"tools":[], "nextCursor" : "c2","x":1}"#;
    let script = Script::new().answer("tools/list", page);
    let client = rest(legacy(script.transport()));
    client.ask(fetch("/api/mcp/lab/tools?cursor=a%20b%2Bc")).await.is(200, page);
    client.ask(fetch("/api/mcp/lab/tools")).await.is(200, page);
    let heard = script.heard_of("tools/list");
    assert_eq!(heard[0].value(&["params", "cursor"]), Some(r#""a b+c""#));
    assert_eq!(heard[1].value(&["params", "cursor"]), None);
}

#[tokio::test]
async fn the_body_of_a_call_is_its_arguments_and_nothing_is_none() {
    let script = script();
    let client = rest(legacy(script.transport()));
    let bodies = [("", "{}"), (" \n", "{}"), ("{}", "{}"), (r#" {"a" : [1.0, "ü"]} "#, r#"{"a" : [1.0, "ü"]}"#)];
    for (body, _) in bodies {
        client.ask(send(CALL, body)).await.is(200, RESULT);
        client.ask(send(CALL, body).without("content-type")).await.is(200, RESULT);
    }
    let heard = script.heard_of("tools/call");
    for (heard, (_, arguments)) in heard.chunks(2).zip(bodies) {
        for message in heard {
            assert_eq!(message.value(&["params", "name"]), Some(r#""t""#));
            assert_eq!(message.value(&["params", "arguments"]), Some(arguments));
        }
    }
}

#[tokio::test]
async fn a_tool_that_reports_an_error_has_answered_unless_the_caller_is_strict() {
    let result = r#"{"content":[{"type":"text","text":"no such city"}],"isError":true}"#;
    let client = rest(legacy(script().answer("tools/call", result).transport()));
    client.ask(call()).await.is(200, result);
    let strict = format!(r#"{{"error":"Tool error","message":"no such city","data":{result}}}"#);
    client.ask(call().query("strict=true")).await.is(422, &strict);
    client.ask(call().query("strict=1")).await.is(200, result);
    client.ask(send("/lab/t", "")).await.is(422, &strict);
}

#[tokio::test]
async fn the_short_form_gives_what_the_tool_gives() {
    let client = rest(legacy(script().transport()));
    client.ask(send("/lab/t", "")).await.is(200, r#""hi""#);
    client.ask(send("/lab/u", "")).await.fails(404, "Tool not found");
}

#[tokio::test]
async fn resources_prompts_and_completions_are_there_too() {
    let read = r#"{"contents":[{"uri":"a:b","mimeType":"image/png","blob":"aGk="}]}"#;
    let script = Script::new()
        .answer("resources/list", r#"{"resources":[]}"#)
        .answer("resources/templates/list", r#"{"resourceTemplates":[]}"#)
        .answer("resources/read", read)
        .answer("prompts/list", r#"{"prompts":[]}"#)
        .answer("prompts/get", r#"{"messages":[]}"#)
        .answer("completion/complete", r#"{"completion":{"values":[]}}"#);
    let client = rest(legacy(script.transport()));
    let at = |path: &str| fetch(&format!("/api/mcp/lab/{path}"));
    client.ask(at("resources")).await.is(200, r#"{"resources":[]}"#);
    client.ask(at("resources/templates")).await.is(200, r#"{"resourceTemplates":[]}"#);
    client.ask(at("resources/read?uri=a%3Ab")).await.is(200, read);
    let raw = client.ask(at("resources/read?uri=a%3Ab&raw=true")).await;
    assert_eq!((raw.status, &*raw.text, raw.header("content-type")), (200, "hi", Some("image/png")));
    assert_eq!(raw.header("x-content-type-options"), Some("nosniff"));
    client.ask(at("resources/read")).await.fails(400, "Bad request");
    client.ask(at("prompts")).await.is(200, r#"{"prompts":[]}"#);
    client.ask(send("/api/mcp/lab/prompts/p%2Fq", r#"{"x":"1"}"#)).await.is(200, r#"{"messages":[]}"#);
    assert_eq!(script.heard_of("prompts/get")[0].value(&["params", "name"]), Some(r#""p/q""#));
    let body = r#"{"ref":{"type":"ref/prompt","name":"p"},"argument":{"name":"x","value":"1"}}"#;
    client.ask(send("/api/mcp/lab/complete", body)).await.is(200, r#"{"completion":{"values":[]}}"#);
    client.ask(send("/api/mcp/lab/complete", "{}")).await.fails(400, "Bad request");
}

#[tokio::test]
async fn mcp_itself_is_still_served() {
    let client = rest(legacy(script().transport()));
    let id = client.session("2025-06-18").await;
    client.ask(fetch("/api/mcp/lab/tools").session(&id)).await.is(200, TOOLS);
    assert_eq!(client.ask(fetch("/health")).await.status, 200);
}
