//! What a tool says of itself in its result.

use mcp_jsonrpc::field;

/// Whether a tool reports by its result (JSON text) that it has failed. Reads the whole text.
#[must_use]
pub fn is_tool_error(result: &str) -> bool {
    matches!(field::find(result, &["isError"]), Ok(Some(place)) if &result[place.clone()] == "true")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_has_failed_if_its_result_says_so_at_the_top() {
        assert!(is_tool_error(r#"{"content":[],"isError":true}"#));
        for fine in ["{}", r#"{"isError":false}"#, r#"{"isError":"true"}"#, r#"{"x":{"isError":true}}"#, "[", "7"] {
            assert!(!is_tool_error(fine), "{fine}");
        }
    }
}
