//! The entry that is made, and how it is written.

use std::{collections::BTreeMap, fmt};

use mcp_config::InstallCommand;

/// An entry of `mcpServers`. `Debug` shows no value of a variable or a header.
#[derive(Clone, PartialEq, Eq, serde::Serialize)]
#[serde(untagged)]
pub(crate) enum Entry {
    /// A child process.
    Stdio {
        /// The program.
        command: String,
        /// Its arguments.
        args: Vec<String>,
        /// Its variables.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        env: BTreeMap<String, String>,
    },
    /// A server behind a URL.
    Remote {
        /// What it speaks, as `type` says it.
        #[serde(rename = "type")]
        kind: &'static str,
        /// Where it is.
        url: String,
        /// Headers of every request.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        headers: BTreeMap<String, String>,
    },
}

impl Entry {
    /// The command line, or the URL.
    pub(super) fn command(&self) -> String {
        match self {
            Self::Stdio { command, args, .. } => {
                let words = [command].into_iter().chain(args).cloned();
                InstallCommand::Words(words.collect()).line()
            }
            Self::Remote { url, .. } => url.clone(),
        }
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdio { command, args, env } => f
                .debug_struct("Stdio")
                .field("command", command)
                .field("args", &format_args!("{} arguments", args.len()))
                .field("env", &env.keys())
                .finish(),
            Self::Remote { kind, headers, .. } => {
                f.debug_struct("Remote").field("kind", kind).field("headers", &headers.keys()).finish_non_exhaustive()
            }
        }
    }
}
