//! A program that is measured, with its servers behind it.

use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;

use crate::load::{Call, Session, Target};
use crate::subject::{Program, Subject, Wire};
use crate::tree::Tree;

const PATIENCE: Duration = Duration::from_mins(1);
const STEP: Duration = Duration::from_micros(500);

/// All of it ends with this.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) target: Target,
    /// Another server, where nothing stands before them.
    pub(crate) other: Option<Target>,
    pub(crate) tree: Tree,
    /// From the start of the program until it takes connections.
    pub(crate) listening: Duration,
    /// What it has in memory a moment later, in KiB.
    pub(crate) memory_kib: u64,
    _folder: TempDir,
    children: Children,
}

/// Processes that are ended with this, the last one first.
#[derive(Debug, Default)]
struct Children(Vec<Child>);

impl Children {
    fn end(&mut self) {
        for mut child in self.0.drain(..).rev() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        self.end();
    }
}

impl Place {
    /// Starts the servers behind URLs, then the program, and waits until it listens.
    pub(crate) fn open(subject: &Subject) -> Result<Self, String> {
        let folder = TempDir::new().map_err(|error| error.to_string())?;
        let mut children = Children::default();
        let us = env::current_exe().map_err(|error| error.to_string())?;
        let mut ports = Vec::new();
        if subject.wire == Wire::Http {
            for at in 0..subject.servers {
                let mut command = Command::new(&us);
                command.arg("echo-http").args(subject.echo(at)).stdout(Stdio::piped());
                let mut child = command.spawn().map_err(|error| error.to_string())?;
                let port = first_line(&mut child);
                children.0.push(child);
                ports.push(port?.parse::<u16>().map_err(|error| error.to_string())?);
            }
        }
        let is_direct = subject.program == Program::Direct;
        let port = if is_direct { ports.first().copied() } else { free_port() };
        let target = |port| Target {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            path: subject.path(),
            face: subject.face,
        };
        let (target, other) = (target(port.ok_or("no port")?), ports.get(1).filter(|_| is_direct).copied().map(target));
        let address = target.address;
        let urls: Vec<_> = ports.iter().map(|port| format!("http://127.0.0.1:{port}/mcp")).collect();
        let began = Instant::now();
        if !is_direct {
            let mut command = command(subject, &us, &urls, folder.path(), address.port())?;
            let quiet = env::var_os("BENCH_LOG").is_none();
            let out = || if quiet { Stdio::null() } else { Stdio::inherit() };
            command.current_dir(folder.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(out());
            for name in ["PORT", "AUTH_KEY", "CONFIG_PATH", "RUST_LOG", "LOGGING", "IDLE_TIMEOUT", "SHARED_SESSION"] {
                command.env_remove(name);
            }
            children.0.push(command.spawn().map_err(|error| format!("{command:?}: {error}"))?);
        }
        let root = children.0.last().map_or(0, Child::id);
        let tree = Tree::new(root);
        let mut place =
            Self { target, other, tree, listening: Duration::ZERO, memory_kib: 0, _folder: folder, children };
        while TcpStream::connect(address).is_err() {
            if began.elapsed() > PATIENCE || place.is_over() {
                return Err(format!("{} does not listen", subject.name));
            }
            thread::park_timeout(STEP);
        }
        place.listening = began.elapsed();
        Ok(place)
    }

    /// Waits until a call is answered through it.
    pub(crate) async fn ready(&mut self, tools: &[String]) -> Result<(), String> {
        let began = Instant::now();
        let call = Call { tools: tools.to_vec(), ..Call::default() };
        let mut at = 0;
        while at < tools.len() {
            // Every tool once, so that every server is there.
            let tried = match Session::open(&self.target, &call, at).await {
                Ok(mut session) => session.call(0, false).await,
                Err(error) => Err(error),
            };
            match tried {
                Ok(()) => at += 1,
                Err(error) if began.elapsed() > PATIENCE || self.is_over() => {
                    return Err(format!("not ready: {error}"));
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
        self.memory_kib = self.tree.cost().memory_kib;
        Ok(())
    }

    fn is_over(&mut self) -> bool {
        self.children.0.last_mut().is_none_or(|child| child.try_wait().is_ok_and(|status| status.is_some()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // The program first; what it has started ends as its pipes close, or is ended here.
        let started = self.tree.descendants();
        self.children.end();
        crate::tree::end(&started);
    }
}

/// The program's command line, for these servers.
fn command(subject: &Subject, us: &Path, urls: &[String], folder: &Path, port: u16) -> Result<Command, String> {
    let port = port.to_string();
    let child = |at: usize| [vec![us.display().to_string(), "echo-stdio".to_owned()], subject.echo(at)].concat();
    let config = |keys: serde_json::Map<String, crate::Json>| {
        let path = folder.join("config.json");
        let servers = (0..subject.servers).map(|at| {
            let entry = match urls.get(at) {
                Some(url) => json!({"type": "http", "url": url}),
                None => json!({"command": child(at)[0], "args": child(at)[1..], "start": subject.start()}),
            };
            (format!("s{at}"), entry)
        });
        let mut all = keys;
        all.insert("mcpServers".to_owned(), servers.collect::<serde_json::Map<_, _>>().into());
        fs::write(&path, crate::Json::from(all).to_string()).map(|()| path).map_err(|error| error.to_string())
    };
    let mut command = Command::new(subject.program.binary()?);
    match &subject.program {
        Program::Direct => {}
        Program::Bare => drop(command.args(["bridge", "--port", &port, "--"]).args(child(0))),
        Program::Reference(_) => drop(command.arg(&port).args(child(0))),
        Program::Stdio | Program::Hub | Program::Rest => {
            let mut keys = serde_json::Map::new();
            keys.insert("limits".to_owned(), json!({"callsPerServer": 4096, "sessions": 20000, "connections": 20000}));
            if subject.program == Program::Hub {
                keys.insert("state".to_owned(), json!("off"));
                keys.insert("pageSize".to_owned(), json!(10000));
            }
            command.args(["--port", &port, "--log-level", "error", "--config"]).arg(config(keys)?);
            command.args(&subject.options);
        }
        Program::Other(other) => other.arguments(&mut command, &port, &child(0), urls, folder)?,
    }
    Ok(command)
}

fn first_line(child: &mut Child) -> Result<String, String> {
    let stdout = child.stdout.take().ok_or("no stdout")?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).map_err(|error| error.to_string())?;
    Ok(line.trim().to_owned())
}

/// A port that nobody had a moment ago.
pub(crate) fn free_port() -> Option<u16> {
    Some(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).ok()?.local_addr().ok()?.port())
}

/// A program of the workspace, which cargo puts beside this one.
pub(crate) fn built(name: &str) -> Result<PathBuf, String> {
    let path = env::current_exe().map_err(|error| error.to_string())?.with_file_name(name);
    if path.is_file() { Ok(path) } else { Err(format!("no {}: build it first", path.display())) }
}
