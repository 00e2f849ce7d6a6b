//! The table of keys: what reading, the check for unknown keys and the JSON Schema are driven by.

use std::{collections::BTreeMap, net::IpAddr, ops::RangeInclusive, path::PathBuf, time::Duration};

use jsonc_parser::ast::Value;
use mcp_proxy_core::{
    aggregator::{Naming, Pattern},
    transport::Secret,
};

use crate::{IdleTimeout, LimitSetting, ServerEntry, Source, read::Reader, schema::Members};

mod hub;
mod item;
mod proxy;
mod server;

pub(crate) use hub::{BLOCK, GROUP, GroupDraft, KEY, KeyDraft, RETRIES, RETRY};
pub(crate) use item::{ItemDraft, PARAMETER, PLAIN, ParameterDraft, TOOL};
pub(crate) use proxy::PROXY;
pub(crate) use server::{CommandDraft, Draft, SERVER};

/// The keys of one kind of object, which is read into a `T`.
pub(crate) struct Table<T: 'static> {
    pub(crate) keys: &'static [Key<T>],
    /// Keys that other programs write; nothing is said about them.
    pub(crate) ignored: &'static [&'static str],
}

/// One key.
pub(crate) struct Key<T> {
    pub(crate) name: &'static str,
    /// What it is called elsewhere.
    pub(crate) synonyms: &'static [&'static str],
    pub(crate) kind: Kind<T>,
    pub(crate) part: Part,
    /// As it would be written, without quotes; empty if there is none.
    pub(crate) default: &'static str,
    /// What it does, in one line.
    pub(crate) about: &'static str,
}

/// The servers that have a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    All,
    /// Those with a command.
    Stdio,
    /// Those with a URL.
    Remote,
    /// All of them, and it is about what a hub makes of them, so it is no business of a transport.
    Hub,
}

/// Where a value is put.
pub(crate) type Place<T, V> = fn(&mut T) -> &mut Option<V>;

/// Reads a value that has a table of its own, or more than one form.
pub(crate) type Read<T> = fn(&mut Reader<'_>, &Value<'_>, &str, &mut T);

/// What a value looks like, and where it is put.
pub(crate) enum Kind<T> {
    Bool(Place<T, bool>),
    /// A boolean that may also stand in quotes.
    LooseBool(Place<T, bool>),
    Number(RangeInclusive<u32>, fn(&mut T, u32)),
    Address(Place<T, IpAddr>),
    /// A string as it is.
    Text(Place<T, String>),
    /// Strings as they are.
    Texts(Place<T, Vec<String>>),
    /// A string in which variables are expanded; so are the next ones.
    Expanded(Place<T, String>),
    Arguments(Place<T, Vec<String>>),
    Path(Place<T, PathBuf>),
    Secret(Place<T, Secret>),
    Secrets(Place<T, BTreeMap<String, Secret>>),
    Time(Place<T, Duration>),
    Idle(Place<T, IdleTimeout>),
    /// One of some words.
    Choice(&'static [&'static str], fn(&mut T, &str)),
    /// How a server is reached; it is read before the other keys.
    Type,
    /// Names with `*` and `?`.
    Patterns(Place<T, Vec<Pattern>>),
    /// What stands between the names of a server and a tool.
    Separator(Place<T, Naming>),
    /// Any JSON, kept as text with its variables expanded; the next one is an object.
    Json(Place<T, Box<str>>),
    JsonObject(Place<T, Box<str>>),
    /// Whatever `read` reads; the schema says `shape` of it.
    Own {
        read: Read<T>,
        shape: fn() -> Members,
    },
    /// Variables, and what they are taken from.
    Sources(fn(&mut T) -> &mut BTreeMap<String, Source>),
    Limits(Scope, fn(&mut T) -> &mut Vec<LimitSetting>),
    Servers(fn(&mut T) -> &mut Vec<ServerEntry>),
}

/// Whose bounds they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Proxy,
    Server,
}

impl<T> Table<T> {
    /// The key of that name, or with that synonym.
    pub(crate) fn find(&self, name: &str) -> Option<&'static Key<T>> {
        self.keys.iter().find(|key| key.is_called(name))
    }

    /// Every name and synonym.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> + Clone + use<T> {
        self.keys.iter().flat_map(Key::names)
    }

    /// Whether a key that is not in the table is nobody's mistake: a comment, a schema, or another program's.
    pub(crate) fn ignores(&self, name: &str) -> bool {
        name.starts_with("//") || matches!(name, "$schema" | "$comment") || self.ignored.contains(&name)
    }
}

impl<T> Key<T> {
    /// Whether this is its name or a synonym.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }

    /// Its name and its synonyms.
    fn names(&self) -> impl Iterator<Item = &'static str> + Clone + use<T> {
        [self.name].into_iter().chain(self.synonyms.iter().copied())
    }

    const fn new(name: &'static str, kind: Kind<T>, default: &'static str, about: &'static str) -> Self {
        Self { name, synonyms: &[], kind, part: Part::All, default, about }
    }

    const fn or(mut self, synonyms: &'static [&'static str]) -> Self {
        self.synonyms = synonyms;
        self
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_name_is_there_twice_and_every_key_says_what_it_does() {
        fn check<T>(table: &Table<T>) {
            let names: Vec<_> = table.names().chain(table.ignored.iter().copied()).collect();
            assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
            assert!(table.keys.iter().all(|key| key.about.ends_with('.')));
        }
        check(&PROXY);
        check(&SERVER);
        check(&GROUP);
        check(&KEY);
        check(&RETRY);
        check(&RETRIES);
        check(&BLOCK);
        check(&TOOL);
        check(&PLAIN);
        check(&PARAMETER);
    }
}
