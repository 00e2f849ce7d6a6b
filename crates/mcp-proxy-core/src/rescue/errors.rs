//! What each kind of error becomes.

use std::sync::Arc;

use http::StatusCode;
use mcp_auth::RefusedVariable;
use mcp_jsonrpc::{BatchError, ParseError};
use mcp_protocol::{MirrorError, code};
use mcp_session::CreateError;
use mcp_transport::{ConnectError, Lost, NotSent, in_words};
use mcp_transport_http::server::Refusal;

use super::{Told, legacy_only, modern_only};
use crate::server::Unreachable;

impl From<&ParseError> for Told {
    fn from(error: &ParseError) -> Self {
        let code = if error.reason.is_grammar() { code::PARSE_ERROR } else { code::INVALID_REQUEST };
        Self::new(StatusCode::BAD_REQUEST, code, error.to_string())
    }
}

impl From<&BatchError> for Told {
    fn from(error: &BatchError) -> Self {
        match error {
            BatchError::Message(error) => error.into(),
            other => Self::new(StatusCode::BAD_REQUEST, code::INVALID_REQUEST, other.to_string()),
        }
    }
}

impl From<&MirrorError> for Told {
    fn from(error: &MirrorError) -> Self {
        let told = Self::new(StatusCode::BAD_REQUEST, error.code(), error.to_string());
        Self { data: error.data(), ..told }
    }
}

impl From<Refusal> for Told {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal {
            Refusal::Host { .. } | Refusal::UnclearHost | Refusal::Origin { .. } | Refusal::UnclearOrigin => {
                StatusCode::FORBIDDEN
            }
            Refusal::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::Slow => StatusCode::REQUEST_TIMEOUT,
            _ => StatusCode::BAD_REQUEST,
        };
        Self::new(status, code::INVALID_REQUEST, refusal.to_string())
    }
}

impl From<&NotSent> for Told {
    fn from(reason: &NotSent) -> Self {
        let status = match reason {
            NotSent::Busy(_) | NotSent::Resting { .. } | NotSent::ShuttingDown => StatusCode::SERVICE_UNAVAILABLE,
            NotSent::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            NotSent::Connect(error) => return error.as_ref().into(),
            _ => StatusCode::BAD_GATEWAY,
        };
        let told = Self::new(status, code::SERVER_ERROR, reason.to_string());
        match reason {
            NotSent::Busy(_) => told.retry_later(),
            NotSent::Resting { seconds } => told.retry_after(*seconds),
            _ => told,
        }
    }
}

impl From<&Lost> for Told {
    fn from(lost: &Lost) -> Self {
        let status = match lost {
            Lost::Timeout { .. } => StatusCode::GATEWAY_TIMEOUT,
            Lost::Http { status: 401, .. } => StatusCode::UNAUTHORIZED,
            Lost::Http { status: 403, .. } => StatusCode::FORBIDDEN,
            Lost::Overloaded | Lost::ShuttingDown => StatusCode::SERVICE_UNAVAILABLE,
            Lost::Cancelled => StatusCode::OK,
            _ => StatusCode::BAD_GATEWAY,
        };
        Self::new(status, code::SERVER_ERROR, lost.to_string())
    }
}

impl From<&ConnectError> for Told {
    fn from(error: &ConnectError) -> Self {
        let busy = matches!(error, ConnectError::Busy(_));
        let status = match error {
            ConnectError::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
            ConnectError::Timeout { .. } => StatusCode::GATEWAY_TIMEOUT,
            ConnectError::Http { status: 401, .. } => StatusCode::UNAUTHORIZED,
            ConnectError::Http { status: 403, .. } => StatusCode::FORBIDDEN,
            _ => StatusCode::BAD_GATEWAY,
        };
        let told = Self::new(status, code::SERVER_ERROR, in_words(error));
        if busy { told.retry_later() } else { told }
    }
}

impl Told {
    /// Why a caller that asked for revision `requested` cannot reach `server`.
    pub(crate) fn unreachable(name: &Arc<str>, error: &Unreachable, requested: &str, modern_caller: bool) -> Self {
        let unavailable = |text: String| Self::new(StatusCode::SERVICE_UNAVAILABLE, code::SERVER_ERROR, text);
        match error {
            Unreachable::Connect(error) => {
                let told = Self::from(error.as_ref());
                Self { text: format!("server `{name}`: {}", told.text), ..told }
            }
            Unreachable::OtherEra if modern_caller => legacy_only(),
            Unreachable::OtherEra => modern_only(requested),
            Unreachable::Disabled => unavailable(format!("server `{name}` is disabled in the configuration")),
            Unreachable::Stopped => unavailable(format!("server `{name}` was stopped by hand; start it again first")),
            Unreachable::Gone => {
                unavailable(format!("server `{name}` has just left the configuration, or is replaced; try again"))
                    .retry_later()
            }
        }
    }
}

impl From<&RefusedVariable> for Told {
    fn from(refused: &RefusedVariable) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code::INVALID_REQUEST, refused.to_string())
    }
}

impl From<&CreateError> for Told {
    fn from(error: &CreateError) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code::SERVER_ERROR, error.to_string()).retry_later()
    }
}
