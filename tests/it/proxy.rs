//! A running `mcp-stdio`, as a user starts it.

use std::env;
use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// From the start of the program to its ready line; the server behind it may be a cold Python.
const READY: Duration = Duration::from_secs(30);
/// From SIGTERM to the end of the program.
const STOP: Duration = Duration::from_secs(15);

/// `mcp-stdio` in front of one server, on a port of its own choice.
pub(crate) struct Proxy {
    child: Child,
    stderr: Receiver<String>,
    /// What it has said so far, for the message of a test that fails.
    said: Vec<String>,
    pub(crate) mcp: String,
    pub(crate) sse: String,
}

impl Proxy {
    /// Starts `mcp-stdio --port 0 OPTIONS -- SERVER` and waits until it names its URLs.
    pub(crate) fn start<O: AsRef<OsStr>, S: AsRef<OsStr>>(options: &[O], server: &[S]) -> Self {
        let mut proxy = Self::begin(options, server);
        let deadline = Instant::now() + READY;
        while proxy.mcp.is_empty() || proxy.sse.is_empty() {
            let Ok(line) = proxy.stderr.recv_timeout(deadline.saturating_duration_since(Instant::now())) else {
                panic!("mcp-stdio has not named its /mcp and /sse; it said:\n{}", proxy.said.join("\n"));
            };
            proxy.read(line);
        }
        proxy
    }

    /// Starts it and waits for nothing.
    pub(crate) fn begin<O: AsRef<OsStr>, S: AsRef<OsStr>>(options: &[O], server: &[S]) -> Self {
        let mut command = Command::new(program());
        command.args(["--port", "0"]).args(options).arg("--").args(server);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let (lines, stderr) = channel();
        let pipe = child.stderr.take().unwrap();
        // Reads until the program is gone, also while nobody asks, so that it never blocks on its log.
        thread::spawn(move || BufReader::new(pipe).lines().map_while(Result::ok).try_for_each(|line| lines.send(line)));

        Self { child, stderr, said: Vec::new(), mcp: String::new(), sse: String::new() }
    }

    fn read(&mut self, line: String) {
        for word in line.split_whitespace().filter(|word| word.starts_with("http://127.0.0.1:")) {
            if word.ends_with("/mcp") {
                word.clone_into(&mut self.mcp);
            } else if word.ends_with("/sse") {
                word.clone_into(&mut self.sse);
            }
        }
        self.said.push(line);
    }

    /// Everything it has written to stderr, to quote when something went wrong.
    pub(crate) fn said(&mut self) -> String {
        self.said.extend(self.stderr.try_iter());
        self.said.join("\n")
    }

    /// Closes the pipe that it logs to, from the next line on.
    pub(crate) fn stop_listening(&mut self) {
        self.stderr = channel().1;
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits until it has ended by itself.
    pub(crate) fn ended(&mut self, within: Duration) -> ExitStatus {
        let deadline = Instant::now() + within;
        loop {
            match self.stderr.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => self.said.push(line),
                Err(RecvTimeoutError::Disconnected) => break, // its end of the pipe is closed: it is gone
                Err(RecvTimeoutError::Timeout) => {
                    panic!("mcp-stdio still runs after {within:?}; it said:\n{}", self.said.join("\n"))
                }
            }
        }
        self.child.wait().unwrap()
    }

    /// Asks it to end as an operator does, and checks that it ends well and in time.
    pub(crate) fn stop(mut self) {
        self.signal(Signal::TERM);
        let status = self.ended(STOP);
        assert!(status.success(), "mcp-stdio ended with {status}; it said:\n{}", self.said.join("\n"));
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // After stop() there is nothing left to kill; in a test that failed there is.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The built program: cargo puts it one folder above the test programs.
pub(crate) fn program() -> PathBuf {
    let test = env::current_exe().unwrap();
    let program = test.parent().unwrap().parent().unwrap().join("mcp-stdio").with_extension(env::consts::EXE_EXTENSION);
    assert!(program.is_file(), "no {}: run `cargo xtask test`, or `cargo build --bins` first", program.display());
    program
}
