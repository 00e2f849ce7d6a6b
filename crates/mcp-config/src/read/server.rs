//! Reads the servers.

use std::collections::BTreeMap;

use jsonc_parser::{
    ast::{Object, Value},
    common::Ranged,
};
use mcp_proxy_core::transport::check_variable;

use super::{
    Reader,
    object::{Side, join},
    target::Way,
};
use crate::{
    InstallSettings, ServerEntry, SessionKind, Source,
    key::{Draft, SERVER},
    name::check_name,
};

impl Reader<'_> {
    pub(super) fn servers(&mut self, value: &Value<'_>, path: &str) -> Vec<ServerEntry> {
        let object = self.must_be(value.as_object(), value, path, "an object, with a server under each name");
        let Some(object) = object else { return Vec::new() };
        let mut servers = Vec::with_capacity(object.properties.len());
        for (property, path) in self.named(object, path) {
            let name = property.name.as_str();
            if name.starts_with("//") {
                continue;
            }
            self.told(check_name(name), property.start(), &path);
            let entry = self.must_be(property.value.as_object(), &property.value, &path, "an object");
            servers.extend(entry.and_then(|entry| self.server(name, entry, &path)));
        }
        servers
    }

    fn server(&mut self, name: &str, entry: &Object<'_>, path: &str) -> Option<ServerEntry> {
        let way = self.way(entry, path);
        let side = match way {
            None => Side::Every,
            Some(Way::Stdio) => Side::Stdio,
            Some(Way::Remote(_)) => Side::Remote,
            Some(Way::Custom(_)) => Side::Custom,
        };
        let mut draft = Draft::default();
        self.object(entry, path, &SERVER, side, &mut draft);
        if !draft.settings.request_env.is_empty() {
            if draft.settings.session == Some(SessionKind::Shared) {
                let at = entry.get("session").map_or(entry.start(), |property| property.value.start());
                let why =
                    "must be `dedicated` beside `requestEnv`: requests with different values never share a process";
                self.error(at, &join(path, "session"), why);
            }
            draft.settings.session = Some(SessionKind::Dedicated);
        }
        let has_shell = draft.install_shell == Some(true);
        let commands = std::mem::take(&mut draft.install_commands);
        draft.settings.install = InstallSettings {
            directory: draft.install_directory.take().filter(|path| !path.as_os_str().is_empty()),
            commands: commands.into_iter().filter_map(|it| self.install_command(it, has_shell)).collect(),
        };
        draft.settings.disabled = draft.disabled == Some(true) || draft.active == Some(false);
        if let Some(listed) = draft.listed.take() {
            if draft.rules.allow.is_some() {
                let at = entry.get("allow").map_or(entry.start(), |property| property.value.start());
                let why = "is there beside a list in `tools`, which says the same; keep one";
                self.error(at, &join(path, "allow"), why);
            }
            draft.rules.allow = Some(listed);
        }
        draft.rules.deny = draft.deny.take().unwrap_or_default();
        let target = self.target(way?, entry, path, &mut draft)?;
        Some(ServerEntry { name: name.into(), target, settings: draft.settings, rules: draft.rules })
    }

    pub(super) fn sources(&mut self, value: &Value<'_>, path: &str) -> BTreeMap<String, Source> {
        let object =
            self.must_be(value.as_object(), value, path, "an object, with a source under each variable's name");
        let Some(object) = object else { return BTreeMap::new() };
        let mut sources = BTreeMap::new();
        for (property, path) in self.named(object, path) {
            let variable = property.name.as_str();
            self.told(check_variable(variable, ""), property.start(), &path);
            let source = source(&property.value);
            let what = "`{\"header\": \"Name\"}` or `{\"query\": \"name\"}`";
            if let Some(source) = self.must_be(source, &property.value, &path, what) {
                sources.insert(variable.to_owned(), source);
            }
        }
        sources
    }
}

fn source(value: &Value<'_>) -> Option<Source> {
    let [property] = &value.as_object()?.properties[..] else { return None };
    let text = &property.value.as_string_lit()?.value;
    match property.name.as_str() {
        "header" => Some(Source::Header(text.parse().ok()?)),
        "query" if !text.is_empty() => Some(Source::Query(text.clone().into_owned())),
        _ => None,
    }
}
