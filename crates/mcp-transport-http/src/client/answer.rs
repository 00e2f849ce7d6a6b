//! What the response to a posted request is.

use bytes::Bytes;
use http::{Response, StatusCode};
use hyper::body::Incoming;
use mcp_jsonrpc::{Id, Message};
use mcp_protocol::code;
use mcp_transport::Lost;

use super::{
    body,
    event_stream::{is_event_stream, is_json},
    exchange::refused,
};

/// How a request was answered.
pub(crate) enum Answer {
    /// By one JSON text, which is still to be read.
    Json(Response<Incoming>),
    /// By a stream, which is still to be read.
    Events(Response<Incoming>),
    /// By an error that came with an error status.
    Error(Message),
    /// The server does not know the session.
    Forgotten,
    /// By no message at all.
    Lost(Lost),
}

/// Longer error pages are no answers, in bytes.
const ERROR_LIMIT: usize = 1 << 20;

/// Tells what `response` is. `ours` is the id the request was sent under, `in_session` whether it named a session.
pub(crate) async fn read(response: Response<Incoming>, ours: &Id, in_session: bool) -> Answer {
    let status = response.status();
    if status.is_success() {
        return match () {
            () if is_event_stream(&response) => Answer::Events(response),
            () if is_json(&response) => Answer::Json(response),
            // A request that is merely "accepted" will never be answered here; a web page never was an answer.
            () if status == StatusCode::OK => Answer::Lost(Lost::NotMcp),
            () => Answer::Lost(refused(&response)),
        };
    }
    // These two are about credentials, whatever their body says.
    if status == StatusCode::UNAUTHORIZED || status == StatusCode::FORBIDDEN {
        return Answer::Lost(refused(&response));
    }
    let lost = refused(&response);
    let error = error_in(response).await;
    let is_forgotten = match status {
        StatusCode::NOT_FOUND => !error.as_ref().is_some_and(|error| is_in_band(error, ours)),
        StatusCode::BAD_REQUEST => error.as_ref().is_some_and(is_about_session),
        _ => false,
    };
    if in_session && is_forgotten {
        return Answer::Forgotten;
    }
    error.map_or(Answer::Lost(lost), Answer::Error)
}

/// The JSON-RPC error in the body of a response, if that is what it is.
pub(crate) async fn error_in(response: Response<Incoming>) -> Option<Message> {
    let body: Bytes = body::collect(response, ERROR_LIMIT).await.ok()?;
    Message::parse(body).ok().filter(Message::is_error)
}

/// Whether a 400 is no answer to any request: servers that never knew a session, for they were started after it, often say
/// so with this status instead of 404. Some of them (those made after the official TypeScript examples) repeat the
/// request's id, and only their words tell that it was not looked at.
fn is_about_session(error: &Message) -> bool {
    let says_so = || {
        let text = error.value(&["error", "message"]).unwrap_or_default();
        text.to_ascii_lowercase().contains("session")
    };
    code::of(error) == Some(code::SERVER_ERROR) && (error.id().is_none() || says_so())
}

/// Whether a 404 is the answer to this very request and says nothing about its session.
fn is_in_band(error: &Message, ours: &Id) -> bool {
    match code::of(error) {
        Some(code::METHOD_NOT_FOUND) => true,
        Some(code::SESSION_NOT_FOUND) => false,
        _ => error.id().as_ref() == Some(ours),
    }
}
