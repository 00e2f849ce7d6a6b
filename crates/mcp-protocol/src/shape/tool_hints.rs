//! What a tool says of its own effects.

use mcp_jsonrpc::field;

/// Whether a tool (JSON text of its definition) says of itself that calling it twice with the same arguments does no more
/// than calling it once: it only reads, or it is idempotent (2025-03-26 on, tool annotations). Nobody vouches for that but its
/// server.
#[must_use]
pub fn is_repeatable_tool(tool: &str) -> bool {
    ["readOnlyHint", "idempotentHint"].into_iter().any(|hint| {
        let place = field::find(tool, &["annotations", hint]).ok().flatten();
        place.is_some_and(|place| &tool[place] == "true")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_that_says_nothing_is_not_called_twice() {
        let says = |annotations: &str| is_repeatable_tool(&format!(r#"{{"name":"t"{annotations}}}"#));
        assert!(says(r#","annotations":{"readOnlyHint":true}"#));
        assert!(says(r#","annotations":{"idempotentHint": true ,"readOnlyHint":false}"#));
        for nothing in
            ["", r#","annotations":{}"#, r#","annotations":{"readOnlyHint":"true"}"#, r#","readOnlyHint":true"#]
        {
            assert!(!says(nothing), "{nothing}");
        }
        assert!(!says(r#","annotations":{"readOnlyHint":true,"readOnlyHint":true}"#), "said twice is not said");
    }
}
