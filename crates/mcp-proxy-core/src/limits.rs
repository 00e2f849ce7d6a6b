//! Every bound of a proxy, with its default.

use std::time::Duration;

use mcp_session::SessionLimits;
use mcp_transport::{Budget, DuplexLimits, NoteLimits};

/// Every bound of a proxy. All have a default that suits one machine with a handful of clients.
#[derive(Clone, Debug)]
pub struct Limits {
    /// TCP connections at once. Default: 10 000. One more waits in the system's queue.
    pub connections: usize,
    /// TCP connections of one address at once, loopback aside. Default: 256. One more is closed.
    pub connections_per_address: usize,
    /// From accepting a connection, or from the first byte of a later request, to its whole head. Default: 10 s.
    pub head_time: Duration,
    /// Bytes of a request's head. Default: 16 KiB.
    pub head_bytes: usize,
    /// Header lines of a request. Default: 100.
    pub headers: usize,
    /// How long a connection may idle between requests, unless it carried a session that still lives. Default: 75 s.
    pub keep_alive: Duration,
    /// Bytes of a request's body. Default: 4 MiB.
    pub body: usize,
    /// Messages in a batch (2025-03-26 only). Default: 50.
    pub batch: usize,
    /// Bytes of one line of a child process. Default: 16 MiB.
    pub line: usize,
    /// Bytes of large messages held at once, all connections together. Default: 256 MiB.
    pub budget: usize,
    /// Calls in flight of one session. Default: 64.
    pub calls_per_session: usize,
    /// Calls in flight to one server. Default: 256.
    pub calls_per_server: usize,
    /// Calls in flight in all. Default: 4096.
    pub calls: usize,
    /// How long a call waits for a place. Default: 5 s.
    pub queue_wait: Duration,
    /// Long-lived calls (subscriptions, task results) in all; they count against no other limit. Default: 10 000.
    pub long_calls: usize,
    /// How long a call may go without a sign of life from the server; progress is one. Default: 60 s.
    pub call_idle: Duration,
    /// How long a call may take in all. Default: 10 min.
    pub call_time: Duration,
    /// How long a client may take to answer a server's question; the call's own clocks stand still. Default: 10 min.
    pub answer_time: Duration,
    /// How long a server may take to be ready. Default: 60 s.
    pub handshake: Duration,
    /// How long a server may take to show its era. Default: 10 s.
    pub probe: Duration,
    /// Notes of one call, and events of one session, that wait for a slow reader.
    pub notes: NoteLimits,
    /// Sessions of the legacy era, and what they keep for clients that reconnect.
    pub sessions: SessionLimits,
    /// Child processes in all. Default: 256.
    pub children: usize,
    /// Child processes of one server with dedicated sessions. Default: 64.
    pub children_per_server: usize,
    /// Spare instances of one shared server, for calls that must run alone. Default: 4.
    pub interactive_children: usize,
    /// After this long without a word, a stream sends a comment. Default: 15 s.
    pub stream_comment: Duration,
    /// After this long without a response, a call is answered with a stream. Default: 10 s.
    pub stream_after: Duration,
    /// How long a client may leave what we write unread. Default: 30 s.
    pub write_stall: Duration,
    /// How long shutdown waits for calls in flight. Default: 10 s.
    pub drain: Duration,
    /// How long shutdown may take in all. Default: 15 s.
    pub shutdown: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            connections_per_address: 256,
            head_time: Duration::from_secs(10),
            head_bytes: 16 << 10,
            headers: 100,
            keep_alive: Duration::from_secs(75),
            body: 4 << 20,
            batch: 50,
            line: 16 << 20,
            budget: 256 << 20,
            calls_per_session: 64,
            calls_per_server: 256,
            calls: 4096,
            queue_wait: Duration::from_secs(5),
            long_calls: 10_000,
            call_idle: Duration::from_mins(1),
            call_time: Duration::from_mins(10),
            answer_time: Duration::from_mins(10),
            handshake: Duration::from_mins(1),
            probe: Duration::from_secs(10),
            notes: NoteLimits::default(),
            sessions: SessionLimits::default(),
            children: 256,
            children_per_server: 64,
            interactive_children: 4,
            stream_comment: Duration::from_secs(15),
            stream_after: Duration::from_secs(10),
            write_stall: Duration::from_secs(30),
            drain: Duration::from_secs(10),
            shutdown: Duration::from_secs(15),
        }
    }
}

impl Limits {
    /// The part that a transport over pipes needs; give all transports of a proxy the same `budget`.
    #[must_use]
    pub fn duplex(&self, budget: &Budget) -> DuplexLimits {
        DuplexLimits {
            line: self.line,
            // The limits on calls say no first, and with better reasons; long-lived calls come on top.
            in_flight: self.calls_per_server.saturating_add(self.long_calls),
            notes: self.notes,
            send_wait: self.queue_wait,
            budget: budget.clone(),
            ..DuplexLimits::default()
        }
    }
}
