//! A resource as itself instead of as a JSON text about it.

use base64::{Engine, engine::general_purpose::STANDARD};
use mcp_jsonrpc::field;

use crate::object::member;

/// The content of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawContent {
    /// A value for the header `Content-Type`, made of visible ASCII and spaces. It is the server's word: whoever shows the
    /// content in a browser keeps it from acting for this origin.
    pub content_type: String,
    /// The content.
    pub bytes: Vec<u8>,
}

impl RawContent {
    /// Reads the result of reading a resource (JSON text); `None` if it is not exactly one text or one blob.
    #[must_use]
    pub fn read(result: &str) -> Option<Self> {
        let contents = member(result, "contents")?;
        let places = field::elements(contents, 1).ok()?;
        let [place] = places.as_slice() else { return None };
        let content = &contents[place.clone()];
        let kind = member(content, "mimeType").and_then(field::unescape).filter(|kind| is_content_type(kind));
        match (member(content, "text"), member(content, "blob")) {
            (Some(text), None) => {
                let text = field::unescape(text)?.into_owned();
                Some(Self { content_type: text_type(kind.as_deref()), bytes: text.into_bytes() })
            }
            (None, Some(blob)) => {
                let bytes = STANDARD.decode(field::unescape(blob)?.as_bytes()).ok()?;
                let content_type = kind.as_deref().unwrap_or("application/octet-stream").to_owned();
                Some(Self { content_type, bytes })
            }
            _ => None,
        }
    }
}

/// The type of a text. It came in UTF-8, so text of any kind that does not say otherwise is that.
fn text_type(kind: Option<&str>) -> String {
    let kind = kind.unwrap_or("text/plain");
    let lower = kind.to_ascii_lowercase();
    if lower.starts_with("text/") && !lower.contains("charset") {
        return format!("{kind}; charset=utf-8");
    }
    kind.to_owned()
}

/// Whether a word of the server may stand in the header.
fn is_content_type(kind: &str) -> bool {
    let word = kind.split(';').next().unwrap_or_default().trim_end();
    let is_token = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    let is_pair = word.split_once('/').is_some_and(|(top, sub)| is_token(top) && is_token(sub));
    is_pair && kind.len() <= 200 && kind.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(content: &str, expect: Option<(&str, &[u8])>) {
        let read = RawContent::read(&format!(r#"{{"contents":[{content}]}}"#));
        let expect = expect.map(|(kind, bytes)| RawContent { content_type: kind.to_owned(), bytes: bytes.to_vec() });
        assert_eq!(read, expect, "{content}");
    }

    #[test]
    fn a_text_and_a_blob_come_out_as_themselves() {
        check(r#"{"uri":"u","text":"a\nö"}"#, Some(("text/plain; charset=utf-8", "a\nö".as_bytes())));
        check(r#"{"mimeType":"text/html","text":""}"#, Some(("text/html; charset=utf-8", b"")));
        check(r#"{"mimeType":"text/csv; Charset=x","text":"a"}"#, Some(("text/csv; Charset=x", b"a")));
        check(r#"{"mimeType":"application/json","text":"{}"}"#, Some(("application/json", b"{}")));
        check(r#"{"mimeType":"image/png","blob":"AP8="}"#, Some(("image/png", b"\x00\xff")));
        check(r#"{"mimeType":null,"blob":"","text":null}"#, Some(("application/octet-stream", b"")));
    }

    #[test]
    fn a_type_that_is_none_is_left_off() {
        for kind in ["", "text", "text/", "a b/c", "text/plain\\r\\nX: y", "ä/b", "a/b; c=\\u0000"] {
            let content = format!(r#"{{"mimeType":"{kind}","blob":"AA=="}}"#);
            check(&content, Some(("application/octet-stream", b"\0")));
        }
    }

    #[test]
    fn anything_but_one_content_stays_json() {
        check("", None);
        check(r#"{"text":"a"},{"text":"b"}"#, None);
        check(r#"{"text":"a","blob":"AA=="}"#, None);
        check(r#"{"uri":"u"}"#, None);
        check(r#"{"text":7}"#, None);
        check(r#"{"text":"\ud800"}"#, None);
        check(r#"{"blob":"AA"}"#, None);
        check("7", None);
        for result in ["{}", "[]", r#"{"contents":{"text":"a"}}"#] {
            assert_eq!(RawContent::read(result), None, "{result}");
        }
    }
}
