//! What a client may ask for again when a stream broke.

mod event_id;
mod pool;

use std::{
    collections::{BTreeMap, VecDeque},
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::Instant,
};

use mcp_jsonrpc::Message;

pub use self::{
    event_id::{EventId, StreamId},
    pool::ReplayPool,
};

/// The latest events of a session's streams, for [`ReplayLimits`](crate::ReplayLimits) of number, bytes and age.
///
/// The oldest event of the session goes first, whichever stream it is of. A message longer than all the bytes is never
/// kept. Nothing is allocated before the first stream is opened.
#[derive(Debug)]
pub struct Replay {
    pool: Arc<ReplayPool>,
    buffer: Option<Box<Buffer>>,
}

/// An event as it was sent.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// What it carries.
    pub message: Message,
}

/// What there is to send to a client that saw a stream up to some event.
#[derive(Debug)]
#[non_exhaustive]
pub enum Resume {
    /// Everything that came after: exactly once, in order, of that stream alone.
    Events {
        /// The stream.
        stream: StreamId,
        /// The events; there need not be any.
        events: Vec<Event>,
        /// Whether nothing else will come on that stream.
        finished: bool,
    },
    /// Some of what came after is not kept any more, so the stream cannot be continued without a hole.
    Evicted {
        /// The stream.
        stream: StreamId,
        /// Whether nothing else will come on that stream.
        finished: bool,
    },
    /// No event of this session has that id, or its stream has been forgotten altogether.
    Unknown,
}

#[derive(Debug)]
struct Buffer {
    /// Tells our event ids from those of other sessions.
    tag: u64,
    next_stream: u64,
    streams: BTreeMap<StreamId, Stream>,
    events: VecDeque<Kept>,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Stream {
    /// The sequence number of its latest event; 0 is its beginning.
    latest: u64,
    /// The highest sequence number that is not kept any more.
    lost: u64,
    kept: usize,
    finished: bool,
}

#[derive(Debug)]
struct Kept {
    at: Instant,
    stream: StreamId,
    sequence: u64,
    message: Message,
}

/// Streams of a session that can be resumed. More than may be in flight at once, so that only forgotten ones go.
const MAX_STREAMS: usize = 256;

impl Replay {
    /// Nothing yet; what is kept counts against `pool`.
    #[must_use]
    pub fn new(pool: Arc<ReplayPool>) -> Self {
        Self { pool, buffer: None }
    }

    /// Opens a stream. What comes back is the id of its beginning, which a priming event carries.
    ///
    /// Of more than 256 streams the oldest is forgotten, finished ones first.
    pub fn open_stream(&mut self) -> EventId {
        let buffer = self.buffer.get_or_insert_with(Box::default);
        if buffer.streams.len() == MAX_STREAMS {
            let finished = buffer.streams.iter().find(|(_, stream)| stream.finished);
            if let Some(oldest) = finished.or(buffer.streams.iter().next()).map(|(id, _)| *id) {
                buffer.forget(oldest, &self.pool);
            }
        }
        let stream = StreamId(buffer.next_stream);
        buffer.next_stream += 1;
        buffer.streams.insert(stream, Stream::default());
        EventId { tag: buffer.tag, stream, sequence: 0 }
    }

    /// Keeps an event that is about to be sent on `stream` and gives its id; `None` if that stream is finished or forgotten,
    /// and the event then goes out without one.
    pub fn push(&mut self, stream: StreamId, message: Message, now: Instant) -> Option<EventId> {
        self.trim(now);
        let buffer = self.buffer.as_deref_mut()?;
        let state = buffer.streams.get_mut(&stream).filter(|state| !state.finished)?;
        state.latest += 1;
        let sequence = state.latest;
        if buffer.make_room(message.len(), &self.pool) {
            buffer.keep(Kept { at: now, stream, sequence, message });
        } else if let Some(state) = buffer.streams.get_mut(&stream) {
            state.lost = sequence;
        }
        Some(EventId { tag: buffer.tag, stream, sequence })
    }

    /// Says that nothing else will come on `stream`. It is forgotten when its last event is.
    pub fn finish(&mut self, stream: StreamId) {
        let Some(buffer) = self.buffer.as_deref_mut() else { return };
        if let Some(state) = buffer.streams.get_mut(&stream) {
            state.finished = true;
            if state.kept == 0 {
                buffer.streams.remove(&stream);
            }
        }
    }

    /// What came on a stream after the event that `last_event_id` names, in the words of the client.
    pub fn since(&mut self, last_event_id: &str, now: Instant) -> Resume {
        self.trim(now);
        let Some(buffer) = self.buffer.as_deref() else { return Resume::Unknown };
        let Some(last) = EventId::parse(last_event_id).filter(|id| id.tag == buffer.tag) else {
            return Resume::Unknown;
        };
        let stream = last.stream;
        let Some(state) = buffer.streams.get(&stream).filter(|state| last.sequence <= state.latest) else {
            return Resume::Unknown;
        };
        let finished = state.finished;
        if last.sequence < state.lost {
            return Resume::Evicted { stream, finished };
        }
        let after = buffer.events.iter().filter(|kept| kept.stream == stream && last.sequence < kept.sequence);
        let event =
            |kept: &Kept| Event { id: EventId { sequence: kept.sequence, ..last }, message: kept.message.clone() };
        Resume::Events { stream, events: after.map(event).collect(), finished }
    }

    /// Forgets the events that are too old.
    pub fn trim(&mut self, now: Instant) {
        let Some(buffer) = self.buffer.as_deref_mut() else { return };
        let age = self.pool.limits().age;
        while buffer.events.front().is_some_and(|kept| now.saturating_duration_since(kept.at) >= age) {
            buffer.evict(&self.pool);
        }
    }

    /// Forgets all events and all streams.
    pub fn clear(&mut self) {
        if let Some(buffer) = self.buffer.take() {
            self.pool.give(buffer.bytes);
        }
    }

    /// How many bytes of messages are kept.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.buffer.as_ref().map_or(0, |buffer| buffer.bytes)
    }
}

impl Drop for Replay {
    fn drop(&mut self) {
        self.clear();
    }
}

impl Default for Buffer {
    fn default() -> Self {
        // Every `RandomState` has a key of its own that is not to be guessed.
        let tag = RandomState::new().hash_one(());
        Self { tag, next_stream: 1, streams: BTreeMap::new(), events: VecDeque::new(), bytes: 0 }
    }
}

impl Buffer {
    /// Evicts until a message of `length` bytes fits, and takes them from the pool; `false` if it cannot fit.
    fn make_room(&mut self, length: usize, pool: &ReplayPool) -> bool {
        let limits = pool.limits();
        if limits.bytes < length || limits.events == 0 {
            return false;
        }
        while limits.events <= self.events.len() || limits.bytes - length < self.bytes {
            self.evict(pool);
        }
        while !pool.take(length) {
            if !self.evict(pool) {
                return false;
            }
        }
        true
    }

    fn keep(&mut self, kept: Kept) {
        self.bytes += kept.message.len();
        if let Some(state) = self.streams.get_mut(&kept.stream) {
            state.kept += 1;
        }
        self.events.push_back(kept);
    }

    /// Lets the oldest event go; `false` if there is none.
    fn evict(&mut self, pool: &ReplayPool) -> bool {
        let Some(kept) = self.events.pop_front() else { return false };
        let length = kept.message.len();
        self.bytes -= length;
        pool.give(length);
        if let Some(state) = self.streams.get_mut(&kept.stream) {
            state.kept -= 1;
            state.lost = state.lost.max(kept.sequence);
            if state.finished && state.kept == 0 {
                self.streams.remove(&kept.stream);
            }
        }
        true
    }

    fn forget(&mut self, stream: StreamId, pool: &ReplayPool) {
        self.streams.remove(&stream);
        let bytes = &mut self.bytes;
        self.events.retain(|kept| {
            let stays = kept.stream != stream;
            if !stays {
                *bytes -= kept.message.len();
                pool.give(kept.message.len());
            }
            stays
        });
    }
}

#[cfg(test)]
mod tests;
