//! Servers to make one of.

use mcp_proxy_core::{
    Builder, HubOptions, Proxy, ServerOptions,
    aggregator::{Group, Pattern},
};
use mcp_testkit::Script;

use crate::client::{Got, named};

/// A server that says its name when its tool `who` is called.
pub(crate) fn script(name: &str) -> Script {
    let tools =
        format!(r#"{{"tools":[{{"name":"who","inputSchema":{{"type":"object"}},"_meta":{{"of":"{name}"}}}}]}}"#);
    Script::new().answer("tools/list", &tools).answer("tools/call", &format!(r#"{{"content":[],"from":"{name}"}}"#))
}

pub(crate) fn server(name: &str) -> ServerOptions {
    named(name, script(name).transport())
}

/// A hub of `a` and `b`, and of the group `g` with `b` alone.
pub(crate) fn hub() -> Builder {
    hub_with(HubOptions::default())
}

pub(crate) fn hub_with(options: HubOptions) -> Builder {
    let options = HubOptions { groups: vec![group("g", &["b"])], ..options };
    Proxy::builder().server_with(server("a")).server_with(server("b")).hub(options)
}

pub(crate) fn group(name: &str, servers: &[&str]) -> Group {
    let servers = Some(servers.iter().map(|name| Pattern::new(*name)).collect());
    Group { name: name.into(), servers, tools: None, deny: Vec::new() }
}

pub(crate) const LIST: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;

pub(crate) fn call(tool: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{tool}"}}}}"#)
}

/// The names of the tools in an answer to [`LIST`].
#[track_caller]
pub(crate) fn names(got: &Got) -> Vec<String> {
    let result = got.result();
    let page = mcp_protocol::ListPage::read(mcp_protocol::ListKind::Tools, &result).unwrap();
    page.items.iter().map(|item| mcp_protocol::ListKind::Tools.key_of(item).unwrap().into_owned()).collect()
}
