//! Messages that belong to no call.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
};

use futures::Stream;
use mcp_jsonrpc::Message;

use crate::{NoteLimits, notes::Notes};

/// A queue for messages that belong to no call, bounded by the overflow rule.
#[must_use]
pub fn events(limits: NoteLimits) -> (EventSender, Events) {
    let queue = Arc::new(Mutex::new(Queue { notes: Notes::new(limits), ended: false, waker: None }));
    (EventSender(Arc::clone(&queue)), Events(queue))
}

/// The end that messages go into. The stream ends when it is dropped.
#[derive(Debug)]
pub struct EventSender(Arc<Mutex<Queue>>);

/// The stream of messages that belong to no call. It ends with the conversation.
#[derive(Debug)]
pub struct Events(Arc<Mutex<Queue>>);

#[derive(Debug)]
pub(crate) struct Queue {
    notes: Notes,
    ended: bool,
    waker: Option<Waker>,
}

impl EventSender {
    /// Queues `event`; never waits.
    ///
    /// # Errors
    ///
    /// Gives back a request that found no room, so that it can be answered with an error. Notifications give way by
    /// the overflow rule instead.
    pub fn push(&self, event: Message) -> Result<(), Box<Message>> {
        let mut queue = lock(&self.0);
        queue.notes.push(event).map_err(Box::new)?;
        if let Some(waker) = queue.waker.take() {
            drop(queue);
            waker.wake();
        }
        Ok(())
    }

    /// How many notifications were dropped for want of room.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        lock(&self.0).notes.dropped()
    }

    /// Whether nobody will read what is pushed.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }
}

impl Drop for EventSender {
    fn drop(&mut self) {
        let mut queue = lock(&self.0);
        queue.ended = true;
        let waker = queue.waker.take();
        drop(queue);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Stream for Events {
    type Item = Message;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Message>> {
        let mut queue = lock(&self.0);
        if let Some(event) = queue.notes.pop() {
            return Poll::Ready(Some(event));
        }
        if queue.ended {
            return Poll::Ready(None);
        }
        queue.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

fn lock(queue: &Mutex<Queue>) -> std::sync::MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use futures::StreamExt;

    use super::*;

    #[tokio::test]
    async fn what_was_queued_comes_out_before_the_end() {
        let (sender, mut events) = events(NoteLimits::default());
        sender.push(Message::notification("a", None)).unwrap();
        drop(sender);
        assert_eq!(events.next().await.unwrap().method(), Some("a"));
        assert!(events.next().await.is_none());
    }

    #[tokio::test]
    async fn a_waiting_reader_is_woken() {
        let (sender, mut events) = events(NoteLimits::default());
        let reader = tokio::spawn(async move { events.next().await });
        tokio::task::yield_now().await;
        sender.push(Message::notification("a", None)).unwrap();
        assert!(reader.await.unwrap().is_some());
    }
}
