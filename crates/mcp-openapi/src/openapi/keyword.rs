//! The keywords of JSON Schema 2020-12, and what each may have as its value.

use std::{borrow::Cow, collections::HashSet, hash::Hash};

use mcp_jsonrpc::field;
use serde::Deserialize;

use super::harmless::is_harmless;
use crate::object::Members;

/// How a keyword is carried over into a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyword {
    /// Its value is a schema.
    Schema,
    /// A schema that is often just `true` or `false`, which stays that.
    Rest,
    /// An object of schemas.
    Schemas,
    /// A list of schemas.
    List,
    /// Refers to another schema.
    Ref,
    /// Means nothing in a document, or something else than where it comes from.
    Gone,
    /// Is copied, if the value is of this kind.
    Copied(Value),
    /// Is copied as an extension of OpenAPI, whose names begin with `x-`.
    Extension,
}

/// What the value of a copied keyword must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Text,
    Number,
    Positive,
    Count,
    Flag,
    Names,
    NamesByName,
    Types,
    Array,
    Any,
}

/// What to do with a keyword.
pub(super) fn of(name: &str) -> Keyword {
    use Keyword::{Copied, Extension, Gone, List, Ref, Rest, Schema, Schemas};
    match name {
        "items" | "contains" | "not" | "if" | "then" | "else" | "propertyNames" | "contentSchema" => Schema,
        "additionalProperties" | "unevaluatedProperties" | "unevaluatedItems" => Rest,
        "properties" | "patternProperties" | "dependentSchemas" => Schemas,
        "allOf" | "anyOf" | "oneOf" | "prefixItems" => List,
        "$ref" => Ref,
        // Definitions become components. The others name places of the schema's own text, or are OpenAPI's or ours and
        // were not meant.
        "$defs" | "definitions" | "$id" | "$schema" | "$anchor" | "$dynamicAnchor" | "$dynamicRef"
        | "$recursiveAnchor" | "$recursiveRef" | "$vocabulary" | "dependencies" | "additionalItems"
        | "discriminator" | "xml" | "externalDocs" | "x-mcp-ref" => Gone,
        "title" | "description" | "format" | "pattern" | "$comment" | "contentEncoding" | "contentMediaType" => {
            Copied(Value::Text)
        }
        "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" => Copied(Value::Number),
        "multipleOf" => Copied(Value::Positive),
        "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties" | "minContains"
        | "maxContains" => Copied(Value::Count),
        "uniqueItems" | "deprecated" | "readOnly" | "writeOnly" => Copied(Value::Flag),
        "required" => Copied(Value::Names),
        "dependentRequired" => Copied(Value::NamesByName),
        "type" => Copied(Value::Types),
        "enum" | "examples" => Copied(Value::Array),
        "const" | "default" | "example" => Copied(Value::Any),
        _ => Extension,
    }
}

/// Whether schemas under this keyword say something of the same value as the schema it stands in.
pub(super) fn is_of_same_value(name: &str) -> bool {
    matches!(name, "allOf" | "anyOf" | "oneOf" | "not" | "if" | "then" | "else" | "dependentSchemas")
}

const TYPES: [&str; 7] = ["null", "boolean", "object", "array", "number", "string", "integer"];

impl Value {
    /// Whether `raw` (JSON text) is such a value.
    pub(super) fn fits(self, raw: &str) -> bool {
        match self {
            Self::Text => field::unescape(raw).is_some(),
            Self::Number => number(raw).is_some(),
            Self::Positive => number(raw).is_some_and(|number| number > 0.0),
            Self::Count => number(raw).is_some_and(|number| number >= 0.0 && number.fract() == 0.0),
            Self::Flag => matches!(raw, "true" | "false"),
            Self::Names => names(raw).is_some(),
            Self::NamesByName => {
                Members::read(raw).is_some_and(|Members(members)| members.iter().all(|(_, raw)| names(raw).is_some()))
            }
            Self::Types => match field::unescape(raw) {
                Some(one) => TYPES.contains(&&*one),
                None => names(raw).is_some_and(|all| !all.is_empty() && all.iter().all(|one| TYPES.contains(&&**one))),
            },
            Self::Array => raw.starts_with('[') && is_harmless(raw),
            Self::Any => is_harmless(raw),
        }
    }
}

fn number(raw: &str) -> Option<f64> {
    serde_json::from_str(raw).ok()
}

fn names(raw: &str) -> Option<Vec<Cow<'_, str>>> {
    #[derive(Deserialize)]
    struct Names<'a>(#[serde(borrow)] Vec<Cow<'a, str>>);
    let Names(names) = serde_json::from_str(raw).ok()?;
    is_unique(&names).then_some(names)
}

fn is_unique<T: Eq + Hash>(list: &[T]) -> bool {
    let mut seen = HashSet::with_capacity(list.len());
    list.iter().all(|one| seen.insert(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(keyword: &str, right: &[&str], wrong: &[&str]) {
        let Keyword::Copied(value) = of(keyword) else { panic!("{keyword} is not copied") };
        for raw in right {
            assert!(value.fits(raw), "{keyword}: {raw}");
        }
        for raw in wrong {
            assert!(!value.fits(raw), "{keyword}: {raw}");
        }
    }

    #[test]
    fn each_keyword_has_values_of_its_kind() {
        check("description", &["\"a\\n\""], &["1", "[]", "\"\\ud800\""]);
        check("maximum", &["0", "-1.5e3"], &["true", "\"1\"", "1e999"]);
        check("multipleOf", &["0.01"], &["0", "-1"]);
        check("minLength", &["0", "3.0"], &["-1", "0.5", "\"1\""]);
        check("uniqueItems", &["true"], &["1", "\"true\""]);
        check("required", &["[]", r#"["a","b"]"#], &["true", r#"["a","a"]"#, "[1]", "\"a\""]);
        check("dependentRequired", &[r#"{"a":["b"]}"#], &[r#"{"a":"b"}"#, "[]"]);
        check("type", &["\"object\"", r#"["string","null"]"#], &["\"any\"", "[]", r#"["string","string"]"#, "null"]);
        check("enum", &["[1,null]"], &["{}", r#"[{"$ref":"http://a"}]"#]);
        check("default", &["null", r#"{"a":"$ref"}"#], &[r#"{"$ref":"a"}"#, r#"{"\u0024ref":"a"}"#, "\"\\ud800\""]);
    }

    #[test]
    fn keywords_that_hold_schemas_are_walked() {
        assert_eq!(of("items"), Keyword::Schema);
        assert_eq!(of("additionalProperties"), Keyword::Rest);
        assert_eq!(of("properties"), Keyword::Schemas);
        assert_eq!(of("anyOf"), Keyword::List);
        assert_eq!(of("$defs"), Keyword::Gone);
        assert_eq!(of("x-order"), Keyword::Extension);
    }
}
