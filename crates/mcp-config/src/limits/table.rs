//! Every bound: its name, where it is kept, and what it bounds.

use std::time::Duration;

use mcp_proxy_core::Limits;

/// A bound of a proxy.
pub(crate) struct Limit {
    /// As on the command line.
    pub(crate) name: &'static str,
    /// What it bounds, in one line.
    pub(crate) about: &'static str,
    /// Whether a single server can have one of its own.
    pub(crate) per_server: bool,
    pub(super) place: Place,
}

/// Where a bound is kept, and so how its value is read.
#[derive(Clone, Copy)]
pub(super) enum Place {
    Count(fn(&mut Limits) -> &mut usize),
    Bytes(fn(&mut Limits) -> &mut usize),
    Time(fn(&mut Limits) -> &mut Duration),
}

use Place::{Bytes, Count, Time};

/// In the order in which they are shown.
pub(crate) static LIMITS: [Limit; 39] = [
    all("connections", Count(|limits| &mut limits.connections), "TCP connections at once."),
    all(
        "connections_per_address",
        Count(|limits| &mut limits.connections_per_address),
        "TCP connections of one address that is not of this machine.",
    ),
    all("head_time", Time(|limits| &mut limits.head_time), "Until the head of a request is there."),
    all("head_bytes", Bytes(|limits| &mut limits.head_bytes), "The head of a request."),
    all("headers", Count(|limits| &mut limits.headers), "Header lines of a request."),
    all(
        "keep_alive",
        Time(|limits| &mut limits.keep_alive),
        "How long a connection may idle, unless it carried a session that still lives.",
    ),
    all("body", Bytes(|limits| &mut limits.body), "The body of a request."),
    all("batch", Count(|limits| &mut limits.batch), "Messages in a batch (2025-03-26 only)."),
    one("line", Bytes(|limits| &mut limits.line), "A line of a child process."),
    all("budget", Bytes(|limits| &mut limits.budget), "Large messages held at once, all connections together."),
    one("calls_per_session", Count(|limits| &mut limits.calls_per_session), "Calls in flight of one session."),
    one("calls_per_server", Count(|limits| &mut limits.calls_per_server), "Calls in flight to one server."),
    all("calls", Count(|limits| &mut limits.calls), "Calls in flight in all."),
    one("queue_wait", Time(|limits| &mut limits.queue_wait), "How long a call waits for a place."),
    all(
        "long_calls",
        Count(|limits| &mut limits.long_calls),
        "Subscriptions and waits for task results; they count against no other limit.",
    ),
    one(
        "call_idle",
        Time(|limits| &mut limits.call_idle),
        "A call without a sign of life from the server; progress is one.",
    ),
    one("call_time", Time(|limits| &mut limits.call_time), "A call in all."),
    one(
        "answer_time",
        Time(|limits| &mut limits.answer_time),
        "How long a client may take to answer a server's question.",
    ),
    one("handshake", Time(|limits| &mut limits.handshake), "How long a server may take to be ready."),
    one("probe", Time(|limits| &mut limits.probe), "How long a server may take to show its era."),
    one(
        "notes",
        Count(|limits| &mut limits.notes.count),
        "Messages of one call, or events of one session, that wait for a slow reader.",
    ),
    one("note_bytes", Bytes(|limits| &mut limits.notes.bytes), "The bytes of what waits for a slow reader."),
    all("sessions", Count(|limits| &mut limits.sessions.total), "Sessions of the legacy era."),
    all("sessions_per_principal", Count(|limits| &mut limits.sessions.per_principal), "Sessions of one named client."),
    all("session_idle", Time(|limits| &mut limits.sessions.idle), "A session that is not used; an open stream is use."),
    all(
        "session_start",
        Time(|limits| &mut limits.sessions.pre_initialize),
        "A session whose handshake is not complete.",
    ),
    all("session_time", Time(|limits| &mut limits.sessions.absolute), "A session's age."),
    all(
        "replay_events",
        Count(|limits| &mut limits.sessions.replay.events),
        "Events of one session kept for streams that break.",
    ),
    all("replay_bytes", Bytes(|limits| &mut limits.sessions.replay.bytes), "The bytes of one session's events."),
    all("replay_age", Time(|limits| &mut limits.sessions.replay.age), "How long an event is kept."),
    all("replay_total", Bytes(|limits| &mut limits.sessions.replay.total), "The bytes of all sessions' events."),
    all("children", Count(|limits| &mut limits.children), "Child processes in all."),
    one(
        "children_per_server",
        Count(|limits| &mut limits.children_per_server),
        "Child processes of one server with dedicated sessions.",
    ),
    one(
        "interactive_children",
        Count(|limits| &mut limits.interactive_children),
        "Spare instances of one shared server, for calls that run alone.",
    ),
    all(
        "stream_comment",
        Time(|limits| &mut limits.stream_comment),
        "After this long without a word, a stream sends a comment.",
    ),
    all(
        "stream_after",
        Time(|limits| &mut limits.stream_after),
        "After this long without a response, a call is answered with a stream.",
    ),
    all("write_stall", Time(|limits| &mut limits.write_stall), "How long a client may leave unread what we write."),
    all("drain", Time(|limits| &mut limits.drain), "How long shutdown waits for calls in flight."),
    all("shutdown", Time(|limits| &mut limits.shutdown), "Shutdown in all."),
];

/// A bound of the whole proxy.
const fn all(name: &'static str, place: Place, about: &'static str) -> Limit {
    Limit { name, about, per_server: false, place }
}

/// A bound that each server can have its own of.
const fn one(name: &'static str, place: Place, about: &'static str) -> Limit {
    Limit { name, about, per_server: true, place }
}
