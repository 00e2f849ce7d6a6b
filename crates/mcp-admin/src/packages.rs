//! Makes the entry of a server from the name of a package, a pasted command line, or a `server.json` of the registry's format,
//! and shows the whole command before it ever runs.
//!
//! What is not here: asking any registry. Nothing is fetched, and nothing is run.

use std::collections::BTreeMap;

mod arguments;
mod entry;
mod input;
mod launcher;
mod name;
mod registry;
#[cfg(test)]
mod tests;

pub(crate) use entry::Entry;
pub(crate) use input::Input;

/// Bytes of a text that is looked at.
const LARGEST: usize = 256 * 1024;

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PackageKind {
    /// A package of npm, or a command line of `npx`.
    Npx,
    /// A package of `PyPI`, or a command line of `uvx`.
    Uvx,
    /// An image, or a command line of `docker run`.
    Docker,
    /// A `server.json` of the registry's format.
    Registry,
}

/// Answers to [`Input`]s, by their names.
pub(crate) type Answers = BTreeMap<String, String>;

/// What a text makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Preview {
    /// A name for the server.
    pub(crate) name: String,
    /// Its entry of `mcpServers`. Where an answer is missing, `${input:NAME}` stands, which no configuration takes.
    pub(crate) entry: Entry,
    /// The whole command as it will run, or the URL. Secrets are in the environment or in headers and not in it, unless the
    /// package wants them as arguments.
    pub(crate) command: String,
    /// What to ask for, with what was answered.
    pub(crate) inputs: Vec<Input>,
    /// The ways that a `server.json` offers, of which this is one; else none.
    pub(crate) choices: Vec<String>,
    /// Which of them this is.
    pub(crate) choice: usize,
}

/// Why a text makes no server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PackageError {
    /// It is longer than anything that is meant.
    #[error("the text is too long: {LARGEST} bytes may be looked at")]
    TooLong,
    /// It is no command line.
    #[error("the command line {0}")]
    Words(#[from] mcp_config::Unbalanced),
    /// It names no package.
    #[error("no {0} is named; write its name, or the whole command line")]
    Empty(&'static str),
    /// It begins with another program.
    #[error("this is no command line of `{0}`; begin with `{0}`, or choose another kind")]
    OtherProgram(&'static str),
    /// A shell would do something with it.
    #[error("`{0}` means something to a shell, and no shell reads this; keep the one command that starts the server")]
    Shell(String),
    /// It is a `docker` command of another kind.
    #[error("only `docker run` starts a server")]
    NotRun,
    /// It is no `server.json`.
    #[error("this is no server.json: {0}")]
    Json(String),
    /// There is nothing in it that can be run or reached.
    #[error(
        "the server.json has no way that is known here ({0}); known are npm, pypi and oci packages on stdio, and remotes"
    )]
    NoWay(String),
    /// There are not so many ways.
    #[error("the server.json has only {0} ways")]
    NoChoice(usize),
}

/// What `text` makes with these answers, and the way number `choice` of a `server.json`.
///
/// # Errors
///
/// See [`PackageError`].
pub(crate) fn preview(
    kind: PackageKind,
    text: &str,
    answers: &Answers,
    choice: usize,
) -> Result<Preview, PackageError> {
    if LARGEST < text.len() {
        return Err(PackageError::TooLong);
    }
    match kind {
        PackageKind::Npx => launcher::npx(text, answers),
        PackageKind::Uvx => launcher::uvx(text, answers),
        PackageKind::Docker => launcher::docker(text, answers),
        PackageKind::Registry => registry::preview(text, answers, choice),
    }
}
