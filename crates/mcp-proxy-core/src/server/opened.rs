//! A session's own way to its server, or why there is none.

use std::sync::Arc;

use mcp_transport::{ConnectError, Connection};

use super::own::Place;

/// A session's own way to its server; a dedicated child is counted for as long as this lives.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) connection: Arc<dyn Connection>,
    pub(super) child: Option<Place>,
}

impl Opened {
    /// A way to many servers.
    #[cfg(feature = "hub")]
    pub(crate) fn of_all(connection: Arc<dyn Connection>) -> Self {
        Self { connection, child: None }
    }

    /// The connection alone; a dedicated child then counts no longer.
    pub(crate) fn into_connection(self) -> Arc<dyn Connection> {
        self.connection
    }

    /// Whether the session is over when the connection is.
    pub(crate) fn is_dedicated(&self) -> bool {
        self.child.is_some()
    }
}

/// Why there is no connection to a server.
#[derive(Debug)]
pub(crate) enum Unreachable {
    /// It could not be had.
    Connect(Arc<ConnectError>),
    /// It is there, but it does not speak the caller's era.
    OtherEra,
    /// It is not to be used, by configuration.
    Disabled,
    /// Somebody has stopped it by hand.
    Stopped,
    /// It is none of the proxy's servers any more.
    Gone,
}
