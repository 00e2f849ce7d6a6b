//! Servers that speak the modern era alone: nothing of REST needs a session.

use mcp_proxy_core::ServerOptions;
use mcp_testkit::Script;

use crate::{
    asked::{CALL, call, fetch, rest, send},
    client::{legacy, modern},
    noted::{Log, Noted},
    server::stage,
};

const VERSION: [&str; 3] = ["params", "_meta", "io.modelcontextprotocol/protocolVersion"];
const LEVEL: [&str; 3] = ["params", "_meta", "io.modelcontextprotocol/logLevel"];
const CAPABILITIES: [&str; 3] = ["params", "_meta", "io.modelcontextprotocol/clientCapabilities"];
const TOOLS: &str = r#"{"resultType":"complete","tools":[{"name":"t","inputSchema":{"type":"object"}}],"ttlMs":0,"cacheScope":"public"}"#;
const DONE: &str = r#"{"resultType":"complete","content":[{"type":"text","text":"hi"}]}"#;

/// A server that has no `initialize`.
fn script() -> Script {
    let refusal = r#"{"jsonrpc":"2.0","id":$id,"error":{"code":-32601,"message":"there is no such method here"}}"#;
    Script::new()
        .say("initialize", [refusal])
        .answer("tools/list", TOOLS)
        .answer("tools/call", DONE)
        .answer("resources/list", r#"{"resultType":"complete","resources":[]}"#)
        .answer("prompts/list", r#"{"resultType":"complete","prompts":[]}"#)
        .answer("prompts/get", r#"{"resultType":"complete","messages":[]}"#)
}

#[tokio::test]
async fn every_route_works_without_a_session() {
    for options in [modern as fn(_) -> ServerOptions, |transport| ServerOptions::new("lab", transport)] {
        let script = script();
        let client = rest(options(script.transport()));
        for (ask, result) in [
            (fetch("/api/mcp/lab/tools"), TOOLS),
            (call(), DONE),
            (call().query("init=true"), DONE),
            (call().query("strict=true"), DONE),
            (send("/lab/t", ""), r#""hi""#),
            (fetch("/api/mcp/lab/resources"), r#"{"resultType":"complete","resources":[]}"#),
            (fetch("/api/mcp/lab/prompts"), r#"{"resultType":"complete","prompts":[]}"#),
            (send("/api/mcp/lab/prompts/p", ""), r#"{"resultType":"complete","messages":[]}"#),
        ] {
            let got = client.ask(ask).await;
            got.is(200, result);
            assert_eq!(got.header("mcp-session-id"), None);
        }
        let got = client.ask(send("/api/mcp/lab/initialize", "")).await;
        assert_eq!((got.status, got.header("mcp-session-id")), (200, None), "{}", got.text);
        let info = r#""serverInfo":{"name":"script","version":"1"}"#;
        let said =
            format!(r#"{{"protocolVersion":"2026-07-28","capabilities":{{"tools":{{}}}},{info},"sessionId":null}}"#);
        assert_eq!(got.text, said);
        for heard in script.heard_of("tools/call") {
            assert_eq!(heard.value(&VERSION), Some(r#""2026-07-28""#));
            assert_eq!(heard.value(&CAPABILITIES), Some(r#"{"elicitation":{"form":{},"url":{}}}"#));
            assert_eq!(heard.value(&LEVEL), None);
        }
        client.ask(send("/api/mcp/lab/tools/none/execute", "")).await.fails(404, "Tool not found");
        client.ask(call().session("unknown")).await.fails(404, "Not found");
    }
}

#[tokio::test]
async fn logs_come_to_those_who_want_them() {
    let log = r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1}}"#;
    let done = format!(r#"{{"jsonrpc":"2.0","id":$id,"result":{DONE}}}"#);
    let script = script().say("tools/call", [log.to_owned(), done]);
    let client = rest(modern(script.transport()));
    let got = client.ask(send(CALL, "").query("notifications=true")).await;
    let note = r#""notifications":[{"method":"notifications/message","params":{"level":"info","data":1}}]}"#;
    got.is(200, &format!("{},{note}", DONE.strip_suffix('}').unwrap()));
    assert_eq!(script.heard_of("tools/call")[0].value(&LEVEL), Some(r#""debug""#));
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_hangs_up_cancels_its_call() {
    for options in [modern as fn(_) -> ServerOptions, legacy] {
        let (server, mut stage) = stage();
        let client = rest(options(server));
        let asked = client.begin(call());
        let mut server = stage.server().await;
        let request = server.hear_call().await;
        asked.abort();
        let cancelled = server.hear("notifications/cancelled").await;
        assert_eq!(cancelled.value(&["params", "requestId"]), Some(request.id().unwrap().as_str()));
    }
}

#[tokio::test]
async fn arguments_that_the_tool_wants_repeated_are_repeated_in_headers() {
    let tools = r#"{"tools":[{"name":"t","inputSchema":{"properties":{"a":{"type":"integer","x-mcp-header":"A"}}}}]}"#;
    let (log, script) = (Log::default(), script().answer("tools/list", tools));
    let server = modern(Noted::new("lab", script.transport(), &log)).about("http", Some("http://lab.test/".into()));
    rest(server).ask(call()).await.is(200, DONE);
    assert_eq!(log.lines(), ["lab opens", "lab is asked tools/call mcp-param-a=1"]);
}
