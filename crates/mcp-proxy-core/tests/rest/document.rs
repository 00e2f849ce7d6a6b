//! The documents that describe what there is.

use std::time::Duration;

use mcp_proxy_core::Proxy;
use mcp_testkit::Script;
use tokio::time::Instant;

use crate::{
    asked::{ALICE, fetch, keyed, rest, script},
    client::{Client, Got, legacy, named},
    noted::{Log, Noted},
    server::slow_stage,
};

#[track_caller]
fn has(got: &Got, path: &str) -> bool {
    assert_eq!((got.status, got.header("content-type")), (200, Some("application/json")), "{}", got.text);
    assert!(got.text.starts_with(r#"{"openapi":"3.1."#), "{}", got.text);
    mcp_jsonrpc::field::find(&got.text, &["paths", path, "post"]).unwrap().is_some()
}

#[tokio::test]
async fn each_document_has_the_tools_of_its_servers() {
    let other = Script::new().answer("tools/list", r#"{"tools":[{"name":"a/b","inputSchema":{"type":"object"}}]}"#);
    let builder = Proxy::builder().server_with(named("lab", script().transport()));
    let client = Client::build(builder.server_with(named("my lab", other.transport())).rest());
    let [lab, my_lab] = ["/api/mcp/lab/tools/t/execute", "/api/mcp/my%20lab/tools/a%2Fb/execute"];
    let all = client.ask(fetch("/openapi.json")).await;
    assert!(has(&all, lab) && has(&all, my_lab), "{}", all.text);
    let one = client.ask(fetch("/api/mcp/lab/openapi.json")).await;
    assert!(has(&one, lab) && !has(&one, my_lab), "{}", one.text);
    let short = client.ask(fetch("/lab/openapi.json")).await;
    assert!(short.text.contains(r#""/t""#) || has(&short, "/lab/t"), "{}", short.text);
    client.ask(fetch("/api/mcp/nobody/openapi.json")).await.fails(404, "Server not found");
    client.ask(fetch("/nobody/openapi.json")).await.fails(404, "Server not found");
}

#[tokio::test]
async fn all_pages_of_a_list_are_in_it() {
    let page =
        |n: u32| format!(r#"{{"tools":[{{"name":"t{n}","inputSchema":{{"type":"object"}}}}],"nextCursor":"c"}}"#);
    let script = Script::new().answer("tools/list", &page(1));
    let client = rest(legacy(script.transport()));
    let got = client.ask(fetch("/openapi.json")).await;
    assert!(has(&got, "/api/mcp/lab/tools/t1/execute"), "{}", got.text);
    assert_eq!(script.heard_of("tools/list").len(), 100, "a list without an end is cut off");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_down_or_slow_neither_breaks_nor_delays_it() {
    let down = Noted::new("down", script().transport(), &Log::default());
    down.down().set(true);
    let (slow, _stage) = slow_stage(Duration::from_secs(40));
    let silent: [&str; 0] = [];
    let mute = Script::new().say("tools/list", silent);
    let builder = Proxy::builder()
        .server_with(named("lab", script().transport()))
        .server_with(named("down", down))
        .server_with(named("slow", slow))
        .server_with(named("mute", mute.transport()));
    let client = Client::build(builder.rest());
    let since = Instant::now();
    let got = client.ask(fetch("/openapi.json")).await;
    assert!(has(&got, "/api/mcp/lab/tools/t/execute"), "{}", got.text);
    assert!(since.elapsed() <= Duration::from_secs(11), "{:?}", since.elapsed());
    for name in ["down", "slow", "mute"] {
        let since = Instant::now();
        has(&client.ask(fetch(&format!("/api/mcp/{name}/openapi.json"))).await, "/");
        assert!(since.elapsed() <= Duration::from_secs(11), "{name}: {:?}", since.elapsed());
    }
}

#[tokio::test]
async fn it_says_whether_a_key_is_needed() {
    let open = rest(legacy(script().transport())).ask(fetch("/openapi.json")).await;
    let closed = keyed(legacy(script().transport())).ask(fetch("/openapi.json").key(ALICE)).await;
    assert!(has(&open, "/api/mcp/lab/tools/t/execute") && has(&closed, "/api/mcp/lab/tools/t/execute"));
    assert!(!open.text.contains("securitySchemes") && closed.text.contains("securitySchemes"), "{}", closed.text);
}
