//! Where the messages of one call wait for whoever made it.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use mcp_jsonrpc::Message;

use crate::{Lost, NoteLimits, notes::Notes};

/// The notes of one call in their order, then its outcome, which always has its place.
#[derive(Debug, Default)]
pub(crate) struct Mailbox(Mutex<Content>);

#[derive(Debug, Default)]
struct Content {
    /// Made for the first note: most calls have none.
    notes: Option<Box<Notes>>,
    outcome: Option<Result<Message, Lost>>,
    waker: Option<Waker>,
}

impl Mailbox {
    /// Queues a note by the overflow rule; gives back a request that found no room.
    pub(crate) fn note(&self, note: Message, limits: NoteLimits) -> Result<(), Message> {
        let mut content = self.lock();
        content.notes.get_or_insert_with(|| Box::new(Notes::new(limits))).push(note)?;
        wake(content);
        Ok(())
    }

    /// Puts the outcome in; the first one stays.
    pub(crate) fn settle(&self, outcome: Result<Message, Lost>) {
        let mut content = self.lock();
        content.outcome.get_or_insert(outcome);
        wake(content);
    }

    /// The next note, or the outcome once the notes before it have been taken.
    pub(crate) fn poll(&self, task: &Context<'_>) -> Poll<Result<Message, Lost>> {
        let mut content = self.lock();
        if let Some(note) = content.notes.as_mut().and_then(|notes| notes.pop()) {
            return Poll::Ready(Ok(note));
        }
        if let Some(outcome) = content.outcome.take() {
            return Poll::Ready(outcome);
        }
        content.waker = Some(task.waker().clone());
        Poll::Pending
    }

    fn lock(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wake(mut content: MutexGuard<'_, Content>) {
    let waker = content.waker.take();
    drop(content);
    if let Some(waker) = waker {
        waker.wake();
    }
}
