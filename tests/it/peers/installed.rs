//! What `tests/peers/install` has installed, and how to run it.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::skip;

/// A real server.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Server {
    Everything,
    Filesystem,
    /// `mcp-server-time` on the 1.x line of its SDK, which knows the legacy era alone.
    Time,
    /// The same on the 2.x line, which knows both eras.
    ModernTime,
}

impl Server {
    /// The set of behaviours that the drivers check with it.
    pub(crate) fn behaviours(self) -> &'static str {
        match self {
            Self::Everything => "everything",
            Self::Filesystem => "filesystem",
            Self::Time | Self::ModernTime => "time",
        }
    }
}

/// The folder with the servers and the clients' libraries.
pub(crate) struct Installed(PathBuf);

impl Installed {
    /// `None`, and the test is noted as skipped, if the peers are not installed.
    pub(crate) fn find() -> Option<Self> {
        let cache = || Some(PathBuf::from(env::var_os("XDG_CACHE_HOME")?));
        let home = || Some(PathBuf::from(env::var_os("HOME")?).join(".cache"));
        let chosen = env::var_os("MCP_PEERS_DIR").map(PathBuf::from);
        let folder = chosen.or_else(|| Some(cache().or_else(home)?.join("mcp-proxy-peers")));
        let found = folder.filter(|folder| folder.join("stamp").is_file() && drivers().join("node_modules").exists());
        if found.is_none() {
            skip::lacking("the official clients and servers; `tests/peers/install` fetches them");
        }
        found.map(Self)
    }

    /// The command line of a server that may use `folder`.
    pub(crate) fn server(&self, server: Server, folder: &Path) -> Vec<OsString> {
        let package = |name: &str| self.0.join(format!("node_modules/@modelcontextprotocol/{name}/dist/index.js"));
        match server {
            Server::Everything => vec!["node".into(), package("server-everything").into(), "stdio".into()],
            Server::Filesystem => vec!["node".into(), package("server-filesystem").into(), folder.into()],
            Server::Time => vec![self.python("py1"), "-m".into(), "mcp_server_time".into()],
            Server::ModernTime => vec![self.python("py2"), "-m".into(), "mcp_server_time".into()],
        }
    }

    /// The program that runs a whole session with one of the clients.
    pub(crate) fn driver(&self, client: &str) -> Command {
        if client.starts_with("py") {
            let mut command = Command::new(self.python(client));
            // The clients warn about what the modern era has deprecated; that is what we use here.
            command.args(["-W", "ignore"]).arg(drivers().join(format!("{client}.py")));
            command
        } else {
            let mut command = Command::new("node");
            command.arg(drivers().join(format!("{client}.mjs")));
            command
        }
    }

    fn python(&self, environment: &str) -> OsString {
        self.0.join(environment).join("bin/python").into()
    }
}

fn drivers() -> PathBuf {
    crate::here().join("peers")
}
