//! What a tool says of itself in its result.

use mcp_jsonrpc::field;

/// Whether a tool reports by its result (JSON text) that it has failed. Reads the whole text.
#[must_use]
pub fn is_tool_error(result: &str) -> bool {
    may_be_true(result.as_bytes())
        && matches!(field::find(result, &["isError"]), Ok(Some(place)) if &result[place.clone()] == "true")
}

/// Whether `isError` may be true somewhere in a text, seen without a look at its grammar: that takes a tenth of the instructions.
fn may_be_true(result: &[u8]) -> bool {
    let says_true = |rest: &[u8]| {
        let value = rest.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b':'));
        value.is_some_and(|at| rest[at..].starts_with(b"true"))
    };
    let is_true = |at: usize| {
        let rest = result[at..].strip_prefix(b"Error\"");
        result[..at].ends_with(b"is") && rest.is_some_and(says_true)
    };
    // A key that is written with escapes is the same key.
    let is_escaped = |at: usize| result.get(at + 1) == Some(&b'u');
    memchr::memchr_iter(b'E', result).any(is_true) || memchr::memchr_iter(b'\\', result).any(is_escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_has_failed_if_its_result_says_so_at_the_top() {
        for failed in
            [r#"{"content":[],"isError":true}"#, "{\"isError\"\n :\t true }", r#"{"a":"isError","is\u0045rror":true}"#]
        {
            assert!(is_tool_error(failed), "{failed}");
        }
        for fine in [
            "{}",
            r#"{"isError":false}"#,
            r#"{"a":"isError","b":true}"#,
            r#"{"isError":"true"}"#,
            r#"{"x":{"isError":true}}"#,
            "[",
            "7",
        ] {
            assert!(!is_tool_error(fine), "{fine}");
        }
    }
}
