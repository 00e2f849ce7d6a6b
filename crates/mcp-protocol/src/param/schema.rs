//! Annotations in the schema of a tool.
#![expect(
    clippy::disallowed_types,
    reason = "a schema is read once a tool list, not once a message, and its keywords nest without limit"
)]

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::ParamHeaders;

/// The keyword that asks for a header.
const ANNOTATION: &str = "x-mcp-header";

/// Keywords whose value is a schema, or an array of schemas.
const INNER: [&str; 16] = [
    "items",
    "prefixItems",
    "additionalItems",
    "unevaluatedItems",
    "contains",
    "additionalProperties",
    "unevaluatedProperties",
    "propertyNames",
    "contentSchema",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
];

/// Keywords whose value is an object of schemas under free names.
const NAMED: [&str; 5] = ["$defs", "definitions", "patternProperties", "dependentSchemas", "dependencies"];

/// Why a tool must not be offered to clients over HTTP (2026-07-28, streamable HTTP, schema extension).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParamError {
    /// The schema is not JSON, or nests too deep.
    #[error("the input schema is not valid JSON of at most 128 levels")]
    Schema,
    /// The annotation is not the name of a header.
    #[error("an `x-mcp-header` is not a header name (letters, digits and !#$%&'*+-.^_`|~)")]
    Name,
    /// Two annotations ask for the same header.
    #[error("two `x-mcp-header` have the same name but for case")]
    Duplicate,
    /// The annotated property is of a type that a header cannot carry.
    #[error("an `x-mcp-header` stands on a property that is no string, integer or boolean")]
    Type,
    /// The annotation is not on a property that is reached through `properties` alone.
    #[error("an `x-mcp-header` stands where no chain of `properties` leads")]
    Place,
    /// More annotations than a request has room for.
    #[error("more than 64 properties have an `x-mcp-header`")]
    TooMany,
}

/// The annotations of a schema: header name without prefix, and the way to the argument.
pub(super) fn annotations(schema: &str) -> Result<Vec<(String, Vec<String>)>, ParamError> {
    // Nearly no schema has any. A `\u` may be hiding one.
    if !schema.contains(ANNOTATION) && !schema.contains("\\u") {
        return Ok(Vec::new());
    }
    let schema: Value = serde_json::from_str(schema).map_err(|_| ParamError::Schema)?;
    let mut walk = Walk::default();
    walk.visit(&schema, &mut Some(Vec::new()))?;
    Ok(walk.found)
}

#[derive(Default)]
struct Walk {
    found: Vec<(String, Vec<String>)>,
    names: HashSet<String>,
}

impl Walk {
    /// Looks at one schema and those in it. `path` leads from the arguments to what it describes; `None` if no chain of
    /// `properties` does.
    fn visit(&mut self, schema: &Value, path: &mut Option<Vec<String>>) -> Result<(), ParamError> {
        let Value::Object(schema) = schema else { return Ok(()) };
        if let Some(name) = schema.get(ANNOTATION) {
            self.take(name, schema, path.as_deref())?;
        }
        for (name, child) in members(schema.get("properties")) {
            if let Some(path) = path {
                path.push(name.clone());
            }
            self.visit(child, path)?;
            if let Some(path) = path {
                path.pop();
            }
        }
        for child in INNER.into_iter().filter_map(|keyword| schema.get(keyword)) {
            match child {
                Value::Array(children) => children.iter().try_for_each(|child| self.visit(child, &mut None))?,
                child => self.visit(child, &mut None)?,
            }
        }
        for keyword in NAMED {
            members(schema.get(keyword)).try_for_each(|(_, child)| self.visit(child, &mut None))?;
        }
        Ok(())
    }

    fn take(&mut self, name: &Value, schema: &Map<String, Value>, path: Option<&[String]>) -> Result<(), ParamError> {
        let Some(path) = path.filter(|path| !path.is_empty()) else { return Err(ParamError::Place) };
        let name = name.as_str().filter(|name| is_token(name)).ok_or(ParamError::Name)?;
        let kind = schema.get("type").and_then(Value::as_str);
        if !matches!(kind, Some("string" | "integer" | "boolean")) {
            return Err(ParamError::Type);
        }
        if !self.names.insert(name.to_ascii_lowercase()) {
            return Err(ParamError::Duplicate);
        }
        if self.found.len() == ParamHeaders::MAX {
            return Err(ParamError::TooMany);
        }
        self.found.push((name.to_owned(), path.to_vec()));
        Ok(())
    }
}

fn members(object: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    object.and_then(Value::as_object).into_iter().flatten()
}

/// A token of RFC 9110, section 5.6.2.
fn is_token(name: &str) -> bool {
    let tchar = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(tchar)
}
