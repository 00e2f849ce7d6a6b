//! Processes: ignoring signals, leaving others behind, staying.

use std::{
    env, io,
    os::unix::process::CommandExt,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::behaviour::Behaviour;

/// Nothing that a failed test has left behind stays longer.
const AT_MOST: Duration = Duration::from_mins(1);

/// Set in the environment once the signals are ignored.
const IGNORING: &str = "RUDE_SERVER_IGNORES_SIGNALS";

/// What is to be done before the first line is read.
pub(crate) fn begin(behaviours: &[Behaviour]) -> io::Result<()> {
    if behaviours.contains(&Behaviour::Stubborn) && env::var_os(IGNORING).is_none() {
        return Err(ignore_signals()?);
    }
    for behaviour in behaviours {
        match behaviour {
            Behaviour::Grandchild => start(&["stubborn", "escorted", "linger"], None)?,
            Behaviour::Escorted => start(&["stubborn", "linger"], None)?,
            Behaviour::Escapee => start(&["linger"], Some(0))?,
            _ => {}
        }
    }
    if behaviours.contains(&Behaviour::Linger) {
        stay();
    }
    Ok(())
}

/// Starts this program anew with the signals ignored; that is inherited, and a shell can do it without unsafe code. Comes
/// back only with the reason why it did not work.
fn ignore_signals() -> io::Result<io::Error> {
    let script = r#"trap '' TERM INT HUP; exec "$0" "$@""#;
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", script]).arg(env::current_exe()?).args(env::args_os().skip(1)).env(IGNORING, "1");
    Ok(shell.exec())
}

fn start(behaviours: &[&str], group: Option<i32>) -> io::Result<()> {
    let mut command = Command::new(env::current_exe()?);
    command.args(behaviours).stdin(Stdio::null()).env_remove(IGNORING);
    if let Some(group) = group {
        command.process_group(group);
    }
    command.spawn().map(drop)
}

/// Does nothing until it is killed, a minute at most.
pub(crate) fn stay() -> ! {
    let since = Instant::now();
    while let Some(left) = AT_MOST.checked_sub(since.elapsed()) {
        thread::park_timeout(left);
    }
    std::process::abort()
}

/// Closes the pipe that stdout is; later output goes nowhere.
pub(crate) fn close_stdout() -> io::Result<()> {
    let nowhere = std::fs::File::options().write(true).open("/dev/null")?;
    Ok(rustix::stdio::dup2_stdout(nowhere)?)
}
