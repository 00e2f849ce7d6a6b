//! Which part of the servers a client sees.

use std::sync::{Arc, Mutex, OnceLock};

use mcp_protocol::Era;

use crate::{Grant, Group, HubOptions, Pattern, face::Face, view::View};

/// Where a client comes in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// All servers.
    All,
    /// Those of a group.
    Group(Arc<str>),
    /// One alone.
    Server(Arc<str>),
}

/// Which part of the servers a client sees. Clients of the same part share one.
#[derive(Debug)]
pub struct Scope {
    pub(crate) sight: Arc<Sight>,
    /// What clients without a session use, by era. They hold the sight and not the scope, so that nothing holds itself.
    pub(crate) sessionless: [OnceLock<Arc<Face>>; 2],
}

/// Where a client looks from, and what it saw last.
#[derive(Debug)]
pub(crate) struct Sight {
    pub(crate) place: Place,
    /// The client's own name, if it has one. Whether there is a grant of that name may change while the client is there.
    pub(crate) name: Option<Arc<str>>,
    /// What it looked like last, by era.
    pub(crate) seen: [Mutex<Option<Arc<View>>>; 2],
}

/// Why a client does not get in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoScope {
    /// There is no such group.
    #[error("no group is called `{0}`")]
    UnknownGroup(Arc<str>),
    /// There is no such server.
    #[error("no server is called `{0}`")]
    UnknownServer(Arc<str>),
    /// The caller's key does not open it.
    #[error("this key may not use {0}")]
    Forbidden(String),
}

/// What of the servers is to be seen, by the options that hold now.
pub(crate) struct Filter<'a> {
    server: Option<&'a str>,
    /// Anything that one of these has; `None` is everything.
    groups: Option<Vec<&'a Group>>,
    tools: Option<&'a [Pattern]>,
}

impl Scope {
    pub(crate) fn new(place: Place, name: Option<Arc<str>>) -> Self {
        let sight = Sight { place, name, seen: Default::default() };
        Self { sight: Arc::new(sight), sessionless: Default::default() }
    }

    /// Where its clients come in.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.sight.place
    }
}

impl Sight {
    /// The grant that holds for it, if one does.
    pub(crate) fn grant<'a>(&self, options: &'a HubOptions) -> Option<&'a Grant> {
        options.grants.get(self.name.as_ref()?)
    }

    /// What it lets through.
    pub(crate) fn filter<'a>(&'a self, options: &'a HubOptions) -> Filter<'a> {
        let grant = self.grant(options);
        let granted = grant.and_then(|grant| groups(grant, options));
        let tools = grant.and_then(|grant| grant.tools.as_deref());
        match &self.place {
            Place::All => Filter { server: None, groups: granted, tools },
            Place::Server(name) => Filter { server: Some(name), groups: granted, tools },
            // A group that has gone, or is closed to its client by now, holds nothing.
            Place::Group(name) => {
                let is_open = grant.and_then(|grant| grant.groups.as_ref()).is_none_or(|open| open.contains(name));
                let group = options.groups.iter().filter(|group| is_open && group.name == *name);
                Filter { server: None, groups: Some(group.collect()), tools }
            }
        }
    }
}

/// The groups that a grant opens.
fn groups<'a>(grant: &Grant, options: &'a HubOptions) -> Option<Vec<&'a Group>> {
    let names = grant.groups.as_ref()?;
    Some(options.groups.iter().filter(|group| names.contains(&group.name)).collect())
}

impl Filter<'_> {
    /// Whether anything of a server may be seen.
    pub(crate) fn has_server(&self, name: &str) -> bool {
        self.server.is_none_or(|server| server == name)
            && self.groups.as_ref().is_none_or(|groups| groups.iter().any(|group| takes_server(group, name)))
    }

    /// Whether a tool of a server may be seen; `exposed` is what clients of the whole hub call it.
    pub(crate) fn has_tool(&self, server: &str, exposed: &str) -> bool {
        let takes = |group: &&Group| {
            takes_server(group, server)
                && group.tools.as_deref().is_none_or(|tools| any(tools, exposed))
                && !any(&group.deny, exposed)
        };
        self.groups.as_ref().is_none_or(|groups| groups.iter().any(takes))
            && self.tools.is_none_or(|tools| any(tools, exposed))
    }
}

fn takes_server(group: &Group, name: &str) -> bool {
    group.servers.as_deref().is_none_or(|servers| any(servers, name))
}

fn any(patterns: &[Pattern], name: &str) -> bool {
    patterns.iter().any(|pattern| pattern.matches(name))
}

/// Where what belongs to an era stands among the two.
pub(crate) fn at(era: Era) -> usize {
    match era {
        Era::Legacy => 0,
        Era::Modern => 1,
    }
}
