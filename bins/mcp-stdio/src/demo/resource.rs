//! The resources: a text, a number that changes, and whatever one asks to be echoed.

use serde_json::{Value, json};

use super::{call::Call, refusal::Refusal, state::State};

pub(super) const README: &str = "demo://readme";
pub(super) const COUNTER: &str = "demo://counter";
pub(super) const ECHO: &str = "demo://echo/{text}";

const TEXT: &str = "# Demo\n\nA server to try things out with: call `count` and `demo://counter` changes.\n";

pub(super) fn list() -> Value {
    json!({ "resources": [
        { "uri": README, "name": "readme", "mimeType": "text/markdown", "size": TEXT.len() },
        { "uri": COUNTER, "name": "counter", "description": "How far was counted.", "mimeType": "text/plain" },
    ] })
}

pub(super) fn templates() -> Value {
    json!({ "resourceTemplates": [
        { "uriTemplate": ECHO, "name": "echo", "description": "The text itself.", "mimeType": "text/plain" },
    ] })
}

/// Whether it is in the list, so that it can be subscribed to.
pub(super) fn is_listed(uri: &str) -> bool {
    matches!(uri, README | COUNTER)
}

pub(super) fn read(call: &Call, state: &State) -> Result<Value, Refusal> {
    let uri = call.text("uri")?;
    let (kind, text) = match uri {
        README => ("text/markdown", TEXT.to_owned()),
        COUNTER => ("text/plain", state.counter.to_string()),
        _ => ("text/plain", echoed(uri).ok_or_else(|| Refusal::no_resource(call.asker.era(), uri))?),
    };
    Ok(json!({ "contents": [{ "uri": uri, "mimeType": kind, "text": text }] }))
}

/// What stands for `{text}`, percent-decoded.
fn echoed(uri: &str) -> Option<String> {
    let encoded = uri.strip_prefix(ECHO.strip_suffix("{text}")?)?;
    if encoded.is_empty() || encoded.contains(['/', '?', '#']) {
        return None;
    }
    let mut text = Vec::with_capacity(encoded.len());
    let mut rest = encoded.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        if first != b'%' {
            text.push(first);
            rest = after;
            continue;
        }
        let (digits, after) = after.split_at_checked(2)?;
        let digit = |at: usize| char::from(digits[at]).to_digit(16);
        text.push(u8::try_from(digit(0)? * 16 + digit(1)?).ok()?);
        rest = after;
    }
    String::from_utf8(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_echo_is_percent_decoded() {
        for (uri, text) in [
            ("demo://echo/hi", Some("hi")),
            ("demo://echo/a%20b%2F%c3%A9", Some("a b/é")),
            ("demo://echo/", None),
            ("demo://echo/a/b", None),
            ("demo://echo/%2", None),
            ("demo://echo/%+1", None),
            ("demo://echo/%ff", None),
            ("demo://other", None),
        ] {
            assert_eq!(echoed(uri).as_deref(), text, "{uri}");
        }
    }
}
