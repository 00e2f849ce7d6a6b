//! What callers of REST are told beyond that.

use http::StatusCode;
use mcp_eras::{ParkError, ResumeError, WrapError};
use mcp_jsonrpc::Message;
use mcp_protocol::code;

use super::Told;

/// What a status of REST is about, in a few words.
pub(crate) fn kind(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "Bad request",
        401 => "Authentication failed",
        403 => "Not allowed",
        404 => "Not found",
        405 => "Method not allowed",
        408 => "Request too slow",
        409 => "Conflict",
        410 => "Gone",
        413 => "Too large",
        502 => "Server unreachable",
        503 => "Unavailable",
        504 => "Server too slow",
        _ => "Internal server error",
    }
}

/// The status of a server's error answer in REST: whose fault it is.
pub(crate) fn rest_status(response: &Message) -> StatusCode {
    match code::of(response) {
        // A resource that is not there, in the words of the modern era.
        Some(code::INVALID_PARAMS) if response.value(&["error", "data", "uri"]).is_some() => StatusCode::NOT_FOUND,
        Some(code::INVALID_PARAMS | code::INVALID_REQUEST) => StatusCode::BAD_REQUEST,
        Some(code::METHOD_NOT_FOUND | code::RESOURCE_NOT_FOUND) => StatusCode::NOT_FOUND,
        _ => StatusCode::BAD_GATEWAY,
    }
}

/// As many calls are to be answered later as there may be.
pub(crate) fn too_many_calls() -> Told {
    let text = "as many calls are to be answered later as there may be; fetch or delete some first";
    Told::new(StatusCode::SERVICE_UNAVAILABLE, code::SERVER_ERROR, text).retry_later()
}

/// The operating system gives no random numbers.
pub(crate) fn no_randomness() -> Told {
    Told::new(StatusCode::INTERNAL_SERVER_ERROR, code::INTERNAL_ERROR, "the system gives no random numbers")
}

impl From<&ResumeError> for Told {
    fn from(error: &ResumeError) -> Self {
        let status = match error {
            ResumeError::Invalid => StatusCode::BAD_REQUEST,
            _ => StatusCode::GONE,
        };
        Self::new(status, code::INVALID_REQUEST, error.to_string())
    }
}

impl From<&ParkError> for Told {
    fn from(error: &ParkError) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code::SERVER_ERROR, error.to_string()).retry_later()
    }
}

impl From<&WrapError> for Told {
    fn from(error: &WrapError) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, code::SERVER_ERROR, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use mcp_jsonrpc::Id;

    use super::*;

    #[test]
    fn a_resource_that_is_not_there_is_not_found_in_the_words_of_either_era() {
        let status = |code, data| rest_status(&Message::error_response(Some(&Id::from(1)), code, "no", data));
        assert_eq!(status(code::RESOURCE_NOT_FOUND, None), StatusCode::NOT_FOUND);
        assert_eq!(status(code::INVALID_PARAMS, Some(r#"{"uri":"file:///a"}"#)), StatusCode::NOT_FOUND);
        assert_eq!(status(code::INVALID_PARAMS, Some(r#"{"name":"a"}"#)), StatusCode::BAD_REQUEST);
        assert_eq!(status(code::INVALID_PARAMS, None), StatusCode::BAD_REQUEST);
        assert_eq!(status(code::INTERNAL_ERROR, None), StatusCode::BAD_GATEWAY);
    }
}
