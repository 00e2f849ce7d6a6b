//! The last calls and what was said in them, for a person who watches.

mod record;

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use mcp_protocol::Revision;
use mcp_transport::{Client, Principal, Request};
use tokio::sync::broadcast;

pub(crate) use self::record::{Record, Watched};

/// The last calls to all servers. It is there where [`Builder::traffic`](crate::Builder::traffic) has asked for it.
#[derive(Debug)]
pub struct Traffic {
    ring: Mutex<VecDeque<Arc<Record>>>,
    /// Bytes of text in all records of the ring.
    bytes: AtomicUsize,
    last: AtomicU64,
    news: broadcast::Sender<TrafficCall>,
    limits: TrafficLimits,
}

/// How much a [`Traffic`] keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrafficLimits {
    /// Calls. Default: 500.
    pub calls: usize,
    /// Bytes of text of all calls together; the oldest calls give way. Default: 16 MiB.
    pub bytes: usize,
    /// Bytes of one message; of a longer one the beginning is kept. Default: 64 KiB.
    pub message: usize,
    /// Messages of one call, its response aside; further ones are counted. Default: 200.
    pub messages: usize,
}

/// A call, as far as it has come.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TrafficCall {
    /// Which one it is; later calls have greater numbers.
    pub id: u64,
    /// When it came.
    pub at: SystemTime,
    /// The server it is for.
    pub server: Arc<str>,
    /// Its method, at most 1 KiB of it.
    pub method: Arc<str>,
    /// The tool or prompt, or the URI, that it names; at most 1 KiB of it.
    pub subject: Option<Arc<str>>,
    /// On whose behalf it was made.
    pub principal: Principal,
    /// What the client said of itself.
    pub client: Option<Arc<Client>>,
    /// The revision that is spoken to the server's side of the proxy.
    pub revision: Revision,
    /// From its beginning to its end; `None` while it is under way.
    pub took: Option<Duration>,
    /// How it has ended.
    pub outcome: CallOutcome,
    /// Bytes of the request, as it came.
    pub request_bytes: usize,
    /// Bytes of the response; 0 without one.
    pub response_bytes: usize,
}

/// How a call has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    /// It has not.
    Running,
    /// With a result.
    Ok,
    /// With a result in which the tool says that it has failed.
    ToolError,
    /// With a JSON-RPC error.
    Error,
    /// Without a response, although it was sent.
    Lost,
    /// It could not be sent.
    NotSent,
    /// The client has given it up.
    Cancelled,
}

/// A call and what was said in it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Exchange {
    /// The call.
    pub call: TrafficCall,
    /// What was said, oldest first: the request, notifications and questions of the call with their answers, the response.
    pub messages: Vec<Exchanged>,
    /// Messages that were left out, for there were too many.
    pub omitted: u64,
}

/// A message of a call. Its text is as it was; secrets that it holds are in it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exchanged {
    /// When it passed.
    pub at: SystemTime,
    /// Where it went.
    pub direction: Direction,
    /// The text, or its beginning.
    pub text: String,
    /// Whether the text is only the beginning.
    pub is_truncated: bool,
}

/// Where a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the server.
    ToServer,
    /// To the client.
    ToClient,
}

/// News that wait for one who watches. Who is slower misses some, and can ask for the calls.
const NEWS: usize = 256;

impl Default for TrafficLimits {
    fn default() -> Self {
        Self { calls: 500, bytes: 16 << 20, message: 64 << 10, messages: 200 }
    }
}

impl Traffic {
    pub(crate) fn new(limits: TrafficLimits) -> Arc<Self> {
        Arc::new(Self {
            ring: Mutex::default(),
            bytes: AtomicUsize::new(0),
            last: AtomicU64::new(0),
            news: broadcast::Sender::new(NEWS),
            limits,
        })
    }

    /// The calls that are kept, the newest first.
    #[must_use]
    pub fn calls(&self) -> Vec<TrafficCall> {
        let records: Vec<_> = self.ring().iter().rev().cloned().collect();
        records.iter().map(|record| record.call()).collect()
    }

    /// What was said in a call; `None` if that is not kept any more.
    #[must_use]
    pub fn exchange(&self, id: u64) -> Option<Exchange> {
        let record = self.ring().iter().find(|record| record.id() == id).cloned();
        record.map(|record| record.exchange())
    }

    /// Every call from now on, once when it begins and once when it ends.
    #[must_use]
    pub fn watch(&self) -> broadcast::Receiver<TrafficCall> {
        self.news.subscribe()
    }

    /// How much is kept.
    #[must_use]
    pub fn limits(&self) -> &TrafficLimits {
        &self.limits
    }

    /// Begins to follow a call.
    pub(crate) fn begin(self: &Arc<Self>, server: &Arc<str>, request: &Request) -> Watched {
        let id = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let record = Arc::new(Record::new(id, server, request));
        self.ring().push_back(Arc::clone(&record));
        let watched = Watched::new(Arc::clone(self), record);
        watched.said(Direction::ToServer, request.message());
        watched.tell();
        watched
    }

    fn ring(&self) -> MutexGuard<'_, VecDeque<Arc<Record>>> {
        lock(&self.ring)
    }

    /// Forgets the oldest calls until the others are within the bounds.
    fn trim(&self) {
        let mut ring = self.ring();
        while self.limits.calls < ring.len() || self.limits.bytes < self.bytes.load(Ordering::Relaxed) {
            let Some(oldest) = ring.pop_front() else { return };
            self.bytes.fetch_sub(oldest.forget(), Ordering::Relaxed);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
