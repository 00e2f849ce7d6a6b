//! Other proxies, as their own documentation starts them.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::load::Face;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Other {
    Supergateway,
    /// `mcp-proxy` of npm.
    NpmProxy,
    /// `mcp-proxy` of Python.
    PypiProxy,
    Mcpo,
    /// `mcp-proxy` of crates.io.
    RustProxy,
}

impl Other {
    pub(crate) const ALL: [Self; 5] =
        [Self::Supergateway, Self::NpmProxy, Self::PypiProxy, Self::Mcpo, Self::RustProxy];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Supergateway => "supergateway (npm)",
            Self::NpmProxy => "mcp-proxy (npm)",
            Self::PypiProxy => "mcp-proxy (PyPI)",
            Self::Mcpo => "mcpo (PyPI)",
            Self::RustProxy => "mcp-proxy (crates.io)",
        }
    }

    fn folder(self) -> &'static str {
        match self {
            Self::Supergateway => "supergateway",
            Self::NpmProxy => "mcp-proxy-npm",
            Self::PypiProxy => "mcp-proxy-pypi",
            Self::Mcpo => "mcpo",
            Self::RustProxy => "mcp-proxy-rust",
        }
    }

    /// Where `tests/bench/install` has put it.
    pub(crate) fn binary(self) -> Result<PathBuf, String> {
        let path = folder().join(self.folder()).join(match self {
            Self::Supergateway => "node_modules/.bin/supergateway",
            Self::NpmProxy => "node_modules/.bin/mcp-proxy",
            Self::PypiProxy | Self::RustProxy => "bin/mcp-proxy",
            Self::Mcpo => "bin/mcpo",
        });
        if path.is_file() { Ok(path) } else { Err(format!("no {}: run tests/bench/install", path.display())) }
    }

    /// The version that is installed, or `None`.
    pub(crate) fn version(self) -> Option<String> {
        self.binary().ok()?;
        fs::read_to_string(folder().join(self.folder()).join("stamp")).ok()
    }

    pub(crate) fn path(self, face: Face) -> String {
        match (self, face) {
            (_, Face::Sse) => "/sse",
            (_, Face::Rest) => "/echo",
            (Self::RustProxy, _) => "/",
            (Self::PypiProxy, _) => "/mcp/",
            _ => "/mcp",
        }
        .to_owned()
    }

    pub(crate) fn tool_names(self, servers: usize) -> Vec<String> {
        match self {
            Self::RustProxy => (0..servers).map(|at| format!("s{at}_echo")).collect(),
            _ => vec!["echo".to_owned()],
        }
    }

    /// Adds what it is started with.
    pub(crate) fn arguments(
        self,
        command: &mut Command,
        port: &str,
        child: &[String],
        urls: &[String],
        folder: &Path,
    ) -> Result<(), String> {
        match self {
            Self::Supergateway => {
                let words = ["--port", port, "--outputTransport", "streamableHttp", "--stateful", "--logLevel", "none"];
                command.args(words).args(["--stdio", &child.join(" ")]);
            }
            Self::NpmProxy => drop(command.args(["--port", port, "--host", "127.0.0.1", "--"]).args(child)),
            Self::PypiProxy => {
                command.args(["--port", port, "--log-level", "ERROR", "--"]).args(child);
            }
            Self::Mcpo => drop(command.args(["--port", port, "--log-level", "ERROR", "--"]).args(child)),
            Self::RustProxy => {
                let path = folder.join("proxy.toml");
                let mut text = format!(
                    "[proxy]\nname = \"bench\"\nversion = \"1.0.0\"\nseparator = \"_\"\n[proxy.listen]\nhost = \"127.0.0.1\"\nport = {port}\n"
                );
                let backend = |at: usize, rest: String| format!("[[backends]]\nname = \"s{at}\"\n{rest}\n");
                if urls.is_empty() {
                    let (program, words) = (json!(child[0]), json!(child[1..]));
                    text += &backend(0, format!("transport = \"stdio\"\ncommand = {program}\nargs = {words}"));
                }
                for (at, url) in urls.iter().enumerate() {
                    let _ = write!(text, "{}", backend(at, format!("transport = \"http\"\nurl = \"{url}\"")));
                }
                fs::write(&path, text).map_err(|error| error.to_string())?;
                command.arg("--config").arg(path);
            }
        }
        Ok(())
    }
}

fn folder() -> PathBuf {
    let cache = || env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let named = env::var_os("MCP_BENCH_DIR").map(PathBuf::from);
    named.or_else(|| Some(cache().or_else(home)?.join("mcp-proxy-bench"))).unwrap_or_default()
}
