//! Error codes.
//!
//! -32768 to -32000 belong to JSON-RPC and MCP. Of these, -32000 to -32019 were left to implementations and carry no
//! meaning a receiver may rely on; -32020 to -32099 are the specification's (2026-07-28, error codes).

use mcp_jsonrpc::Message;

/// The text is not JSON.
pub const PARSE_ERROR: i64 = -32700;
/// The JSON is no request, or not one that may be sent here and now.
pub const INVALID_REQUEST: i64 = -32600;
/// The peer does not answer this method.
pub const METHOD_NOT_FOUND: i64 = -32601;
/// The parameters are wrong; in the modern era also: no such resource, or an envelope key is missing.
pub const INVALID_PARAMS: i64 = -32602;
/// Something broke on the answering side.
pub const INTERNAL_ERROR: i64 = -32603;

/// No such resource; legacy, never to be sent by a modern peer.
pub const RESOURCE_NOT_FOUND: i64 = -32002;
/// The user has to visit a URL first; 2025-11-25, never to be sent by a modern peer.
pub const URL_ELICITATION_REQUIRED: i64 = -32042;
/// A header is missing, malformed, or says something else than the body; modern.
pub const HEADER_MISMATCH: i64 = -32020;
/// The request needs a capability that its client has not declared; modern.
pub const MISSING_CLIENT_CAPABILITY: i64 = -32021;
/// The revision is not served here; modern.
pub const UNSUPPORTED_VERSION: i64 = -32022;

/// A fault of the server or of the way to it that no other code names.
///
/// From the implementation range, where the specification wants no new codes: the official SDKs have always used this
/// one for refusals at the HTTP endpoint (no session, wrong Accept), and their clients look at the HTTP status beside it.
/// Whoever reads these errors already knows this code; a number of our own would be new to everyone.
pub const SERVER_ERROR: i64 = -32000;
/// The session id is unknown or its session has ended; sent with status 404, as the official SDKs do.
pub const SESSION_NOT_FOUND: i64 = -32001;

/// Whether a peer that sends this code must be modern, even though it refused (2026-07-28, backward compatibility).
#[must_use]
pub fn is_modern(code: i64) -> bool {
    matches!(code, HEADER_MISMATCH | MISSING_CLIENT_CAPABILITY | UNSUPPORTED_VERSION)
}

/// The code of an error response; `None` if the message is none, or its code is no integer.
#[must_use]
pub fn of(message: &Message) -> Option<i64> {
    message.value(&["error", "code"])?.parse().ok()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[track_caller]
    fn check(text: &'static str, expect: Option<i64>) {
        assert_eq!(of(&Message::parse(Bytes::from_static(text.as_bytes())).unwrap()), expect);
    }

    #[test]
    fn the_code_is_read_from_errors_alone() {
        check(r#"{"jsonrpc":"2.0","id":1,"error":{"message":"no","code":-32022}}"#, Some(UNSUPPORTED_VERSION));
        check(r#"{"jsonrpc":"2.0","id":1,"error":{"code":"-32022","message":"no"}}"#, None);
        check(r#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"code":2,"message":"no"}}"#, None);
        check(r#"{"jsonrpc":"2.0","id":1,"result":{"code":-32022}}"#, None);
    }

    #[test]
    fn three_codes_prove_a_modern_peer() {
        for code in [HEADER_MISMATCH, MISSING_CLIENT_CAPABILITY, UNSUPPORTED_VERSION] {
            assert!(is_modern(code));
        }
        for code in [METHOD_NOT_FOUND, INVALID_PARAMS, SERVER_ERROR, RESOURCE_NOT_FOUND, URL_ELICITATION_REQUIRED] {
            assert!(!is_modern(code));
        }
    }
}
