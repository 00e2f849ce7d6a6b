//! The program's side of a terminal: a pseudo-terminal and the shell in it.

use std::{io, process::ExitStatus, sync::Arc, time::Duration};

use bytes::{Buf, Bytes};
use pty_process::{Command, OwnedReadPty, OwnedWritePty};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::Child,
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use super::{
    Exit, Shell, Size, TerminalError, TerminalLimits,
    terminal::{Keyboard, Terminal},
};
use crate::{
    environment::without_secrets,
    offspring::{Ask, Mark, Offspring},
};

/// What programs are told of the terminal: what xterm.js can do.
const KIND: &str = "xterm-256color";
/// How long the last output is awaited after the end.
const REST: Duration = Duration::from_secs(1);

/// Starts a shell: the terminal, and its life, which has to be run until its end.
pub(super) fn start(
    id: &str,
    shell: &Shell,
    size: Size,
    limits: TerminalLimits,
    stop: CancellationToken,
) -> Result<(Arc<Terminal>, impl Future<Output = Exit> + Send + use<>), TerminalError> {
    let mark = Mark::new()?;
    let (name, value) = mark.variable();
    let (pty, pts) = pty_process::open().map_err(plain)?;
    pty.resize(in_cells(size)).map_err(plain)?;
    let child = Command::new(&shell.program)
        .args(&shell.arguments)
        .current_dir(&shell.directory)
        .env_clear()
        .envs(without_secrets())
        .env("TERM", KIND)
        .env(name, value)
        .kill_on_drop(true)
        .spawn(pts)
        .map_err(plain)?;
    let pid = child.id().unwrap_or_default();
    let (terminal, keyboard) = Terminal::new(id, pid, shell.title(), size, limits, stop);
    let (output, input) = pty.into_split();
    let reading = AbortOnDropHandle::new(tokio::spawn(read(output, Arc::clone(&terminal), limits)));
    let writing = AbortOnDropHandle::new(tokio::spawn(write(input, keyboard)));
    let life = live(Arc::clone(&terminal), child, Offspring::new(pid, mark), (reading, writing), limits);
    Ok((terminal, life))
}

async fn live(
    terminal: Arc<Terminal>,
    mut child: Child,
    offspring: Offspring,
    (reading, _writing): (AbortOnDropHandle<()>, AbortOnDropHandle<()>),
    limits: TerminalLimits,
) -> Exit {
    let status = tokio::select! {
        biased;
        status = child.wait() => Some(status),
        () = terminal.stopped() => None,
        () = terminal.idle(limits.idle) => None,
    };
    // Closing a terminal ends what runs in it; here also what would have survived that.
    let reap = async {
        match status {
            Some(status) => status,
            None => child.wait().await,
        }
    };
    let (status, ()) = tokio::join!(reap, offspring.end(Ask::HangUp, limits.grace));
    // It ends by itself, unless somebody has passed the terminal on to who is out of reach.
    let _ = timeout(REST, reading).await;
    status.map(exit).unwrap_or_default()
}

/// Reads until nobody has the other end open.
async fn read(mut output: OwnedReadPty, terminal: Arc<Terminal>, limits: TerminalLimits) {
    // Who is less than half behind has room for that much more.
    let mut bytes = vec![0; (limits.scrollback / 4).clamp(1, 16 * 1024)];
    // An error is how Linux tells the end.
    while let Ok(read @ 1..) = output.read(&mut bytes).await {
        terminal.show(&bytes[..read]);
        terminal.room(limits.patience, limits.scrollback as u64 / 2).await;
    }
}

/// Types, and resizes also while the program does not read.
async fn write(mut input: OwnedWritePty, mut keyboard: Keyboard) {
    let mut pending = Bytes::new();
    loop {
        tokio::select! {
            biased;
            changed = keyboard.size.changed() => {
                if changed.is_err() {
                    return;
                }
                let size = *keyboard.size.borrow_and_update();
                if let Err(error) = input.resize(in_cells(size)) {
                    tracing::debug!(%error, "a terminal keeps its size");
                }
            }
            typed = keyboard.typed.recv(), if pending.is_empty() => match typed {
                Some(typed) => pending = typed,
                None => return,
            },
            written = input.write(&pending), if !pending.is_empty() => match written {
                Ok(written) => pending.advance(written),
                Err(_) => return,
            },
        }
    }
}

fn in_cells(size: Size) -> pty_process::Size {
    pty_process::Size::new(size.rows, size.cols)
}

fn plain(error: pty_process::Error) -> io::Error {
    match error {
        pty_process::Error::Io(error) => error,
        other => io::Error::other(other.to_string()),
    }
}

fn exit(status: ExitStatus) -> Exit {
    use std::os::unix::process::ExitStatusExt;

    Exit { code: status.code(), signal: status.signal() }
}
