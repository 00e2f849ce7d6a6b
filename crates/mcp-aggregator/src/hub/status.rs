//! What a hub knows of its servers, for people and programs that watch.

use std::sync::Arc;

use mcp_protocol::{Era, ListKind};

use super::Hub;
use crate::{
    Place,
    catalogue::{Entry, Standing},
};

/// What a hub knows of its servers and offers of them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HubStatus {
    /// The servers, in the order of their configuration.
    pub servers: Vec<Offered>,
    /// What two items cannot both have, and what became of it.
    pub conflicts: Vec<String>,
}

/// What a hub knows of one server and offers of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Offered {
    /// What it is called.
    pub name: Arc<str>,
    /// Whether what is known of it is what it says now.
    pub freshness: Freshness,
    /// Its tools, prompts, resources and templates, shown or not.
    pub counts: [usize; 4],
    /// How many of its tools clients of the whole hub see.
    pub shown_tools: usize,
    /// Its tools whose definitions are others than the pinned ones.
    pub changed_tools: Vec<Box<str>>,
    /// Its tools and prompts whose names are not simply made of its own and theirs: theirs, and what clients see.
    pub renamed: Vec<[Box<str>; 2]>,
}

/// Whether what is known of a server is what it says now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Freshness {
    /// It is being asked.
    Asking,
    /// It is.
    Current,
    /// It cannot be asked; what is known, if anything, is from before.
    Stale {
        /// Why it cannot.
        reason: Arc<str>,
    },
}

impl Hub {
    /// What is known of the servers, and offered of them to those who see everything. Must be called inside a tokio runtime.
    #[must_use]
    pub fn status(&self) -> HubStatus {
        let view = self.view(Era::Legacy, &self.scope_of(Place::All, None).sight);
        let shown = view.shown_tools();
        let offered = |entry: &Arc<Entry>| {
            let known = entry.known();
            let name = Arc::clone(entry.member.name());
            let count = |kind| known.listing.as_ref().map_or(0, |listing| listing.list(kind).len());
            let renamed = view.renamed.iter().filter(|[server, ..]| **server == *name);
            Offered {
                counts: ListKind::ALL.map(count),
                shown_tools: shown.get(&name).copied().unwrap_or_default(),
                changed_tools: known.listing.as_ref().map(|listing| listing.changed.to_vec()).unwrap_or_default(),
                renamed: renamed.map(|[_, own, exposed]| [own.clone(), exposed.clone()]).collect(),
                freshness: match known.standing {
                    Standing::Coming(_) => Freshness::Asking,
                    Standing::Here => Freshness::Current,
                    other @ (Standing::Away(_) | Standing::OtherEra) => {
                        Freshness::Stale { reason: other.to_string().into() }
                    }
                },
                name,
            }
        };
        let servers = self.entries(Era::Legacy).iter().map(offered).collect();
        HubStatus { servers, conflicts: view.conflicts.clone() }
    }
}
