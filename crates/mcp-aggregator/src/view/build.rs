//! Makes a view of what is known of the servers.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, OnceLock, atomic::AtomicU64},
};

use mcp_jsonrpc::field;
use mcp_protocol::{Era, ListKind, is_repeatable_tool};

use super::{
    List, Named, Offer, Seen, Shown, TemplateOf, View, handshake,
    names::{Name, Names},
    page,
};
use crate::{
    HubOptions, ItemRule, Naming, Pin, Rules,
    definition::shown,
    listing::{Item, Listing},
    scope::{Filter, Place, Sight},
    template::Template,
    uri::prefixed,
};

/// What a view is made of.
pub(crate) struct Parts<'a> {
    pub(crate) version: u64,
    pub(crate) era: Era,
    pub(crate) options: Arc<HubOptions>,
    pub(crate) sight: &'a Sight,
    /// All members in the order of their configuration.
    pub(crate) offers: Vec<Offer>,
}

impl View {
    /// Makes a view. Names and URIs that two servers have are the first one's.
    pub(crate) fn new(parts: Parts<'_>) -> Self {
        let Parts { version, era, options: options_now, sight, offers } = parts;
        let options = &*options_now;
        let filter = sight.filter(options);
        let (mut all, mut seen) = (Vec::new(), Vec::new());
        let (mut in_scope, mut waits) = (0, offers.is_empty());
        for Offer { member, is_usable, listing } in &offers {
            let is_in_scope = filter.has_server(member.name());
            in_scope += usize::from(is_in_scope);
            if !is_usable {
                continue;
            }
            let Some(listing) = listing else {
                waits |= is_in_scope;
                continue;
            };
            let place = is_in_scope.then_some(seen.len());
            all.push(Offered { name: Arc::clone(member.name()), listing: Arc::clone(listing), seen: place });
            if is_in_scope {
                let hidden = hidden(options.rules.get(member.name()));
                let (member, listing) = (Arc::clone(member), Arc::clone(listing));
                seen.push(Seen { member, listing, collides: false, hidden });
            }
        }
        // Which servers a group holds is its configuration's business, so names stay whatever becomes of the servers.
        let is_single = match sight.place {
            Place::All => false,
            Place::Server(_) => true,
            Place::Group(_) => in_scope == 1,
        };
        let mut builder =
            Build { options, filter, is_single, all, members: seen, conflicts: Vec::new(), renamed: Vec::new() };
        let (tools, tool_names) = builder.named(ListKind::Tools);
        let (prompts, prompt_names) = builder.named(ListKind::Prompts);
        let (resources, owners) = builder.resources();
        let (templates, template_owners) = builder.templates();
        let Build { members, conflicts, renamed, .. } = builder;
        let handshake = handshake::of(&members, era, options, is_single, waits);
        let list = |kind, items| list(kind, items, era, options.page.max(1));
        Self {
            version: AtomicU64::new(version),
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
            options: options_now,
            offers,
        }
    }
}

/// The resources and templates that nobody may use; the former are templates without variables.
fn hidden(rules: Option<&Rules>) -> Vec<Template> {
    let resources = rules.iter().flat_map(|rules| &rules.resources);
    resources.filter(|(_, rule)| rule.enabled == Some(false)).map(|(key, _)| Template::new(key)).collect()
}

struct Build<'a> {
    options: &'a HubOptions,
    filter: Filter<'a>,
    is_single: bool,
    all: Vec<Offered>,
    members: Vec<Seen>,
    conflicts: Vec<String>,
    renamed: Vec<[Box<str>; 3]>,
}

/// A server of the hub that offers something.
struct Offered {
    name: Arc<str>,
    listing: Arc<Listing>,
    /// Where it stands among those that are seen, if it is.
    seen: Option<usize>,
}

/// A tool or prompt that may have a name.
struct Candidate<'a> {
    server: &'a Offered,
    item: &'a Item,
    rule: Option<&'a ItemRule>,
}

impl Build<'_> {
    fn rules(&self, member: usize) -> Option<&Rules> {
        self.options.rules.get(self.members[member].member.name())
    }

    /// The tools or prompts, and whose each name is.
    fn named(&mut self, kind: ListKind) -> (Vec<Shown>, HashMap<Box<str>, Named>) {
        let (mut list, mut owners, mut renamed, mut conflicts) = (Vec::new(), HashMap::new(), Vec::new(), Vec::new());
        let everything = self.candidates(kind);
        // Groups and grants speak of the names in the whole hub, so these are made first, whoever looks.
        let names = named(&self.options.naming, false, &everything, &mut conflicts);
        let may_be_seen = |server: &Offered, name: &Name| {
            let is_in_scope = server.seen.is_some();
            is_in_scope && (kind != ListKind::Tools || self.filter.has_tool(&server.name, &name.text))
        };
        let mut chosen: Vec<(Candidate<'_>, Name)> = everything
            .into_iter()
            .zip(names)
            .filter_map(|(candidate, name)| Some((candidate, name?)))
            .filter(|(candidate, name)| may_be_seen(candidate.server, name))
            .collect();
        if self.is_single {
            // Of what else there is in the hub, such a client need not know.
            conflicts.clear();
            let candidates: Vec<_> = chosen.into_iter().map(|(candidate, _)| candidate).collect();
            let names = named(&self.options.naming, true, &candidates, &mut conflicts);
            chosen = candidates.into_iter().zip(names).filter_map(|(it, name)| Some((it, name?))).collect();
        }
        for (Candidate { server, item, rule }, name) in chosen {
            let Some(member) = server.seen else { continue };
            if name.is_remade {
                renamed.push([(&*server.name).into(), item.key.clone(), name.text.clone()]);
            }
            let text = text(kind, item, &name.text, rule);
            let is_repeatable = kind == ListKind::Prompts || is_repeatable_tool(&text);
            let rule = rule.filter(|rule| !rule.parameters.is_empty()).cloned().map(Arc::new);
            let own = item.key.clone();
            let seen = Arc::clone(&text);
            let owner = Named { member, own, rule, is_repeatable, text: seen, param_headers: OnceLock::new() };
            owners.insert(name.text.clone(), owner);
            list.push(Shown { key: name.text, text, member, own: item.key.clone() });
        }
        self.renamed.extend(renamed);
        self.conflicts.extend(conflicts);
        (list, owners)
    }

    /// The tools or prompts that may be used, of all servers. Of two of one name at one server the first.
    fn candidates(&self, kind: ListKind) -> Vec<Candidate<'_>> {
        let mut candidates = Vec::new();
        for server in &self.all {
            let rules = self.options.rules.get(&server.name);
            let is_blocked = |item: &Item| {
                let blocks = kind == ListKind::Tools && rules.is_some_and(|rules| rules.pin == Pin::Block);
                blocks && server.listing.changed.contains(&item.key)
            };
            let mut own = HashSet::new();
            for item in server.listing.list(kind) {
                let is_shown = rules.is_none_or(|rules| rules.shows(kind, &item.key)) && !is_blocked(item);
                if is_shown && own.insert(&item.key) {
                    let rule = rules.and_then(|rules| rules.of(kind, &item.key));
                    candidates.push(Candidate { server, item, rule });
                }
            }
        }
        candidates
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
                let text = under_uri(ListKind::Resources, item, &key, rule.as_ref());
                owners.entry(key.clone()).or_insert(member);
                list.push(Shown { key, text, member, own: item.key.clone() });
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
                let text = under_uri(ListKind::ResourceTemplates, item, &key, rule.as_ref());
                let template = Template::new(&item.key);
                owners.push(TemplateOf { text: item.key.clone(), template, member, is_prefixed });
                list.push(Shown { key, text, member, own: item.key.clone() });
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

/// The names of these items, those that people have chosen before those that are made.
fn named(naming: &Naming, is_single: bool, items: &[Candidate<'_>], conflicts: &mut Vec<String>) -> Vec<Option<Name>> {
    let mut names = Names::new(naming, is_single);
    for (at, Candidate { server, item, rule }) in items.iter().enumerate() {
        names.reserve(at, &server.name, &item.key, rule.and_then(|rule| rule.name.as_deref()));
    }
    let settle = |(at, it): (usize, &Candidate<'_>)| names.settle(at, &it.server.name, &it.item.key);
    let settled = items.iter().enumerate().map(settle).collect();
    conflicts.extend(names.conflicts);
    settled
}

/// The text of an item under the name that clients see.
fn text(kind: ListKind, item: &Item, name: &str, rule: Option<&ItemRule>) -> Arc<str> {
    if *name == *item.key && rule.is_none() {
        return Arc::clone(&item.text);
    }
    shown(kind, &item.text, Some(name).filter(|name| **name != *item.key), rule).into()
}

/// The text of a resource or template under the URI that clients see.
fn under_uri(kind: ListKind, item: &Item, key: &str, rule: Option<&ItemRule>) -> Arc<str> {
    let text: Arc<str> = match rule {
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
