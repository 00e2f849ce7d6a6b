//! What waits to be written to one pipe.

use std::{
    future::poll_fn,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Poll, Waker},
    time::Duration,
};

use mcp_jsonrpc::Message;
use tokio::{sync::Notify, time::timeout};

/// Messages for the writer, bounded in bytes. The writer takes all there are at once, so a burst becomes one write.
#[derive(Debug)]
pub(crate) struct Outbox {
    content: Mutex<Content>,
    room: Notify,
    limit: usize,
}

#[derive(Debug, Default)]
struct Content {
    queue: Vec<Message>,
    bytes: usize,
    closed: bool,
    writer: Option<Waker>,
}

/// Why a message was not queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rejected {
    /// The pipe is closed.
    Closed,
    /// The peer does not read, and there was no room in time.
    Full,
}

impl Outbox {
    pub(crate) fn new(limit: usize) -> Self {
        Self { content: Mutex::default(), room: Notify::new(), limit }
    }

    /// Queues `message`, waiting up to `patience` for room. A message longer than the limit fits into an empty queue.
    pub(crate) async fn push(&self, message: Message, patience: Duration) -> Result<(), Rejected> {
        let Err(message) = self.try_push(message)? else { return Ok(()) };
        let mut message = message;
        let waiting = async {
            loop {
                let room = self.room.notified();
                match self.try_push(message)? {
                    Ok(()) => return Ok(()),
                    Err(back) => message = back,
                }
                room.await;
            }
        };
        // Boxed, for it is rare, and every call would carry its size.
        Box::pin(timeout(patience, waiting)).await.unwrap_or(Err(Rejected::Full))
    }

    /// Queues `message` if there is room; gives it back if not.
    fn try_push(&self, message: Message) -> Result<Result<(), Message>, Rejected> {
        let content = self.lock();
        if content.closed {
            return Err(Rejected::Closed);
        }
        if !content.queue.is_empty() && self.limit < content.bytes + message.len() {
            return Ok(Err(message));
        }
        append(content, message);
        Ok(Ok(()))
    }

    /// Queues an answer of the proxy's own, past the limit if need be, but not for ever: a peer that asks and does not read
    /// gets no more answers.
    pub(crate) fn push_answer(&self, answer: Message) {
        if self.lock().bytes < 2 * self.limit {
            self.push_past(answer);
        }
    }

    /// Queues a message whose number is bounded elsewhere (a cancellation), past the limit if need be.
    pub(crate) fn push_past(&self, message: Message) {
        let content = self.lock();
        if !content.closed {
            append(content, message);
        }
    }

    /// Moves all there is into `batch`, waiting for the first; `false` once closed and empty.
    pub(crate) async fn take(&self, batch: &mut Vec<Message>) -> bool {
        poll_fn(|context| {
            let mut content = self.lock();
            if !content.queue.is_empty() {
                batch.append(&mut content.queue);
                content.bytes = 0;
                drop(content);
                self.room.notify_waiters();
                return Poll::Ready(true);
            }
            if content.closed {
                return Poll::Ready(false);
            }
            content.writer = Some(context.waker().clone());
            Poll::Pending
        })
        .await
    }

    /// Takes no more messages; the writer still writes what there is.
    pub(crate) fn close(&self) {
        let mut content = self.lock();
        content.closed = true;
        let writer = content.writer.take();
        drop(content);
        self.room.notify_waiters();
        if let Some(writer) = writer {
            writer.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn append(mut content: MutexGuard<'_, Content>, message: Message) {
    content.bytes += message.len();
    content.queue.push(message);
    let writer = content.writer.take();
    drop(content);
    if let Some(writer) = writer {
        writer.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(5);

    fn note() -> Message {
        Message::notification("n", None)
    }

    #[tokio::test(start_paused = true)]
    async fn without_room_a_message_waits_and_then_fails() {
        let outbox = Outbox::new(2 * note().len());
        outbox.push(note(), PATIENCE).await.unwrap();
        outbox.push(note(), PATIENCE).await.unwrap();
        assert_eq!(outbox.push(note(), PATIENCE).await, Err(Rejected::Full));
        outbox.push_past(note());
        let mut batch = Vec::new();
        assert!(outbox.take(&mut batch).await);
        assert_eq!(batch.len(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_waiting_message_goes_out_when_room_comes() {
        let outbox = Arc::new(Outbox::new(1));
        outbox.push(note(), PATIENCE).await.expect("one fits alone, however long");
        let pusher = tokio::spawn({
            let outbox = Arc::clone(&outbox);
            async move { outbox.push(note(), PATIENCE).await }
        });
        tokio::task::yield_now().await;
        let mut batch = Vec::new();
        assert!(outbox.take(&mut batch).await);
        assert_eq!(pusher.await.unwrap(), Ok(()));
    }

    #[test]
    fn answers_to_a_peer_that_does_not_read_are_bounded() {
        let outbox = Outbox::new(note().len());
        for _ in 0..1000 {
            outbox.push_answer(note());
        }
        assert_eq!(outbox.lock().queue.len(), 2);
    }

    #[tokio::test]
    async fn a_closed_outbox_gives_up_what_it_has_and_takes_no_more() {
        let outbox = Outbox::new(100);
        outbox.push(note(), PATIENCE).await.unwrap();
        outbox.close();
        assert_eq!(outbox.push(note(), PATIENCE).await, Err(Rejected::Closed));
        let mut batch = Vec::new();
        assert!(outbox.take(&mut batch).await);
        assert!(!outbox.take(&mut batch).await);
    }
}
