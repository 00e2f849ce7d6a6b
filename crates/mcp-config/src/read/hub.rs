//! Reads groups, named keys, and how often calls are sent again.

use jsonc_parser::{ast::Value, common::Ranged};
use mcp_proxy_core::{
    aggregator::{Grant, Group, Pattern},
    transport::Secret,
};

use super::{Reader, object::Side};
use crate::{
    File, NameError, Retries, RetrySetting, StateFolder,
    key::{BLOCK, GROUP, GroupDraft, KEY, KeyDraft, RETRIES, RETRY},
    name::check_name,
    suggest::suggest,
};

/// A name of something else in the file.
pub(super) struct Named {
    at: usize,
    path: String,
    name: String,
    is: Is,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Is {
    Group,
    Server,
}

impl Reader<'_> {
    pub(crate) fn groups(&mut self, value: &Value<'_>, path: &str) -> Vec<Group> {
        let object = self.must_be(value.as_object(), value, path, "an object, with a group under each name");
        let Some(object) = object else { return Vec::new() };
        let mut groups = Vec::with_capacity(object.properties.len());
        for (property, path) in self.named(object, path) {
            let name = property.name.as_str();
            if name.starts_with("//") {
                continue;
            }
            // What is reserved is so for servers.
            if check_name(name).is_err_and(|error| error != NameError::Reserved) {
                let why =
                    "is part of a path: it has 1 to 128 bytes, is not `.` or `..`, and has no `/`, `?`, `#`, `%`, `\\`";
                self.error(property.start(), &path, why);
            }
            let Some(entry) = self.must_be(property.value.as_object(), &property.value, &path, "an object") else {
                continue;
            };
            let mut draft = GroupDraft::default();
            self.object(entry, &path, &GROUP, Side::Every, &mut draft);
            let GroupDraft { servers, tools, deny } = draft;
            groups.push(Group { name: name.into(), servers, tools, deny: deny.unwrap_or_default() });
        }
        groups
    }

    /// Patterns of servers; those without a wildcard must be one's name.
    pub(crate) fn server_patterns(&mut self, value: &Value<'_>, path: &str) -> Option<Vec<Pattern>> {
        let names = self.names(value, path, Is::Server)?;
        Some(names.into_iter().map(Pattern::new).collect())
    }

    /// Names of groups.
    pub(crate) fn group_names(&mut self, value: &Value<'_>, path: &str) -> Option<Vec<String>> {
        self.names(value, path, Is::Group)
    }

    fn names(&mut self, value: &Value<'_>, path: &str, is: Is) -> Option<Vec<String>> {
        let names = self.list(value, path, Self::text)?;
        for (n, element) in value.as_array().iter().flat_map(|array| array.elements.iter().enumerate()) {
            if let Some(text) = element.as_string_lit() {
                let (at, path, name) = (element.start(), format!("{path}[{n}]"), text.value.to_string());
                self.named.push(Named { at, path, name, is });
            }
        }
        Some(names)
    }

    /// Tells of names that nothing in the file has.
    pub(super) fn look_up(&mut self, file: &File) {
        for Named { at, path, name, is } in std::mem::take(&mut self.named) {
            let groups = file.hub.groups.iter().map(|group| &*group.name);
            let servers = file.servers.iter().map(|entry| &*entry.name);
            let (is_known, meant) = match is {
                Is::Group => (groups.clone().any(|known| known == name), suggest(&name, groups)),
                Is::Server => {
                    (name.contains(['*', '?']) || servers.clone().any(|known| known == name), suggest(&name, servers))
                }
            };
            if is_known {
                continue;
            }
            let meant = meant.map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
            match is {
                // A key that opens less than was meant is noticed; a group that is made later may hold anything.
                Is::Group => self.error(at, &path, format_args!("no group is called `{name}`{meant}")),
                Is::Server => self.warn(at, &path, format_args!("no server is called `{name}`{meant}")),
            }
        }
    }

    /// Keys: their texts, or objects that say besides what they open.
    pub(crate) fn keys(&mut self, value: &Value<'_>, path: &str, file: &mut File) {
        let Some(object) = self.must_be(value.as_object(), value, path, "an object of keys") else { return };
        let keys = file.settings.keys.get_or_insert_default();
        for (property, path) in self.named(object, path) {
            let name = property.name.as_str();
            let Some(entry) = property.value.as_object() else {
                let what = "a string, or an object with a `key`";
                if self.must_be(property.value.as_string_lit(), &property.value, &path, what).is_some() {
                    let key = self.expanded(&property.value, &path).map(Secret::new);
                    keys.extend(key.map(|key| (name.to_owned(), key)));
                }
                continue;
            };
            let mut draft = KeyDraft::default();
            self.object(entry, &path, &KEY, Side::Every, &mut draft);
            match draft.key {
                Some(key) => drop(keys.insert(name.to_owned(), key)),
                None if entry.get("key").is_some() => {}
                None => self.error(entry.start(), &path, "needs a `key`"),
            }
            if draft.groups.is_some() || draft.tools.is_some() {
                let groups = draft.groups.map(|groups| groups.into_iter().map(Into::into).collect());
                file.hub.grants.insert(name.into(), Grant { groups, tools: draft.tools });
            }
        }
    }

    /// How often calls to one server are sent again, or those to one kind.
    pub(crate) fn retry(&mut self, value: &Value<'_>, path: &str, into: &mut RetrySetting) {
        if let Some(enabled) = is_on(value) {
            into.enabled = Some(enabled);
        } else if let Some(object) = self.must_be(value.as_object(), value, path, RETRY_FORMS) {
            let mut retry = RetrySetting::default();
            self.object(object, path, &RETRY, Side::Every, &mut retry);
            *into = retry.or(*into);
        }
    }

    /// The same for all servers.
    pub(crate) fn retries(&mut self, value: &Value<'_>, path: &str, into: &mut Retries) {
        if let Some(enabled) = is_on(value) {
            into.all.enabled = Some(enabled);
        } else if let Some(object) = self.must_be(value.as_object(), value, path, RETRY_FORMS) {
            let mut retries = Retries::default();
            self.object(object, path, &RETRIES, Side::Every, &mut retries);
            *into = over(&retries, into);
        }
    }

    /// The block of mcp-proxy-server, which says nothing where `retry` does.
    pub(crate) fn block(&mut self, value: &Value<'_>, path: &str, into: &mut Retries) {
        if let Some(object) = self.must_be(value.as_object(), value, path, "an object") {
            let mut block = Retries::default();
            self.object(object, path, &BLOCK, Side::Every, &mut block);
            *into = over(into, &block);
        }
    }

    pub(crate) fn state(&mut self, value: &Value<'_>, path: &str) -> Option<StateFolder> {
        if matches!(value, Value::BooleanLit(it) if !it.value) {
            return Some(StateFolder::Off);
        }
        let text = self.must_be(value.as_string_lit(), value, path, "the path of a folder, or \"off\"");
        let text = text.filter(|text| !text.value.is_empty());
        text.and_then(|_| self.expanded(value, path)).and_then(|text| text.parse().ok())
    }
}

const RETRY_FORMS: &str = "an object such as `{\"attempts\": 2, \"base\": \"300ms\"}`, or false";

/// Whether a value is a plain yes or no.
fn is_on(value: &Value<'_>) -> Option<bool> {
    match value {
        Value::BooleanLit(it) => Some(it.value),
        Value::StringLit(it) if it.value == "off" => Some(false),
        _ => None,
    }
}

/// What the one says, and where it says nothing, the other.
fn over(one: &Retries, other: &Retries) -> Retries {
    Retries {
        all: one.all.or(other.all),
        stdio: one.stdio.or(other.stdio),
        sse: one.sse.or(other.sse),
        http: one.http.or(other.http),
    }
}
