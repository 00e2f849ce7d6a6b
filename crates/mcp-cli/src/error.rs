//! Why a program ends without having served.

use std::{io, net::IpAddr, net::SocketAddr, path::PathBuf, process::ExitCode};

use mcp_config::{ChangeError, ComposeError, Diagnostic, DotEnvError, ImportError, SettingError};
use mcp_proxy_core::{BuildError, ReachError, TlsError, auth::KeysError, transport::in_words};

/// Why a program ends without having served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CliError {
    /// Anyone could come in from outside.
    #[error(
        "`{0}` can be reached from other machines, and nobody is asked who they are; set a key (`AUTH_KEY`, `--auth-key-file`, or \
         `keys` in the configuration), listen on 127.0.0.1, or start with `--allow-unauthenticated` if everyone there may \
         use the servers"
    )]
    Exposed(IpAddr),
    /// The port is not to be had.
    #[error("cannot listen on {address}: {source}; is another program using the port? `{option}` picks a free one")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What to say to get a free port.
        option: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// A file cannot be read or written.
    #[error("{} cannot be {verb}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was to be done with it.
        verb: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// The configuration has errors.
    #[error("{}", lines(.0))]
    Wrong(Vec<Diagnostic>),
    /// Settings cannot be used, or do not go together.
    #[error("{}", lines(.0))]
    Settings(Vec<SettingError>),
    /// The `.env` file cannot be read.
    #[error(transparent)]
    DotEnv(#[from] DotEnvError),
    /// What to log cannot be understood.
    #[error("the log level (`--log-level`, RUST_LOG, LOGGING or `logLevel`) cannot be read; write for instance `info`")]
    LogLevel,
    /// A key cannot be used.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The certificate or its key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A server cannot be made of its configuration.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// The servers cannot be made of the file.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// The servers do not go together, or the hosts or origins cannot be read.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The only server cannot be had.
    #[error("{}", in_words(.0))]
    Server(#[from] ReachError),
    /// The servers of another client cannot be taken over.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The system refuses threads or what they need.
    #[error("the runtime cannot be started: {0}")]
    Runtime(#[source] io::Error),
    /// The client on stdin and stdout is lost.
    #[error("stdin or stdout cannot be used: {0}")]
    Streams(#[source] io::Error),
    /// A binary's own reason; it is about a setting.
    #[error("{0}")]
    Setting(String),
}

impl CliError {
    /// 78 for what has to be set differently, 69 for what is not to be had.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Listen { .. } | Self::Server(_) | Self::Runtime(_) | Self::Streams(_) => 69,
            _ => 78,
        })
    }
}

fn lines(all: &[impl ToString]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
