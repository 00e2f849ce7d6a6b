//! What is counted.

use http::Method;
use mcp_proxy_core::{Limits, Proxy, Slot};
use mcp_testkit::Script;

use crate::{
    client::{Client, ask, call, get, initialize, named, plain, post},
    server::stage,
};

const FAILED: &str = r#"{"content":[],"isError":true}"#;

fn list(name: &str, tool: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{name}","params":{{"name":"{tool}"}}}}"#)
}

/// The value of one series.
#[track_caller]
fn value(client: &Client, series: &str) -> String {
    let text = client.proxy.metrics();
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no `{series}` in\n{text}")).to_owned()
}

#[tokio::test(start_paused = true)]
async fn calls_are_counted_by_server_method_tool_and_outcome() {
    let well = Script::new().answer("tools/call", "{}").answer("tools/list", r#"{"tools":[]}"#);
    let servers =
        [named("my \"lab\"", well.transport()), named("bad", Script::new().answer("tools/call", FAILED).transport())];
    let client = Client::build(servers.into_iter().fold(Proxy::builder(), mcp_proxy_core::Builder::server_with));
    let lab = "/my%20%22lab%22/mcp";
    let got = client.ask(post(initialize("2025-06-18")).at(lab)).await;
    let session = got.header("mcp-session-id").unwrap();
    client.ask(post(call(1)).at(lab).session(session)).await.result();
    client.ask(plain(call(2)).at(lab)).await.result();
    client.ask(plain(list("tools/list", "")).at(lab)).await.result();
    client.ask(plain(list("vendor/x", "")).at(lab)).await;
    client.ask(plain(call(1)).at("/bad/mcp")).await;
    client.ask(plain(list("prompts/get", "p")).at("/bad/mcp")).await;
    for (series, expected) in [
        (r#"mcp_calls_total{server="my \"lab\"",method="tools/call",tool="t",outcome="ok"}"#, "2"),
        (r#"mcp_calls_total{server="my \"lab\"",method="tools/list",tool="",outcome="ok"}"#, "1"),
        (r#"mcp_calls_total{server="my \"lab\"",method="other",tool="",outcome="error"}"#, "1"),
        (r#"mcp_calls_total{server="bad",method="tools/call",tool="t",outcome="tool_error"}"#, "1"),
        (r#"mcp_calls_total{server="bad",method="prompts/get",tool="",outcome="error"}"#, "1"),
        (r#"mcp_call_seconds_count{server="my \"lab\"",method="tools/call",tool="t"}"#, "2"),
        (r#"mcp_call_seconds_bucket{le="60.0",server="my \"lab\"",method="tools/call",tool="t"}"#, "2"),
    ] {
        assert_eq!(value(&client, series), expected, "{series}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_server_does_is_read_when_it_is_asked_for() {
    let (server, mut stage) = stage();
    let limits = Limits { calls_per_server: 1, ..Limits::default() };
    let client = Client::with(named("lab", server), limits);
    let expect = |series: &str, expected: usize| {
        assert_eq!(value(&client, &format!(r#"{series}{{server="lab"}}"#)), expected.to_string(), "{series}");
    };
    expect("mcp_server_up", 0);
    let session = client.session("2025-06-18").await;
    let mut server = stage.server().await;
    let first = client.begin(post(call(1)).session(&session));
    let request = server.hear("tools/call").await;
    let second = client.begin(plain(call(2)));
    tokio::task::yield_now().await;
    for (series, expected) in [
        ("mcp_server_up", 1),
        ("mcp_server_pending", 1),
        ("mcp_server_waiting", 1),
        ("mcp_server_connections", 1),
        ("mcp_server_instances", 0),
        ("mcp_server_restarts", 0),
        ("mcp_server_unattributed_total", 0),
    ] {
        expect(series, expected);
    }
    assert_eq!(value(&client, "mcp_sessions"), "1");
    assert_eq!(value(&client, "mcp_client_connections"), "0", "the test uses none");
    assert_eq!(value(&client, &format!(r#"mcp_build_info{{version="{}"}}"#, env!("CARGO_PKG_VERSION"))), "1");
    server.answer(&request, "{}").await;
    first.await.unwrap();
    expect("mcp_server_waiting", 0);
    second.abort();
    let _ = second.await;
    let cancelled = r#"mcp_calls_total{server="lab",method="tools/call",tool="t",outcome="cancelled"}"#;
    assert_eq!(value(&client, cancelled), "1");
    expect("mcp_server_pending", 0);
}

#[tokio::test]
async fn the_numbers_of_a_server_go_with_it_and_stay_while_it_does() {
    let script = || Script::new().answer("tools/call", "{}").transport();
    let client = Client::build(Proxy::builder().server_with(named("a", script())).server_with(named("b", script())));
    for path in ["/a/mcp", "/b/mcp"] {
        client.ask(plain(call(1)).at(path)).await.result();
    }
    client.proxy.set_servers(vec![Slot::Keep("b".into())]).unwrap();
    assert!(!client.proxy.metrics().contains(r#"server="a""#));
    assert_eq!(value(&client, r#"mcp_calls_total{server="b",method="tools/call",tool="t",outcome="ok"}"#), "1");
}

#[tokio::test]
async fn every_family_is_told_once_and_the_text_has_an_end() {
    let client = Client::build(Proxy::builder());
    let text = client.proxy.metrics();
    let mut families: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    assert_eq!(families.len(), 12, "{text}");
    families.dedup();
    assert_eq!(families.len(), 12, "{text}");
    assert!(text.ends_with("# EOF\n"));
    // Where nobody has mounted them, they are nowhere.
    assert_eq!(client.ask(get("/metrics")).await.status, 404);
    assert_eq!(client.ask(ask(Method::GET, "/metrics/x")).await.status, 404);
}
