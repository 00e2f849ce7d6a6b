//! The way out: one message a line, whoever says it.

use std::{
    io::{self, Write},
    mem,
    sync::{Mutex, PoisonError},
};

use mcp_proxy_core::jsonrpc::Message;

pub(super) struct Wire<'w>(Mutex<Out<'w>>);

struct Out<'w> {
    output: &'w mut (dyn Write + Send),
    outcome: io::Result<()>,
}

impl<'w> Wire<'w> {
    pub(super) fn new(output: &'w mut (dyn Write + Send)) -> Self {
        Self(Mutex::new(Out { output, outcome: Ok(()) }))
    }

    /// Writes a message. If that fails, nothing more is written, and [`outcome`](Self::outcome) says so.
    pub(super) fn say(&self, message: &Message) {
        let mut line = Vec::with_capacity(message.len() + 1);
        message.append_to(&mut line);
        line.push(b'\n');
        let mut out = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if out.outcome.is_ok() {
            out.outcome = out.output.write_all(&line).and_then(|()| out.output.flush());
        }
    }

    /// How writing went since this was asked last.
    pub(super) fn outcome(&self) -> io::Result<()> {
        mem::replace(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).outcome, Ok(()))
    }
}
