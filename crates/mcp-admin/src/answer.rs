//! What goes back: JSON, nothing, or a refusal.

use std::convert::Infallible;

use bytes::Bytes;
use http::{
    HeaderValue, Response, StatusCode,
    header::{CONTENT_TYPE, ETAG, RETRY_AFTER},
};
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use mcp_config::{Diagnostic, Severity};
use serde::Serialize;

/// The body of an answer.
pub(crate) type Body = UnsyncBoxBody<Bytes, Infallible>;

/// What a handler gives.
pub(crate) type Answer = Result<Response<Body>, Refusal>;

/// What an audit line says besides which route was used; an extension of a response.
#[derive(Clone, Debug)]
pub(crate) struct Audited(pub(crate) String);

/// A request that is not done: `{"error", "details"?, …}`.
#[derive(Debug, Serialize)]
pub(crate) struct Refusal {
    #[serde(skip)]
    pub(crate) status: StatusCode,
    /// A sentence that says what to do.
    pub(crate) error: String,
    /// More than one thing is wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) details: Vec<String>,
    /// What is wrong with a configuration, and where.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) diagnostics: Vec<Told>,
    /// What somebody else has changed in the meantime.
    #[serde(flatten)]
    pub(crate) stale: Option<Stale>,
    /// Seconds until it is worth another try.
    #[serde(skip)]
    pub(crate) retry_after: Option<u64>,
}

/// What a change was not made for.
#[derive(Debug, Serialize)]
pub(crate) struct Stale {
    /// The version there is now.
    pub(crate) etag: String,
    /// What has become of it since.
    pub(crate) diff: String,
}

/// One thing that is wrong or odd in a configuration.
#[derive(Debug, Serialize)]
pub(crate) struct Told {
    severity: &'static str,
    line: usize,
    column: usize,
    message: String,
}

impl Told {
    pub(crate) fn of(found: &Diagnostic) -> Self {
        let severity = if found.severity == Severity::Error { "error" } else { "warning" };
        let message = match &*found.path {
            "" => found.message.clone(),
            path => format!("{path}: {}", found.message),
        };
        Self { severity, line: found.line, column: found.column, message }
    }
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self {
            status,
            error: error.into(),
            details: Vec::new(),
            diagnostics: Vec::new(),
            stale: None,
            retry_after: None,
        }
    }

    pub(crate) fn bad(error: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error)
    }

    pub(crate) fn missing(error: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, error)
    }

    pub(crate) fn forbidden(error: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, error)
    }

    pub(crate) fn busy(error: impl Into<String>) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, error)
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        let mut response = json(self.status, &self);
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// An answer in JSON.
pub(crate) fn json(status: StatusCode, value: &(impl Serialize + ?Sized)) -> Response<Body> {
    let (status, text) = match serde_json::to_vec(value) {
        Ok(text) => (status, text),
        // Only a map whose keys are no strings cannot be written, and there is none.
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, b"{\"error\":\"the answer cannot be written\"}".to_vec()),
    };
    json_text(status, text)
}

/// An answer that is JSON text already.
pub(crate) fn json_text(status: StatusCode, text: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(full(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// `200` in JSON.
#[expect(clippy::unnecessary_wraps, reason = "it is what a handler gives")]
pub(crate) fn ok(value: &(impl Serialize + ?Sized)) -> Answer {
    Ok(json(StatusCode::OK, value))
}

/// `204`.
#[expect(clippy::unnecessary_wraps, reason = "it is what a handler gives")]
pub(crate) fn nothing() -> Answer {
    let mut response = Response::new(full(Bytes::new()));
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

/// The same answer with the version of what it shows.
pub(crate) fn tagged(mut response: Response<Body>, etag: &str) -> Response<Body> {
    if let Ok(value) = format!("\"{etag}\"").parse() {
        response.headers_mut().insert(ETAG, value);
    }
    response
}

/// The same answer, for the audit line.
pub(crate) fn audited(answer: Answer, detail: impl Into<String>) -> Answer {
    let mut response = answer?;
    response.extensions_mut().insert(Audited(detail.into()));
    Ok(response)
}

pub(crate) fn full(text: impl Into<Bytes>) -> Body {
    Full::new(text.into()).boxed_unsync()
}
