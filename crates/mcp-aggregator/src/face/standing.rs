//! What a client has asked for that outlives the request.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use mcp_protocol::LogLevel;

use crate::{listing::Listing, view::View};

/// What a client has asked for that outlives the request, so that a server which has forgotten it can be told again.
#[derive(Debug, Default)]
pub(super) struct Standing {
    pub(super) level: Option<LogLevel>,
    /// Servers and URIs as these know them.
    pub(super) subscriptions: BTreeSet<(Arc<str>, Box<str>)>,
    /// What the lists were like that the client was last told of.
    pub(super) prints: [u64; 4],
    /// What the client's own instances of servers offer, where they have said that it is something else.
    pub(super) own: HashMap<Arc<str>, Arc<Listing>>,
    pub(super) own_view: Option<Arc<View>>,
}

impl Standing {
    /// The resources of a server that the client subscribes to.
    pub(super) fn subscribed(&self, server: &Arc<str>) -> Vec<Box<str>> {
        self.subscriptions.iter().filter(|(name, _)| name == server).map(|(_, uri)| uri.clone()).collect()
    }
}
