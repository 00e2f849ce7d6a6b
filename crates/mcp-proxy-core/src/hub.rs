//! The servers of a proxy as one.

use std::{io, sync::Arc};

use mcp_aggregator::{HubItems, HubOptions, HubStatus, Place};
use mcp_transport::{Connection, Principal};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{Proxy, front::Target};

impl Proxy {
    /// Makes these the options of the hub; clients are told of what is different. Nothing happens if the servers are not
    /// offered as one.
    pub fn set_hub(&self, options: HubOptions) {
        if let Some(hub) = self.front().hub() {
            hub.set_options(options);
        }
    }

    /// What the hub knows of its servers, and offers of them; `None` if they are not offered as one. Must be called inside a
    /// tokio runtime.
    #[must_use]
    pub fn hub_status(&self) -> Option<HubStatus> {
        self.front().hub().map(|hub| hub.status())
    }

    /// Every item of every server with what clients see of it, or why they do not; `None` if the servers are not offered as
    /// one. Must be called inside a tokio runtime.
    #[must_use]
    pub fn hub_items(&self) -> Option<HubItems> {
        self.front().hub().map(|hub| hub.items())
    }

    /// Takes a tool as its server has it now for the right one, where definitions are pinned; says whether there is such a
    /// tool.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future may leave the approval unsaved, so that it holds until the process ends.
    pub async fn approve_tool(&self, server: &str, tool: &str) -> bool {
        match self.front().hub() {
            Some(hub) => hub.approve(server, tool).await,
            None => false,
        }
    }

    /// A connection of its own to all servers as one, as a session would have it; `None` if they are not offered as one.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future opens nothing.
    pub async fn connect_hub(&self) -> Option<Arc<dyn Connection>> {
        let hub = self.front().hub()?;
        let scope = hub.scope(Place::All, &Principal::Anonymous).ok()?;
        Some(hub.session(&scope).await)
    }

    /// Serves one client on a pair of byte streams with all servers as one, like [`serve_bytes`](Self::serve_bytes).
    ///
    /// # Errors
    ///
    /// Fails if the servers are not offered as one, or if reading or writing does.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future may leave half a line written; drop the streams with it.
    pub async fn serve_hub_bytes(
        &self,
        input: impl AsyncRead + Unpin,
        output: impl AsyncWrite + Unpin,
        shutdown: impl Future<Output = ()>,
    ) -> io::Result<()> {
        let none = || io::Error::new(io::ErrorKind::NotFound, "the servers are not offered as one");
        let hub = self.front().hub().ok_or_else(none)?;
        let scope = hub.scope(Place::All, &Principal::Anonymous).map_err(io::Error::other)?;
        let target = Target::Hub { hub: Arc::clone(hub), scope };
        self.front().serve_bytes(&target, input, output, shutdown).await
    }
}
