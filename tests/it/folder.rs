//! A folder of one test's own, with a configuration file in it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use mcp_testkit::bin;
use serde_json::json;
use tempfile::TempDir;

use crate::client::Json;
use crate::marked::Mark;
use crate::proxy::{Launch, Proxy};

/// The file that is looked for where none is named.
pub(crate) const USUAL: &str = "mcp-config.json";

/// A folder that is gone when this is; a proxy that was started with its file goes on with what it has read.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// A folder with the usual file in it.
    pub(crate) fn with(config: impl Into<String>) -> Self {
        let folder = Self::new();
        folder.write(USUAL, config);
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// The configuration file.
    pub(crate) fn config(&self) -> PathBuf {
        self.path().join(USUAL)
    }

    /// Writes a file in place.
    pub(crate) fn write(&self, name: &str, text: impl Into<String>) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, text.into()).unwrap();
        path
    }

    /// Puts another file in the place of the configuration file, as editors do.
    pub(crate) fn edit(&self, config: impl Into<String>) {
        let new = self.write(".new", config);
        fs::rename(new, self.config()).unwrap();
    }

    /// What the configuration file says.
    pub(crate) fn read(&self) -> String {
        fs::read_to_string(self.config()).unwrap()
    }

    /// Starts `mcp-stdio --config FILE --port 0 OPTIONS`.
    pub(crate) fn start<O: AsRef<OsStr>>(&self, options: &[O]) -> Proxy {
        self.launch(options).start()
    }

    /// The same, not started yet.
    pub(crate) fn launch<O: AsRef<OsStr>>(&self, options: &[O]) -> Launch {
        Launch::any_port(&["--config".as_ref(), self.config().as_os_str()]).args(options)
    }
}

/// A configuration with these servers, as text.
pub(crate) fn servers(list: Json) -> String {
    let mut config = json!({});
    config["mcpServers"] = list;
    config.to_string()
}

/// The entry of a program of the testkit.
pub(crate) fn entry(program: &str, arguments: &[&str]) -> Json {
    json!({"command": bin(program), "args": arguments, "era": "legacy"})
}

/// The same, for one whose processes bear a mark.
pub(crate) fn marked(mark: &Mark, program: &str, arguments: &[&str]) -> Json {
    let mut entry = entry(program, arguments);
    let (name, value) = mark.variable().split_once('=').unwrap();
    entry["env"] = json!({name: value});
    entry
}

/// An entry, with one more key.
pub(crate) fn and(mut entry: Json, key: &str, value: impl Into<Json>) -> Json {
    entry[key] = value.into();
    entry
}
