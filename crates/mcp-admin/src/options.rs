//! What an embedder says of the pages.

use std::{path::PathBuf, time::Duration};

use mcp_proxy_core::transport::Secret;

/// How the pages are served.
#[derive(Clone, Debug)]
pub struct AdminOptions {
    /// The name to log in with. Default: `admin`.
    pub username: Box<str>,
    /// The password, at least 8 characters. Default: the one in the store, or one that is made and put there.
    pub password: Option<Secret>,
    /// What logins are signed with, at least 32 characters. Default: random, so that logins end with the process.
    pub session_secret: Option<Secret>,
    /// How long a login holds. Default: 12 hours.
    pub session: Duration,
    /// The URL that people know the pages by, where TLS stands in front: `https://NAME`. Default: none.
    pub url: Option<String>,
    /// Whether there is a terminal on this machine. Default: no.
    pub terminal: bool,
    /// Where clients reach the hub, for what is to be copied into their configurations. Default: `http://127.0.0.1:3663`.
    pub hub_url: String,
    /// TCP connections at a time; more wait. Default: 128.
    pub connections: usize,
    /// Bytes of a request's body. Default: 4 MiB.
    pub body: usize,
    /// How long a head, and then a body, may take to come. Default: 30 s.
    pub patience: Duration,
    /// A folder with the pages, for those who work on them. Default: those in the program.
    pub pages: Option<PathBuf>,
    /// Hash passwords with less work, for tests. Default: no.
    pub cheap_hashes: bool,
}

impl Default for AdminOptions {
    fn default() -> Self {
        Self {
            username: "admin".into(),
            password: None,
            session_secret: None,
            session: Duration::from_hours(12),
            url: None,
            terminal: false,
            hub_url: "http://127.0.0.1:3663".to_owned(),
            connections: 128,
            body: 4 << 20,
            patience: Duration::from_secs(30),
            pages: None,
            cheap_hashes: false,
        }
    }
}
