//! The two failures that are never confused: not sent, and sent but lost.

use std::{borrow::Cow, error::Error as StdError, fmt, sync::Arc, time::Duration};

use mcp_jsonrpc::Message;
use serde_json::value::RawValue;

use crate::{Closed, Unlabelled, closed::quote_stderr};

/// Why a message was not sent. It comes back unharmed, so it may be sent again elsewhere.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct SendError {
    /// The message that was not sent.
    pub message: Box<Message>,
    /// What stood in the way.
    pub reason: NotSent,
}

impl SendError {
    /// `message` could not be sent for `reason`.
    #[must_use]
    pub fn new(message: Message, reason: NotSent) -> Self {
        Self { message: Box::new(message), reason }
    }
}

/// What stood in the way of a message.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotSent {
    /// As many calls are in flight as there may be; the text says which limit.
    #[error("{0}; try again later, or raise the limit")]
    Busy(&'static str),
    /// The server has failed so often that it is left alone for a while.
    #[error("calls to the server keep failing, so it is left alone for a while; try again in {seconds} s")]
    Resting {
        /// How long to wait.
        seconds: u64,
    },
    /// The conversation is over.
    #[error("{0}")]
    Closed(Arc<Closed>),
    /// The server no longer knows the session; a new connection will do.
    #[error("the server has forgotten the session")]
    Forgotten,
    /// There is no connection, and none could be made.
    #[error(transparent)]
    Connect(Arc<ConnectError>),
    /// The message is longer than this way allows, in bytes.
    #[error("the message has {length} bytes, the limit is {limit}")]
    TooLarge {
        /// Its length in bytes.
        length: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The proxy is stopping.
    #[error("the proxy is shutting down")]
    ShuttingDown,
    /// The message is not fit to be sent on behalf of one of many callers.
    #[error("{0}")]
    Unfit(Unlabelled),
    /// No server here answers this.
    #[error("{0}")]
    Unroutable(String),
}

/// Why a call that was sent has no response. Whether the server acted on it is not known.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Lost {
    /// The conversation ended first.
    #[error("{0}")]
    Exited(Arc<Closed>),
    /// The conversation ended before the server had read the call, so it may be made again.
    #[error("{0}")]
    Unread(Arc<Closed>),
    /// No response came in time.
    #[error("the server did not answer within {after:?}")]
    Timeout {
        /// How long was waited.
        after: Duration,
    },
    /// The server answered with an HTTP status that carries no message.
    #[error("the server answered with HTTP status {status}")]
    Http {
        /// The status.
        status: u16,
        /// The `WWW-Authenticate` challenge, if there was one.
        challenge: Option<Box<str>>,
        /// How long the server asks us to wait.
        retry_after: Option<Duration>,
    },
    /// The response is longer than the limit, in bytes.
    #[error("the server's answer is longer than the limit of {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The proxy holds as many bytes of answers as it may; slower readers have to catch up first.
    #[error("the proxy holds as many bytes of answers as it may")]
    Overloaded,
    /// What came back is no MCP message.
    #[error("the server's answer is no MCP message")]
    NotMcp,
    /// The server has ended the stream of changes that the call opened; it may be opened again.
    #[error("the server has ended the stream of changes")]
    Over,
    /// The proxy is stopping.
    #[error("the proxy is shutting down")]
    ShuttingDown,
    /// The client that made the call asked for its end.
    #[error("the call was cancelled")]
    Cancelled,
}

/// Why a server could not be reached.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The program could not be started.
    #[error("could not start `{program}`: {hint}")]
    Spawn {
        /// What was to be started.
        program: String,
        /// What to try.
        hint: &'static str,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// The server ended before it was ready.
    #[error("the server was not ready when it ended: {0}")]
    Ended(Arc<Closed>),
    /// The server was not ready in time.
    #[error("the server was not ready within {after:?}{}", Quoted(.stderr))]
    Timeout {
        /// How long was waited.
        after: Duration,
        /// The last lines it wrote to its error output.
        stderr: Vec<String>,
    },
    /// The server refused the handshake.
    #[error("the server refused the handshake with error {code}: {message}")]
    Refused {
        /// The JSON-RPC error code.
        code: i64,
        /// The server's own text.
        message: String,
        /// The JSON text of the error's `data`.
        data: Option<Box<str>>,
    },
    /// The server wants a revision that we do not speak.
    #[error("the server speaks revision {0}, which this proxy does not know")]
    Revision(String),
    /// The server's answer to the handshake is no such answer.
    #[error("the server's answer to the handshake cannot be read")]
    NotMcp,
    /// The server answered with an HTTP status instead of a handshake.
    #[error("the server answered the handshake with HTTP status {status}")]
    Http {
        /// The status.
        status: u16,
        /// The `WWW-Authenticate` challenge, if there was one.
        challenge: Option<Box<str>>,
    },
    /// As many connections are open as there may be; the text says which limit.
    #[error("{0}; try again later, or raise the limit")]
    Busy(&'static str),
    /// A transport's own reason.
    #[error("the server could not be reached")]
    Other(#[source] Box<dyn StdError + Send + Sync>),
}

impl ConnectError {
    /// The reason that a server gives in the `error` of its answer to a handshake (JSON text).
    #[must_use]
    pub fn refused(error: &str) -> Self {
        #[derive(serde::Deserialize)]
        struct Wire<'a> {
            code: i64,
            #[serde(borrow, default)]
            message: Cow<'a, str>,
            #[serde(borrow, default)]
            data: Option<&'a RawValue>,
        }
        match serde_json::from_str::<Wire<'_>>(error) {
            Ok(wire) => Self::Refused {
                code: wire.code,
                message: printable(&wire.message),
                data: wire.data.map(|data| data.get().into()),
            },
            Err(_) => Self::NotMcp,
        }
    }

    /// The server speaks `named`, and we do not.
    #[must_use]
    pub fn unknown_revision(named: &str) -> Self {
        Self::Revision(printable(named))
    }

    /// Whether trying again later could help with nothing changed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Spawn { .. } | Self::Refused { .. } | Self::Revision(_) | Self::NotMcp => false,
            Self::Http { status, .. } => *status >= 500 || *status == 429,
            _ => true,
        }
    }
}

/// A server's own words, fit to be printed: bounded, and with no control characters for a terminal to act on.
fn printable(text: &str) -> String {
    text.chars().take(500).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

struct Quoted<'a>(&'a [String]);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        quote_stderr(f, self.0)
    }
}
