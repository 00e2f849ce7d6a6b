//! A running `mcp-stdio`, `mcp-rest` or `mcp-hub`, as a user starts it.

use std::env;
use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// From the start of the program to its ready line; the server behind it may be a cold Python.
const READY: Duration = Duration::from_secs(30);
/// From SIGTERM to the end of the program.
const STOP: Duration = Duration::from_secs(15);
/// For a run that ends by itself.
const END: Duration = Duration::from_secs(20);

/// Variables that are settings; those of whoever runs the tests say nothing here.
const SETTINGS: &[&str] = &[
    "ADMIN_ADDRESS",
    "ADMIN_PAGES",
    "ADMIN_PASSWORD",
    "ADMIN_URL",
    "ADMIN_USERNAME",
    "ALLOWED_KEYS",
    "ALLOWED_TOKENS",
    "AUTH_KEY",
    "CONFIG_PATH",
    "ENABLE_ADMIN_TERMINAL",
    "ENABLE_ADMIN_UI",
    "HTTP_TOOL_CALL_MAX_RETRIES",
    "HTTP_TOOL_CALL_RETRY_DELAY_BASE_MS",
    "IDLE_TIMEOUT",
    "LOGGING",
    "MCP_PROXY_SSE_ALLOWED_KEYS",
    "MCP_PROXY_SSE_ALLOWED_TOKENS",
    "MCP_SERVER_CONFIG",
    "PORT",
    "REQUEST_ENV",
    "RETRY_HTTP_TOOL_CALL",
    "RETRY_SSE_TOOL_CALL",
    "RETRY_SSE_TOOL_CALL_ON_DISCONNECT",
    "RETRY_STDIO_TOOL_CALL",
    "RUST_LOG",
    "SESSION_SECRET",
    "SERVER_TOOLNAME_SEPARATOR",
    "SERVER_TOOLNAME_SEPERATOR",
    "SHARED_SESSION",
    "SSE_TOOL_CALL_MAX_RETRIES",
    "SSE_TOOL_CALL_RETRY_DELAY_BASE_MS",
    "STDIO_TOOL_CALL_MAX_RETRIES",
    "STDIO_TOOL_CALL_RETRY_DELAY_BASE_MS",
    "TOOLS_FOLDER",
];

/// A program of ours, not started yet.
pub(crate) struct Launch(Command);

impl Launch {
    /// `mcp-stdio OPTIONS`, which takes none of our own settings.
    pub(crate) fn new<O: AsRef<OsStr>>(options: &[O]) -> Self {
        Self::of(program(), options)
    }

    /// `mcp-rest OPTIONS`.
    pub(crate) fn rest<O: AsRef<OsStr>>(options: &[O]) -> Self {
        Self::of(built("mcp-rest"), options)
    }

    /// `mcp-hub OPTIONS`.
    pub(crate) fn hub<O: AsRef<OsStr>>(options: &[O]) -> Self {
        Self::of(hub(), options)
    }

    fn of<O: AsRef<OsStr>>(program: PathBuf, options: &[O]) -> Self {
        let mut command = Command::new(program);
        command.args(options).stdin(Stdio::null());
        for name in SETTINGS {
            command.env_remove(name);
        }
        Self(command)
    }

    /// `mcp-stdio --port 0 OPTIONS`: on a port of its own choice.
    pub(crate) fn any_port<O: AsRef<OsStr>>(options: &[O]) -> Self {
        Self::new(&["--port", "0"]).args(options)
    }

    pub(crate) fn args<A: AsRef<OsStr>>(mut self, more: &[A]) -> Self {
        self.0.args(more);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    /// Starts it in this folder.
    pub(crate) fn at(mut self, folder: &Path) -> Self {
        self.0.current_dir(folder);
        self
    }

    /// Starts it and waits for nothing.
    pub(crate) fn begin(mut self) -> Proxy {
        let mut child = self.0.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let (lines, stderr) = channel();
        let pipe = child.stderr.take().unwrap();
        // Reads until the program is gone, also while nobody asks, so that it never blocks on its log.
        thread::spawn(move || BufReader::new(pipe).lines().map_while(Result::ok).try_for_each(|line| lines.send(line)));

        Proxy { child, stderr, said: Vec::new(), mcp: String::new(), sse: String::new(), base: String::new() }
    }

    /// Starts it and waits until it names its URLs.
    pub(crate) fn start(self) -> Proxy {
        let mut proxy = self.begin();
        let deadline = Instant::now() + READY;
        while proxy.base.is_empty() {
            let Ok(line) = proxy.stderr.recv_timeout(deadline.saturating_duration_since(Instant::now())) else {
                panic!("the program has not named its /mcp and /sse; it said:\n{}", proxy.said.join("\n"));
            };
            proxy.read(line);
        }
        proxy
    }

    /// Runs it to its end.
    pub(crate) fn run(mut self) -> Ended {
        let child = self.0.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let id = Pid::from_child(&child);
        let (sender, output) = channel();
        thread::spawn(move || sender.send(child.wait_with_output()));
        let Ok(output) = output.recv_timeout(END) else {
            kill_process(id, Signal::KILL).unwrap();
            panic!("{:?} does not end", self.0);
        };
        let output = output.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

/// What a run that ended by itself has left.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// It ended with this code, said all these words, and wrote nothing to stdout.
    #[track_caller]
    pub(crate) fn with(self, code: i32, words: &[&str]) {
        let Self { code: ended, stdout, stderr } = self;
        assert_eq!(ended, Some(code), "{stderr}");
        for word in words {
            assert!(stderr.contains(word), "no `{word}` in: {stderr}");
        }
        assert_eq!(stdout, "");
    }
}

/// A program of ours, on a port of its own choice.
pub(crate) struct Proxy {
    child: Child,
    stderr: Receiver<String>,
    /// What it has said so far, for the message of a test that fails.
    said: Vec<String>,
    /// Where its only server is; with several, `NAME` stands for each.
    pub(crate) mcp: String,
    pub(crate) sse: String,
    /// Scheme, address and port.
    pub(crate) base: String,
}

impl Proxy {
    /// Starts `mcp-stdio --port 0 OPTIONS -- SERVER` and waits until it names its URLs.
    pub(crate) fn start<O: AsRef<OsStr>, S: AsRef<OsStr>>(options: &[O], server: &[S]) -> Self {
        Launch::any_port(options).args(&["--"]).args(server).start()
    }

    /// Starts it and waits for nothing.
    pub(crate) fn begin<O: AsRef<OsStr>, S: AsRef<OsStr>>(options: &[O], server: &[S]) -> Self {
        Launch::any_port(options).args(&["--"]).args(server).begin()
    }

    fn read(&mut self, line: String) {
        if line.starts_with("mcp-rest is ready: ") {
            let url = line.split_whitespace().find(|word| word.starts_with("http"));
            self.base =
                url.and_then(|url| url.split_once("/api/")).map(|(base, _)| base.to_owned()).unwrap_or_default();
        }
        if line.starts_with("mcp-stdio is ready: ") || line.starts_with("mcp-hub is ready: ") {
            let urls =
                line.split_whitespace().map(|word| word.trim_end_matches(',')).filter(|word| word.starts_with("http"));
            for url in urls {
                // A hub names first where all of it is.
                if url.ends_with("/mcp") && self.mcp.is_empty() {
                    url.clone_into(&mut self.mcp);
                } else if url.ends_with("/sse") {
                    url.clone_into(&mut self.sse);
                }
            }
            let base: Vec<_> = self.mcp.splitn(4, '/').take(3).collect();
            self.base = base.join("/");
        }
        self.said.push(line);
    }

    /// A path of its own, from its first slash on.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Everything it has written to stderr, to quote when something went wrong.
    pub(crate) fn said(&mut self) -> String {
        self.said.extend(self.stderr.try_iter());
        self.said.join("\n")
    }

    /// Waits until it has written something with these words in it; gives everything it has written.
    pub(crate) fn says(&mut self, words: &str) -> String {
        let deadline = Instant::now() + STOP;
        self.said.extend(self.stderr.try_iter());
        while !self.said.iter().any(|line| line.contains(words)) {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.stderr.recv_timeout(left) else {
                panic!("the program has not said `{words}`, only:\n{}", self.said.join("\n"));
            };
            self.said.push(line);
        }
        self.said()
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
                    panic!("the program still runs after {within:?}; it said:\n{}", self.said.join("\n"))
                }
            }
        }
        self.child.wait().unwrap()
    }

    /// Asks it to end as an operator does, and checks that it ends well and in time.
    pub(crate) fn stop(mut self) {
        self.signal(Signal::TERM);
        let status = self.ended(STOP);
        assert!(status.success(), "the program ended with {status}; it said:\n{}", self.said.join("\n"));
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
    built("mcp-stdio")
}

/// The built `mcp-hub`.
pub(crate) fn hub() -> PathBuf {
    built("mcp-hub")
}

/// A built program of the workspace.
pub(crate) fn built(name: &str) -> PathBuf {
    let test = env::current_exe().unwrap();
    let program = test.parent().unwrap().parent().unwrap().join(name).with_extension(env::consts::EXE_EXTENSION);
    assert!(program.is_file(), "no {}: run `cargo xtask test`, or `cargo build --bins` first", program.display());
    program
}
