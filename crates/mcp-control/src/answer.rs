//! The forms that answers have.

use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Response, StatusCode,
    header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE},
};
use http_body_util::{BodyExt, Full};
use mcp_jsonrpc::quote;
use mcp_proxy_core::{ServiceBody, protocol::header};

use crate::shape;

/// A text, of which is not said yet what kind it is.
pub(crate) fn text(status: StatusCode, text: impl Into<Bytes>) -> Response<ServiceBody> {
    let mut answer = Response::new(Full::new(text.into()).boxed_unsync());
    *answer.status_mut() = status;
    // What a server does now says nothing about later.
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// A JSON text.
pub(crate) fn json(status: StatusCode, json: impl Into<Bytes>) -> Response<ServiceBody> {
    let mut answer = text(status, json);
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

/// What went wrong: its kind in few words, and what to do in more.
pub(crate) fn refusal(status: StatusCode, error: &str, message: &str) -> Response<ServiceBody> {
    json(status, shape::object([("error", &*quote(error)), ("message", &*quote(message))]))
}

/// The path is there, the method is not.
pub(crate) fn wrong_method(allowed: &'static str) -> Response<ServiceBody> {
    let mut answer =
        refusal(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed", &format!("the methods here are {allowed}"));
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    answer
}

/// An event stream, with what keeps proxies from holding it back.
pub(crate) fn event_stream(body: ServiceBody) -> Response<ServiceBody> {
    let mut answer = Response::new(body);
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"));
    headers.insert(HeaderName::from_static(header::ACCEL_BUFFERING), HeaderValue::from_static(header::NO_BUFFERING));
    answer
}
