//! The server on pipes: one task writes to it, many lines at once, and one reads.

use std::ops::Range;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use memchr::memchr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{ChildStdin, ChildStdout, Command};
use tokio::sync::{mpsc, oneshot};

use super::id;
use super::waiting::Waiting;

const QUEUE: usize = 1024;
const AT_ONCE: usize = 256;
const READ: usize = 64 << 10;

#[derive(Debug)]
pub(super) struct Child {
    lines: mpsc::Sender<Vec<u8>>,
    waiting: Arc<Mutex<Waiting>>,
    /// It is killed with us.
    _process: tokio::process::Child,
}

impl Child {
    pub(super) fn start(command: &[String]) -> Result<Self, String> {
        let (program, arguments) = command.split_first().ok_or("a command is needed behind `--`")?;
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn().map_err(|error| format!("{program}: {error}"))?;
        let (Some(stdin), Some(stdout)) = (process.stdin.take(), process.stdout.take()) else {
            return Err("no pipes".to_owned());
        };
        let (lines, queue) = mpsc::channel(QUEUE);
        let waiting = Arc::default();
        tokio::spawn(write(stdin, queue));
        tokio::spawn(read(stdout, Arc::clone(&waiting)));
        Ok(Self { lines, waiting, _process: process })
    }

    pub(super) async fn tell(&self, text: &[u8]) -> bool {
        let mut line = text.to_vec();
        line.push(b'\n');
        self.lines.send(line).await.is_ok()
    }

    /// Sends a request under an id of ours; the answer has that id too.
    pub(super) async fn call(&self, text: &[u8], id: Range<usize>) -> Option<Bytes> {
        let (waiter, answer) = oneshot::channel();
        let at = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).put(waiter);
        let mut line = Vec::with_capacity(text.len() + 20);
        line.extend_from_slice(&text[..id.start]);
        line.extend_from_slice(at.to_string().as_bytes());
        line.extend_from_slice(&text[id.end..]);
        line.push(b'\n');
        self.lines.send(line).await.ok()?;
        answer.await.ok()
    }
}

async fn write(mut stdin: ChildStdin, mut queue: mpsc::Receiver<Vec<u8>>) {
    let (mut lines, mut together) = (Vec::new(), Vec::new());
    while queue.recv_many(&mut lines, AT_ONCE).await > 0 {
        together.clear();
        lines.drain(..).for_each(|line| together.extend_from_slice(&line));
        if stdin.write_all(&together).await.is_err() {
            return;
        }
    }
}

async fn read(mut stdout: ChildStdout, waiting: Arc<Mutex<Waiting>>) {
    let mut text = BytesMut::new();
    let mut seen = 0;
    loop {
        text.reserve(READ);
        if !stdout.read_buf(&mut text).await.is_ok_and(|read| read > 0) {
            return;
        }
        while let Some(length) = memchr(b'\n', &text[seen..]) {
            let mut line = text.split_to(seen + length + 1);
            seen = 0;
            line.truncate(line.len() - 1);
            let place = id::find(&line).and_then(|id| str::from_utf8(&line[id]).ok()?.parse().ok());
            let waiter = place.and_then(|at| waiting.lock().unwrap_or_else(PoisonError::into_inner).take(at));
            if let Some(waiter) = waiter {
                let _ = waiter.send(line.freeze());
            }
        }
        seen = text.len();
    }
}
