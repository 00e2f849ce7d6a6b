//! The forms that answers have.

use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};
use http_body_util::{BodyExt, Full};
use mcp_jsonrpc::quote;
use mcp_proxy_core::{ServiceBody, protocol::header};

use crate::shape;

/// A JSON text.
pub(crate) fn json(status: StatusCode, text: impl Into<Bytes>) -> Response<ServiceBody> {
    let mut answer = Response::new(Full::new(text.into()).boxed_unsync());
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // What a server does now says nothing about later.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// What went wrong: its kind in few words, and what to do in more.
pub(crate) fn refusal(status: StatusCode, error: &str, message: &str) -> Response<ServiceBody> {
    json(status, shape::object([("error", &*quote(error)), ("message", &*quote(message))]))
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
