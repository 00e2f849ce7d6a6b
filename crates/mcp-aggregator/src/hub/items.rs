//! Every item of every server, shown or not, for a person who decides over them.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::Arc,
};

use mcp_protocol::{Era, ListKind};

use super::Hub;
use crate::{
    ItemRule, Pin, Place, Rules,
    catalogue::{Entry, Standing},
    scope::at,
    view::View,
};

/// Every item of every server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HubItems {
    /// The items, by server in the order of their configuration, and by kind.
    pub items: Vec<HubItem>,
    /// What two items cannot both have, and what became of it.
    pub conflicts: Vec<String>,
}

/// A tool, prompt, resource or template of a server, or a rule for one that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HubItem {
    /// Whose it is.
    pub server: Arc<str>,
    /// What it is. A rule for what is not there may be one for a template where it says resource.
    pub kind: ListKind,
    /// What the server names it by: a name, a URI, or a URI template.
    pub key: Box<str>,
    /// JSON text as the server has it; `None` of a rule for what is not there.
    pub own: Option<Arc<str>>,
    /// What clients of the whole hub name it by; `None` if they do not see it.
    pub exposed: Option<Box<str>>,
    /// JSON text as they see it.
    pub seen: Option<Arc<str>>,
    /// Why they do not see it.
    pub hidden: Option<Hidden>,
    /// What the configuration says of it.
    pub rule: Option<ItemRule>,
    /// Whether its definition is another than the pinned one.
    pub is_changed: bool,
    /// JSON text of the pinned definition, if it has changed and is known.
    pub pinned: Option<Arc<str>>,
}

/// Why clients do not see an item. Shown, it is a sentence without a full stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hidden {
    /// There is a rule for it, and no such item.
    Missing,
    /// Its server is not to be used now.
    Unusable,
    /// A rule of its own says so.
    ByRule,
    /// The server's `deny` names it, or its `allow` does not.
    ByPatterns,
    /// Its definition has changed, and that is not approved.
    Changed,
    /// Its name is another one's.
    Conflict,
    /// Its server lists it twice, and this is not the first.
    Twice,
}

impl Hub {
    /// Every item of every server, with what clients see of it that may see everything. Items are those of the legacy era,
    /// and of a server that does not speak it of the modern one. Must be called inside a tokio runtime.
    #[must_use]
    pub fn items(&self) -> HubItems {
        let legacy = Looked::new(self, Era::Legacy);
        let entries = self.entries(Era::Legacy);
        let is_other = |entry: &Arc<Entry>| entry.known().standing == Standing::OtherEra;
        let modern = entries.iter().any(is_other).then(|| Looked::new(self, Era::Modern));
        let others = modern.as_ref().map(|_| self.entries(Era::Modern)).unwrap_or_default();
        let mut items = Vec::new();
        for entry in entries.iter() {
            let other = others.iter().find(|other| Arc::ptr_eq(&other.member, &entry.member));
            match (&modern, other) {
                (Some(modern), Some(other)) if is_other(entry) => modern.collect(other, &mut items),
                _ => legacy.collect(entry, &mut items),
            }
        }
        HubItems { items, conflicts: legacy.view.conflicts.clone() }
    }
}

/// What is to be seen in one era.
struct Looked<'a> {
    hub: &'a Hub,
    era: Era,
    view: Arc<View>,
}

impl<'a> Looked<'a> {
    fn new(hub: &'a Hub, era: Era) -> Self {
        let everything = hub.scope_of(Place::All, None);
        Self { hub, era, view: hub.view(era, &everything.sight) }
    }

    fn collect(&self, entry: &Entry, items: &mut Vec<HubItem>) {
        let server = entry.member.name();
        let options = self.hub.options();
        let rules = options.rules.get(server);
        let member = self.view.member(server);
        let listing = entry.listing();
        let mut there = HashSet::new();
        for kind in ListKind::ALL {
            let shown = self.view.shown(kind).iter().filter(|item| Some(item.member) == member);
            let mut shown: HashMap<&str, _> = shown.map(|item| (&*item.own, item)).collect();
            for item in listing.iter().flat_map(|listing| listing.list(kind)) {
                let is_first = there.insert((kind, item.key.clone()));
                let is_changed = kind == ListKind::Tools
                    && listing.as_ref().is_some_and(|listing| listing.changed.contains(&item.key));
                let seen = shown.remove(&*item.key);
                let hidden = || {
                    if !entry.member.is_usable() {
                        return Hidden::Unusable;
                    }
                    if is_first { why(rules, kind, &item.key, is_changed) } else { Hidden::Twice }
                };
                let pinned = || self.hub.planes[at(self.era)].ground.pinning.text(server, &item.key);
                items.push(HubItem {
                    server: Arc::clone(server),
                    kind,
                    key: item.key.clone(),
                    own: Some(Arc::clone(&item.text)),
                    exposed: seen.map(|seen| seen.key.clone()),
                    seen: seen.map(|seen| Arc::clone(&seen.text)),
                    hidden: seen.is_none().then(hidden),
                    rule: rules.and_then(|rules| rules.of(kind, &item.key)).cloned(),
                    is_changed,
                    pinned: is_changed.then(pinned).flatten(),
                });
            }
        }
        let is_there = |kind, key: &str| there.contains(&(kind, Box::from(key)));
        let all = rules.into_iter().flat_map(Rules::items);
        let missing = all.filter(|(kind, key, _)| {
            !is_there(*kind, key) && !(*kind == ListKind::Resources && is_there(ListKind::ResourceTemplates, key))
        });
        items.extend(missing.map(|(kind, key, rule)| HubItem {
            server: Arc::clone(server),
            kind,
            key: key.into(),
            own: None,
            exposed: None,
            seen: None,
            hidden: Some(Hidden::Missing),
            rule: Some(rule.clone()),
            is_changed: false,
            pinned: None,
        }));
    }
}

/// Why an item of a server that is used is not seen.
fn why(rules: Option<&Rules>, kind: ListKind, key: &str, is_changed: bool) -> Hidden {
    let Some(rules) = rules else { return Hidden::Conflict };
    if !rules.shows(kind, key) {
        let says_so = rules.of(kind, key).is_some_and(|rule| rule.enabled == Some(false));
        return if says_so { Hidden::ByRule } else { Hidden::ByPatterns };
    }
    if is_changed && rules.pin == Pin::Block { Hidden::Changed } else { Hidden::Conflict }
}

impl fmt::Display for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "there is a rule for it, and the server has no such item",
            Self::Unusable => "its server is disabled or stopped",
            Self::ByRule => "its own rule hides it",
            Self::ByPatterns => "the server's `allow` and `deny` leave it out",
            Self::Changed => "its definition has changed and waits for approval",
            Self::Conflict => "another item has its name; give one of them an `exposedName`",
            Self::Twice => "the server lists it twice",
        })
    }
}
