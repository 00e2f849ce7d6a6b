//! Answers that come later, on a thread of their own.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// As many answers may be on their way.
const MOST: usize = 4096;

/// When, and what is written then.
type Due = Reverse<(Instant, Vec<u8>)>;

/// Takes answers and writes them when they are due.
#[derive(Debug)]
pub(super) struct Later(SyncSender<Due>);

impl Later {
    pub(super) fn new(write: impl Fn(&[u8]) + Send + 'static) -> Self {
        let (sender, receiver) = sync_channel(MOST);
        thread::spawn(move || run(&receiver, &write));
        Self(sender)
    }

    pub(super) fn put(&self, delay: Duration, answer: Vec<u8>) {
        let _ = self.0.send(Reverse((Instant::now() + delay, answer)));
    }
}

fn run(receiver: &Receiver<Due>, write: &impl Fn(&[u8])) {
    let mut waiting: BinaryHeap<Due> = BinaryHeap::new();
    loop {
        let pause = waiting.peek().map_or(Duration::MAX, |due| due.0.0.saturating_duration_since(Instant::now()));
        match receiver.recv_timeout(pause) {
            Ok(due) => waiting.push(due),
            Err(RecvTimeoutError::Timeout) => {
                if let Some(Reverse((_, answer))) = waiting.pop() {
                    write(&answer);
                }
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}
