//! What a hub knows of its servers, for people and programs that watch.

use std::{collections::HashMap, sync::Arc};

use mcp_protocol::{Era, ListKind};

use super::Hub;
use crate::{
    Place,
    catalogue::{Entry, Standing},
    view::View,
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
    /// What is known of the servers, and offered of them to those who see everything: in the legacy era, and of a server that
    /// does not speak it in the modern one. Must be called inside a tokio runtime.
    #[must_use]
    pub fn status(&self) -> HubStatus {
        let everything = self.scope_of(Place::All, None);
        let looked = |era| {
            let view = self.view(era, &everything.sight);
            Looked { shown: view.shown_tools(), view }
        };
        let legacy = looked(Era::Legacy);
        let entries = self.entries(Era::Legacy);
        let is_other = |entry: &Arc<Entry>| entry.known().standing == Standing::OtherEra;
        let modern = entries.iter().any(is_other).then(|| looked(Era::Modern));
        let others = modern.as_ref().map(|_| self.entries(Era::Modern)).unwrap_or_default();
        let offered = |entry: &Arc<Entry>| {
            let other = others.iter().find(|other| Arc::ptr_eq(&other.member, &entry.member));
            match (&modern, other) {
                (Some(modern), Some(other)) if is_other(entry) => modern.offered(other),
                _ => legacy.offered(entry),
            }
        };
        HubStatus { servers: entries.iter().map(offered).collect(), conflicts: legacy.view.conflicts.clone() }
    }
}

/// What is to be seen in one era.
struct Looked {
    view: Arc<View>,
    /// How many tools of each server.
    shown: HashMap<Arc<str>, usize>,
}

impl Looked {
    fn offered(&self, entry: &Entry) -> Offered {
        let (known, name) = (entry.known(), Arc::clone(entry.member.name()));
        let count = |kind| known.listing.as_ref().map_or(0, |listing| listing.list(kind).len());
        let renamed = self.view.renamed.iter().filter(|[server, ..]| **server == *name);
        Offered {
            counts: ListKind::ALL.map(count),
            shown_tools: self.shown.get(&name).copied().unwrap_or_default(),
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
    }
}
