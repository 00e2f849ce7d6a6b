//! Turns what went wrong into what a client is told: the one place that knows statuses.

mod errors;
#[cfg(feature = "rest")]
mod rest;

use http::{HeaderName, HeaderValue, StatusCode, header};
use mcp_auth::Denied;
use mcp_jsonrpc::{Id, Message};
use mcp_protocol::{Revision, UnsupportedVersion, code, header as names};

#[cfg(feature = "rest")]
pub(crate) use self::rest::{kind, no_randomness, rest_status, too_many_calls};

/// What a client is told: an HTTP status, and a JSON-RPC error as the body.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) status: StatusCode,
    code: i64,
    text: String,
    data: Option<String>,
    pub(crate) header: Option<(HeaderName, HeaderValue)>,
}

impl Told {
    fn new(status: StatusCode, code: i64, text: impl Into<String>) -> Self {
        Self { status, code, text: text.into(), data: None, header: None }
    }

    fn retry_after(self, seconds: u64) -> Self {
        Self { header: Some((header::RETRY_AFTER, seconds.into())), ..self }
    }

    fn retry_later(self) -> Self {
        Self { header: Some((header::RETRY_AFTER, HeaderValue::from_static("5"))), ..self }
    }

    /// What is wrong, in words.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether the server is there and speaks another era.
    #[cfg(feature = "rest")]
    pub(crate) fn is_other_era(&self) -> bool {
        self.code == code::UNSUPPORTED_VERSION
    }

    /// The JSON-RPC error, addressed to the request of that id if it is known.
    pub(crate) fn message(&self, id: Option<&Id>) -> Message {
        Message::error_response(id, self.code, &self.text, self.data.as_deref())
    }
}

/// There is nothing at this path.
pub(crate) fn unknown_route() -> Told {
    Told::new(
        StatusCode::NOT_FOUND,
        code::INVALID_REQUEST,
        "there is nothing here; MCP is at /mcp, one of several servers at /NAME/mcp, and one of a hub at /servers/NAME/mcp",
    )
}

/// The path names a server that there is not.
pub(crate) fn unknown_server<'a>(segment: &str, names: impl Iterator<Item = &'a str>) -> Told {
    let shown: String = segment.chars().take(128).collect();
    let text = match listed(names) {
        None => format!("no server is called `{shown}`; there is none yet, add one to the configuration"),
        Some(names) => format!("no server is called `{shown}`; there are {names}"),
    };
    Told::new(StatusCode::NOT_FOUND, code::INVALID_REQUEST, text)
}

/// The path names a group that there is not.
#[cfg(feature = "hub")]
pub(crate) fn unknown_group<'a>(segment: &str, names: impl Iterator<Item = &'a str>) -> Told {
    let shown: String = segment.chars().take(128).collect();
    let text = match listed(names) {
        None => format!("no group is called `{shown}`; there is none, add one to the configuration under `groups`"),
        Some(names) => format!("no group is called `{shown}`; there are {names}"),
    };
    Told::new(StatusCode::NOT_FOUND, code::INVALID_REQUEST, text)
}

/// The caller's key does not open it.
#[cfg(feature = "hub")]
pub(crate) fn forbidden(text: String) -> Told {
    Told::new(StatusCode::FORBIDDEN, code::INVALID_REQUEST, text)
}

/// The path leaves open which of several servers is meant.
pub(crate) fn which_server<'a>(names: impl Iterator<Item = &'a str>) -> Told {
    let text = match listed(names) {
        None => "there is no server yet; add one to the configuration".to_owned(),
        Some(names) => {
            format!("there are several servers; put the name of one before the path, as in /NAME/mcp: {names}")
        }
    };
    Told::new(StatusCode::NOT_FOUND, code::INVALID_REQUEST, text)
}

/// The first of the names; `None` if there is not even one.
fn listed<'a>(mut names: impl Iterator<Item = &'a str>) -> Option<String> {
    let shown: Vec<_> = names.by_ref().take(20).map(|name| format!("`{name}`")).collect();
    let more = if names.next().is_some() { ", …" } else { "" };
    (!shown.is_empty()).then(|| format!("{}{more}", shown.join(", ")))
}

/// Who asks has not shown that they may.
pub(crate) fn unauthorized(denied: Denied) -> Told {
    if matches!(denied, Denied::Unclear(_)) {
        return Told::new(StatusCode::BAD_REQUEST, code::INVALID_REQUEST, denied.to_string());
    }
    let told = Told::new(StatusCode::UNAUTHORIZED, code::SERVER_ERROR, denied.to_string());
    Told { header: Some((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))), ..told }
}

/// The path is there, the method is not.
pub(crate) fn wrong_method(allowed: &'static str) -> Told {
    let told =
        Told::new(StatusCode::METHOD_NOT_ALLOWED, code::INVALID_REQUEST, format!("the methods here are {allowed}"));
    Told { header: Some((header::ALLOW, HeaderValue::from_static(allowed))), ..told }
}

/// The client takes neither of the two forms of an answer.
pub(crate) fn not_acceptable(wanted: &str) -> Told {
    let text = format!("the client must accept {wanted}; say so in the header `Accept`");
    Told::new(StatusCode::NOT_ACCEPTABLE, code::INVALID_REQUEST, text)
}

/// The body is not said to be JSON.
pub(crate) fn not_json() -> Told {
    let text = "the body must be JSON; send the header `Content-Type: application/json`";
    Told::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, code::INVALID_REQUEST, text)
}

/// The request needs a session and names none.
pub(crate) fn no_session() -> Told {
    let name = names::SESSION_ID;
    let text = format!(
        "the request names no session; begin with `initialize` and send the `{name}` that comes with its answer"
    );
    Told::new(StatusCode::BAD_REQUEST, code::SERVER_ERROR, text)
}

/// A message of HTTP+SSE that does not say for which stream it is.
pub(crate) fn no_stream() -> Told {
    let text = "the request names no session; open the stream at /sse and post to the address in its `endpoint` event";
    Told::new(StatusCode::BAD_REQUEST, code::SERVER_ERROR, text)
}

/// The URL asks for a dialect that there is not.
pub(crate) fn unknown_dialect() -> Told {
    misplaced("the parameter `dialect` is `standard` or `prompty`")
}

/// A client of HTTP+SSE posts and does not read its stream.
pub(crate) fn too_many_posted() -> Told {
    let text = "too many requests wait for the client to read its event stream; read it, then try again";
    Told::new(StatusCode::SERVICE_UNAVAILABLE, code::SERVER_ERROR, text).retry_later()
}

/// The session is unknown, over, or somebody else's.
pub(crate) fn unknown_session() -> Told {
    let text = "there is no such session, or it has ended; begin anew with `initialize`";
    Told::new(StatusCode::NOT_FOUND, code::SESSION_NOT_FOUND, text)
}

/// The session has its stream already.
pub(crate) fn stream_taken() -> Told {
    let name = names::LAST_EVENT_ID;
    let text = format!("the session has an event stream already; to take it over, send the `{name}` you have seen");
    Told::new(StatusCode::CONFLICT, code::SERVER_ERROR, text)
}

/// The stream cannot be continued where the client left off.
pub(crate) fn unknown_event() -> Told {
    let name = names::LAST_EVENT_ID;
    let text = format!("the events after `{name}` are not kept any more; open a new stream without that header");
    // Not 404, which would tell the client that its session is gone.
    Told::new(StatusCode::BAD_REQUEST, code::SERVER_ERROR, text)
}

/// A message that is sound and makes no sense here.
pub(crate) fn misplaced(text: &'static str) -> Told {
    Told::new(StatusCode::BAD_REQUEST, code::INVALID_REQUEST, text)
}

/// The params of a message cannot be read.
pub(crate) fn bad_params(text: impl Into<String>) -> Told {
    Told::new(StatusCode::BAD_REQUEST, code::INVALID_PARAMS, text)
}

/// A line on a byte stream that is too long.
pub(crate) fn line_too_long(limit: usize) -> Told {
    Told::new(StatusCode::PAYLOAD_TOO_LARGE, code::INVALID_REQUEST, format!("the line is longer than {limit} bytes"))
}

/// A modern request of a revision that is not served.
pub(crate) fn unsupported_version(requested: &str) -> Told {
    let text = "this revision is not served; see `data.supported`";
    let data = UnsupportedVersion::write([Revision::LATEST.as_str()], requested);
    Told { data: Some(data), ..Told::new(StatusCode::BAD_REQUEST, code::UNSUPPORTED_VERSION, text) }
}

/// A method that the modern era does not have.
pub(crate) fn removed_method() -> Told {
    let text = "this method does not exist in revision 2026-07-28";
    Told::new(StatusCode::NOT_FOUND, code::METHOD_NOT_FOUND, text)
}

/// The revision in a header is none.
pub(crate) fn bad_version() -> Told {
    let known = Revision::ALL.map(Revision::as_str).join(", ");
    let name = names::PROTOCOL_VERSION;
    let text = format!("the header `{name}` names no revision known here; known are {known}");
    Told::new(StatusCode::BAD_REQUEST, code::SERVER_ERROR, text)
}

/// A modern client meets a server of the legacy era: no modern error, so that it falls back to `initialize`.
pub(crate) fn legacy_only() -> Told {
    let text = "the server behind this endpoint speaks the revisions up to 2025-11-25; begin with `initialize`";
    Told::new(StatusCode::BAD_REQUEST, code::INVALID_REQUEST, text)
}

/// A legacy client meets a server of the modern era.
pub(crate) fn modern_only(requested: &str) -> Told {
    let text = "the server behind this endpoint speaks revision 2026-07-28 only, which has no `initialize`";
    let data = UnsupportedVersion::write([Revision::LATEST.as_str()], requested);
    Told { data: Some(data), ..Told::new(StatusCode::BAD_REQUEST, code::UNSUPPORTED_VERSION, text) }
}

/// The proxy is stopping.
pub(crate) fn shutting_down() -> Told {
    Told::new(StatusCode::SERVICE_UNAVAILABLE, code::SERVER_ERROR, "the proxy is shutting down").retry_later()
}

/// The status of a modern error answer, as the specification ties some codes to one (2026-07-28, transports).
pub(crate) fn modern_status(response: &Message) -> StatusCode {
    match code::of(response) {
        Some(code::METHOD_NOT_FOUND) => StatusCode::NOT_FOUND,
        Some(code::HEADER_MISMATCH | code::MISSING_CLIENT_CAPABILITY | code::UNSUPPORTED_VERSION) => {
            StatusCode::BAD_REQUEST
        }
        _ => StatusCode::OK,
    }
}
