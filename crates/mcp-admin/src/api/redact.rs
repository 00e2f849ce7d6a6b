//! Messages without secrets.

use std::borrow::Cow;

use mcp_jsonrpc::quote;
use mcp_proxy_core::transport::Secret;

/// What stands for a secret.
const MASK: &str = "***";
/// Members whose names only sound as if they held a secret: words of the protocol.
const PLAIN: [&str; 4] = ["progresstoken", "maxtokens", "authorization_servers", "keywords"];

/// `text`, JSON or the beginning of it, with the strings of members whose names tell masked, and with none of `secrets`
/// anywhere.
pub(crate) fn redact(text: &str, secrets: &[Secret]) -> String {
    let mut text = mask_members(text);
    for secret in secrets {
        let quoted = quote(secret.expose());
        for form in [secret.expose(), &quoted[1..quoted.len() - 1]] {
            if text.contains(form) {
                text = text.replace(form, MASK);
            }
        }
    }
    text
}

/// What is open around a place: objects and arrays, and whether strings in it are secrets.
#[derive(Clone, Copy)]
struct Level {
    is_object: bool,
    is_secret: bool,
    /// Its members are named by whoever has written a schema, and are no values.
    is_schema: bool,
}

/// Masks strings by the names of the members they stand in. It reads tokens, so that the beginning of a text will do.
fn mask_members(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut levels: Vec<Level> = Vec::new();
    let mut name: Option<Cow<'_, str>> = None;
    let mut rest = text;
    while let Some(at) = rest.find(['"', '{', '}', '[', ']', ',']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let around = levels.last().copied();
        let is_schema = around.is_some_and(|level| level.is_schema);
        let is_secret = around.is_some_and(|level| level.is_secret) || !is_schema && name.as_deref().is_some_and(tells);
        let length = match rest.as_bytes()[0] {
            b'"' => {
                let length = string_length(rest);
                let is_name =
                    around.is_some_and(|level| level.is_object) && rest[length..].trim_start().starts_with(':');
                if is_name {
                    let inner = rest.get(1..length - 1).unwrap_or_default();
                    name = Some(serde_json::from_str(&rest[..length]).map_or(Cow::Borrowed(inner), Cow::Owned));
                    out.push_str(&rest[..length]);
                } else if is_secret && 2 < length {
                    out.push('"');
                    out.push_str(MASK);
                    out.push('"');
                } else {
                    out.push_str(&rest[..length]);
                }
                rest = &rest[length..];
                continue;
            }
            open @ (b'{' | b'[') => {
                let is_object = open == b'{';
                let is_schema = is_object && !is_schema && name.as_deref() == Some("properties");
                levels.push(Level { is_object, is_secret, is_schema });
                name = None;
                1
            }
            b',' => {
                if around.is_some_and(|level| level.is_object) {
                    name = None;
                }
                1
            }
            _ => {
                levels.pop();
                name = None;
                1
            }
        };
        out.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    out.push_str(rest);
    out
}

fn tells(name: &str) -> bool {
    mcp_config::is_telling(name) && !PLAIN.iter().any(|plain| name.eq_ignore_ascii_case(plain))
}

/// The bytes of the string that `text` begins with, quotes included; all of them if it does not end.
fn string_length(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_name_tells_is_masked_and_the_rest_stays_as_it_is() {
        for (text, expected) in [
            (r#"{"a": "b", "apiKey" : "s3cret"}"#, r#"{"a": "b", "apiKey" : "***"}"#),
            (
                r#"{"Authorization":["s3cret",{"deep":"s3cret"}],"a":"b"}"#,
                r#"{"Authorization":["***",{"deep":"***"}],"a":"b"}"#,
            ),
            (r#"{"x":{"pass\u0077ord":"s\"3cret"}}"#, r#"{"x":{"pass\u0077ord":"***"}}"#),
            (r#"{"token":1,"secret":null,"key":""}"#, r#"{"token":1,"secret":null,"key":""}"#),
            (r#"{"_meta":{"progressToken":"try"}}"#, r#"{"_meta":{"progressToken":"try"}}"#),
            (r#"["token","s",{"a":["key","b"]}]"#, r#"["token","s",{"a":["key","b"]}]"#),
            (
                r#"{"inputSchema":{"properties":{"token":{"type":"string","description":"a key"}}},"token":"x"}"#,
                r#"{"inputSchema":{"properties":{"token":{"type":"string","description":"a key"}}},"token":"***"}"#,
            ),
        ] {
            assert_eq!(redact(text, &[]), expected);
        }
    }

    #[test]
    fn the_beginning_of_a_text_will_do() {
        let whole = r#"{"params":{"token":"s3cret and more","a":"é"}}"#;
        for end in (0..whole.len()).filter(|end| whole.is_char_boundary(*end)) {
            let shown = redact(&whole[..end], &[]);
            assert!(!shown.contains("s3c"), "{shown}");
        }
    }

    #[test]
    fn known_secrets_are_masked_wherever_they_stand() {
        let secrets = [Secret::new("s3c\"ret"), Secret::new("other")];
        assert_eq!(redact(r#"{"text":"it is s3c\"ret, other"}"#, &secrets), r#"{"text":"it is ***, ***"}"#);
    }
}
