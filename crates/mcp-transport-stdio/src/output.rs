//! A child's stdout.

use std::{
    fmt, io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, ReadBuf},
    process::ChildStdout,
    sync::watch,
};

use crate::{lifeline::Life, sys};

/// The stdout of a child: it ends when the child does, and grows when the child has much to say.
///
/// A process that the child has started and that has left its group may hold the pipe open for ever; it is not the server
/// and nobody waits for it.
pub(crate) struct Output {
    pipe: ChildStdout,
    over: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    enlarged: bool,
}

/// A read of this many bytes has emptied a full pipe, so a larger one would have held more. Results of 1 MiB passed our
/// bridge about one and a half times as often through a pipe of that size, small ones the same; and the system grants
/// each user only so many large pipes, so only those get one that use it.
const FULL_PIPE: usize = 64 * 1024;

impl Output {
    pub(crate) fn new(pipe: ChildStdout, mut life: watch::Receiver<Life>) -> Self {
        let over = async move {
            // An error means that the runtime is stopping.
            let _ = life.wait_for(|life| life.over().is_some()).await;
        };
        Self { pipe, over: Some(Box::pin(over)), enlarged: false }
    }
}

impl AsyncRead for Output {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.pipe).poll_read(context, buffer);
        if read.is_ready() {
            if !self.enlarged && FULL_PIPE <= buffer.filled().len() - before {
                self.enlarged = true;
                sys::enlarge(&self.pipe);
            }
            return read;
        }
        if let Some(over) = &mut self.over {
            ready!(over.as_mut().poll(context));
            self.over = None;
        }
        // What the child wrote before its end is in the pipe already, even if the runtime has not been told yet.
        let length = sys::read_now(&self.pipe, buffer.initialize_unfilled())?;
        buffer.advance(length);
        Poll::Ready(Ok(()))
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output").field("enlarged", &self.enlarged).finish_non_exhaustive()
    }
}
