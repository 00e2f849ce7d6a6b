//! The writer task: the only one that touches the writing end.

use std::{io, sync::Arc, time::Duration};

use futures::{Sink, SinkExt};
use mcp_jsonrpc::Message;
use tokio::{
    io::{AsyncWrite, AsyncWriteExt},
    time::timeout,
};

use super::{Shared, trail::Trail};
use crate::{CloseReason, Closed};

/// Where messages are written to.
pub(crate) trait Writing: Send {
    /// Writes all of `batch` and leaves it empty.
    fn write(&mut self, batch: &mut Vec<Message>) -> impl Future<Output = io::Result<()>> + Send;
    /// The keys of the requests of which the peer has read nothing, as far as that can be known.
    fn unread(&self) -> Vec<u64> {
        Vec::new()
    }
    /// Says that there is no more.
    fn end(&mut self) -> impl Future<Output = ()> + Send;
}

/// Writes what the outbox holds until it is closed.
///
/// Since no caller touches the pipe, one that gives up cannot leave half a line in it. Messages that queued up while a
/// write was under way go out together in the next one.
pub(crate) async fn run(mut to: impl Writing, shared: Arc<Shared>) {
    let mut batch = Vec::new();
    while shared.outbox.take(&mut batch).await {
        let written = tokio::select! {
            biased;
            written = to.write(&mut batch) => written,
            () = shared.over_for(shared.limits.send_wait) => Err(io::ErrorKind::TimedOut.into()),
        };
        if let Err(error) = written {
            shared.outbox.close();
            shared.unread.send_replace(Some(to.unread()));
            // The reader usually learns of the same end, and with the better reason.
            if timeout(REASON_WAIT, shared.over()).await.is_err() {
                shared.finish(Closed::new(CloseReason::Failed(error.to_string())));
            }
            break;
        }
    }
    shared.unread.send_if_modified(|known| {
        let first = known.is_none();
        known.get_or_insert_with(|| to.unread());
        first
    });
    to.end().await;
}

const REASON_WAIT: Duration = Duration::from_secs(1);

/// Newline-delimited JSON.
#[derive(Debug)]
pub(crate) struct LineWriter<W> {
    pipe: Counted<W>,
    buffer: Vec<u8>,
    trail: Trail,
    unread: fn(&W) -> Option<u64>,
}

/// A pipe, and how many bytes it has taken.
#[derive(Debug)]
struct Counted<W> {
    pipe: W,
    taken: u64,
}

impl<W: AsyncWrite + Unpin> Counted<W> {
    async fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let taken = self.pipe.write(bytes).await?;
            if taken == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            self.taken += taken as u64;
            bytes = &bytes[taken..];
        }
        Ok(())
    }
}

/// From this length in bytes on, copying a message costs more than a write of its own.
const LARGE: usize = 32 * 1024;

impl<W: AsyncWrite + Unpin + Send> LineWriter<W> {
    pub(crate) fn new(pipe: W, unread: fn(&W) -> Option<u64>) -> Self {
        Self { pipe: Counted { pipe, taken: 0 }, buffer: Vec::new(), trail: Trail::default(), unread }
    }

    async fn flush(&mut self) -> io::Result<()> {
        if !self.buffer.is_empty() {
            self.pipe.write_all(&self.buffer).await?;
            self.buffer.clear();
        }
        Ok(())
    }
}

impl<W: AsyncWrite + Unpin + Send> Writing for LineWriter<W> {
    async fn write(&mut self, batch: &mut Vec<Message>) -> io::Result<()> {
        self.trail.note(batch);
        for message in batch.drain(..) {
            let message = message.single_line();
            if message.len() < LARGE {
                message.append_to(&mut self.buffer);
            } else {
                for chunk in message.chunks() {
                    if chunk.len() < LARGE {
                        self.buffer.extend_from_slice(&chunk);
                    } else {
                        self.flush().await?;
                        self.pipe.write_all(&chunk).await?;
                    }
                }
            }
            self.buffer.push(b'\n');
            if LARGE < self.buffer.len() {
                self.flush().await?;
            }
        }
        self.flush().await?;
        self.pipe.pipe.flush().await
    }

    fn unread(&self) -> Vec<u64> {
        let unread = (self.unread)(&self.pipe.pipe);
        unread.map(|unread| self.trail.unread(self.pipe.taken, unread)).unwrap_or_default()
    }

    async fn end(&mut self) {
        // A pipe that is gone already has nothing to be told.
        let _ = self.pipe.pipe.shutdown().await;
    }
}

/// A sink of messages.
#[derive(Debug)]
pub(crate) struct SinkWriter<S>(pub(crate) S);

impl<S: Sink<Message> + Unpin + Send> Writing for SinkWriter<S> {
    async fn write(&mut self, batch: &mut Vec<Message>) -> io::Result<()> {
        let closed = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        for message in batch.drain(..) {
            self.0.feed(message).await.map_err(closed)?;
        }
        self.0.flush().await.map_err(closed)
    }

    async fn end(&mut self) {
        let _ = self.0.close().await;
    }
}
