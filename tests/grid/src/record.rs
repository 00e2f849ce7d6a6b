//! What a server has heard and said, in a file: one entry a line.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde_json::json;

use crate::Json;

/// The server's end.
#[derive(Debug)]
pub(crate) struct Record(Mutex<File>);

impl Record {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(Mutex::new(OpenOptions::new().create(true).append(true).open(path)?)))
    }

    pub(crate) fn heard(&self, message: &Json) {
        self.write(&json!({"heard": message}));
    }

    pub(crate) fn said(&self, message: &Json) {
        self.write(&json!({"said": message}));
    }

    /// The client has done something that it may not.
    pub(crate) fn wrong(&self, what: &str) {
        self.write(&json!({"wrong": what}));
    }

    /// Something has happened that is no message.
    pub(crate) fn note(&self, what: &str) {
        self.write(&json!({"note": what}));
    }

    fn write(&self, entry: &Json) {
        let mut entry = entry.clone();
        // Several processes may write to one file.
        entry["by"] = json!(std::process::id());
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Without its record the server is of no use; the runner will miss what it looks for.
        let _ = file.write_all(format!("{entry}\n").as_bytes());
    }
}

/// The runner's end.
#[derive(Debug)]
pub(crate) struct Tail {
    path: PathBuf,
    read: usize,
}

impl Tail {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, read: 0 }
    }

    /// The entries since the last time.
    pub(crate) fn take(&mut self) -> Vec<Json> {
        let text = fs::read_to_string(&self.path).unwrap_or_default();
        let new = text.get(self.read..).unwrap_or_default();
        let whole = new.rfind('\n').map_or(0, |at| at + 1);
        self.read += whole;
        new[..whole].lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }
}
