//! Arguments that tools want repeated in headers: those that come in, and those that go out.

use mcp_proxy_core::{ServerOptions, transport::Transport};
use mcp_testkit::Script;

use crate::{
    client::{Ask, Client, dedicated, get, legacy, modern, post},
    noted::{Log, Noted},
    server::{Played, stage},
};

const REGION: &str = r#"{"name":"t","inputSchema":{"type":"object","properties":{
    "region":{"type":"string","x-mcp-header":"Region"},"n":{"type":"integer","x-mcp-header":"N"}}}}"#;
const PLAIN: &str = r#"{"name":"t","inputSchema":{"type":"object"}}"#;
/// An annotation that no header can have.
const BROKEN: &str = r#"{"name":"broken","inputSchema":{"type":"object","properties":{
    "region":{"type":"string","x-mcp-header":"my region"}}}}"#;
const DONE: &str = r#"{"content":[]}"#;

fn script() -> Script {
    let tools = format!(r#"{{"tools":[{REGION},{BROKEN}]}}"#);
    Script::new().answer("tools/list", &tools).answer("tools/call", DONE)
}

/// A modern call of a tool with these arguments, and with no header that repeats one.
fn named(tool: &str, arguments: &str) -> Ask {
    let meta = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;
    let params = format!(r#"{{"name":"{tool}","arguments":{arguments},{meta}}}"#);
    post(format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#))
        .header("mcp-protocol-version", "2026-07-28")
        .header("mcp-method", "tools/call")
        .header("mcp-name", tool)
}

fn call(arguments: &str) -> Ask {
    named("t", arguments)
}

fn us() -> Ask {
    call(r#"{"region":"us"}"#)
}

const HEADER: &str = "mcp-param-region";

/// A modern server behind a URL.
fn remote(transport: impl Transport) -> ServerOptions {
    modern(transport).about("http", Some("http://lab.test/".into()))
}

fn legacy_call(arguments: &str) -> Ask {
    let params = format!(r#"{{"name":"t","arguments":{arguments}}}"#);
    post(format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#))
}

/// What the server was told in headers.
fn told(log: &Log) -> Vec<String> {
    log.lines().into_iter().filter(|line| line.contains("is asked")).collect()
}

#[tokio::test]
async fn headers_must_repeat_the_arguments_that_a_tool_wants_repeated() {
    for options in [modern as fn(_) -> ServerOptions, legacy, dedicated, remote] {
        let script = script();
        let client = Client::of(options(script.transport()));
        for wrong in [
            us(),
            us().header(HEADER, "eu"),
            us().header(HEADER, "US"),
            us().header(HEADER, "=?base64?dXM?="),
            call("{}").header(HEADER, "us"),
            call(r#"{"region":null}"#).header(HEADER, "us"),
            call(r#"{"n":7}"#).header("mcp-param-n", "7.5"),
        ] {
            client.ask(wrong).await.expect(400, -32020, "1");
        }
        assert!(script.heard_of("tools/call").is_empty());
        for right in [
            us().header(HEADER, "us"),
            us().header(HEADER, "=?base64?dXM=?="),
            us().header(HEADER, "us").header("mcp-param-other", "x"),
            call("{}"),
            call(r#"{"region":null}"#),
            call(r#"{"n":7.0}"#).header("mcp-param-n", "7"),
            named("broken", r#"{"region":"us"}"#),
            named("unknown", r#"{"region":"us"}"#),
        ] {
            assert_eq!(client.ask(right).await.status, 200);
        }
        assert_eq!(script.heard_of("tools/list").len(), 1, "the server is asked once");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_cannot_list_its_tools_is_called_all_the_same() {
    let script = Script::new().answer("tools/call", DONE).say("tools/list", Vec::<String>::new());
    let client = Client::of(legacy(script.transport()));
    for _ in 0..3 {
        assert_eq!(client.ask(us()).await.status, 200);
    }
    assert_eq!(script.heard_of("tools/list").len(), 1, "it is not waited for again");
}

async fn list(server: &mut Played, tool: &str) {
    let asked = server.hear("tools/list").await;
    server.answer(&asked, &format!(r#"{{"tools":[{tool}]}}"#)).await;
}

async fn done(server: &mut Played) {
    let asked = server.hear("tools/call").await;
    server.answer(&asked, DONE).await;
}

#[tokio::test(start_paused = true)]
async fn tools_that_have_changed_are_asked_for_again() {
    let (server, mut stage) = stage();
    let client = Client::of(legacy(server));
    let asked = client.begin(us());
    let mut server = stage.server().await;
    list(&mut server, PLAIN).await;
    done(&mut server).await;
    assert_eq!(asked.await.unwrap().status, 200);
    // Somebody who hears of it, so that the test knows when the proxy has.
    let id = client.session("2025-11-25").await;
    let mut events = client.open(get("/mcp").session(&id)).await;
    server.say(r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#).await;
    assert_eq!(events.message().await.message().method(), Some("notifications/tools/list_changed"));
    let asked = client.begin(us());
    list(&mut server, REGION).await;
    asked.await.unwrap().expect(400, -32020, "1");
    // Another server of that name may have other tools.
    client.proxy.restart_server("lab").await.unwrap();
    let mut server = stage.server().await;
    let asked = client.begin(us());
    list(&mut server, PLAIN).await;
    done(&mut server).await;
    assert_eq!(asked.await.unwrap().status, 200);
}

#[tokio::test(start_paused = true)]
async fn no_call_is_refused_for_what_its_tool_once_wanted() {
    let (server, mut stage) = stage();
    let client = Client::of(modern(server));
    let asked = client.begin(us());
    let mut server = stage.server().await;
    list(&mut server, REGION).await;
    asked.await.unwrap().expect(400, -32020, "1");
    client.ask(us()).await.expect(400, -32020, "1");
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let asked = client.begin(us());
    list(&mut server, PLAIN).await;
    done(&mut server).await;
    assert_eq!(asked.await.unwrap().status, 200);
}

#[tokio::test]
async fn headers_are_made_for_clients_of_the_legacy_era() {
    let log = Log::default();
    let client = Client::of(remote(Noted::new("lab", script().transport(), &log)));
    let id = client.session("2025-11-25").await;
    let arguments = r#"{"region":"a\r\nx: y","n":42.0}"#;
    assert_eq!(client.ask(legacy_call(arguments).session(&id)).await.status, 200);
    assert_eq!(client.ask(legacy_call("{}").accept("application/json")).await.status, 200);
    let made = format!("lab is asked tools/call mcp-param-n=42 {HEADER}==?base64?YQ0KeDogeQ==?=");
    assert_eq!(told(&log), [made]);
}

#[tokio::test]
async fn headers_of_a_modern_client_go_on_and_lists_have_none() {
    let log = Log::default();
    let client = Client::of(remote(Noted::new("lab", script().transport(), &log)));
    let ask = us().header(HEADER, "=?base64?dXM=?=").header("mcp-param-other", "x");
    assert_eq!(client.ask(ask).await.status, 200);
    assert_eq!(told(&log), [format!("lab is asked tools/call mcp-param-other=x {HEADER}=us")]);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_refused_for_its_headers_is_made_once_more_with_better_ones() {
    const REFUSAL: &str = r#"{"jsonrpc":"2.0","id":$id,"error":{"code":-32020,"message":"no"}}"#;
    let log = Log::default();
    let (server, mut stage) = stage();
    let client = Client::of(remote(Noted::new("lab", server, &log)));
    let id = client.session("2025-11-25").await;
    let mut server = stage.server().await;
    let asked = client.begin(legacy_call(r#"{"region":"us"}"#).session(&id));
    list(&mut server, PLAIN).await;
    refuse(&mut server, REFUSAL).await;
    list(&mut server, REGION).await;
    done(&mut server).await;
    assert_eq!(asked.await.unwrap().result(), DONE);
    assert_eq!(told(&log), [format!("lab is asked tools/call {HEADER}=us")]);
    // Nothing is better: it is not made again, and the client is told.
    let asked = client.begin(legacy_call(r#"{"region":"us"}"#).session(&id));
    refuse(&mut server, REFUSAL).await;
    list(&mut server, REGION).await;
    assert!(asked.await.unwrap().message().is_error());
    // Nor more than once.
    let asked = client.begin(legacy_call(r#"{"region":"us"}"#).session(&id));
    refuse(&mut server, REFUSAL).await;
    list(&mut server, PLAIN).await;
    refuse(&mut server, REFUSAL).await;
    assert!(asked.await.unwrap().message().is_error());
}

async fn refuse(server: &mut Played, refusal: &str) {
    let asked = server.hear("tools/call").await;
    server.say(&refusal.replace("$id", asked.id().unwrap().as_str())).await;
}
