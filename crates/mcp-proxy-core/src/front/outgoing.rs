//! The streams that answers are made of.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use futures::Stream;
use mcp_transport_http::server::Frame;

use super::{
    pair::PairStream,
    prompty::AudienceStream,
    streams::{CallStream, SessionStream, Tail},
};

/// Any of our event streams.
#[derive(Debug)]
pub(crate) enum Outgoing {
    /// What comes back for a call.
    Call(Box<CallStream>),
    /// What belongs to no call of a session.
    Session(Box<SessionStream>),
    /// The rest of a broken stream of a call.
    Tail(Box<Tail>),
    /// All that is for a client of 2024-11-05.
    Pair(Box<PairStream>),
    /// All that a server says, for one of many listeners.
    Audience(Box<AudienceStream>),
}

impl Stream for Outgoing {
    type Item = Frame;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Frame>> {
        match &mut *self {
            Self::Call(stream) => stream.poll(context),
            Self::Session(stream) => stream.poll(context),
            Self::Tail(stream) => stream.poll(context),
            Self::Pair(stream) => stream.poll(context),
            Self::Audience(stream) => stream.poll(context),
        }
    }
}
