//! What is kept of one call.

use std::{
    sync::{Arc, Mutex, atomic::Ordering},
    time::{Duration, SystemTime},
};

use mcp_jsonrpc::Message;
use mcp_protocol::Revision;
use mcp_transport::{Client, Principal, Request};
use tokio::time::Instant;

use super::{CallOutcome, Direction, Exchange, Exchanged, Traffic, TrafficCall, lock};

/// What is kept of one call.
#[derive(Debug)]
pub(crate) struct Record {
    id: u64,
    at: SystemTime,
    started: Instant,
    server: Arc<str>,
    method: Arc<str>,
    subject: Option<Arc<str>>,
    principal: Principal,
    client: Option<Arc<Client>>,
    revision: Revision,
    request_bytes: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    outcome: CallOutcome,
    took: Option<Duration>,
    response_bytes: usize,
    messages: Vec<Kept>,
    /// Bytes of the messages.
    bytes: usize,
    omitted: u64,
    /// Whether nobody can ask for it any more.
    is_forgotten: bool,
}

/// The beginning of a message. It is a copy: a slice of it would hold the whole buffer that it was read into, and no count
/// of bytes would be true.
#[derive(Debug)]
struct Kept {
    at: SystemTime,
    direction: Direction,
    text: Box<[u8]>,
    is_truncated: bool,
}

/// A call that is followed. Dropped before its end, it was cancelled.
#[derive(Debug)]
pub(crate) struct Watched {
    traffic: Arc<Traffic>,
    record: Arc<Record>,
    is_over: bool,
}

/// Bytes of a name that is kept.
const NAME: usize = 1024;

impl Record {
    pub(super) fn new(id: u64, server: &Arc<str>, request: &Request) -> Self {
        let caller = request.caller();
        let subject = request.subject();
        Self {
            id,
            at: SystemTime::now(),
            started: Instant::now(),
            server: Arc::clone(server),
            method: beginning(request.method(), NAME).into(),
            subject: subject.map(|name| beginning(&name, NAME).into()),
            principal: caller.principal.clone(),
            client: caller.client.clone(),
            revision: caller.revision,
            request_bytes: request.message().len(),
            state: Mutex::new(State {
                outcome: CallOutcome::Running,
                took: None,
                response_bytes: 0,
                messages: Vec::new(),
                bytes: 0,
                omitted: 0,
                is_forgotten: false,
            }),
        }
    }

    pub(super) fn id(&self) -> u64 {
        self.id
    }

    pub(super) fn call(&self) -> TrafficCall {
        self.call_in(&lock(&self.state))
    }

    pub(super) fn exchange(&self) -> Exchange {
        let state = lock(&self.state);
        let messages = state.messages.iter().map(Kept::shown).collect();
        Exchange { call: self.call_in(&state), messages, omitted: state.omitted }
    }

    fn call_in(&self, state: &State) -> TrafficCall {
        TrafficCall {
            id: self.id,
            at: self.at,
            server: Arc::clone(&self.server),
            method: Arc::clone(&self.method),
            subject: self.subject.clone(),
            principal: self.principal.clone(),
            client: self.client.clone(),
            revision: self.revision,
            took: state.took,
            outcome: state.outcome,
            request_bytes: self.request_bytes,
            response_bytes: state.response_bytes,
        }
    }

    /// Keeps nothing more of it; says how many bytes that sets free.
    pub(super) fn forget(&self) -> usize {
        let mut state = lock(&self.state);
        state.is_forgotten = true;
        state.messages = Vec::new();
        std::mem::take(&mut state.bytes)
    }

    /// Notes a message that belongs to the call. `is_last` is there whatever came before it.
    fn said(&self, traffic: &Traffic, direction: Direction, message: &Message, is_last: bool) {
        {
            let mut state = lock(&self.state);
            if is_last {
                state.response_bytes = message.len();
            }
            if state.is_forgotten {
                return;
            }
            if traffic.limits.messages <= state.messages.len() && !is_last {
                state.omitted += 1;
                return;
            }
            let kept = Kept::new(direction, message, traffic.limits.message);
            state.bytes += kept.text.len();
            // Under the lock, so that whoever forgets the record finds what was counted.
            traffic.bytes.fetch_add(kept.text.len(), Ordering::Relaxed);
            state.messages.push(kept);
        }
        traffic.trim();
    }
}

impl Kept {
    fn new(direction: Direction, message: &Message, most: usize) -> Self {
        let mut text = Vec::with_capacity(message.len().min(most));
        for chunk in message.chunks() {
            let room = most - text.len();
            text.extend_from_slice(&chunk[..chunk.len().min(room)]);
        }
        let is_truncated = text.len() < message.len();
        Self { at: SystemTime::now(), direction, text: text.into(), is_truncated }
    }

    fn shown(&self) -> Exchanged {
        // A character that is cut in two is left out.
        let whole = match str::from_utf8(&self.text) {
            Ok(text) => text,
            Err(error) => str::from_utf8(&self.text[..error.valid_up_to()]).unwrap_or_default(),
        };
        let (text, is_truncated) = (whole.to_owned(), self.is_truncated);
        Exchanged { at: self.at, direction: self.direction, text, is_truncated }
    }
}

impl Watched {
    pub(super) fn new(traffic: Arc<Traffic>, record: Arc<Record>) -> Self {
        Self { traffic, record, is_over: false }
    }

    /// Notes a message that belongs to the call and is not its response.
    pub(crate) fn said(&self, direction: Direction, message: &Message) {
        self.record.said(&self.traffic, direction, message, false);
    }

    /// Notes the response.
    pub(crate) fn answered(&mut self, outcome: CallOutcome, response: &Message) {
        self.record.said(&self.traffic, Direction::ToClient, response, true);
        self.end(outcome);
    }

    /// Notes how the call has ended.
    pub(crate) fn end(&mut self, outcome: CallOutcome) {
        if std::mem::replace(&mut self.is_over, true) {
            return;
        }
        {
            let mut state = lock(&self.record.state);
            state.outcome = outcome;
            state.took = Some(self.record.started.elapsed());
        }
        self.tell();
    }

    /// What an answer to a question of the call is to be noted with.
    pub(crate) fn record(&self) -> &Arc<Record> {
        &self.record
    }

    /// Tells whoever watches.
    pub(super) fn tell(&self) {
        if self.traffic.news.receiver_count() > 0 {
            // Without receivers by now nobody misses it.
            let _ = self.traffic.news.send(self.record.call());
        }
    }
}

impl Record {
    /// Notes what a client answers to a question of the call.
    pub(crate) fn question_answered(&self, traffic: &Traffic, answer: &Message) {
        self.said(traffic, Direction::ToServer, answer, false);
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.end(CallOutcome::Cancelled);
    }
}

/// At most so many bytes of a text.
fn beginning(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}
