//! Reads an event stream that arrives in any portions.

use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};

/// Turns the bytes of an event stream into its events.
///
/// [`push`](Self::push) a portion, then call [`next_event`](Self::next_event) until it gives `None`. Line ends may be CR,
/// LF or CRLF, and the stream may begin with a byte order mark. What is left when the stream ends is no event: the
/// empty line that ends one is missing.
#[derive(Debug)]
pub struct Decoder {
    buffer: BytesMut,
    /// How far the buffer was searched for a line end.
    searched: usize,
    started: bool,
    /// The last line ended with CR, so that an LF right after it belongs to that line end.
    after_cr: bool,
    event: Event,
    data: Data,
    /// Bytes of the lines that the event consists of so far.
    held: usize,
    limit: usize,
    skipping: Skipping,
}

/// What a stream gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// An event.
    Event(Event),
    /// An event longer than the limit, which was left out. It is reported once, as soon as it is too long.
    TooLong,
}

/// One event. Of a field that stands more than once the last one counts, but data lines add up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// From where to resume the stream after this event. Empty: from nowhere.
    pub id: Option<Bytes>,
    /// The type of the event.
    pub kind: Option<Bytes>,
    /// The data lines, joined by LF; `None` if there was not one, which is not the same as an empty one.
    pub data: Option<Bytes>,
    /// How long to wait before a broken stream is opened again.
    pub retry: Option<Duration>,
}

impl Event {
    /// Whether the event is of the type that carries messages: `message`, which is also what no type means.
    #[must_use]
    pub fn is_message(&self) -> bool {
        self.is_kind("message") || self.kind.as_ref().is_none_or(Bytes::is_empty)
    }

    /// Whether the event says that it is of this type.
    #[must_use]
    pub fn is_kind(&self, kind: &str) -> bool {
        self.kind.as_deref() == Some(kind.as_bytes())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Skipping {
    No,
    /// The rest of the event.
    Event,
    /// The rest of the line that is arriving, and then of the event.
    Line,
}

/// One data line stays a part of what arrived; only several are copied together.
#[derive(Debug, Default)]
enum Data {
    #[default]
    None,
    Line(Bytes),
    Lines(Vec<u8>),
}

impl Decoder {
    /// A decoder for events of at most `limit` bytes, counted in lines without their ends.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            buffer: BytesMut::new(),
            searched: 0,
            started: false,
            after_cr: false,
            event: Event::default(),
            data: Data::None,
            held: 0,
            limit,
            skipping: Skipping::No,
        }
    }

    /// Takes the next portion of the stream.
    pub fn push(&mut self, portion: &[u8]) {
        self.buffer.extend_from_slice(portion);
    }

    /// The next event that is complete, if there is one.
    pub fn next_event(&mut self) -> Option<Decoded> {
        if !self.started && !self.start() {
            return None;
        }
        loop {
            if self.after_cr && !self.buffer.is_empty() {
                if self.buffer.starts_with(b"\n") {
                    self.buffer.advance(1);
                }
                self.after_cr = false;
            }
            let Some(end) = memchr::memchr2(b'\n', b'\r', &self.buffer[self.searched..]) else {
                return self.hold_back();
            };
            let line = self.buffer.split_to(self.searched + end).freeze();
            self.searched = 0;
            self.after_cr = self.buffer.starts_with(b"\r");
            self.buffer.advance(1);
            if let Some(decoded) = self.line(&line) {
                return Some(decoded);
            }
        }
    }

    /// Leaves a byte order mark out; `false` while it may still become one.
    fn start(&mut self) -> bool {
        const MARK: &[u8] = b"\xef\xbb\xbf";
        if self.buffer.len() < MARK.len() && MARK.starts_with(&self.buffer) {
            return false;
        }
        if self.buffer.starts_with(MARK) {
            self.buffer.advance(MARK.len());
        }
        self.started = true;
        true
    }

    /// Keeps what may become a line and lets go of what cannot.
    fn hold_back(&mut self) -> Option<Decoded> {
        let too_long = self.skipping == Skipping::No && self.limit < self.held + self.buffer.len();
        if too_long {
            self.skip();
        }
        if self.skipping != Skipping::No && !self.buffer.is_empty() {
            self.skipping = Skipping::Line;
            self.buffer = BytesMut::new();
        }
        self.searched = self.buffer.len();
        too_long.then_some(Decoded::TooLong)
    }

    fn skip(&mut self) {
        self.skipping = Skipping::Event;
        self.event = Event::default();
        self.data = Data::None;
    }

    fn line(&mut self, line: &Bytes) -> Option<Decoded> {
        if self.skipping == Skipping::Line {
            // The end of a line of which the beginning is gone, so it is not the empty one.
            self.skipping = Skipping::Event;
            return None;
        }
        if line.is_empty() {
            return self.dispatch();
        }
        if self.skipping == Skipping::Event {
            return None;
        }
        if self.limit < self.held + line.len() {
            self.skip();
            return Some(Decoded::TooLong);
        }
        self.field(line);
        None
    }

    fn dispatch(&mut self) -> Option<Decoded> {
        let mut event = std::mem::take(&mut self.event);
        let data = std::mem::take(&mut self.data);
        self.held = 0;
        self.skipping = Skipping::No;
        event.data = match data {
            Data::None => None,
            Data::Line(line) => Some(line),
            Data::Lines(lines) => Some(lines.into()),
        };
        // A type alone says nothing.
        let says_something = event.data.is_some() || event.id.is_some() || event.retry.is_some();
        says_something.then_some(Decoded::Event(event))
    }

    fn field(&mut self, line: &Bytes) {
        let colon = memchr::memchr(b':', line);
        if colon == Some(0) {
            return;
        }
        self.held += line.len();
        let (name, value) = match colon {
            None => (&line[..], Bytes::new()),
            Some(at) => (&line[..at], line.slice(at + 1 + usize::from(line.get(at + 1) == Some(&b' '))..)),
        };
        match name {
            b"data" => {
                self.data = match std::mem::take(&mut self.data) {
                    Data::None => Data::Line(value),
                    Data::Line(first) => Data::Lines([&first[..], b"\n", &value[..]].concat()),
                    Data::Lines(mut lines) => {
                        lines.push(b'\n');
                        lines.extend_from_slice(&value);
                        Data::Lines(lines)
                    }
                }
            }
            b"event" => self.event.kind = Some(value),
            b"id" if !value.contains(&0) => self.event.id = Some(value),
            b"retry" if !value.is_empty() && value.iter().all(u8::is_ascii_digit) => {
                let millis = std::str::from_utf8(&value).ok().and_then(|digits| digits.parse().ok());
                self.event.retry = Some(Duration::from_millis(millis.unwrap_or(u64::MAX)));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
