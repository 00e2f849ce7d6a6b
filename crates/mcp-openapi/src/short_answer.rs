//! The answer of the short form: what a tool gives, without what MCP puts around it.

use mcp_jsonrpc::{field, quote};
use serde::de::IgnoredAny;

use crate::object::member;

/// What the result of a tool (JSON text) says, as JSON text.
///
/// Structured content is the answer itself. Otherwise each block of content becomes a value, and a single one stands alone:
/// a text that is JSON becomes that, another one a string; images and sound become `data:` URLs; an embedded resource
/// becomes its text, or a `data:` URL; other blocks stay what they are.
#[must_use]
pub fn short_answer(result: &str) -> String {
    if let Some(structured) = member(result, "structuredContent") {
        return structured.to_owned();
    }
    let content = member(result, "content").unwrap_or("[]");
    let places = field::elements(content, usize::MAX).unwrap_or_default();
    let values: Vec<_> = places.into_iter().map(|place| value(&content[place])).collect();
    match values.as_slice() {
        [only] => only.clone(),
        _ => format!("[{}]", values.join(",")),
    }
}

fn value(block: &str) -> String {
    let kind = member(block, "type").and_then(field::unescape);
    let value = match kind.as_deref() {
        Some("text") => member(block, "text").map(parsed),
        Some("image" | "audio") => data_url(block, "data"),
        Some("resource") => member(block, "resource")
            .and_then(|resource| member(resource, "text").map(parsed).or_else(|| data_url(resource, "blob"))),
        _ => None,
    };
    value.unwrap_or_else(|| block.to_owned())
}

/// The content of a string (JSON text), if it is JSON itself; else the string.
fn parsed(string: &str) -> String {
    match field::unescape(string) {
        Some(text) if serde_json::from_str::<IgnoredAny>(&text).is_ok() => text.trim_ascii().to_owned(),
        _ => string.to_owned(),
    }
}

fn data_url(object: &str, key: &str) -> Option<String> {
    let data = field::unescape(member(object, key)?)?;
    let kind = member(object, "mimeType").and_then(field::unescape).unwrap_or("application/octet-stream".into());
    Some(quote(&format!("data:{kind};base64,{data}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(blocks: &str, expect: &str) {
        assert_eq!(short_answer(&format!(r#"{{"content":[{blocks}]}}"#)), expect);
    }

    #[test]
    fn a_text_is_json_or_a_string() {
        check(r#"{"type":"text","text":" {\"a\": 1} "}"#, r#"{"a": 1}"#);
        check(r#"{"type":"text","text":"42"}"#, "42");
        check(r#"{"type":"text","text":"a \"b\"\n"}"#, r#""a \"b\"\n""#);
        check(r#"{"type":"text","text":"{} {}"}"#, r#""{} {}""#);
        check(r#"{"type":"text","text":""}"#, r#""""#);
    }

    #[test]
    fn several_blocks_are_a_list_and_none_is_an_empty_one() {
        check(r#"{"type":"text","text":"a"},{"type":"text","text":"1"}"#, r#"["a",1]"#);
        check("", "[]");
        assert_eq!(short_answer("{}"), "[]");
    }

    #[test]
    fn bytes_become_data_urls() {
        check(r#"{"type":"image","data":"AA==","mimeType":"image/png"}"#, r#""data:image/png;base64,AA==""#);
        check(r#"{"type":"resource","resource":{"blob":"AA=="}}"#, r#""data:application/octet-stream;base64,AA==""#);
        check(r#"{"type":"resource","resource":{"text":"x"}}"#, r#""x""#);
    }

    #[test]
    fn what_is_not_known_stays() {
        for block in
            [r#"{"type":"resource_link","uri":"u"}"#, r#"{"type":"text"}"#, "7", r#"{"type":"image","data":1}"#]
        {
            check(block, block);
        }
    }

    #[test]
    fn structured_content_goes_before_its_text() {
        let result = r#"{"content":[{"type":"text","text":"x"}],"structuredContent":{"a":[ 1 ]}}"#;
        assert_eq!(short_answer(result), r#"{"a":[ 1 ]}"#);
    }
}
