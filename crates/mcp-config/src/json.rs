//! Values of JSON texts that are changed or written anew.

use std::{collections::HashSet, fmt};

use jsonc_parser::{
    CollectOptions, ParseOptions,
    ast::Value,
    common::Ranged,
    cst::{CstInputValue, CstRootNode},
    errors::ParseError,
    parse_to_ast,
};

use crate::{jsonc, text::Position};

/// A JSON value that stands in no text.
pub(crate) type Json = CstInputValue;

/// How deep objects and arrays may nest.
const DEEPEST: usize = 64;

/// Some editors put it before the first character of a file; it is no part of the JSON text.
pub(crate) const BYTE_ORDER_MARK: char = '\u{feff}';

/// Where a text is no JSON, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong there. It quotes nothing of the text.
    pub reason: String,
}

impl SyntaxError {
    fn at(text: &str, offset: usize, reason: impl Into<String>) -> Self {
        let Position { line, column } = Position::of(text, offset);
        Self { line, column, reason: reason.into() }
    }

    /// The error of the parser that has read this text.
    pub(crate) fn of(text: &str, error: &ParseError) -> Self {
        Self::at(text, error.range().start, error.kind().to_string())
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.reason)
    }
}

impl std::error::Error for SyntaxError {}

/// Whether comments and trailing commas are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comments {
    Allowed,
    Refused,
}

/// Reads a value.
///
/// # Errors
///
/// Fails if the text is empty or no JSON, nests deeper than 64 levels, or has a key twice in one object.
pub(crate) fn read(text: &str, comments: Comments) -> Result<Json, SyntaxError> {
    let allowed = comments == Comments::Allowed;
    let options = ParseOptions { allow_comments: allowed, allow_trailing_commas: allowed, ..jsonc::options() };
    let parsed = parse_to_ast(text, &CollectOptions::default(), &options);
    let value = parsed.map_err(|error| SyntaxError::of(text, &error))?.value;
    let value = value.ok_or_else(|| SyntaxError::at(text, 0, "there is nothing in it"))?;
    tree(text, &value, DEEPEST)
}

/// The text of a value, indented by two spaces.
pub(crate) fn pretty(value: Json) -> String {
    match CstRootNode::parse("", &jsonc::options()) {
        Ok(root) => {
            root.set_value(value);
            root.to_string().trim_end().to_owned()
        }
        // An empty text has nothing that could be wrong.
        Err(_) => String::new(),
    }
}

/// A string as JSON text.
pub(crate) fn text(text: &str) -> String {
    pretty(Json::String(text.to_owned()))
}

fn tree(text: &str, value: &Value<'_>, levels: usize) -> Result<Json, SyntaxError> {
    let wrong = |place: &dyn Ranged, reason| SyntaxError::at(text, place.range().start, reason);
    Ok(match value {
        Value::NullKeyword(_) => Json::Null,
        Value::BooleanLit(it) => Json::Bool(it.value),
        Value::NumberLit(it) => Json::Number(it.value.to_owned()),
        Value::StringLit(it) => Json::String(it.value.to_string()),
        Value::Array(_) | Value::Object(_) if levels == 0 => return Err(wrong(value, "this is nested too deeply")),
        Value::Array(it) => {
            let elements = it.elements.iter().map(|value| tree(text, value, levels - 1));
            Json::Array(elements.collect::<Result<_, _>>()?)
        }
        Value::Object(it) => {
            let mut names = HashSet::new();
            let members = it.properties.iter().map(|member| {
                let name = member.name.as_str();
                if !names.insert(name) {
                    return Err(wrong(member, "this key stands twice in its object"));
                }
                Ok((name.to_owned(), tree(text, &member.value, levels - 1)?))
            });
            Json::Object(members.collect::<Result<_, _>>()?)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_again_in_its_order() {
        let text = "{\n  \"b\": [1.50, true, null],\n  \"a\": {\n    \"\\n\": \"\\\"\"\n  },\n  \"c\": {}\n}";
        assert_eq!(pretty(read(text, Comments::Refused).unwrap()), text);
    }

    #[test]
    fn comments_are_allowed_only_where_they_are_expected() {
        let text = "[1, // one\n]";
        assert!(read(text, Comments::Allowed).is_ok());
        assert!(read(text, Comments::Refused).is_err());
    }

    #[test]
    fn a_broken_text_names_line_and_column() {
        #[track_caller]
        fn check(text: &str, message: &str) {
            assert_eq!(read(text, Comments::Allowed).unwrap_err().to_string(), message);
        }
        check("{\n  \"ä\": }", "line 2, column 8: Unexpected close brace");
        check("{\"a\": 1,\n \"ä\": 2, \"a\": 3}", "line 2, column 10: this key stands twice in its object");
        check(" // nothing\n", "line 1, column 1: there is nothing in it");
        check(&format!("{}{}", "[".repeat(65), "]".repeat(65)), "line 1, column 65: this is nested too deeply");
        check("{a: 1}", "line 1, column 2: Expected string for object property");
    }
}
