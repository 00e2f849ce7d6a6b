//! The reader task: gives every message to whoever it is for, and never waits for them.

use std::{sync::Arc, time::Instant};

use bytes::Bytes;
use futures::{Stream, StreamExt};
use mcp_jsonrpc::{Incoming, Line, Lines, Message};
use mcp_protocol::code;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::{Shared, in_flight::Delivery};
use crate::{Budget, CloseReason, Lost};

/// Where messages are read from.
pub(crate) trait Reading: Send {
    /// Waits for messages and appends them to `batch`; the end says why.
    fn read(&mut self, batch: &mut Vec<Read>) -> impl Future<Output = Result<(), CloseReason>> + Send;
}

/// One thing that was read.
#[derive(Debug)]
pub(crate) enum Read {
    Message(Message),
    /// A message that could not be kept, so its caller gets this instead.
    Unkept(Message, Lost),
    /// Bytes that are no message.
    Noise(String),
}

/// Reads until the peer's stream ends, then settles everything that still waits.
pub(crate) async fn run(mut from: impl Reading, shared: Arc<Shared>) {
    let mut batch = Vec::new();
    let mut noises: u64 = 0;
    let reason = loop {
        let outcome = from.read(&mut batch).await;
        for read in batch.drain(..) {
            match read {
                Read::Message(message) => deliver(&shared, message),
                Read::Unkept(message, lost) => shared.lose(message, lost),
                Read::Noise(what) => {
                    noises += 1;
                    // A server that chatters must not fill the log.
                    if noises.is_power_of_two() {
                        tracing::warn!(so_far = noises, "the server wrote {what}; it is skipped");
                    }
                }
            }
        }
        if let Err(reason) = outcome {
            break reason;
        }
    };
    shared.end(reason).await;
}

fn deliver(shared: &Shared, message: Message) {
    let delivery = shared.calls().receive(message, Instant::now);
    match delivery {
        Delivery::Response(mailbox, response) => mailbox.settle(Ok(response)),
        Delivery::Note(mailbox, note) => refuse(shared, mailbox.note(note, shared.limits.notes).err()),
        Delivery::Event(event) => refuse(shared, shared.event(event)),
        Delivery::Over(mailbox) => mailbox.settle(Err(Lost::Over)),
        Delivery::Answer(answer) => shared.outbox.push_answer(answer),
        Delivery::Stale => tracing::debug!("an answer came after its call was over"),
    }
}

/// Answers a server's request that found no room, so that the server does not wait for ever.
pub(super) fn refuse(shared: &Shared, request: Option<Message>) {
    if let Some(id) = request.and_then(|request| request.id()) {
        let text = "the client does not keep up with the server's requests";
        shared.outbox.push_answer(Message::error_response(Some(&id), code::INTERNAL_ERROR, text, None));
    }
}

/// Newline-delimited JSON.
#[derive(Debug)]
pub(crate) struct LineReader<R> {
    pipe: R,
    lines: Lines,
    limit: usize,
    budget: Budget,
    /// How much room the next read gets: doubled while reads fill it, so that large lines arrive in few pieces.
    portion: usize,
}

const SMALL_PORTION: usize = 64 * 1024;
const LARGE_PORTION: usize = 1024 * 1024;
const LEAST_ROOM: usize = 16 * 1024;

impl<R: AsyncRead + Unpin + Send> LineReader<R> {
    pub(crate) fn new(pipe: R, limit: usize, budget: Budget) -> Self {
        Self { pipe, lines: Lines::new(limit), limit, budget, portion: SMALL_PORTION }
    }

    fn take(&mut self, line: Line, batch: &mut Vec<Read>) {
        match line {
            Line::TooLong(skipped) => {
                let (length, limit) = (skipped.length(), self.limit);
                batch.push(Read::Noise(format!("a line of {length} bytes, the limit is {limit}")));
                if let Some(id) = skipped.response_id() {
                    // Stands for the response that was skipped, to find its caller by.
                    batch.push(Read::Unkept(Message::response(&id, "null"), Lost::TooLarge { limit }));
                }
            }
            Line::Text(text) => match Incoming::parse(compact(text), BATCH) {
                Ok(Incoming::One(message)) => batch.push(kept(message, &self.budget)),
                Ok(Incoming::Many(messages)) => {
                    batch.extend(messages.into_iter().map(|message| match message {
                        Ok(message) => kept(message, &self.budget),
                        Err(error) => Read::Noise(format!("a batch with a broken message ({error})")),
                    }));
                }
                Err(error) => batch.push(Read::Noise(format!("a line that is no message ({error})"))),
            },
        }
    }
}

/// A small line in a buffer of its own: as a part of the read buffer it would keep all of that alive wherever it waits.
fn compact(text: Bytes) -> Bytes {
    if text.len() < SMALL { Bytes::copy_from_slice(&text) } else { text }
}

const SMALL: usize = 4096;

/// How many messages a batch of a server may hold (2025-03-26 only).
const BATCH: usize = 50;

/// The message, if its bytes find room in the budget.
fn kept(message: Message, budget: &Budget) -> Read {
    match message.reowned(|text| budget.charge(text)) {
        Ok(message) => Read::Message(message),
        Err(message) => Read::Unkept(message, Lost::Overloaded),
    }
}

impl<R: AsyncRead + Unpin + Send> Reading for LineReader<R> {
    async fn read(&mut self, batch: &mut Vec<Read>) -> Result<(), CloseReason> {
        let buffer = self.lines.buffer();
        // What short lines have left of the buffer serves for more of them before there is a new one.
        if self.portion > SMALL_PORTION || buffer.capacity() - buffer.len() < LEAST_ROOM {
            buffer.reserve(self.portion);
        }
        match self.pipe.read_buf(buffer).await {
            Ok(0) => {
                if let Some(last) = self.lines.finish() {
                    self.take(last, batch);
                }
                return Err(CloseReason::Ended);
            }
            Ok(length) => {
                let full = self.portion <= length;
                self.portion = if full { (self.portion * 2).min(LARGE_PORTION) } else { SMALL_PORTION };
            }
            Err(error) => return Err(CloseReason::Failed(error.to_string())),
        }
        while let Some(line) = self.lines.next_line() {
            self.take(line, batch);
        }
        Ok(())
    }
}

/// A stream of messages.
#[derive(Debug)]
pub(crate) struct StreamReader<S>(pub(crate) S);

impl<S: Stream<Item = Message> + Unpin + Send> Reading for StreamReader<S> {
    async fn read(&mut self, batch: &mut Vec<Read>) -> Result<(), CloseReason> {
        let message = self.0.next().await.ok_or(CloseReason::Ended)?;
        batch.push(Read::Message(message));
        Ok(())
    }
}
