//! One of the servers.

use std::{fmt::Debug, sync::Arc};

use async_trait::async_trait;
use mcp_protocol::Era;
use mcp_transport::{Caller, ConnectError, Connection};
use tokio::sync::watch;

use crate::Retry;

/// One of the servers that are made to look like one.
#[async_trait]
pub trait Member: Debug + Send + Sync + 'static {
    /// What it is called; no two members of a hub share a name.
    fn name(&self) -> &Arc<str>;

    /// Whether it may be used: not if the configuration or a person says no.
    fn is_usable(&self) -> bool;

    /// Whether it is to be started by its first use, and not to learn what it has where that is known from before.
    fn is_on_demand(&self) -> bool;

    /// Whether every session has an instance of its own.
    fn is_dedicated(&self) -> bool;

    /// How often a call is sent again.
    fn retry(&self) -> Retry;

    /// Counts the connections in an era that all clients share; whenever it grows, the server may offer something else.
    /// `None` if there is no such connection. Must be called inside a tokio runtime.
    fn generation(&self, era: Era) -> Option<watch::Receiver<u64>>;

    /// A conversation on behalf of `caller`, in its era: of its own if the caller has a session.
    ///
    /// # Errors
    ///
    /// Says why there is none.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the attempt up.
    async fn open(&self, caller: &Arc<Caller>) -> Result<Arc<dyn Connection>, Unavailable>;
}

/// Why a member cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unavailable {
    /// It could not be reached.
    #[error(transparent)]
    Connect(Arc<ConnectError>),
    /// It does not speak the caller's era.
    #[error("it does not speak the revision of the client")]
    OtherEra,
    /// It is not to be used; the text says on whose word.
    #[error("{0}")]
    Off(&'static str),
}

impl Unavailable {
    /// Whether trying again later could help with nothing changed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Connect(error) if error.is_transient())
    }
}
