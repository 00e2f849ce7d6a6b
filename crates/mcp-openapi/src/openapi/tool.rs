//! A tool as an operation.

use std::borrow::Cow;

use mcp_jsonrpc::{field, quote};

use super::{
    Parts,
    harmless::is_harmless,
    operation::{Kind, answer, body, component, parameters, responses},
    schema,
};
use crate::{
    object::{Members, Object, member},
    segment,
};

/// What a document says of a tool. All but the name is JSON text of the server's own.
#[derive(Debug)]
pub(super) struct Tool<'a> {
    pub(super) name: Cow<'a, str>,
    title: Option<&'a str>,
    description: Option<&'a str>,
    input: Option<&'a str>,
    output: Option<&'a str>,
    annotations: Option<&'a str>,
}

/// The schemas of a tool, by the names of their components.
struct Schemas {
    input: String,
    is_input_required: bool,
    output: Option<String>,
}

impl<'a> Tool<'a> {
    /// Reads an item of the list of tools (JSON text); `None` if it has no name. Members that are not what they should be
    /// count as absent.
    pub(super) fn read(raw: &'a str) -> Option<Self> {
        Members::read(raw)?;
        let string = |raw: &&str| field::unescape(raw).is_some_and(|text| !text.is_empty());
        let annotations = member(raw, "annotations").filter(|raw| raw.starts_with('{') && is_harmless(raw));
        let display = annotations.and_then(|annotations| member(annotations, "title"));
        Some(Self {
            name: field::unescape(member(raw, "name")?)?,
            title: member(raw, "title").filter(string).or(display.filter(string)),
            description: member(raw, "description").filter(string),
            input: member(raw, "inputSchema"),
            output: member(raw, "outputSchema"),
            annotations,
        })
    }

    /// Where the tool is in the long form.
    pub(super) fn path(&self, server: &str) -> String {
        format!("/api/mcp/{}/tools/{}/execute", segment::encode(server), segment::encode(&self.name))
    }

    /// Where it is in the short form, below the server.
    pub(super) fn short_path(&self) -> String {
        format!("/{}", segment::encode(&self.name))
    }

    /// JSON text of what stands at the path of the long form.
    pub(super) fn item(&self, server: &str, parts: &mut Parts) -> String {
        let id = parts.ids.take(&format!("{server}__{}", self.name));
        let prefix = format!("{server}_{}", self.name);
        let schemas = self.schemas(&prefix, parts);
        let result = schemas.output.map_or_else(
            || component("ToolResult"),
            |output| component(&parts.add_schema(&format!("{prefix}_result"), &result_of(&output))),
        );
        let operation = self.operation(&id, server);
        let operation = operation
            .with("parameters", &parameters(&["init", "sessionId", "notifications", "strict", "prefer"]))
            .with("requestBody", &body(&component(&schemas.input), schemas.is_input_required))
            .with("responses", &responses(("200", &answer(&result, Kind::Work, None)), Kind::Work));
        Object::new().with("post", &operation.end()).end()
    }

    /// JSON text of what stands at the path of the short form.
    pub(super) fn short_item(&self, server: &str, parts: &mut Parts) -> String {
        let id = parts.ids.take(&format!("tool_{}_post", self.name));
        let schemas = self.schemas(&self.name, parts);
        let result = schemas.output.as_deref().map_or_else(|| "{}".to_owned(), component);
        let error = answer(&component("Error"), Kind::Ready, None);
        let answers =
            Object::new().with("200", &answer(&result, Kind::Ready, None)).with("422", &error).with("default", &error);
        let operation = self.operation(&id, server);
        let operation =
            operation.with("requestBody", &body(&component(&schemas.input), true)).with("responses", &answers.end());
        Object::new().with("post", &operation.end()).end()
    }

    /// What the operations of both forms begin with.
    fn operation(&self, id: &str, server: &str) -> Object {
        let name = if self.name.is_empty() { id } else { &self.name };
        Object::new()
            .with_text("operationId", id)
            .with("summary", &self.title.map_or_else(|| quote(name), str::to_owned))
            .with_some("description", self.description)
            .with("tags", &format!("[{}]", quote(server)))
            .with_some("x-mcp-annotations", self.annotations)
    }

    /// Makes components of the schemas; their names begin with `prefix`.
    fn schemas(&self, prefix: &str, parts: &mut Parts) -> Schemas {
        let input = parts.names.take(&format!("{prefix}_input"));
        let components = schema::input(self.input, &input, &mut parts.names);
        let required = components.first().and_then(|(_, text)| member(text, "required"));
        let is_input_required = required.is_some_and(|names| names.contains('"'));
        parts.add_schemas(components);
        let output = self.output.and_then(|raw| {
            let name = parts.names.take(&format!("{prefix}_output"));
            let components = schema::lift(raw, &name, &mut parts.names).ok()?;
            parts.add_schemas(components);
            Some(name)
        });
        Schemas { input, is_input_required, output }
    }
}

/// JSON text of the schema of a result whose structured content has the schema `output`.
fn result_of(output: &str) -> String {
    let properties = Object::new()
        .with("content", &component("Content"))
        .with("structuredContent", &component(output))
        .with("isError", r#"{"type":"boolean"}"#)
        .with("notifications", &component("Notifications"));
    format!(r#"{{"type":"object","required":["content"],"properties":{}}}"#, properties.end())
}
