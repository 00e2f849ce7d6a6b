//! This process's own stdin and stdout.
//!
//! Each gets a thread of its own. A runtime's blocking threads would do, but the runtime waits for them when it stops, and
//! a read of stdin ends only when the client writes something. Making the descriptors non-blocking would need no thread
//! at all, but they are shared with whoever has started us, and a shell or a terminal does not expect that.

use std::{
    fmt,
    io::{self, Read, Write},
    pin::Pin,
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{SyncSender, sync_channel},
    },
    task::{Context, Poll, ready},
    thread,
};

use bytes::{Buf, Bytes};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::{mpsc, oneshot},
};

/// This process's stdin.
pub struct OwnInput {
    portions: mpsc::Receiver<io::Result<Bytes>>,
    current: Bytes,
}

/// This process's stdout. What was written is out of our hands once `flush` or `shutdown` has returned.
pub struct OwnOutput {
    jobs: Option<SyncSender<Job>>,
    state: State,
}

enum State {
    Idle(Vec<u8>),
    Busy(oneshot::Receiver<Done>),
}

/// A buffer to be written, and where it goes back to.
type Job = (Vec<u8>, oneshot::Sender<Done>);
type Done = (Vec<u8>, io::Result<()>);

/// Bytes of one read or write.
const PORTION: usize = 64 * 1024;
/// Portions that wait for their reader.
const AHEAD: usize = 4;

static TAKEN: AtomicBool = AtomicBool::new(false);

/// Takes this process's stdin and stdout. From then on nobody else may use them: stdout is the wire.
///
/// # Errors
///
/// [`io::ErrorKind::ResourceBusy`] if they have been taken before; otherwise the system's reason for giving no thread.
pub fn own() -> io::Result<(OwnInput, OwnOutput)> {
    if TAKEN.swap(true, Ordering::Relaxed) {
        return Err(io::Error::new(io::ErrorKind::ResourceBusy, "stdin and stdout can be taken only once"));
    }
    Ok((input(io::stdin())?, output(io::stdout())?))
}

fn input(mut source: impl Read + Send + 'static) -> io::Result<OwnInput> {
    let (sender, portions) = mpsc::channel(AHEAD);
    let work = move || {
        let mut buffer = vec![0; PORTION];
        loop {
            let portion = match source.read(&mut buffer) {
                Ok(0) => return,
                Ok(length) => Ok(Bytes::copy_from_slice(&buffer[..length])),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => Err(error),
            };
            let failed = portion.is_err();
            if sender.blocking_send(portion).is_err() || failed {
                return;
            }
        }
    };
    thread::Builder::new().name("mcp-stdin".to_owned()).spawn(work)?;
    Ok(OwnInput { portions, current: Bytes::new() })
}

fn output(mut sink: impl Write + Send + 'static) -> io::Result<OwnOutput> {
    // There is one buffer and it goes to and fro, so one place is enough.
    let (jobs, receiver) = sync_channel::<Job>(1);
    let work = move || {
        for (buffer, done) in receiver {
            let written = sink.write_all(&buffer).and_then(|()| sink.flush());
            // The writer may have been dropped without a flush.
            let _ = done.send((buffer, written));
        }
    };
    thread::Builder::new().name("mcp-stdout".to_owned()).spawn(work)?;
    Ok(OwnOutput { jobs: Some(jobs), state: State::Idle(Vec::new()) })
}

impl AsyncRead for OwnInput {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.current.is_empty() {
            match ready!(self.portions.poll_recv(context)) {
                Some(portion) => self.current = portion?,
                None => return Poll::Ready(Ok(())),
            }
        }
        let length = self.current.len().min(buffer.remaining());
        buffer.put_slice(&self.current[..length]);
        self.current.advance(length);
        Poll::Ready(Ok(()))
    }
}

impl OwnOutput {
    /// The buffer, once the thread has written what was in it.
    fn poll_idle(&mut self, context: &mut Context<'_>) -> Poll<io::Result<&mut Vec<u8>>> {
        if let State::Busy(done) = &mut self.state {
            let (mut buffer, written) =
                ready!(Pin::new(done).poll(context)).unwrap_or_else(|_| (Vec::new(), Err(closed())));
            buffer.clear();
            self.state = State::Idle(buffer);
            written?;
        }
        match &mut self.state {
            State::Idle(buffer) => Poll::Ready(Ok(buffer)),
            State::Busy(_) => Poll::Pending,
        }
    }
}

impl AsyncWrite for OwnOutput {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let mut buffer = std::mem::take(ready!(this.poll_idle(context))?);
        let length = bytes.len().min(PORTION);
        buffer.extend_from_slice(&bytes[..length]);
        let (done, when_done) = oneshot::channel();
        let sent = this.jobs.as_ref().is_some_and(|jobs| jobs.try_send((buffer, done)).is_ok());
        if !sent {
            return Poll::Ready(Err(closed()));
        }
        this.state = State::Busy(when_done);
        Poll::Ready(Ok(length))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_idle(context).map_ok(|_| ())
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_flush(context))?;
        self.jobs = None;
        Poll::Ready(Ok(()))
    }
}

fn closed() -> io::Error {
    io::ErrorKind::BrokenPipe.into()
}

impl fmt::Debug for OwnInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnInput").finish_non_exhaustive()
    }
}

impl fmt::Debug for OwnOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnOutput").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn what_is_written_is_read_whole_and_in_order() {
        let (reader, writer) = io::pipe().unwrap();
        let (mut input, mut output) = (input(reader).unwrap(), output(writer).unwrap());
        let sent: Vec<u8> = (0..1_000_000_u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
        let copy = sent.clone();
        let writing = tokio::spawn(async move {
            output.write_all(&copy).await.unwrap();
            output.shutdown().await.unwrap();
            assert!(output.write_all(b"late").await.is_err());
        });
        let mut received = Vec::new();
        input.read_to_end(&mut received).await.unwrap();
        assert!(received == sent);
        writing.await.unwrap();
    }

    #[tokio::test]
    async fn flush_waits_until_it_is_written() {
        let (reader, writer) = io::pipe().unwrap();
        let mut output = output(writer).unwrap();
        output.write_all(b"x").await.unwrap();
        output.flush().await.unwrap();
        let mut byte = [0];
        rustix::io::ioctl_fionbio(&reader, true).unwrap();
        assert_eq!((&reader).read(&mut byte).unwrap(), 1);
    }

    #[tokio::test]
    async fn a_closed_reader_is_an_error_for_the_writer() {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let mut output = output(writer).unwrap();
        // The first write is taken on trust; the flush brings its fate.
        output.write_all(b"x").await.unwrap();
        assert_eq!(output.flush().await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }

    #[test]
    fn a_runtime_stops_while_a_read_waits() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let (reader, writer) = io::pipe().unwrap();
        let mut input = input(reader).unwrap();
        runtime.spawn(async move { input.read_u8().await });
        // Hangs if the runtime has to wait for the read.
        drop(runtime);
        drop(writer);
    }

    #[test]
    fn they_are_taken_only_once() {
        let _first = own().unwrap();
        assert_eq!(own().unwrap_err().kind(), io::ErrorKind::ResourceBusy);
    }
}
