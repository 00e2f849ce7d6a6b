//! The names of HTTP headers, in lower case as HTTP/2 and the `http` crate have them.

/// The session of the legacy era.
pub const SESSION_ID: &str = "mcp-session-id";
/// The revision the sender speaks.
pub const PROTOCOL_VERSION: &str = "mcp-protocol-version";
/// Repeats the method of the body; modern.
pub const METHOD: &str = "mcp-method";
/// Repeats what the body is about (see [`name_field`](crate::method::name_field)); modern.
pub const NAME: &str = "mcp-name";
/// Begins the names of headers that repeat arguments of a tool; modern.
pub const PARAM_PREFIX: &str = "mcp-param-";
/// The id of the last event a client has seen, sent when it resumes a stream; legacy.
pub const LAST_EVENT_ID: &str = "last-event-id";
/// Keeps reverse proxies from buffering a stream; its value is [`NO_BUFFERING`].
pub const ACCEL_BUFFERING: &str = "x-accel-buffering";
/// The value of [`ACCEL_BUFFERING`].
pub const NO_BUFFERING: &str = "no";
