//! Ends a connection whose other end does not read.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep},
};

/// Fails a write that has been waiting for too long, so that a client which stops reading does not hold its connection, and
/// what is to be sent on it, for ever. Each byte that is taken starts the wait anew.
///
/// There is no timer as long as writes do not wait, and one at most.
#[derive(Debug)]
pub struct StallGuard<I> {
    io: I,
    limit: Duration,
    /// Made when a write waits for the first time, and used again from then on.
    timer: Option<Pin<Box<Sleep>>>,
    waiting: Option<Step>,
}

/// What can wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Write,
    Flush,
    Shutdown,
}

impl<I> StallGuard<I> {
    /// How long a write may wait by default: 30 s.
    pub const DEFAULT: Duration = Duration::from_secs(30);

    /// Guards `io`: a write may wait for `limit`.
    pub fn new(io: I, limit: Duration) -> Self {
        Self { io, limit, timer: None, waiting: None }
    }

    /// What is guarded.
    pub fn get_ref(&self) -> &I {
        &self.io
    }

    /// Turns a wait that is too long into an error.
    fn bounded<T>(
        &mut self,
        step: Step,
        context: &mut Context<'_>,
        outcome: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            // A flush that has nothing to do says nothing about a write that waits.
            if step == Step::Write || self.waiting == Some(step) {
                self.waiting = None;
            }
            return outcome;
        }
        let limit = self.limit;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(limit)));
        if self.waiting.is_none() {
            timer.as_mut().reset(Instant::now() + limit);
            self.waiting = Some(step);
        }
        timer
            .as_mut()
            .poll(context)
            .map(|()| Err(io::Error::new(io::ErrorKind::TimedOut, "the other end does not read")))
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for StallGuard<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for StallGuard<I> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.io).poll_write(context, data);
        self.bounded(Step::Write, context, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.io).poll_write_vectored(context, data);
        self.bounded(Step::Write, context, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.io).poll_flush(context);
        self.bounded(Step::Flush, context, outcome)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.io).poll_shutdown(context);
        self.bounded(Step::Shutdown, context, outcome)
    }
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, future::poll_fn};

    use futures::stream;
    use http::{Request, Response};
    use hyper::{body::Incoming, server::conn::http1, service::service_fn};
    use hyper_util::rt::TokioIo;
    use mcp_jsonrpc::Message;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;
    use crate::server::{Answer, Frame};

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_that_waits_fails_in_time_and_not_before() {
        let (near, _far) = duplex(4);
        let mut near = StallGuard::new(near, seconds(30));
        near.write_all(b"abcd").await.unwrap();
        assert!(near.timer.is_none(), "nothing has waited yet");
        let begin = Instant::now();
        let error = near.write_all(b"e").await.unwrap_err();
        assert_eq!((error.kind(), begin.elapsed().as_secs()), (io::ErrorKind::TimedOut, 30));
    }

    #[tokio::test(start_paused = true)]
    async fn each_byte_that_is_taken_starts_the_wait_anew() {
        let (near, mut far) = duplex(1);
        let mut near = StallGuard::new(near, seconds(30));
        let reader = tokio::spawn(async move {
            for _ in 0..4 {
                sleep(seconds(29)).await;
                far.read_u8().await.unwrap();
            }
        });
        near.write_all(b"abcd").await.unwrap();
        reader.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_flush_with_nothing_to_do_does_not_hide_a_write_that_waits() {
        let (near, _far) = duplex(1);
        let mut near = StallGuard::new(near, seconds(30));
        near.write_all(b"a").await.unwrap();
        let stalled = poll_fn(|context| {
            let outcome = Pin::new(&mut near).poll_write(context, b"b");
            assert!(Pin::new(&mut near).poll_flush(context).is_ready());
            outcome
        });
        let outcome = tokio::time::timeout(seconds(31), stalled).await.expect("in time");
        assert_eq!(outcome.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_does_not_read_its_stream_loses_the_connection() {
        let (near, mut far) = duplex(1024);
        let service = service_fn(async |_: Request<Incoming>| {
            // A few kilobytes, then nothing more: the server has no reason of its own to look again.
            let note = Message::notification("x", Some(&format!("\"{}\"", "x".repeat(5000))));
            let frames = stream::iter([Frame::message(note)]);
            let frames = futures::StreamExt::chain(frames, stream::pending());
            Ok::<Response<Answer<_>>, Infallible>(Answer::events(frames))
        });
        let guarded = TokioIo::new(StallGuard::new(near, seconds(30)));
        let server = tokio::spawn(http1::Builder::new().serve_connection(guarded, service).into_future());
        far.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
        let begin = Instant::now();
        let outcome = tokio::time::timeout(seconds(40), server).await.expect("in time").unwrap();
        assert!(outcome.is_err());
        assert_eq!(begin.elapsed().as_secs(), 30);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_reads_keeps_its_silent_stream() {
        let (near, mut far) = duplex(1024);
        let service = service_fn(async |_: Request<Incoming>| {
            let frames = stream::iter([Frame::Comment("hello")]);
            let frames = futures::StreamExt::chain(frames, stream::pending());
            Ok::<Response<Answer<_>>, Infallible>(Answer::events(frames))
        });
        let guarded = TokioIo::new(StallGuard::new(near, seconds(30)));
        let server = tokio::spawn(http1::Builder::new().serve_connection(guarded, service).into_future());
        far.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
        let mut read = Vec::new();
        while !read.ends_with(b": hello\n\n\r\n") {
            far.read_buf(&mut read).await.unwrap();
        }
        let text = String::from_utf8(read).unwrap();
        assert!(text.starts_with("HTTP/1.1 200 OK") && text.contains("transfer-encoding: chunked"), "{text}");
        assert!(tokio::time::timeout(seconds(3600), server).await.is_err(), "it goes on");
    }
}
