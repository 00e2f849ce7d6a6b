//! What a client answers when it is asked.

use mcp_jsonrpc::field;

use crate::method;

/// Whether a result (JSON text) can be the answer to a request of this method, by the members that every such answer has.
/// A method that is not known here takes any object.
#[must_use]
pub fn is_answer_to(method: &str, result: &str) -> bool {
    let member = |key| Some(&result[field::find(result, &[key]).ok()??]);
    let starts = |key, first: &[char]| member(key).is_some_and(|raw| raw.starts_with(first));
    result.trim_ascii_start().starts_with('{')
        && match method {
            method::ELICITATION_CREATE => {
                let action = member("action").and_then(field::unescape);
                let is_action = matches!(action.as_deref(), Some("accept" | "decline" | "cancel"));
                is_action && member("content").is_none_or(|raw| raw.starts_with('{') || raw == "null")
            }
            method::SAMPLING_CREATE_MESSAGE => starts("role", &['"']) && starts("content", &['{', '[']),
            method::ROOTS_LIST => starts("roots", &['[']),
            _ => true,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_the_members_of_its_kind() {
        let (elicit, sample, roots) = (method::ELICITATION_CREATE, method::SAMPLING_CREATE_MESSAGE, method::ROOTS_LIST);
        for (method, result) in [
            (elicit, r#"{"action":"accept","content":{"a":1}}"#),
            (elicit, r#"{"action":"decline"}"#),
            (sample, r#"{"role":"assistant","model":"m","content":{"type":"text","text":"t"}}"#),
            (sample, r#"{"role":"assistant","model":"m","content":[]}"#),
            (roots, r#"{"roots":[]}"#),
            ("vendor/ask", "{}"),
        ] {
            assert!(is_answer_to(method, result), "{method} {result}");
        }
        for (method, result) in [
            (elicit, "{}"),
            (elicit, r#"{"action":"maybe"}"#),
            (elicit, r#"{"action":"accept","content":7}"#),
            (elicit, r#"{"action":"accept","action":"decline"}"#),
            (sample, r#"{"role":"assistant"}"#),
            (roots, r#"{"roots":{}}"#),
            (roots, r#"{"action":"accept"}"#),
            ("vendor/ask", "[]"),
        ] {
            assert!(!is_answer_to(method, result), "{method} {result}");
        }
    }
}
