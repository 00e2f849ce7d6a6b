//! What a session is, apart from what serves it.

use std::sync::Arc;

use mcp_protocol::{LogLevel, Revision};
use mcp_transport::{Client, Principal};

use crate::{Replay, ReplayPool, Subscriptions};

/// A session as plain data: with it, another process could carry the session on.
#[derive(Debug)]
pub struct Session {
    owner: Principal,
    /// The revision negotiated; the one assumed until then.
    pub revision: Revision,
    /// What the client said of itself in the handshake.
    pub client: Option<Arc<Client>>,
    /// The resources it wants to hear about.
    pub subscriptions: Subscriptions,
    /// From which level on it wants logs; `None` if it never said.
    pub log_level: Option<LogLevel>,
    /// What it may ask for again.
    pub replay: Replay,
}

impl Session {
    /// A session of which only this is known; its events count against `pool`.
    #[must_use]
    pub fn new(owner: Principal, revision: Revision, pool: &Arc<ReplayPool>) -> Self {
        Self {
            owner,
            revision,
            client: None,
            subscriptions: Subscriptions::default(),
            log_level: None,
            replay: Replay::new(Arc::clone(pool)),
        }
    }

    /// Whose it is, for as long as it lives.
    #[must_use]
    pub fn owner(&self) -> &Principal {
        &self.owner
    }
}
