//! A process that outlives us by a moment and ends what we have left behind.
//!
//! The parent-death signal reaches only the child itself, and only on Linux. The watchdog reaches whole process groups on
//! every Unix: it reads from a pipe whose writing end nobody but us holds, and when we are gone, however that happened,
//! the pipe closes and it kills every group that is still registered. A shell can do that, so there is no second program
//! to install and no need to start our own again, which an embedding program could not offer.

use std::{
    collections::HashSet,
    io::{self, Write},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{LazyLock, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

/// `+7` registers group 7 and `-7` takes it back. Only builtins, so nothing has to be found or forked. It ignores the
/// signals by which a terminal or a service manager ends many processes at once: it goes when we are gone.
const SCRIPT: &str = r#"
trap '' HUP INT QUIT TERM
groups=
while read -r line; do
  id=${line#?}
  case $line in
    +*) groups="$groups $id" ;;
    -*) rest=
        for group in $groups; do
          [ "$group" = "$id" ] || rest="$rest $group"
        done
        groups=$rest ;;
  esac
done
for group in $groups; do
  kill -s KILL -- "-$group"
done
"#;

/// One that ends sooner than this has not worked.
const SHORT_LIFE: Duration = Duration::from_secs(10);
/// After so many short lives in a row there is no next one.
const SHORT_LIVES: u32 = 3;

static REGISTER: LazyLock<Mutex<Register>> = LazyLock::new(|| Mutex::new(Register::default()));

#[derive(Debug, Default)]
struct Register {
    groups: HashSet<Pid>,
    watchdog: Watchdog,
}

#[derive(Debug, Default)]
enum Watchdog {
    #[default]
    Unstarted,
    Alive {
        id: Pid,
        pipe: ChildStdin,
    },
    /// It cannot be had here; the parent-death signal has to do.
    Missing,
}

/// Starts the watchdog if that was never tried.
pub(crate) fn ready() {
    let mut register = register_now();
    if !matches!(register.watchdog, Watchdog::Unstarted) {
        return;
    }
    let kept = register
        .start()
        .and_then(|shell| thread::Builder::new().name("mcp-watchdog".to_owned()).spawn(|| keep(shell)).map(drop));
    if let Err(error) = kept {
        register.give_up(&error);
    }
}

/// From now on `group` does not outlive us.
pub(crate) fn register(group: Pid) {
    let mut register = register_now();
    register.groups.insert(group);
    register.tell('+', group);
}

/// `group` is gone; its number may soon belong to somebody else.
pub(crate) fn unregister(group: Pid) {
    let mut register = register_now();
    register.groups.remove(&group);
    register.tell('-', group);
}

fn register_now() -> MutexGuard<'static, Register> {
    REGISTER.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Register {
    /// Starts a watchdog and tells it of all groups.
    fn start(&mut self) -> io::Result<Child> {
        let mut shell = spawn()?;
        let pipe = shell.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
        // A watchdog that was stopped must not stop us.
        rustix::io::ioctl_fionbio(&pipe, true)?;
        self.watchdog = Watchdog::Alive { id: Pid::from_child(&shell), pipe };
        for group in self.groups.clone() {
            self.tell('+', group);
        }
        Ok(shell)
    }

    fn tell(&mut self, what: char, group: Pid) {
        let Watchdog::Alive { id, pipe } = &mut self.watchdog else { return };
        // One write of a line this short is never torn.
        let line = format!("{what}{group}\n");
        if let Err(error) = pipe.write_all(line.as_bytes()) {
            // Dead, or stopped and full up. Either way the next one hears of every group from the start. The pipe stays
            // open until this one is surely dead: closing it is the order to kill.
            tracing::debug!(%error, "the watchdog does not listen");
            let _ = kill_process(*id, Signal::KILL);
        }
    }

    fn give_up(&mut self, error: &dyn std::fmt::Display) {
        tracing::warn!(%error, "there is no watchdog; if this process is killed, what its servers have started may survive it");
        // A living watchdog that nobody looks after still does its work.
        if !matches!(self.watchdog, Watchdog::Alive { .. }) {
            self.watchdog = Watchdog::Missing;
        }
    }
}

/// Waits for the end of each watchdog and starts the next one.
fn keep(mut shell: Child) {
    let mut short_lives = 0;
    loop {
        let born = Instant::now();
        // On an error somebody else has reaped it, or nobody knows; its pipe is then left alone.
        let Ok(status) = shell.wait() else { return };
        short_lives = if born.elapsed() < SHORT_LIFE { short_lives + 1 } else { 0 };
        let mut register = register_now();
        register.watchdog = Watchdog::Missing;
        if short_lives == SHORT_LIVES {
            return register.give_up(&format_args!("/bin/sh keeps ending ({status})"));
        }
        match register.start() {
            Ok(next) => shell = next,
            Err(error) => return register.give_up(&error),
        }
    }
}

fn spawn() -> io::Result<Child> {
    use std::os::unix::process::CommandExt as _;

    // Nothing of ours stays open in it and no folder stays in use; whoever waits for the end of our output must not wait
    // for the watchdog's. Its own group keeps a terminal's Ctrl-C away.
    Command::new("/bin/sh")
        .args(["-c", SCRIPT, "mcp-watchdog"])
        .env_clear()
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}
