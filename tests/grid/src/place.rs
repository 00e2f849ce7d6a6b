//! A program of ours, with a server behind it and clients before it.

use std::collections::HashMap;
use std::env;
use std::fmt;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;

use crate::Json;
use crate::client::{Client, Http, Lines, PATIENCE, Pair};
use crate::record::Tail;
use crate::revision::{End, Wire};
use crate::schema::{From, Schemas};

const STEP: Duration = Duration::from_millis(10);
const READY: Duration = Duration::from_mins(1);

/// A program, in one of the ways in which it offers a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Program {
    Stdio,
    /// With a process, or a connection, of the server for each client.
    Dedicated,
    /// One server of a hub alone.
    HubOne,
    /// All servers of a hub as one.
    Hub,
    /// The same on pipes.
    HubStdio,
    Rest,
}

impl Program {
    pub(crate) const ALL: [Self; 6] =
        [Self::Stdio, Self::Dedicated, Self::HubOne, Self::Hub, Self::HubStdio, Self::Rest];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Stdio => "mcp-stdio",
            Self::Dedicated => "mcp-stdio, dedicated",
            Self::HubOne => "mcp-hub, one server",
            Self::Hub => "mcp-hub, all servers",
            Self::HubStdio => "mcp-hub stdio",
            Self::Rest => "mcp-rest",
        }
    }

    /// Whether clients of this wire can reach it.
    pub(crate) fn takes(self, wire: Wire) -> bool {
        match self {
            Self::Stdio | Self::Dedicated | Self::Hub => wire != Wire::Lines,
            Self::HubOne => wire == Wire::Http,
            Self::HubStdio => wire == Wire::Lines,
            Self::Rest => false,
        }
    }

    /// Whether the official clients are tried with it.
    pub(crate) fn takes_sdk(self) -> bool {
        matches!(self, Self::Stdio | Self::Hub | Self::HubStdio)
    }

    fn binary(self) -> &'static str {
        match self {
            Self::Stdio | Self::Dedicated => "mcp-stdio",
            Self::HubOne | Self::Hub | Self::HubStdio => "mcp-hub",
            Self::Rest => "mcp-rest",
        }
    }
}

/// The program and the server; both end with it.
pub(crate) struct Place {
    pub(crate) program: Program,
    pub(crate) server: End,
    schemas: Arc<Schemas>,
    folder: TempDir,
    tail: Tail,
    /// Entries of the record since the behaviour began.
    heard: Vec<Json>,
    children: Vec<Child>,
    pub(crate) base: String,
    /// What the server was asked by the program, and the other way round, by ids.
    asked: HashMap<(bool, String), Vec<String>>,
}

impl Place {
    pub(crate) fn open(program: Program, server: End, schemas: &Arc<Schemas>) -> Result<Self, String> {
        let folder = TempDir::new().map_err(|error| error.to_string())?;
        let record = folder.path().join("record");
        let mut place = Self {
            program,
            server,
            schemas: Arc::clone(schemas),
            tail: Tail::new(record.clone()),
            folder,
            heard: Vec::new(),
            children: Vec::new(),
            base: String::new(),
            asked: HashMap::new(),
        };
        let words = ["server", server.revision.as_str(), server.wire.as_str(), record.to_str().expect("made by us")];
        let us = env::current_exe().map_err(|error| error.to_string())?;
        let entry = if server.wire == Wire::Lines {
            json!({"command": us, "args": words})
        } else {
            let mut command = Command::new(us);
            let mut child = command.args(words).stdout(Stdio::piped()).spawn().map_err(|error| error.to_string())?;
            let mut port = String::new();
            let stdout = child.stdout.take().expect("it was asked for");
            BufReader::new(stdout).read_line(&mut port).map_err(|error| error.to_string())?;
            place.children.push(child);
            let (kind, path) = if server.wire == Wire::Pair { ("sse", "sse") } else { ("http", "mcp") };
            json!({"type": kind, "url": format!("http://127.0.0.1:{}/{path}", port.trim())})
        };
        let mut servers = json!({"grid": entry});
        if matches!(program, Program::Hub | Program::HubStdio) {
            // With a second one there are prefixes.
            servers["demo"] = json!({"command": built("mcp-stdio")?, "args": ["demo-server"]});
        }
        fs::write(place.config(), json!({"mcpServers": servers}).to_string()).map_err(|error| error.to_string())?;
        if program != Program::HubStdio {
            place.launch()?;
        }
        Ok(place)
    }

    fn config(&self) -> PathBuf {
        self.file("config.json")
    }

    /// The program without our own settings, saying what it has to say to a file.
    fn command(&self) -> Result<Command, String> {
        Ok(self.clean(built(self.program.binary())?))
    }

    /// Any program, without our own settings and in the folder of this place.
    pub(crate) fn clean(&self, program: PathBuf) -> Command {
        let mut command = Command::new(program);
        for name in ["PORT", "AUTH_KEY", "CONFIG_PATH", "RUST_LOG", "LOGGING", "IDLE_TIMEOUT", "SHARED_SESSION"] {
            command.env_remove(name);
        }
        command.current_dir(self.folder.path());
        command
    }

    /// The program, to be spoken to on its pipes.
    pub(crate) fn piped(&self) -> Result<Command, String> {
        let mut command = self.command()?;
        command.args(["stdio", "--state", "off", "--config"]).arg(self.config());
        Ok(command)
    }

    /// What stands before `/mcp` and `/sse`.
    pub(crate) fn url(&self) -> String {
        let path = match self.program {
            Program::Stdio | Program::Dedicated => "/grid",
            Program::HubOne => "/servers/grid",
            _ => "",
        };
        format!("{}{path}", self.base)
    }

    /// A file of this place, which is gone with it.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn launch(&mut self) -> Result<(), String> {
        let mut command = self.command()?;
        command.args(["--port", "0", "--config"]).arg(self.config());
        if self.program == Program::Dedicated {
            command.args(["--session", "dedicated"]);
        }
        if self.program.binary() == "mcp-hub" {
            command.args(["--state", "off"]);
        }
        let mut child =
            command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().map_err(|error| error.to_string())?;
        let stderr = BufReader::new(child.stderr.take().expect("it was asked for"));
        self.children.push(child);
        let (sender, lines) = channel();
        thread::spawn(move || {
            // It is read to the end, so that nobody waits to be heard.
            stderr.lines().map_while(Result::ok).for_each(|line| {
                if env::var_os("GRID_LOG").is_some() {
                    eprintln!("| {line}");
                }
                let _ = sender.send(line);
            });
        });
        while self.base.is_empty() {
            let line = lines.recv_timeout(READY).map_err(|_| "the program is not ready".to_owned())?;
            if let Some(url) =
                line.split("is ready: ").nth(1).and_then(|rest| rest.find("http://").map(|at| &rest[at..]))
            {
                let host = crate::http::split(url).0;
                self.base = format!("http://{host}");
            }
        }
        Ok(())
    }

    /// A new client.
    pub(crate) fn client(&self, end: End, capabilities: Json) -> Result<Client, String> {
        let said = |error: std::io::Error| error.to_string();
        match end.wire {
            Wire::Lines => {
                let mut command = self.piped()?;
                if env::var_os("GRID_LOG").is_none() {
                    command.stderr(Stdio::null());
                }
                let (link, inbox) = Lines::open(command).map_err(said)?;
                Client::open(end, Box::new(link), inbox, &self.schemas, capabilities)
            }
            Wire::Pair => {
                let (link, inbox) = Pair::open(&format!("{}/sse", self.url())).map_err(said)?;
                Client::open(end, Box::new(link), inbox, &self.schemas, capabilities)
            }
            Wire::Http => {
                let (link, inbox) = Http::open(&format!("{}/mcp", self.url()), end.revision);
                Client::open(end, Box::new(link), inbox, &self.schemas, capabilities)
            }
        }
    }

    /// Forgets what the server has heard so far.
    pub(crate) fn begin(&mut self) {
        self.read();
        self.heard.clear();
    }

    fn read(&mut self) {
        for entry in self.tail.take() {
            for (is_heard, message) in [(true, &entry["heard"]), (false, &entry["said"])] {
                if let (Some(method), Some(id)) = (message["method"].as_str(), message.get("id")) {
                    self.asked.entry((is_heard, id.to_string())).or_default().push(method.to_owned());
                }
            }
            self.heard.push(entry);
        }
    }

    /// Waits until the record has an entry that something holds for.
    pub(crate) fn until(&mut self, what: &str, holds: impl Fn(&Json) -> bool) -> Result<(), String> {
        let (_keep, never) = channel::<()>();
        let steps = PATIENCE.as_millis() / STEP.as_millis();
        for _ in 0..steps {
            self.read();
            if self.heard.iter().any(&holds) {
                return Ok(());
            }
            let _ = never.recv_timeout(STEP);
        }
        let heard: Vec<_> =
            self.heard.iter().map(|entry| entry.to_string().chars().take(260).collect::<String>()).collect();
        Err(format!("the server has not heard {what}, only {}", heard.join(" ")))
    }

    /// What was wrong with what the program has said to the server.
    pub(crate) fn faults(&mut self) -> Vec<String> {
        self.read();
        let mut faults = Vec::new();
        for entry in std::mem::take(&mut self.heard) {
            if let Some(wrong) = entry["wrong"].as_str() {
                faults.push(format!("to the server: {wrong}"));
            }
            let (is_heard, message) = match (entry.get("heard"), entry.get("said")) {
                (Some(message), _) => (true, message),
                (_, Some(message)) => (false, message),
                _ => continue,
            };
            let id = message["id"].to_string();
            // Who tries whether a server speaks the one era or the other has to ask it something.
            let probe = if self.server.revision.is_modern() { "initialize" } else { "server/discover" };
            let is_probe = message["method"] == probe;
            if is_probe {
                continue;
            }
            let from = if is_heard { From::Client } else { From::Server };
            let fault = |asked| self.schemas.fault(self.server.revision, from, message, asked);
            // Several connections count for themselves, so an id may stand for several requests.
            let asked = self.asked.get(&(!is_heard, id)).map_or(&[][..], Vec::as_slice);
            let found = match asked {
                _ if message.get("method").is_some() => fault(None),
                [] => fault(None),
                all if all.iter().any(|asked| asked == probe || fault(Some(asked)).is_none()) => None,
                all => fault(Some(&all[0])),
            };
            if let Some(fault) = found {
                let text: String = message.to_string().chars().take(300).collect();
                faults.push(format!("{} the server: {fault} in {text}", if is_heard { "to" } else { "from" }));
            }
        }
        faults
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} before {}", self.program.as_str(), self.server)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        for child in self.children.iter_mut().rev() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A program of the workspace, which cargo puts beside this one.
fn built(name: &str) -> Result<PathBuf, String> {
    let us = env::current_exe().map_err(|error| error.to_string())?;
    let path = us.with_file_name(name).with_extension(env::consts::EXE_EXTENSION);
    if path.is_file() { Ok(path) } else { Err(format!("no {}: run `cargo build --bins` first", path.display())) }
}
