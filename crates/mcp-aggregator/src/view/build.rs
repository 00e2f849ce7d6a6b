//! Makes a view of what is known of the servers.

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use mcp_jsonrpc::field;
use mcp_protocol::{Era, ListKind, is_repeatable_tool};

use super::{List, Named, Seen, Shown, TemplateOf, View, handshake, names::Names, page};
use crate::{
    HubOptions, ItemRule, Member, Pin, Rules,
    definition::shown,
    listing::{Item, Listing},
    scope::{Filter, Place, Scope},
    template::Template,
    uri::prefixed,
};

/// What a view is made of.
pub(crate) struct Parts<'a> {
    pub(crate) version: u64,
    pub(crate) era: Era,
    pub(crate) options: &'a HubOptions,
    pub(crate) scope: &'a Scope,
    /// All members in the order of their configuration, with what they offer if that is known.
    pub(crate) members: Vec<(Arc<dyn Member>, Option<Arc<Listing>>)>,
}

impl View {
    /// Makes a view. Names and URIs that two servers have are the first one's.
    pub(crate) fn new(parts: Parts<'_>) -> Self {
        let Parts { version, era, options, scope, members } = parts;
        let filter = scope.filter(options);
        let all = members.len();
        let (mut here, mut waits) = (Vec::new(), false);
        let mut in_scope = 0;
        for (member, listing) in members {
            if !filter.has_server(member.name()) {
                continue;
            }
            in_scope += 1;
            if !member.is_usable() {
                continue;
            }
            match listing {
                Some(listing) => here.push(Seen { member, listing, collides: false }),
                None => waits = true,
            }
        }
        // Which servers a group holds is its configuration's business, so names stay whatever becomes of the servers.
        let is_single = match scope.place {
            Place::All => false,
            Place::Server(_) => true,
            Place::Group(_) => in_scope == 1,
        };
        let mut builder =
            Build { options, filter, is_single, members: here, conflicts: Vec::new(), renamed: Vec::new() };
        let (tools, tool_names) = builder.named(ListKind::Tools);
        let (prompts, prompt_names) = builder.named(ListKind::Prompts);
        let (resources, owners) = builder.resources();
        let (templates, template_owners) = builder.templates();
        let Build { members, conflicts, renamed, .. } = builder;
        let handshake = handshake::of(&members, era, options, is_single, waits || all == 0);
        let list = |kind, items| list(kind, items, era, options.page.max(1));
        Self {
            version,
            era,
            is_single,
            lists: [
                list(ListKind::Tools, tools),
                list(ListKind::Prompts, prompts),
                list(ListKind::Resources, resources),
                list(ListKind::ResourceTemplates, templates),
            ],
            tools: tool_names,
            prompts: prompt_names,
            resources: owners,
            templates: template_owners,
            handshake: handshake.into(),
            members,
            conflicts,
            renamed,
        }
    }
}

struct Build<'a> {
    options: &'a HubOptions,
    filter: Filter<'a>,
    is_single: bool,
    members: Vec<Seen>,
    conflicts: Vec<String>,
    renamed: Vec<[Box<str>; 3]>,
}

impl Build<'_> {
    fn rules(&self, member: usize) -> Option<&Rules> {
        self.options.rules.get(self.members[member].member.name())
    }

    /// The tools or prompts, and whose each name is.
    fn named(&mut self, kind: ListKind) -> (Vec<Shown>, HashMap<Box<str>, Named>) {
        let chosen = self.chosen(kind);
        let mut names = Names::new(&self.options.naming, self.is_single);
        // Names that a person chose are taken before those that are made.
        for (at, (member, item)) in chosen.iter().enumerate() {
            let seen = &self.members[*member];
            let rule = self.rules(*member).and_then(|rules| rules.of(kind, &item.key));
            names.reserve(at, seen.member.name(), &item.key, rule.and_then(|rule| rule.name.as_deref()));
        }
        let (mut list, mut owners) = (Vec::with_capacity(chosen.len()), HashMap::new());
        for (at, (member, item)) in chosen.into_iter().enumerate() {
            let server = Arc::clone(self.members[member].member.name());
            let Some(name) = names.settle(at, &server, &item.key) else {
                continue;
            };
            if name.is_remade {
                self.renamed.push([(&*server).into(), item.key.clone(), name.text.clone()]);
            }
            let rule = self.rules(member).and_then(|rules| rules.of(kind, &item.key));
            let text = text(kind, &item, &name.text, rule);
            let is_repeatable = kind == ListKind::Prompts || is_repeatable_tool(&text);
            let rule = rule.filter(|rule| !rule.parameters.is_empty()).cloned().map(Arc::new);
            owners.insert(name.text.clone(), Named { member, own: item.key, rule, is_repeatable });
            list.push(Shown { key: name.text, text });
        }
        self.conflicts.extend(names.conflicts);
        (list, owners)
    }

    /// The items of tools or prompts that may be seen, with whose they are. Of two of one name at one server the first.
    fn chosen(&self, kind: ListKind) -> Vec<(usize, Item)> {
        let mut chosen = Vec::new();
        for (member, seen) in self.members.iter().enumerate() {
            let (server, rules) = (seen.member.name(), self.rules(member));
            let mut own = std::collections::HashSet::new();
            for item in seen.listing.list(kind) {
                let is_shown = rules.is_none_or(|rules| rules.shows(kind, &item.key));
                if is_shown && self.may_be_seen(kind, server, item, seen, rules) && own.insert(&item.key) {
                    chosen.push((member, item.clone()));
                }
            }
        }
        chosen
    }

    fn may_be_seen(&self, kind: ListKind, server: &str, item: &Item, seen: &Seen, rules: Option<&Rules>) -> bool {
        if kind != ListKind::Tools {
            return true;
        }
        if rules.is_some_and(|rules| rules.pin == Pin::Block) && seen.listing.changed.contains(&item.key) {
            return false;
        }
        let named = rules.and_then(|rules| rules.of(kind, &item.key)?.name.as_deref());
        match named {
            Some(name) => self.filter.has_tool(server, name),
            None => self.filter.has_tool(server, &self.options.naming.exposed(server, &item.key).name),
        }
    }

    /// The resources, and whose each URI is.
    fn resources(&mut self) -> (Vec<Shown>, HashMap<Box<str>, usize>) {
        let (mut list, mut owners) = (Vec::new(), HashMap::<Box<str>, usize>::new());
        for member in 0..self.members.len() {
            let listing = Arc::clone(&self.members[member].listing);
            for item in listing.list(ListKind::Resources) {
                let Some(rule) = self.shown_rule(member, ListKind::Resources, &item.key) else { continue };
                let key = match owners.entry(item.key.clone()) {
                    Entry::Vacant(free) => {
                        free.insert(member);
                        item.key.clone()
                    }
                    Entry::Occupied(taken) if *taken.get() == member => item.key.clone(),
                    Entry::Occupied(_) => self.prefixed(member, &item.key),
                };
                let text = under_uri(ListKind::Resources, item, &key, rule);
                owners.entry(key.clone()).or_insert(member);
                list.push(Shown { key, text });
            }
        }
        (list, owners)
    }

    /// The templates, and whose each is.
    fn templates(&mut self) -> (Vec<Shown>, Vec<TemplateOf>) {
        let (mut list, mut owners) = (Vec::new(), Vec::new());
        let mut taken = HashMap::<Box<str>, usize>::new();
        for member in 0..self.members.len() {
            let listing = Arc::clone(&self.members[member].listing);
            for item in listing.list(ListKind::ResourceTemplates) {
                let Some(rule) = self.shown_rule(member, ListKind::ResourceTemplates, &item.key) else { continue };
                let owner = *taken.entry(item.key.clone()).or_insert(member);
                let is_prefixed = owner != member;
                let key = if is_prefixed { self.prefixed(member, &item.key) } else { item.key.clone() };
                let text = under_uri(ListKind::ResourceTemplates, item, &key, rule);
                let template = Template::new(&item.key);
                owners.push(TemplateOf { text: item.key.clone(), template, member, is_prefixed });
                list.push(Shown { key, text });
            }
        }
        (list, owners)
    }

    /// The rule of an item that may be seen.
    #[expect(clippy::option_option, reason = "an item that is seen may have no rule")]
    fn shown_rule(&self, member: usize, kind: ListKind, key: &str) -> Option<Option<ItemRule>> {
        let rules = self.rules(member);
        rules.is_none_or(|rules| rules.shows(kind, key)).then(|| rules.and_then(|rules| rules.of(kind, key)).cloned())
    }

    fn prefixed(&mut self, member: usize, key: &str) -> Box<str> {
        let seen = &mut self.members[member];
        seen.collides = true;
        prefixed(seen.member.name(), key).into()
    }
}

/// The text of an item under the name that clients see.
fn text(kind: ListKind, item: &Item, name: &str, rule: Option<&ItemRule>) -> Arc<str> {
    if *name == *item.key && rule.is_none() {
        return Arc::clone(&item.text);
    }
    shown(kind, &item.text, Some(name).filter(|name| **name != *item.key), rule).into()
}

/// The text of a resource or template under the URI that clients see.
fn under_uri(kind: ListKind, item: &Item, key: &str, rule: Option<ItemRule>) -> Arc<str> {
    let text: Arc<str> = match &rule {
        None => Arc::clone(&item.text),
        Some(rule) => shown(kind, &item.text, None, Some(rule)).into(),
    };
    if *key == *item.key {
        return text;
    }
    match field::find(&text, &[kind.key()]) {
        Ok(Some(at)) => format!("{}{}{}", &text[..at.start], mcp_jsonrpc::quote(key), &text[at.end..]).into(),
        _ => text,
    }
}

fn list(kind: ListKind, items: Vec<Shown>, era: Era, size: usize) -> List {
    let mut hasher = DefaultHasher::new();
    for item in &items {
        item.text.hash(&mut hasher);
    }
    let pages = page::all(kind, &items, era, size);
    List { items, pages, print: hasher.finish() }
}
