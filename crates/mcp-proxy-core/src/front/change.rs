//! What changes while the proxy runs: which servers there are, and which of them a person has stopped.

use std::sync::Arc;

use futures::future::{join, join_all};
use tokio_util::sync::CancellationToken;

use super::Front;
use crate::{BuildError, server::Server, servers::Slot};

impl Front {
    /// Makes `slots` the servers that there are; ends what was open to those that have gone.
    pub(crate) fn change_servers(self: &Arc<Self>, slots: Vec<Slot>) -> Result<(), BuildError> {
        let change = self.servers.change(slots)?;
        #[cfg(feature = "hub")]
        self.show_to_hub();
        for (server, closed) in change.gone {
            // First, so that a session that comes about from here on notices that it is too late.
            server.retire();
            let over = self.sessions.end_where(|open| open.live().target.is_server(&server));
            self.tasks.spawn(async move {
                join(server.close(), join_all(over.iter().map(|ended| ended.live.close()))).await;
                drop(closed);
            });
        }
        for server in change.come.into_iter().filter(|server| server.is_launched()) {
            self.tasks.spawn(launch(server, self.stopping.clone()));
        }
        Ok(())
    }

    /// Lets the hub know which servers there are.
    #[cfg(feature = "hub")]
    pub(crate) fn show_to_hub(&self) {
        if let Some(hub) = &self.hub {
            let servers = self.servers.now();
            let members = servers.iter().map(|server| {
                let member: Arc<dyn mcp_aggregator::Member> = Arc::<Server>::clone(server);
                member
            });
            hub.set_members(members.collect());
        }
    }

    /// Ends the sessions that have an instance of `server` of their own, or are about to have one.
    pub(crate) async fn end_own_sessions(&self, server: &Arc<Server>) {
        let may_be_own = server.options().is_dedicated_to_some();
        let over = self.sessions.end_where(|open| {
            let live = open.live();
            let is_own = live.is_dedicated() || (may_be_own && live.connection().is_none());
            is_own && live.target.is_server(server)
        });
        join_all(over.iter().map(|ended| ended.live.close())).await;
    }
}

/// Starts a server, unless the proxy stops meanwhile: then nobody else would end it.
async fn launch(server: Arc<Server>, stopping: CancellationToken) {
    tokio::select! {
        biased;
        () = stopping.cancelled() => server.close().await,
        // Whatever comes of it is in the log already.
        _ = server.start() => {}
    }
}
