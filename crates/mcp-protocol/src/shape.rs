//! The few shapes a proxy must read.

pub(crate) mod cache;
pub(crate) mod cancelled;
pub(crate) mod capabilities;
pub(crate) mod completed;
pub(crate) mod discover;
pub(crate) mod envelope;
pub(crate) mod initialize;
pub(crate) mod input_answer;
pub(crate) mod input_required;
pub(crate) mod list_page;
pub(crate) mod logging;
mod members;
pub(crate) mod progress;
pub(crate) mod resource;
pub(crate) mod result_type;
pub(crate) mod roots;
pub(crate) mod subscription;
pub(crate) mod task;
pub(crate) mod tool_hints;
pub(crate) mod tool_result;
pub(crate) mod unsupported_version;
pub(crate) mod url_elicitation;

use std::ops::Range;

use mcp_jsonrpc::{FieldError, field, quote};
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::value::RawValue;

/// Why a JSON text is not what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShapeError {
    /// A member is missing, stands twice, or has a value of another kind.
    #[error("the {shape} does not have the shape that MCP gives it (line {line}, column {column} of it)")]
    Mismatch {
        /// What was read.
        shape: &'static str,
        /// Where in the text it went wrong, from 1.
        line: usize,
        /// Where in that line, from 1; 0 at its beginning.
        column: usize,
    },
    /// Each member may be right, but what they say together, or the value of one, is not.
    #[error("the {shape} breaks a rule of MCP: {rule}")]
    Rule {
        /// What was read.
        shape: &'static str,
        /// What it has to be like.
        rule: &'static str,
    },
}

/// Reads an object. (Left to itself, `serde` would take an array for a struct as well.)
fn read<'a, T: Deserialize<'a>>(shape: &'static str, raw: &'a str) -> Result<T, ShapeError> {
    if !raw.trim_ascii_start().starts_with('{') {
        return Err(ShapeError::Rule { shape, rule: "it must be an object" });
    }
    serde_json::from_str(raw).map_err(|error| ShapeError::Mismatch {
        shape,
        line: error.line(),
        column: error.column(),
    })
}

/// The JSON text at a path of an object.
fn member<'a>(shape: &'static str, raw: &'a str, path: &[&str]) -> Result<Option<&'a str>, ShapeError> {
    Ok(place(shape, raw, path)?.map(|place| &raw[place]))
}

/// Where the value at a path of an object stands.
fn place(shape: &'static str, raw: &str, path: &[&str]) -> Result<Option<Range<usize>>, ShapeError> {
    field::find(raw, path).map_err(|error| match error {
        FieldError::Duplicate => ShapeError::Rule { shape, rule: "no key may stand twice" },
        _ => ShapeError::Rule { shape, rule: "it must be JSON" },
    })
}

/// A member that must be an object and is passed on as it is.
fn object<'de, D: Deserializer<'de>>(from: D) -> Result<&'de RawValue, D::Error> {
    let raw = <&RawValue>::deserialize(from)?;
    if raw.get().starts_with('{') { Ok(raw) } else { Err(D::Error::custom("not an object")) }
}

/// [`object`] that may be `null`; with `default` also absent.
fn optional_object<'de, D: Deserializer<'de>>(from: D) -> Result<Option<&'de RawValue>, D::Error> {
    let raw = <Option<&RawValue>>::deserialize(from)?;
    match raw {
        Some(raw) if !raw.get().starts_with('{') => Err(D::Error::custom("not an object")),
        raw => Ok(raw),
    }
}

/// JSON text of an array of strings.
fn strings<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<_> = texts.into_iter().map(quote).collect();
    format!("[{}]", quoted.join(","))
}
