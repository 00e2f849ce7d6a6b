//! The official client libraries, each in a session of its own process.
//!
//! The sessions are in `tests/peers`: they print a line for each behaviour.

use std::collections::HashMap;
use std::env;
use std::fmt;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use crate::Json;
use crate::behaviour::is_cancelled;
use crate::place::Place;
use crate::revision::{End, Revision, Wire};

/// For a line; a session gives up a behaviour before that.
const PATIENCE: Duration = Duration::from_secs(90);
const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../peers");

/// A library, told to speak one era. The newest revision of that era is what it speaks to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Sdk {
    /// The session's file in `tests/peers`, without its ending.
    driver: &'static str,
    package: &'static str,
    pub(crate) revision: Revision,
}

const fn sdk(driver: &'static str, package: &'static str, revision: Revision) -> Sdk {
    Sdk { driver, package, revision }
}

pub(crate) const ALL: [Sdk; 6] = [
    sdk("sdk1", "@modelcontextprotocol/sdk", Revision::Nov25),
    sdk("client2", "@modelcontextprotocol/client", Revision::Nov25),
    sdk("client2", "@modelcontextprotocol/client", Revision::Jul26),
    sdk("py1", "mcp", Revision::Nov25),
    sdk("py2", "mcp", Revision::Nov25),
    sdk("py2", "mcp", Revision::Jul26),
];

/// What is tried with them, by the names that it has elsewhere.
pub(crate) const BEHAVIOURS: [&str; 27] = [
    "handshake",
    "list",
    "paginate",
    "read a resource",
    "get a prompt",
    "complete",
    "call",
    "structured output",
    "a tool's error",
    "unknown tool",
    "unknown resource",
    "big payload",
    "ping",
    "progress",
    "log",
    "subscribe",
    "list_changed",
    "roots changed",
    "sampling",
    "sampling with tools",
    "elicitation, form",
    "elicitation, URL",
    "roots",
    "rounds of input",
    "two inputs at once",
    "cancel",
    "close",
];

impl Sdk {
    /// Over which wires it can come. HTTP+SSE has no modern era, but those of the legacy one still offer it.
    pub(crate) fn ends(self) -> impl Iterator<Item = End> {
        let wires = [Wire::Lines, Wire::Pair, Wire::Http].into_iter();
        let wires = wires.filter(move |wire| *wire != Wire::Pair || !self.revision.is_modern());
        wires.map(move |wire| End { revision: self.revision, wire })
    }

    /// The version that `tests/peers` pins.
    fn version(self) -> String {
        let requirements = match self.driver {
            "py1" => include_str!("../../peers/requirements-1.txt"),
            "py2" => include_str!("../../peers/requirements-2.txt"),
            _ => {
                let package: Json = serde_json::from_str(include_str!("../../peers/package.json")).unwrap_or_default();
                return package["dependencies"][self.package].as_str().unwrap_or_default().to_owned();
            }
        };
        requirements.lines().find_map(|line| line.strip_prefix("mcp==")).unwrap_or_default().to_owned()
    }
}

impl fmt::Display for Sdk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let language = if self.driver.starts_with("py") { "Python" } else { "TypeScript" };
        write!(f, "{language} `{}` {}", self.package, self.version())
    }
}

/// The folder that `tests/peers/install` has filled.
pub(crate) fn installed() -> Option<PathBuf> {
    let cache = || Some(PathBuf::from(env::var_os("XDG_CACHE_HOME")?));
    let home = || Some(PathBuf::from(env::var_os("HOME")?).join(".cache"));
    let chosen = env::var_os("MCP_PEERS_DIR").map(PathBuf::from);
    let folder = chosen.or_else(|| Some(cache().or_else(home)?.join("mcp-proxy-peers")))?;
    (folder.join("stamp").is_file() && Path::new(HERE).join("node_modules").exists()).then_some(folder)
}

/// What became of each behaviour, by its name.
pub(crate) type Outcomes = HashMap<String, Result<(), String>>;

/// Runs one session with these behaviours to its end; what it does not come to is not among the outcomes.
pub(crate) fn session(
    sdk: Sdk,
    wire: Wire,
    place: &mut Place,
    behaviours: &[&str],
    outcomes: &mut Outcomes,
) -> Result<(), String> {
    let mut session = Session::start(sdk, wire, place, behaviours)?;
    loop {
        let line = session.lines.recv_timeout(PATIENCE).map_err(|_| format!("it says no more: {}", session.said()))?;
        if env::var_os("GRID_LOG").is_some() {
            eprintln!("> {line}");
        }
        if let Some(what) = line.strip_prefix("await ") {
            let found = look(place, what).err().unwrap_or_default();
            session.stdin.write_all(format!("{}\n", found.replace('\n', " ")).as_bytes()).map_err(|e| e.to_string())?;
            continue;
        }
        let (name, mut outcome) = match (line.strip_prefix("ok "), line.strip_prefix("fail ")) {
            (Some(name), _) => (name, Ok(())),
            (_, Some(rest)) => {
                let (name, why) = rest.split_once(": ").unwrap_or((rest, ""));
                (name, Err(why.to_owned()))
            }
            _ => continue,
        };
        outcome = crate::run::with_faults(outcome, &place.faults());
        if ["initialize", "connect"].contains(&name) {
            outcome.map_err(|why| format!("no client: {why}"))?;
            continue;
        }
        outcomes.insert(name.to_owned(), outcome);
        if name == "close" {
            return Ok(());
        }
    }
}

/// What only the server's record knows.
fn look(place: &mut Place, what: &str) -> Result<(), String> {
    match what {
        "its turn" => {
            place.begin();
            Ok(())
        }
        "hangs" => place.until("the call", |entry| entry["note"] == "hangs"),
        "cancelled" => place.until("the end of the call", is_cancelled),
        "roots changed" => place.until(what, |entry| entry["heard"]["method"] == "notifications/roots/list_changed"),
        _ => Err(format!("nobody knows what `{what}` is")),
    }
}

struct Session {
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<String>,
    stderr: PathBuf,
}

impl Session {
    fn start(sdk: Sdk, wire: Wire, place: &Place, behaviours: &[&str]) -> Result<Self, String> {
        let folder = installed().ok_or("the official clients are not installed")?;
        let file = Path::new(HERE).join(sdk.driver);
        let program =
            if sdk.driver.starts_with("py") { folder.join(sdk.driver).join("bin/python") } else { "node".into() };
        let mut command = place.clean(program);
        if sdk.driver.starts_with("py") {
            // They warn about what the modern era has deprecated; that is what is used here.
            command.args(["-W", "ignore"]).arg(file.with_extension("py"));
        } else {
            command.arg(file.with_extension("mjs"));
        }
        let (era, behaviours) = (if sdk.revision.is_modern() { "auto" } else { "legacy" }, behaviours.join(";"));
        command.args(["--server", "grid", "--era", era, "--behaviours", &behaviours]);
        command.args(["--revision", sdk.revision.as_str(), "--behind", place.server.revision.as_str()]);
        match wire {
            Wire::Lines => {
                let piped = place.piped()?;
                command.args(["--transport", "stdio", "--"]).arg(piped.get_program()).args(piped.get_args())
            }
            Wire::Pair => command.args(["--transport", "sse", "--url", &format!("{}/sse", place.url())]),
            Wire::Http => command.args(["--transport", "http", "--url", &format!("{}/mcp", place.url())]),
        };
        let stderr = place.file("session");
        let said = |error: std::io::Error| error.to_string();
        command.stderr(File::create(&stderr).map_err(said)?);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(said)?;
        let stdin = child.stdin.take().expect("it was asked for");
        let stdout = BufReader::new(child.stdout.take().expect("it was asked for"));
        let (sender, lines) = channel();
        thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Ok(Self { child, stdin, lines, stderr })
    }

    /// The end of what it has said to its stderr.
    fn said(&self) -> String {
        let text = fs::read_to_string(&self.stderr).unwrap_or_default();
        let lines: Vec<_> = text.lines().rev().take(8).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join(" | ")
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
