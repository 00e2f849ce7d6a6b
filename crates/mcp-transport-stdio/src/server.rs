//! A server that is a program to be started.

use std::{
    env,
    ffi::OsString,
    fmt, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
};

use async_trait::async_trait;
use mcp_transport::{Caller, ConnectError, Connection, Duplex, DuplexLimits, Secret, ServerLog, Transport};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};

use crate::{
    ChildLimit, StopTiming,
    environment::Environment,
    hint,
    lifeline::ChildLifeline,
    output::Output,
    owned::{Owned, Pipes},
    spawner,
    sys::Exits,
};

/// An MCP server that is started as a child process and speaks over its stdin and stdout.
///
/// This is configuration only; every [`connect`](Transport::connect) starts a child of its own. The program is started as
/// it is given, with the arguments as they are: no shell reads them. `Debug` shows neither arguments nor values of
/// variables, for secrets are passed both ways.
#[derive(Clone)]
pub struct StdioServer {
    name: Arc<str>,
    program: OsString,
    args: Vec<OsString>,
    cwd: Option<PathBuf>,
    environment: Environment,
    limits: DuplexLimits,
    stop: StopTiming,
    children: ChildLimit,
    log: Option<ServerLog>,
}

impl StdioServer {
    /// The server that `program` is: a path, or a name to be looked for on the child's `PATH`.
    #[must_use]
    pub fn new(program: impl Into<OsString>) -> Self {
        let program = program.into();
        let name = Path::new(&program).file_name().unwrap_or(&program).to_string_lossy().into();
        Self {
            name,
            program,
            args: Vec::new(),
            cwd: None,
            environment: Environment::default(),
            limits: DuplexLimits::default(),
            stop: StopTiming::default(),
            children: ChildLimit::default(),
            log: None,
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, args: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Starts it in this directory; a relative `program` with a `/` in it is looked for there. Default: our own.
    #[must_use]
    pub fn cwd(mut self, cwd: impl Into<PathBuf>) -> Self {
        self.cwd = Some(cwd.into());
        self
    }

    /// Sets a variable of its environment.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: Secret) -> Self {
        self.environment.set(name.into(), value);
        self
    }

    /// Hands on a variable of our own environment that is not among [`INHERITED`](crate::INHERITED).
    #[must_use]
    pub fn inherit(mut self, name: impl Into<OsString>) -> Self {
        self.environment.inherit(name.into());
        self
    }

    /// What the server is called in logs. Default: the program's file name.
    #[must_use]
    pub fn named(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = name.into();
        self
    }

    /// How much a connection may hold.
    #[must_use]
    pub fn limits(mut self, limits: DuplexLimits) -> Self {
        self.limits = limits;
        self
    }

    /// How long a child has for each step of its stop.
    #[must_use]
    pub fn stop_timing(mut self, stop: StopTiming) -> Self {
        self.stop = stop;
        self
    }

    /// The bound its children count towards. Default: the one of the whole process, 256.
    #[must_use]
    pub fn children(mut self, children: ChildLimit) -> Self {
        self.children = children;
        self
    }

    /// Where what its children write to their stderr goes besides the log of the program, and that they start and end.
    /// Default: nowhere.
    #[must_use]
    pub fn log(mut self, log: ServerLog) -> Self {
        self.log = Some(log);
        self
    }

    fn command(&self, caller: &Caller) -> Result<Command, ConnectError> {
        let variables = self
            .environment
            .of_child(env::vars_os(), &caller.variables)
            .map_err(|error| ConnectError::Other(Box::new(error)))?;
        let mut command = Command::new(&self.program);
        command.args(&self.args).env_clear().envs(variables);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if let Some(cwd) = &self.cwd {
            command.current_dir(cwd);
        }
        Ok(command)
    }

    fn failed(&self, error: io::Error) -> ConnectError {
        hint::spawn_error(&self.program, self.cwd.as_deref(), error)
    }
}

#[async_trait]
impl Transport for StdioServer {
    async fn connect(&self, caller: &Arc<Caller>) -> Result<Arc<dyn Connection>, ConnectError> {
        let busy = ConnectError::Busy("as many server processes are running as the limit on children allows");
        let place = self.children.take().ok_or(busy)?;
        let command = self.command(caller)?;
        let exits = Exits::watch().map_err(|error| self.failed(error))?;
        let mut owned = spawner::start(command, place).await.map_err(|error| self.failed(error))?;
        let (stdin, stdout, stderr) = pipes(&mut owned).map_err(|error| self.failed(error))?;
        let lifeline = ChildLifeline::attend(owned, stderr, exits, self.stop, Arc::clone(&self.name), self.log.clone());
        let stdout = Output::new(stdout, lifeline.life());
        Ok(Duplex::over_pipe(stdout, stdin, unread, Arc::new(lifeline), self.limits.clone()))
    }
}

/// How many bytes of what was written the child has not read. The pipe keeps them for as long as our end is open, also when
/// the child is gone.
#[cfg(target_os = "linux")]
fn unread(stdin: &ChildStdin) -> Option<u64> {
    rustix::io::ioctl_fionread(stdin).ok()
}

/// Other systems do not tell it at this end.
#[cfg(not(target_os = "linux"))]
fn unread(_: &ChildStdin) -> Option<u64> {
    None
}

fn pipes(owned: &mut Owned) -> io::Result<(ChildStdin, ChildStdout, ChildStderr)> {
    let Pipes { stdin, stdout, stderr } = owned.pipes().ok_or(io::ErrorKind::BrokenPipe)?;
    Ok((ChildStdin::from_std(stdin)?, ChildStdout::from_std(stdout)?, ChildStderr::from_std(stderr)?))
}

impl fmt::Debug for StdioServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StdioServer")
            .field("name", &self.name)
            .field("program", &self.program)
            .field("args", &format_args!("{} arguments", self.args.len()))
            .field("cwd", &self.cwd)
            .field("environment", &self.environment)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_argument_and_no_value() {
        let server = StdioServer::new("/opt/bin/lab").arg("--key=s3cret").env("TOKEN", Secret::new("s3cret"));
        let shown = format!("{server:?}");
        assert!(!shown.contains("s3cret"), "{shown}");
        assert!(shown.contains("\"lab\"") && shown.contains("1 arguments") && shown.contains("TOKEN"), "{shown}");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn the_log_holds_the_last_words_of_all_children_and_their_ends() {
        use mcp_protocol::Revision;

        let log = ServerLog::default();
        let server = StdioServer::new("/bin/sh").args(["-c", "echo a word >&2; exit 3"]).log(log.clone());
        let mut last = log.watch();
        for lines in [3, 6] {
            let connection = server.connect(&Caller::proxy(Revision::LATEST_LEGACY)).await.unwrap();
            last.wait_for(|last| *last == lines).await.unwrap();
            connection.close().await;
        }
        let lines = log.lines();
        let text = |at: usize| &*lines[at].text;
        for at in [0, 3] {
            let mut others = [text(at), text(at + 1)];
            others.sort_unstable();
            assert!(others[0] == "a word" && others[1].ends_with("has started"), "{others:?}");
            assert!(text(at + 2).starts_with("process ") && text(at + 2).ends_with("has exited with code 3"));
        }
        assert_eq!(lines.iter().filter(|line| line.source == mcp_transport::LogSource::Stderr).count(), 2);
    }
}
