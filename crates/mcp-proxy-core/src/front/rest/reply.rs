//! The forms that answers of REST have.

use std::convert::Infallible;

use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS},
};
use http_body_util::{BodyExt, Full, StreamBody};
use mcp_openapi::{DOCS_POLICY, DocsFile, RawContent, answer};
use mcp_protocol::header;

use crate::{ServiceBody, rescue, rescue::Told};

/// An answer of REST.
pub(super) type RestAnswer = Response<ServiceBody>;

/// An answer that ends the handling of a request early.
pub(super) type Failed = RestAnswer;

/// A JSON text.
pub(super) fn json(status: StatusCode, text: impl Into<Bytes>) -> RestAnswer {
    whole(status, "application/json", text.into())
}

/// What went wrong, in the words of REST.
pub(super) fn failed(told: &Told) -> Failed {
    let mut answer = json(told.status, answer::error(rescue::kind(told.status), told.text()));
    if let Some((name, value)) = &told.header {
        answer.headers_mut().insert(name, value.clone());
    }
    answer
}

/// There is nothing of that kind.
pub(super) fn not_found(kind: &str, message: &str) -> RestAnswer {
    json(StatusCode::NOT_FOUND, answer::error(kind, message))
}

/// The content of a resource as itself. A browser must not take it for a page of ours.
pub(super) fn raw(content: RawContent) -> RestAnswer {
    let mut answer = whole(StatusCode::OK, "application/octet-stream", content.bytes.into());
    let headers = answer.headers_mut();
    if let Ok(kind) = HeaderValue::try_from(content.content_type) {
        headers.insert(CONTENT_TYPE, kind);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    answer
}

/// A file of the page on which a person tries the tools.
pub(super) fn file(page: DocsFile, path: &str) -> RestAnswer {
    let mut answer = whole(StatusCode::OK, page.content_type(), page.text(path).into_owned().into());
    let headers = answer.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(DOCS_POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

/// An event stream, with what keeps proxies from holding it back.
pub(super) fn events(frames: impl futures::Stream<Item = Bytes> + Send + 'static) -> RestAnswer {
    use futures::StreamExt;
    let frames = frames.map(|event| Ok::<_, Infallible>(http_body::Frame::data(event)));
    let mut answer = Response::new(StreamBody::new(frames).boxed_unsync());
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"));
    headers.insert(HeaderName::from_static(header::ACCEL_BUFFERING), HeaderValue::from_static(header::NO_BUFFERING));
    answer
}

/// The same answer, which says which session it is of.
pub(super) fn of_session(mut answer: RestAnswer, session: Option<&str>) -> RestAnswer {
    if let Some(value) = session.and_then(|session| HeaderValue::from_str(session).ok()) {
        answer.headers_mut().insert(HeaderName::from_static(header::SESSION_ID), value);
    }
    answer
}

fn whole(status: StatusCode, kind: &'static str, body: Bytes) -> RestAnswer {
    let mut answer = Response::new(Full::new(body).boxed_unsync());
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}
