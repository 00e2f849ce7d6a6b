//! Which resource a message is about.

use std::borrow::Cow;

use mcp_jsonrpc::field;

use super::{ShapeError, member};

/// Where requests and notifications about one resource name it.
pub const RESOURCE_URI_PATH: [&str; 2] = ["params", "uri"];

/// The resource that the params (JSON text) of reading, subscribing, unsubscribing or an update name.
///
/// # Errors
///
/// Fails without a `uri` that is a string.
pub fn resource_uri(params: &str) -> Result<Cow<'_, str>, ShapeError> {
    let shape = "params about a resource";
    let no_uri = ShapeError::Rule { shape, rule: "uri must be a string" };
    member(shape, params, &["uri"])?.and_then(field::unescape).ok_or(no_uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_uri_is_read_unescaped() {
        assert_eq!(resource_uri(r#"{"_meta":{},"uri":"file:\/\/\/a"}"#).as_deref(), Ok("file:///a"));
        for text in ["{}", r#"{"uri":1}"#, r#"{"uri":"a","uri":"b"}"#, "[]"] {
            assert!(resource_uri(text).is_err(), "{text}");
        }
    }
}
