//! The load: sessions that call tools, and what that took.

use std::net::SocketAddr;
use std::time::Duration;

mod chunks;
mod histogram;
mod idle;
mod pace;
mod session;
mod template;
mod wire;

pub(crate) use histogram::Histogram;
pub(crate) use idle::Idle;
pub(crate) use pace::{Noise, Pace, run};
pub(crate) use session::Session;

/// What a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Face {
    /// Streamable HTTP with a session.
    Legacy,
    /// Streamable HTTP of 2026-07-28.
    Modern,
    /// HTTP+SSE of 2024-11-05.
    Sse,
    Rest,
}

/// Where a server is.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) path: String,
    pub(crate) face: Face,
}

/// What is asked for again and again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Call {
    /// One session calls one of them; where none is named, what a subject calls `echo` of each of its servers.
    pub(crate) tools: Vec<String>,
    /// Bytes that the server adds to the text; of a list, what it has at least.
    pub(crate) size: usize,
    pub(crate) escaped: bool,
    pub(crate) notes: u32,
    pub(crate) delay_ms: u64,
    /// The list of tools instead of a call.
    pub(crate) is_list: bool,
}

/// How much of it.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) sessions: usize,
    pub(crate) call: Call,
    pub(crate) pace: Pace,
    pub(crate) warm: Duration,
    pub(crate) time: Duration,
}

/// What came of it.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    pub(crate) calls: u64,
    pub(crate) errors: u64,
    /// The first error, in words.
    pub(crate) error: Option<String>,
    /// Progress notes that were seen.
    pub(crate) notes: u64,
    pub(crate) time: Duration,
    pub(crate) latency: Histogram,
}
