//! How a configured server is reached.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use http::{HeaderMap, HeaderName};
use mcp_proxy_core::{remote::ServerUrl, transport::Secret};

/// How a server is reached. `Debug` shows no argument, no value of a variable or a header, and no query.
#[derive(Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "there is one for each server, and it is seldom moved")]
pub enum Target {
    /// A child process.
    Stdio {
        /// The program; no shell reads it.
        command: String,
        /// Its arguments.
        args: Vec<String>,
        /// Variables that it gets besides the usual ones.
        env: BTreeMap<String, Secret>,
        /// Where it is started. Default: where the proxy was.
        cwd: Option<PathBuf>,
    },
    /// A server behind a URL.
    Remote {
        /// Where it is.
        url: ServerUrl,
        /// What it speaks.
        wire: Wire,
        /// Headers of every request; their values are marked as sensitive.
        headers: HeaderMap,
    },
    /// A transport that the program has registered under the word in `type`.
    Custom {
        /// The word.
        kind: String,
        /// The whole entry as JSON, without comments and with its variables expanded.
        options: Box<str>,
    },
}

/// What a server behind a URL speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// It is found out by asking.
    Detect,
    /// Streamable HTTP.
    Streamable,
    /// The HTTP+SSE pair of 2024-11-05.
    Sse,
}

/// Where the value of a variable comes from that a request may set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A header of the request.
    Header(HeaderName),
    /// A parameter of its URL.
    Query(String),
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdio { command, args, env, cwd } => f
                .debug_struct("Stdio")
                .field("command", command)
                .field("args", &format_args!("{} arguments", args.len()))
                .field("env", env)
                .field("cwd", cwd)
                .finish(),
            Self::Remote { url, wire, headers } => {
                let names: Vec<_> = headers.keys().collect();
                f.debug_struct("Remote").field("url", url).field("wire", wire).field("headers", &names).finish()
            }
            Self::Custom { kind, .. } => f.debug_struct("Custom").field("kind", kind).finish_non_exhaustive(),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_target_shows_no_secret() {
        let headers = HeaderMap::from_iter([(http::header::AUTHORIZATION, HeaderValue::from_static("s3cret"))]);
        let url = ServerUrl::parse("https://example.com/mcp?key=s3cret").unwrap();
        let env = BTreeMap::from([("TOKEN".to_owned(), Secret::new("s3cret"))]);
        for (target, shown) in [
            (Target::Remote { url, wire: Wire::Detect, headers }, "authorization"),
            (Target::Stdio { command: "npx".to_owned(), args: vec!["s3cret".to_owned()], env, cwd: None }, "TOKEN"),
            (Target::Custom { kind: "lab".to_owned(), options: r#"{"key":"s3cret"}"#.into() }, "lab"),
        ] {
            let debug = format!("{target:?}");
            assert!(debug.contains(shown) && !debug.contains("s3cret"), "{debug}");
        }
    }
}
