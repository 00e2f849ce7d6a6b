use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::*;
use crate::{Action, Route};

#[derive(Deserialize)]
struct Read {
    openapi: String,
    info: BTreeMap<String, String>,
    servers: Vec<BTreeMap<String, String>>,
    security: Vec<BTreeMap<String, Vec<String>>>,
    paths: BTreeMap<String, BTreeMap<String, Operation>>,
    components: BTreeMap<String, BTreeMap<String, Box<RawValue>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Operation {
    #[serde(rename = "operationId")]
    id: String,
    summary: String,
    description: Option<String>,
    tags: Vec<String>,
    #[serde(rename = "x-mcp-annotations")]
    annotations: Option<BTreeMap<String, Box<RawValue>>>,
    #[serde(default)]
    parameters: Vec<Reference>,
    request_body: Option<Body>,
    responses: BTreeMap<String, Response>,
}

#[derive(Deserialize)]
struct Reference {
    #[serde(rename = "$ref")]
    to: Option<String>,
}

#[derive(Deserialize)]
struct Body {
    required: bool,
    content: BTreeMap<String, Media>,
}

#[derive(Deserialize)]
struct Response {
    #[serde(rename = "$ref")]
    to: Option<String>,
    #[serde(default)]
    content: BTreeMap<String, Media>,
}

#[derive(Deserialize)]
struct Media {
    schema: Reference,
}

const ECHO: &str = r#"{"name":"echo","title":"Echo \"it\"","description":"Says it again.","annotations":{"readOnlyHint":true},
    "inputSchema":{"type":"object","properties":{"message":{"type":"string"}},"required":["message"]}}"#;
const TREE: &str = r##"{"name":"tree","inputSchema":{"type":"object","properties":{"root":{"$ref":"#/$defs/Node"}},"$defs":{"Node":{"properties":{"next":{"$ref":"#/$defs/Node"}}}}}}"##;
const SUM: &str = r#"{"name":"sum","annotations":{"title":"Adds"},"inputSchema":{"type":"object","required":[]},
    "outputSchema":{"type":"object","properties":{"sum":{"type":"number"}}}}"#;

fn server<'a>(name: &'a str, tools: &'a [&'a str]) -> ServerTools<'a> {
    ServerTools { name, title: Some("The one"), version: Some("1.2"), description: None, tools }
}

fn long<'a>(servers: &'a [ServerTools<'a>]) -> Document<'a> {
    Document { title: "All", version: "0.1", base: "", is_keyed: false, servers }
}

/// Reads a document, in which every reference must lead somewhere, and each operation have a name of its own.
#[track_caller]
fn read(text: &str) -> Read {
    let read: Read = serde_json::from_str(text).unwrap();
    for reference in text.split("\"$ref\":").skip(1).map(str::trim_start) {
        let path = reference.strip_prefix("\"#/components/").unwrap();
        let (kind, name) = path.split('"').next().unwrap().split_once('/').unwrap();
        assert!(read.components[kind].contains_key(name), "{kind} {name}");
    }
    let operations = || read.paths.values().flat_map(BTreeMap::values);
    let ids: BTreeSet<_> = operations().map(|operation| operation.id.to_ascii_lowercase()).collect();
    assert_eq!(ids.len(), operations().count());
    assert_eq!(read.openapi, "3.1.0");
    read
}

fn component_of(media: &BTreeMap<String, Media>) -> &str {
    media["application/json"].schema.to.as_deref().unwrap().strip_prefix("#/components/schemas/").unwrap()
}

fn schema<'a>(read: &'a Read, name: &str) -> &'a str {
    read.components["schemas"][name].get()
}

#[test]
fn each_tool_is_an_operation_with_its_own_words() {
    let tools = [ECHO, SUM];
    let servers = [server("my server", &tools)];
    let read = read(&long(&servers).write());
    let echo = &read.paths["/api/mcp/my%20server/tools/echo/execute"]["post"];
    assert_eq!(echo.id, "my_server__echo");
    assert_eq!((echo.summary.as_str(), echo.description.as_deref()), ("Echo \"it\"", Some("Says it again.")));
    assert_eq!(echo.tags, ["my server"]);
    assert_eq!(echo.annotations.as_ref().unwrap()["readOnlyHint"].get(), "true");
    let body = echo.request_body.as_ref().unwrap();
    assert!(body.required);
    assert_eq!(component_of(&body.content), "my_server_echo_input");
    assert_eq!(
        schema(&read, "my_server_echo_input"),
        r#"{"type":"object","properties":{"message":{"type":"string"}},"required":["message"]}"#
    );
    let parameters: Vec<_> =
        echo.parameters.iter().map(|one| one.to.as_deref().unwrap().rsplit('/').next().unwrap()).collect();
    assert_eq!(parameters, ["init", "sessionId", "notifications", "strict", "prefer"]);
    let statuses: Vec<_> = echo.responses.keys().map(String::as_str).collect();
    let expect = ["200", "202", "400", "401", "403", "404", "409", "413", "422", "502", "503", "504", "default"];
    assert_eq!(statuses, expect);
    assert_eq!(component_of(&echo.responses["200"].content), "ToolResult");
    assert!(echo.responses["200"].content.contains_key("text/event-stream"));
    assert_eq!(echo.responses["409"].to.as_deref(), Some("#/components/responses/InputRequired"));

    let sum = &read.paths["/api/mcp/my%20server/tools/sum/execute"]["post"];
    assert_eq!(sum.summary, "Adds");
    assert!(!sum.request_body.as_ref().unwrap().required);
    assert_eq!(component_of(&sum.responses["200"].content), "my_server_sum_result");
    assert!(
        schema(&read, "my_server_sum_result")
            .contains(r##""structuredContent":{"$ref":"#/components/schemas/my_server_sum_output"}"##)
    );
    assert_eq!(schema(&read, "my_server_sum_output"), r#"{"type":"object","properties":{"sum":{"type":"number"}}}"#);
}

#[test]
fn what_a_schema_refers_to_is_in_the_document() {
    let tools = [TREE];
    let servers = [server("a", &tools), server("b", &tools)];
    let read = read(&long(&servers).write());
    for prefix in ["a_tree_input", "b_tree_input"] {
        let node = format!("#/components/schemas/{prefix}_Node");
        assert_eq!(
            schema(&read, prefix),
            format!(r#"{{"type":"object","properties":{{"root":{{"$ref":"{node}"}}}}}}"#)
        );
        assert_eq!(
            schema(&read, &format!("{prefix}_Node")),
            format!(r#"{{"properties":{{"next":{{"$ref":"{node}"}}}}}}"#)
        );
    }
}

#[test]
fn every_path_leads_back_to_its_server_and_tool() {
    let names = ["a", "a/b", "..", "", "{x}", "é ?#%", "execute", "A", "a-b", "a_b"];
    let tools: Vec<_> = names.iter().map(|name| format!(r#"{{"name":{}}}"#, quote(name))).collect();
    let tools: Vec<_> = tools.iter().map(String::as_str).collect();
    let servers = [server("x y", &tools), server("größe", &tools)];
    let read = read(&long(&servers).write());
    let mut found = BTreeSet::new();
    for path in read.paths.keys().filter(|path| path.ends_with("/execute")) {
        match Route::find(&Method::POST, path) {
            Ok(Route::Server { server, action: Action::Call { tool } }) => found.insert((server, tool)),
            other => panic!("{path}: {other:?}"),
        };
    }
    let expect = ["x y", "größe"].into_iter().flat_map(|server| names.map(|tool| (server.to_owned(), tool.to_owned())));
    assert_eq!(found, expect.collect());
    for name in read.components["schemas"].keys().chain(read.components["parameters"].keys()) {
        assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'), "{name}");
    }
}

#[test]
fn tools_that_are_none_are_left_out_and_bad_schemas_replaced() {
    let tools = [
        ECHO,
        r#"{"name":"echo","description":"the second of the name"}"#,
        "{}",
        "7",
        r#"{"name":7}"#,
        r#"{"name":"broken"#,
        r#"{"name":"odd","title":7,"description":[],"annotations":{"title":{"$ref":"http://x"}},"inputSchema":[],"outputSchema":{"type":"any"}}"#,
    ];
    let servers = [server("s", &tools)];
    let read = read(&long(&servers).write());
    let paths: Vec<_> = read.paths.keys().filter(|path| path.ends_with("/execute")).collect();
    assert_eq!(paths, ["/api/mcp/s/tools/echo/execute", "/api/mcp/s/tools/odd/execute"]);
    let odd = &read.paths[paths[1]]["post"];
    assert_eq!((odd.summary.as_str(), &odd.description), ("odd", &None));
    assert!(odd.annotations.is_none());
    assert_eq!(schema(&read, "s_odd_input"), r#"{"type":"object","x-mcp-input-schema":"[]"}"#);
    assert_eq!(component_of(&odd.responses["200"].content), "ToolResult");
}

#[test]
fn a_document_of_nothing_is_one() {
    let read = read(&long(&[]).write());
    assert_eq!(read.paths.len(), 12);
    assert_eq!((read.info["title"].as_str(), read.info["version"].as_str()), ("All", "0.1"));
    assert!(!read.components["parameters"]["server"].get().contains("enum"));
}

#[test]
fn keys_and_the_address_are_told_where_there_are_any() {
    let servers = [server("s", &[])];
    let open = read(&long(&servers).write());
    assert!(open.security.is_empty() && !open.components.contains_key("securitySchemes"));
    assert_eq!(open.servers[0]["url"], "/");
    let document = Document { base: "https://example.org/p", is_keyed: true, ..long(&servers) };
    let keyed = read(&document.write());
    let schemes: BTreeSet<_> = keyed.security.iter().flat_map(BTreeMap::keys).collect();
    assert_eq!(schemes, keyed.components["securitySchemes"].keys().collect());
    assert_eq!(keyed.servers[0]["url"], "https://example.org/p");
    assert!(keyed.components["parameters"]["server"].get().contains(r#""enum":["s"]"#));
}

#[test]
fn the_short_form_has_tools_alone() {
    let tools = [ECHO, TREE, SUM, r#"{"name":"read-file"}"#, r#"{"name":"mcp"}"#];
    let document = ShortDocument { base: "https://x", is_keyed: true, server: server("my server", &tools) };
    let read = read(&document.write());
    assert_eq!(read.servers[0]["url"], "https://x/my%20server");
    assert_eq!((read.info["title"].as_str(), read.info["version"].as_str()), ("The one", "1.2"));
    let paths: Vec<_> = read.paths.keys().map(String::as_str).collect();
    assert_eq!(paths, ["/echo", "/read-file", "/sum", "/tree"]);
    let ids: Vec<_> = read.paths.values().map(|item| item["post"].id.as_str()).collect();
    assert_eq!(ids, ["tool_echo_post", "tool_read_file_post", "tool_sum_post", "tool_tree_post"]);
    let sum = &read.paths["/sum"]["post"];
    assert_eq!(component_of(&sum.responses["200"].content), "sum_output");
    assert!(sum.parameters.is_empty() && read.components.contains_key("securitySchemes"));
    assert_eq!(component_of(&sum.responses["default"].content), "Error");
    assert!(read.components["schemas"].contains_key("tree_input_Node"));
}
