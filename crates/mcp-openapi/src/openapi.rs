//! The OpenAPI document (3.1) of what servers offer.

mod circle;
mod fixed;
mod harmless;
mod identifier;
mod keyword;
mod operation;
mod schema;
mod tool;

use std::{collections::HashSet, iter};

use mcp_jsonrpc::quote;

use self::{identifier::Identifiers, schema::Component, tool::Tool};
use crate::{
    object::{Members, Object, member, with_member},
    route::ENDPOINTS,
    segment,
};

/// A server, and the tools it lists.
#[derive(Clone, Copy, Debug)]
pub struct ServerTools<'a> {
    /// Its name in the configuration, which paths have.
    pub name: &'a str,
    /// What it calls itself.
    pub title: Option<&'a str>,
    /// Its version.
    pub version: Option<&'a str>,
    /// What it says of itself.
    pub description: Option<&'a str>,
    /// The items of its list of tools, JSON text each. One without a name, or with that of one before it, is left out.
    pub tools: &'a [&'a str],
}

/// A document of the long form: the operations that every server has, and one for each tool.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    /// What the whole is called.
    pub title: &'a str,
    /// Its version.
    pub version: &'a str,
    /// What stands before every path, as in `https://example.org/proxy`; empty if that is not known. No slash at the end.
    pub base: &'a str,
    /// Whether callers need a key.
    pub is_keyed: bool,
    /// The servers, in the order of the document.
    pub servers: &'a [ServerTools<'a>],
}

/// A document of the short form: the tools of one server, each at a path of its name, as importers of tools read it.
#[derive(Clone, Copy, Debug)]
pub struct ShortDocument<'a> {
    /// What stands before every path, the server's name aside; see [`Document::base`].
    pub base: &'a str,
    /// Whether callers need a key.
    pub is_keyed: bool,
    /// The server.
    pub server: ServerTools<'a>,
}

/// The version that importers of 3.1 all know.
const OPENAPI: &str = "3.1.0";

impl Document<'_> {
    /// The document as JSON text.
    ///
    /// Schemas stay as they are but for references, which would mean something else in a document, and keywords that
    /// are not known, which become extensions (`x-…`). In the place of one that is none, is longer than 256 KiB or
    /// refers to more than 500 of its parts stands that of any object; a schema of arguments is then kept as a text,
    /// `x-mcp-input-schema`. A reference out of the schema is not followed, and kept as `x-mcp-ref`.
    #[must_use]
    pub fn write(&self) -> String {
        let mut parts = Parts::default();
        for id in fixed::ids() {
            parts.ids.take(id);
        }
        for (name, schema) in Members::read(fixed::SCHEMAS).into_iter().flat_map(|members| members.0) {
            parts.add_schema(&name, schema);
        }
        for (path, item) in fixed::paths() {
            parts.add(path, |_| item);
        }
        for server in self.servers {
            for tool in server.listed() {
                parts.add(&tool.path(server.name), |parts| tool.item(server.name, parts));
            }
        }
        let components = Object::new()
            .with("schemas", &parts.schemas.end())
            .with("responses", operation::COMPONENTS)
            .with("parameters", &with_member(fixed::PARAMETERS, "server", &self.server_parameter()))
            .with_some("securitySchemes", self.is_keyed.then_some(SCHEMES));
        let info = Object::new().with_text("title", self.title).with_text("version", self.version);
        head(&info.end(), if self.base.is_empty() { "/" } else { self.base }, self.is_keyed)
            .with("tags", &self.tags())
            .with("paths", &parts.paths.end())
            .with("components", &components.end())
            .end()
    }

    fn server_parameter(&self) -> String {
        let names: Vec<_> = self.servers.iter().map(|server| quote(server.name)).collect();
        // A list of nothing would be no schema.
        let listed = (!names.is_empty()).then(|| format!("[{}]", names.join(",")));
        Object::new()
            .with_text("name", "server")
            .with_text("in", "path")
            .with("required", "true")
            .with_text("description", "The name of the server.")
            .with("schema", &Object::new().with("type", "\"string\"").with_some("enum", listed.as_deref()).end())
            .end()
    }

    fn tags(&self) -> String {
        let tag = |name, description| Object::new().with_text("name", name).with_text("description", description).end();
        let servers = self
            .servers
            .iter()
            .map(|server| tag(server.name, server.description.or(server.title).unwrap_or("The tools of this server.")));
        let all: Vec<_> = iter::once(tag(fixed::TAG, "What every server has.")).chain(servers).collect();
        format!("[{}]", all.join(","))
    }
}

impl ShortDocument<'_> {
    /// The document as JSON text; of schemas holds what [`Document::write`] says.
    ///
    /// Tools called `mcp`, `sse`, `message` or `messages` are not in it: under these names the server speaks MCP.
    #[must_use]
    pub fn write(&self) -> String {
        let server = &self.server;
        let mut parts = Parts::default();
        parts.add_schema("Error", member(fixed::SCHEMAS, "Error").unwrap_or("{}"));
        for tool in server.listed().filter(|tool| !ENDPOINTS.contains(&&*tool.name)) {
            parts.add(&tool.short_path(), |parts| tool.short_item(server.name, parts));
        }
        let info = Object::new()
            .with_text("title", server.title.unwrap_or(server.name))
            .with_some("description", server.description.map(quote).as_deref())
            .with_text("version", server.version.unwrap_or("0"));
        let components = Object::new()
            .with("schemas", &parts.schemas.end())
            .with_some("securitySchemes", self.is_keyed.then_some(SCHEMES));
        head(&info.end(), &format!("{}/{}", self.base, segment::encode(server.name)), self.is_keyed)
            .with("paths", &parts.paths.end())
            .with("components", &components.end())
            .end()
    }
}

impl<'a> ServerTools<'a> {
    fn listed(&self) -> impl Iterator<Item = Tool<'a>> + use<'a> {
        self.tools.iter().filter_map(|raw| Tool::read(raw))
    }
}

/// How a caller shows a key.
const SCHEMES: &str =
    r#"{"bearer":{"type":"http","scheme":"bearer"},"key":{"type":"apiKey","in":"header","name":"X-API-Key"}}"#;

/// What both documents begin with.
fn head(info: &str, url: &str, is_keyed: bool) -> Object {
    Object::new()
        .with_text("openapi", OPENAPI)
        .with("info", info)
        .with("servers", &format!("[{}]", Object::new().with_text("url", url).end()))
        .with("security", if is_keyed { r#"[{"bearer":[]},{"key":[]}]"# } else { "[]" })
}

/// What a document is made of, while it is made.
#[derive(Debug, Default)]
struct Parts {
    paths: Object,
    taken: HashSet<String>,
    schemas: Object,
    /// The names of operations.
    ids: Identifiers,
    /// The names of schemas.
    names: Identifiers,
}

impl Parts {
    /// Adds what stands at a path, unless something does already.
    fn add(&mut self, path: &str, item: impl FnOnce(&mut Self) -> String) {
        if self.taken.insert(path.to_owned()) {
            let item = item(self);
            self.paths.push(path, &item);
        }
    }

    /// Adds a schema (JSON text) under the name that is wanted, or one like it; returns the name.
    fn add_schema(&mut self, wanted: &str, schema: &str) -> String {
        let name = self.names.take(wanted);
        self.schemas.push(&name, schema);
        name
    }

    /// Adds schemas whose names are taken already.
    fn add_schemas(&mut self, components: Vec<Component>) {
        for (name, schema) in components {
            self.schemas.push(&name, &schema);
        }
    }
}

#[cfg(test)]
mod tests;
