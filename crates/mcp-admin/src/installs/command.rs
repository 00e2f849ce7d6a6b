//! One command of an install: a child of its own group, read until its end, and ended with everything it has started.

use std::{
    io,
    path::Path,
    pin::pin,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use mcp_config::InstallCommand;
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::{Child, Command},
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{Source, log::Log};
use crate::{
    environment::without_secrets,
    offspring::{Ask, Mark, Offspring},
};

/// How long output is awaited after the end of the command: what it has started may still say something.
const REST: Duration = Duration::from_secs(2);
/// Bytes that are read at once.
const PIECE: usize = 8 * 1024;

/// How a command has ended.
pub(super) enum Ended {
    /// By itself, or by a signal of somebody else.
    By { code: Option<i32>, signal: Option<i32> },
    /// Because somebody wanted it to.
    Cancelled,
    /// Because it took too long.
    Late,
}

/// Runs a command in `directory`. When this returns, nothing that it has started lives on.
pub(super) async fn execute(
    command: &InstallCommand,
    directory: &Path,
    log: &Log,
    cancel: &CancellationToken,
    deadline: Instant,
    grace: Duration,
) -> io::Result<Ended> {
    let mark = Mark::new()?;
    let mut child = spawn(command, directory, &mark)?;
    let offspring = Offspring::new(child.id().unwrap_or_default(), mark);
    let streams = (child.stdout.take(), child.stderr.take());
    let mut output = pin!(async {
        tokio::join!(copy(streams.0, Source::Stdout, log), copy(streams.1, Source::Stderr, log));
    });
    let mut open = true;
    let ended = tokio::select! {
        biased;
        () = cancel.cancelled() => Ended::Cancelled,
        () = sleep_until(deadline) => Ended::Late,
        status = async {
            loop {
                tokio::select! {
                    status = child.wait() => break status,
                    () = &mut output, if open => open = false,
                }
            }
        } => by(status?),
    };
    if matches!(ended, Ended::By { .. }) && open {
        // What it has started may be about to say the last of its output.
        open = timeout(REST, &mut output).await.is_err();
    }
    let ending = async { tokio::join!(offspring.end(Ask::Terminate, grace), reap(&mut child, grace)) };
    let rest = async {
        if open {
            output.await;
        }
    };
    let ((), ()) = tokio::join!(async { _ = ending.await }, async { _ = timeout(grace + REST, rest).await });
    Ok(ended)
}

fn spawn(command: &InstallCommand, directory: &Path, mark: &Mark) -> io::Result<Child> {
    let mut child = match command {
        InstallCommand::Shell(line) => {
            let mut shell = Command::new("sh");
            shell.arg("-c").arg(line);
            shell
        }
        InstallCommand::Words(words) => {
            let Some((program, arguments)) = words.split_first() else {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is empty"));
            };
            let mut child = Command::new(program);
            child.args(arguments);
            child
        }
    };
    let (name, value) = mark.variable();
    child
        .current_dir(directory)
        .env_clear()
        .envs(without_secrets())
        .env(name, value)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    #[cfg(unix)]
    child.process_group(0);
    child.spawn()
}

/// Reaps the command, and kills it itself if it has no offspring to be found by.
async fn reap(child: &mut Child, grace: Duration) {
    if timeout(grace, child.wait()).await.is_err() {
        // It may have ended just now, which is as good.
        let _ = child.kill().await;
    }
}

fn by(status: ExitStatus) -> Ended {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    #[cfg(not(unix))]
    let signal = None;
    Ended::By { code: status.code(), signal }
}

/// Passes on what a stream says until it ends; characters that come in parts are put together.
async fn copy(stream: Option<impl AsyncRead + Unpin>, source: Source, log: &Log) {
    let Some(mut stream) = stream else { return };
    let mut bytes = Vec::with_capacity(PIECE);
    loop {
        let read = (&mut stream).take(PIECE as u64).read_buf(&mut bytes).await;
        let ended = !matches!(read, Ok(1..));
        let text = take_text(&mut bytes, ended);
        if !text.is_empty() {
            log.say(source, text);
        }
        if ended {
            return;
        }
    }
}

/// Takes the text at the beginning and leaves a character that is not whole yet, unless it is the end.
fn take_text(bytes: &mut Vec<u8>, ended: bool) -> String {
    let whole = match std::str::from_utf8(bytes) {
        // An error without a length is one at the end, where more may come.
        Err(error) if error.error_len().is_none() && !ended => error.valid_up_to(),
        // In the middle of what is no text a character at the end may be torn; it is no text anyway.
        _ => bytes.len(),
    };
    String::from_utf8_lossy(&bytes.drain(..whole).collect::<Vec<_>>()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_in_parts_is_put_together() {
        let mut bytes = b"gr\xc3".to_vec();
        assert_eq!(take_text(&mut bytes, false), "gr");
        bytes.extend(b"\xb6\xc3");
        assert_eq!(take_text(&mut bytes, false), "ö");
        assert_eq!(take_text(&mut bytes, true), "\u{fffd}");
        let mut bytes = b"a\xffb".to_vec();
        assert_eq!(take_text(&mut bytes, false), "a\u{fffd}b");
    }
}
