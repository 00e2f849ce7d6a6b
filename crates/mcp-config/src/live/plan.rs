//! From a text to what the proxy is given of it.

use std::sync::Arc;

use mcp_proxy_core::{BreakerOptions, HubOptions, Proxy, Slot, aggregator::Rules, auth::Keys};

use super::{Applied, ChangeError, Live, hub::lock_out};
use crate::{Defaults, File, InstallSettings, RetrySetting, ServerEntry, Settings, parse};

/// A change that has been checked.
pub(super) struct Plan {
    text: String,
    tools: Option<String>,
    file: File,
    slots: Vec<Slot>,
    /// How the servers were offered as one, and how they are to be, if that differs.
    hub: Option<(HubOptions, HubOptions)>,
    /// The keys that are accepted then, and the names of those of the file that were until now, if they differ.
    keys: Option<(Keys, Vec<Arc<str>>)>,
    applied: Applied,
}

impl Live {
    /// Takes `text` for the file, with the rules of tools that there are.
    pub(super) fn apply(&self, proxy: &Proxy, text: &str) -> Result<Applied, ChangeError> {
        let planned = self.plan(text, self.tools())?;
        self.carry_out(proxy, planned)
    }

    /// What the texts ask for, beside what there is.
    pub(super) fn plan(&self, text: &str, tools: Option<String>) -> Result<Plan, ChangeError> {
        let parsed = parse(&self.path, text, &|name| self.variables.get(name));
        let Some(mut file) = parsed.file else { return Err(ChangeError::Wrong(parsed.diagnostics)) };
        let mut warnings: Vec<_> = parsed.diagnostics.iter().map(ToString::to_string).collect();
        if let Some(tools) = &tools {
            warnings.extend(self.add_tools(&mut file, tools)?.iter().map(ToString::to_string));
        }
        let accepted = self.accepted_of(&file)?;
        let keys = Keys::new(accepted.iter().cloned())?;
        let current = self.current();
        let were = self.accepted_of(&current.file)?;
        let keys = (self.is_guarding() && were != accepted).then(|| {
            let names = current.file.settings.keys.iter().flat_map(|keys| keys.keys());
            (keys, names.map(|name| name.as_str().into()).collect())
        });
        if keys.is_some() && accepted.is_empty() {
            return Err(ChangeError::LastKey);
        }
        let (old, new) = (self.defaults(&current.file)?, self.defaults(&file)?);
        let hub = match (self.hub_of(&current.file)?, self.hub_of(&file)?) {
            (Some(old), Some(new)) if old != new => Some((old, new)),
            _ => None,
        };
        let needs_restart = is_other(&current.file, &file, self.is_guarding());
        let mut applied = Applied { warnings, needs_restart, hub: hub.is_some(), ..Applied::default() };
        let mut slots = Vec::new();
        for entry in &file.servers {
            let before = current.file.servers.iter().find(|before| before.name == entry.name);
            let name = Arc::clone(&entry.name);
            let group = match before {
                Some(before) if is_same(before, &old, entry, &new) => {
                    slots.push(Slot::Keep(Arc::clone(&name)));
                    applied.unchanged.push(name);
                    continue;
                }
                Some(_) => &mut applied.changed,
                None => &mut applied.added,
            };
            group.push(name);
            slots.push(Slot::Put(Box::new(self.composer.server(entry, &new)?)));
        }
        let removed = current.file.servers.iter().filter(|old| !file.servers.iter().any(|new| new.name == old.name));
        applied.removed = removed.map(|entry| Arc::clone(&entry.name)).collect();
        Ok(Plan { text: text.to_owned(), tools, file, slots, hub, keys, applied })
    }

    pub(super) fn carry_out(&self, proxy: &Proxy, plan: Plan) -> Result<Applied, ChangeError> {
        let Plan { text, tools, file, slots, hub, keys, applied } = plan;
        // The rules come first: a server must not be seen for a moment without those that are about it, nor may a key that
        // is taken out be without its limits before it is.
        let (before, after) = hub.unzip();
        if let Some(mut after) = after.clone() {
            if let Some((_, were)) = &keys {
                lock_out(&mut after, were, &file);
            }
            proxy.set_hub(after);
        }
        if let Err(error) = proxy.set_servers(slots) {
            if let Some(before) = before {
                // It held until a moment ago.
                proxy.set_hub(before);
            }
            return Err(error.into());
        }
        if let Some((keys, _)) = keys {
            proxy.set_keys(keys);
            // One that comes back later is not locked out.
            if let Some(after) = after {
                proxy.set_hub(after);
            }
        }
        let mut current = self.current();
        (current.text, current.tools, current.file) = (text, tools, file);
        drop(current);
        Ok(applied)
    }

    /// What the settings say of all servers, with `file`.
    pub(super) fn defaults(&self, file: &File) -> Result<Defaults, ChangeError> {
        let settings = Settings::settle(self.overrides.clone(), &self.variables, file.settings.clone());
        let defaults = Defaults::of(&settings.map_err(ChangeError::Settings)?);
        Ok(match self.settled(file)? {
            Some(hub) => Defaults { retry: hub.retries(), breaker: Some(BreakerOptions::default()), ..defaults },
            None => defaults,
        })
    }
}

/// Whether two entries come to the same server. When it is started makes no difference once it is there, and how a hub shows
/// its items is nothing that it knows of.
fn is_same(old: &ServerEntry, old_defaults: &Defaults, new: &ServerEntry, new_defaults: &Defaults) -> bool {
    let whole = |entry: &ServerEntry, defaults: &Defaults| {
        let retry = entry.settings.retry.over(defaults.retry.of(&entry.target));
        let mut entry = entry.clone();
        entry.settings.start = None;
        entry.settings.session.get_or_insert(defaults.session);
        entry.settings.idle_timeout.get_or_insert(defaults.idle_timeout);
        entry.settings.retry = RetrySetting::default();
        entry.settings.install = InstallSettings::default();
        entry.rules = Rules::default();
        (entry, retry)
    };
    whole(old, old_defaults) == whole(new, new_defaults)
}

/// Whether settings differ that only count at the start. What servers have in common is none of them.
fn is_other(old: &File, new: &File, is_guarding: bool) -> bool {
    let fixed = |file: &File| {
        let mut settings = file.settings.clone();
        if is_guarding {
            (settings.keys, settings.auth_key) = (None, None);
        }
        (settings.session, settings.start, settings.idle_timeout) = (None, None, None);
        (settings, file.hub.state.clone())
    };
    fixed(old) != fixed(new)
}
