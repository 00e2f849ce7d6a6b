//! All servers as some clients see them.

mod build;
mod handshake;
mod lookup;
mod names;
mod page;

use std::{collections::HashMap, sync::Arc};

use mcp_protocol::Era;

pub(crate) use self::{build::Parts, lookup::Found};
use crate::{ItemRule, Member, listing::Listing, template::Template};

/// All servers as the clients of one scope see them, in one era, at one time. It never changes; another takes its place.
#[derive(Debug)]
pub(crate) struct View {
    /// Which state of things it was made of.
    pub(crate) version: u64,
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
    /// JSON text of the results that hold it, the first page first.
    pages: Vec<Box<str>>,
    /// Differs where the items do.
    print: u64,
}

/// An item as clients see it.
#[derive(Debug)]
struct Shown {
    key: Box<str>,
    text: Arc<str>,
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

impl View {
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

    /// Where the member of that name stands.
    pub(crate) fn member(&self, name: &str) -> Option<usize> {
        self.members.iter().position(|seen| **seen.member.name() == *name)
    }
}
