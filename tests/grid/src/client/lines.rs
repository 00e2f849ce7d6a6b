//! The client on the pipes of a child.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use super::{Incoming, Link};
use crate::Json;

/// A child and its stdin.
#[derive(Debug)]
pub(crate) struct Lines {
    child: Child,
    stdin: Option<ChildStdin>,
}

impl Lines {
    pub(crate) fn open(mut command: Command) -> io::Result<(Self, Receiver<Incoming>)> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (sender, inbox) = channel();
        let stdout = BufReader::new(child.stdout.take().expect("it was asked for"));
        thread::spawn(move || {
            stdout.lines().map_while(Result::ok).try_for_each(|line| {
                let message = serde_json::from_str(&line).map(|message| Incoming::Message(None, message));
                sender.send(message.unwrap_or_else(|error| Incoming::Fault(format!("{error}: {line}"))))
            })
        });
        Ok((Self { stdin: child.stdin.take(), child }, inbox))
    }
}

impl Link for Lines {
    fn send(&mut self, message: &Json) -> io::Result<()> {
        self.stdin.as_mut().expect("open until the end").write_all(format!("{message}\n").as_bytes())
    }

    fn end(&mut self) -> Option<u16> {
        drop(self.stdin.take());
        let _ = self.child.wait();
        None
    }
}
