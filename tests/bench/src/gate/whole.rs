//! A whole call through each program, from socket to socket.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tempfile::TempDir;

use super::{callgrind, finish};
use crate::load::{Call, Face, Job, Pace, Target, run as run_load};
use crate::place::{built, free_port};

pub(super) const NAMES: [&str; 3] = ["mcp-stdio: a whole call", "mcp-hub: a whole call", "mcp-rest: a whole call"];

const TIMES: u64 = 2000;
const PATIENCE: Duration = Duration::from_mins(1);
const STEP: Duration = Duration::from_millis(20);

/// Instructions of one call; those of the server are not counted.
pub(super) fn count(name: &str) -> Result<u64, String> {
    let program = name.split(':').next().unwrap_or_default();
    Ok(counted(program, 2 * TIMES)?.saturating_sub(counted(program, TIMES)?) / TIMES)
}

fn counted(program: &str, times: u64) -> Result<u64, String> {
    let folder = TempDir::new().map_err(|error| error.to_string())?;
    let path = folder.path().join("config.json");
    let server = json!({"command": built("bench")?, "args": ["echo-stdio", "--tools", "10"]});
    fs::write(&path, json!({"mcpServers": {"s0": server}}).to_string()).map_err(|error| error.to_string())?;
    let port = free_port().ok_or("no port")?;
    let mut words = vec!["--port".to_owned(), port.to_string(), "--log-level".to_owned(), "error".to_owned()];
    words.extend(["--config".to_owned(), path.display().to_string()]);
    let (face, path, tool) = match program {
        "mcp-hub" => (Face::Legacy, "/mcp", "s0__echo"),
        "mcp-rest" => (Face::Rest, "/api/mcp/s0/tools/echo/execute", "echo"),
        _ => (Face::Legacy, "/mcp", "echo"),
    };
    if program == "mcp-hub" {
        words.extend(["--state", "off"].map(str::to_owned));
    }
    let child = callgrind(&built(program)?, &words)?;
    let target = Target { address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)), path: path.to_owned(), face };
    let loaded = load(&target, tool, times);
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or("no pid")?;
    kill_process(pid, Signal::TERM).map_err(|error| error.to_string())?;
    let counted = finish(child);
    loaded?;
    counted
}

fn load(target: &Target, tool: &str, times: u64) -> Result<(), String> {
    let began = Instant::now();
    while TcpStream::connect(target.address).is_err() {
        if began.elapsed() > PATIENCE {
            return Err("it does not listen".to_owned());
        }
        thread::park_timeout(STEP);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let job = |times| Job {
        sessions: 1,
        call: Call { tools: vec![tool.to_owned()], ..Call::default() },
        pace: Pace::Count(times),
        warm: Duration::ZERO,
        time: Duration::ZERO,
    };
    loop {
        // Until the server behind it is there.
        match runtime.block_on(run_load(target, &job(1), None, || ())) {
            Ok(done) if done.error.is_none() => break,
            _ if began.elapsed() > PATIENCE => return Err("it does not answer".to_owned()),
            _ => thread::park_timeout(STEP),
        }
    }
    let done = runtime.block_on(run_load(target, &job(times), None, || ()))?;
    done.error.map_or(Ok(()), Err)
}
