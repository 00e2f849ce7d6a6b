//! JSON with comments and trailing commas, and no other liberty.

use jsonc_parser::{CollectOptions, ParseOptions, ast::Value, errors::ParseError, parse_to_ast};

/// What a configuration file may have beyond JSON.
pub(crate) fn options() -> ParseOptions {
    ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

/// The value in a text; `None` if there is only white space and comments.
pub(crate) fn parse(text: &str) -> Result<Option<Value<'_>>, ParseError> {
    parse_to_ast(text, &CollectOptions::default(), &options()).map(|result| result.value)
}

/// Whether a value says nothing: an empty string, list or object.
pub(crate) fn is_empty(value: &Value<'_>) -> bool {
    match value {
        Value::StringLit(text) => text.value.is_empty(),
        Value::Array(array) => array.elements.is_empty(),
        Value::Object(object) => object.properties.is_empty(),
        Value::NumberLit(_) | Value::BooleanLit(_) | Value::NullKeyword(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_trailing_commas_are_all_there_is_beyond_json() {
        for text in ["// a\n{ /* b */ \"a\": [1, 2,], }", "", "// only a comment"] {
            assert!(parse(text).is_ok(), "{text}");
        }
        for text in ["{a: 1}", "{'a': 1}", "[1 2]", "[0x1]", "[+1]", "[.5]", "[NaN]", "{\"a\"}", "[\"\\x41\"]", "1 2"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
