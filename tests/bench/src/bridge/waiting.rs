//! The calls in flight: the place of one in the table is its id on the pipe.

use bytes::Bytes;
use tokio::sync::oneshot::Sender;

#[derive(Debug, Default)]
pub(super) struct Waiting {
    places: Vec<Option<Sender<Bytes>>>,
    free: Vec<usize>,
}

impl Waiting {
    pub(super) fn put(&mut self, waiter: Sender<Bytes>) -> usize {
        if let Some(at) = self.free.pop() {
            self.places[at] = Some(waiter);
            return at;
        }
        self.places.push(Some(waiter));
        self.places.len() - 1
    }

    pub(super) fn take(&mut self, at: usize) -> Option<Sender<Bytes>> {
        let waiter = self.places.get_mut(at)?.take()?;
        self.free.push(at);
        Some(waiter)
    }
}
