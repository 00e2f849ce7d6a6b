//! Lines that are due later.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread,
    time::{Duration, Instant},
};

use mcp_jsonrpc::Id;

/// A thread that writes lines when their time has come. The client bounds how many wait: each belongs to a call of its own.
#[derive(Debug)]
pub(crate) struct Clock(Sender<Order>);

#[derive(Debug)]
enum Order {
    Write { due: Instant, call: Id, line: Vec<u8> },
    Forget(Id),
}

impl Default for Clock {
    fn default() -> Self {
        let (orders, receiver) = mpsc::channel();
        thread::spawn(move || work(&receiver));
        Self(orders)
    }
}

impl Clock {
    /// Writes `line` after this time.
    pub(crate) fn after(&self, delay: Duration, call: &Id, line: Vec<u8>) {
        // The clock stops only when nobody reads our stdout any more.
        let _ = self.0.send(Order::Write { due: Instant::now() + delay, call: call.clone(), line });
    }

    /// Writes no more lines of this call.
    pub(crate) fn forget(&self, call: &Id) {
        let _ = self.0.send(Order::Forget(call.clone()));
    }
}

fn work(orders: &Receiver<Order>) {
    // The number keeps lines apart, and in order, that are due at the same time.
    let mut waiting: BTreeMap<(Instant, u64), (Id, Vec<u8>)> = BTreeMap::new();
    for number in 0.. {
        let order = match waiting.first_key_value() {
            None => orders.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(((due, _), _)) => orders.recv_timeout(due.saturating_duration_since(Instant::now())),
        };
        match order {
            Ok(Order::Write { due, call, line }) => drop(waiting.insert((due, number), (call, line))),
            Ok(Order::Forget(call)) => waiting.retain(|_, (of, _)| *of != call),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let mut due = Vec::new();
        while let Some(first) = waiting.first_entry().filter(|first| first.key().0 <= Instant::now()) {
            due.extend(first.remove().1);
        }
        // Whoever has closed our stdout hears nothing.
        if !due.is_empty() && io::stdout().lock().write_all(&due).is_err() {
            return;
        }
    }
}
