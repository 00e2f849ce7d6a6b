//! All servers as some clients see them.

mod build;
mod handshake;
mod lookup;
mod names;
mod page;

use std::{
    collections::HashMap,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use mcp_jsonrpc::Message;
use mcp_protocol::{Era, ListKind, ParamHeaders};

pub(crate) use self::{build::Parts, lookup::Found};
use crate::{
    HubOptions, ItemRule, Member,
    listing::{Listing, place},
    template::Template,
};

/// All servers as the clients of one scope see them, in one era, at one time. It never changes; another takes its place once
/// it would be another one.
#[derive(Debug)]
pub(crate) struct View {
    /// The last state of things in which it held.
    version: AtomicU64,
    /// What it was made of.
    options: Arc<HubOptions>,
    offers: Vec<Offer>,
    pub(crate) era: Era,
    /// Whether it stands for one server alone.
    pub(crate) is_single: bool,
    pub(crate) members: Vec<Seen>,
    lists: [List; 4],
    tools: HashMap<Box<str>, Named>,
    prompts: HashMap<Box<str>, Named>,
    /// By the URI that clients see: whose it is. There under its own URI too, if that is another.
    resources: HashMap<Box<str>, usize>,
    templates: Vec<TemplateOf>,
    /// JSON text of the `initialize` or `server/discover` result.
    pub(crate) handshake: Box<str>,
    /// What two servers cannot both have, and what became of it.
    pub(crate) conflicts: Vec<String>,
    /// Names that are not simply those of server and tool: server, own name, exposed name.
    pub(crate) renamed: Vec<[Box<str>; 3]>,
}

/// A server in a view.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) member: Arc<dyn Member>,
    pub(crate) listing: Arc<Listing>,
    /// Whether some of its URIs are another server's too, so that its URIs have to be looked at.
    pub(crate) collides: bool,
    /// The resources and templates that nobody may use.
    hidden: Vec<Template>,
}

/// One list as clients see it.
#[derive(Debug, Default)]
struct List {
    items: Vec<Shown>,
    /// The responses that hold it, the first page first.
    pages: Vec<Message>,
    /// Differs where the items do.
    print: u64,
}

/// An item as clients see it.
#[derive(Debug)]
pub(crate) struct Shown {
    /// What clients name it by.
    pub(crate) key: Box<str>,
    pub(crate) text: Arc<str>,
    /// Whose it is, and what that server names it by.
    pub(crate) member: usize,
    pub(crate) own: Box<str>,
}

/// Whose a name is.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) member: usize,
    /// What its server calls it.
    pub(crate) own: Box<str>,
    /// The rule for its parameters, if there is one.
    pub(crate) rule: Option<Arc<ItemRule>>,
    /// Whether doing it twice does no more than doing it once.
    pub(crate) is_repeatable: bool,
    /// JSON text of it as clients see it.
    text: Arc<str>,
    /// Which arguments headers repeat, once somebody has asked; `None` if none is repeated.
    param_headers: OnceLock<Option<Arc<ParamHeaders>>>,
}

/// Whose a template of URIs is.
#[derive(Debug)]
struct TemplateOf {
    /// As its server gives it.
    text: Box<str>,
    template: Template,
    member: usize,
    /// Whether clients see it under a prefix.
    is_prefixed: bool,
}

/// A member, and what it offers if that is known.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    pub(crate) member: Arc<dyn Member>,
    pub(crate) is_usable: bool,
    pub(crate) listing: Option<Arc<Listing>>,
}

impl View {
    /// Whether it holds in that state of things, as far as is known.
    pub(crate) fn is_of(&self, version: u64) -> bool {
        self.version.load(Ordering::Acquire) == version
    }

    /// Whether a view of these parts would be the same; then it holds in their state of things too.
    pub(crate) fn holds(&self, parts: &Parts<'_>) -> bool {
        let is_same = |one: &Offer, other: &Offer| {
            let listings = (one.listing.as_ref(), other.listing.as_ref());
            Arc::ptr_eq(&one.member, &other.member)
                && one.is_usable == other.is_usable
                && (matches!(listings, (Some(one), Some(other)) if Arc::ptr_eq(one, other)) || listings == (None, None))
        };
        let holds = Arc::ptr_eq(&self.options, &parts.options)
            && self.offers.len() == parts.offers.len()
            && self.offers.iter().zip(&parts.offers).all(|(one, other)| is_same(one, other));
        if holds {
            self.version.store(parts.version, Ordering::Release);
        }
        holds
    }

    /// Differs where the lists of a kind do.
    pub(crate) fn prints(&self) -> [u64; 4] {
        [0, 1, 2, 3].map(|n: usize| self.lists[n].print)
    }

    /// How many tools of each server clients see.
    pub(crate) fn shown_tools(&self) -> HashMap<Arc<str>, usize> {
        let mut shown = HashMap::new();
        for named in self.tools.values() {
            *shown.entry(Arc::clone(self.members[named.member].member.name())).or_default() += 1;
        }
        shown
    }

    /// The items of a kind as clients see them.
    pub(crate) fn shown(&self, kind: ListKind) -> &[Shown] {
        &self.lists[place(kind)].items
    }

    /// Where the member of that name stands.
    pub(crate) fn member(&self, name: &str) -> Option<usize> {
        self.members.iter().position(|seen| **seen.member.name() == *name)
    }
}
