//! Arguments that tools of a hub want repeated in headers.

use mcp_protocol::Era;
use mcp_proxy_core::{
    HubOptions, Proxy, ServerOptions,
    aggregator::{ItemRule, ParameterRule, Rules},
};
use mcp_testkit::Script;

use crate::{
    client::{Client, post},
    noted::{Log, Noted},
    streams::modern_with,
};

const TOOLS: &str = r#"{"tools":[{"name":"t","inputSchema":{"type":"object","properties":{
    "region":{"type":"string","x-mcp-header":"Region"},"tenant":{"type":"string","x-mcp-header":"Tenant"}}}}]}"#;

/// A hub of one modern server behind a URL, `a`, whose tool `t` has this rule.
fn hub(rule: ItemRule, log: &Log) -> Client {
    let script = Script::new().answer("tools/list", TOOLS).answer("tools/call", r#"{"content":[]}"#);
    let server = ServerOptions::new("a", Noted::new("a", script.transport(), log)).era(Era::Modern);
    let rules = Rules { tools: [("t".into(), rule)].into(), ..Rules::default() };
    let options = HubOptions { rules: [("a".into(), rules)].into(), ..HubOptions::default() };
    Client::build(Proxy::builder().server_with(server.about("http", Some("http://a.test/".into()))).hub(options))
}

fn fixed() -> ItemRule {
    let fixed = ParameterRule { fixed: Some(r#""acme""#.into()), ..ParameterRule::default() };
    let name = Some("renamed".into());
    ItemRule { name, parameters: [("tenant".into(), fixed)].into(), ..ItemRule::default() }
}

/// What the server was told in headers since.
fn told(log: &Log) -> Vec<String> {
    log.lines().into_iter().filter(|line| line.contains("is asked")).collect()
}

#[tokio::test(start_paused = true)]
async fn headers_are_checked_by_the_schema_and_the_name_that_clients_see() {
    let log = Log::default();
    let client = hub(fixed(), &log);
    let call = |arguments| modern_with("tools/call", "renamed", arguments);
    let us = call(r#"{"region":"us"}"#);
    client.ask(us.clone()).await.expect(400, -32020, "1");
    client.ask(us.clone().header("mcp-param-region", "eu")).await.expect(400, -32020, "1");
    client.ask(call("{}").header("mcp-param-region", "eu")).await.expect(400, -32020, "1");
    assert_eq!(told(&log), [""; 0]);
    // What the rule sets is nothing that the client knows of.
    assert_eq!(client.ask(us.header("mcp-param-region", "us")).await.status, 200);
    assert_eq!(told(&log), ["a is asked tools/call mcp-param-region=us mcp-param-tenant=acme"]);
}

#[tokio::test(start_paused = true)]
async fn headers_are_made_from_the_arguments_that_go_out() {
    let log = Log::default();
    let client = hub(fixed(), &log);
    let id = client.session("2025-11-25").await;
    let params = r#"{"name":"renamed","arguments":{"region":"us","tenant":"mine"}}"#;
    let call = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#);
    assert_eq!(client.ask(post(call.clone()).session(&id)).await.result(), r#"{"content":[]}"#);
    // A header of a modern client that repeats what is not sent goes no further either.
    let ask = modern_with("tools/call", "renamed", r#"{"tenant":"mine"}"#).header("mcp-param-tenant", "mine");
    assert_eq!(client.ask(ask).await.status, 200);
    assert_eq!(
        told(&log),
        [
            "a is asked tools/call mcp-param-region=us mcp-param-tenant=acme",
            "a is asked tools/call mcp-param-tenant=acme"
        ]
    );
}
