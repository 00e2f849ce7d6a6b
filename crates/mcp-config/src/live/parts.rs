//! Changes of rules, groups and names.

use std::sync::Arc;

use mcp_proxy_core::{Proxy, aggregator::Group};

use super::{Applied, By, ChangeError, Live};
use crate::{
    EditError, ItemKind,
    edit::{self, Section},
    json::{self, Comments, Json},
    mask, parse,
};

impl Live {
    /// Gives a server another name, in groups too. Its rules in a `tool_config.json` stay with the old one.
    ///
    /// # Errors
    ///
    /// As for [`replace_servers`](Self::replace_servers), and if there is no such server or the new name is taken.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing or everything.
    pub async fn rename_server(&self, proxy: &Proxy, old: &str, new: &str, by: By<'_>) -> Result<Applied, ChangeError> {
        let edit = |text: &str| Ok(edit::rename_server(text, old, new)?);
        self.edit(proxy, by, &format!("server `{old}` renamed to `{new}`"), edit).await
    }

    /// Makes `rule`, the JSON text of an object, what is different about one item of a server; without one nothing is. It goes
    /// into the server's own entry, also where a `tool_config.json` has a rule.
    ///
    /// # Errors
    ///
    /// As for [`replace_servers`](Self::replace_servers), and if there is no such server.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing or everything.
    pub async fn set_rule(
        &self,
        proxy: &Proxy,
        (server, kind, item): (&str, ItemKind, &str),
        rule: Option<&str>,
        by: By<'_>,
    ) -> Result<Applied, ChangeError> {
        let edit = |text: &str| {
            let rule = match rule {
                Some(rule) => mask::unmasked_rule((server, kind.section(), item), rule, text)?,
                None => Vec::new(),
            };
            let says_something = rule.iter().any(|(_, value)| !matches!(value, Json::Null));
            // An empty rule of its own says that the one beside the file does not count.
            let rule = (says_something || kind == ItemKind::Tool && self.is_elsewhere(server, item)).then_some(rule);
            Ok(edit::set_rule(text, server, kind, item, rule)?)
        };
        let verb = if rule.is_some() { "" } else { " reset" };
        self.edit(proxy, by, &format!("{kind} `{item}` of `{server}`{verb}"), edit).await
    }

    /// Takes out every rule of one server, or of all. `allow`, `deny` and `pin` stay.
    ///
    /// # Errors
    ///
    /// As for [`replace_servers`](Self::replace_servers), and if there is no such server.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing or everything.
    pub async fn reset_rules(&self, proxy: &Proxy, server: Option<&str>, by: By<'_>) -> Result<Applied, ChangeError> {
        let edit = |text: &str| {
            let mut text = edit::reset_rules(text, server)?;
            for (owner, tool) in self.elsewhere().iter().filter(|(owner, _)| server.is_none_or(|it| *it == **owner)) {
                text = edit::set_rule(&text, owner, ItemKind::Tool, tool, Some(Vec::new()))?;
            }
            Ok(text)
        };
        let whose = server.map_or_else(|| "all servers".to_owned(), |server| format!("`{server}`"));
        self.edit(proxy, by, &format!("rules of {whose} reset"), edit).await
    }

    /// The groups there are.
    #[must_use]
    pub fn groups(&self) -> Vec<Group> {
        self.current().file.hub.groups.clone()
    }

    /// Makes `group`, the JSON text of an object, the group of that name.
    ///
    /// # Errors
    ///
    /// As for [`replace_servers`](Self::replace_servers).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing or everything.
    pub async fn set_group(&self, proxy: &Proxy, name: &str, group: &str, by: By<'_>) -> Result<Applied, ChangeError> {
        let edit = |text: &str| {
            let group = object(group, || format!("the group `{name}`"))?;
            let change = |old| Ok(Some(Json::Object(with_unknown(group, old, &["servers", "tools", "deny"]))));
            Ok(edit::set_named(text, Section::Groups, name, change)?)
        };
        self.edit(proxy, by, &format!("group `{name}`"), edit).await
    }

    /// Takes a group out.
    ///
    /// # Errors
    ///
    /// As for [`replace_servers`](Self::replace_servers); a group that a key names cannot be taken out.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing or everything.
    pub async fn remove_group(&self, proxy: &Proxy, name: &str, by: By<'_>) -> Result<Applied, ChangeError> {
        let edit = |text: &str| Ok(edit::set_named(text, Section::Groups, name, |_| Ok(None))?);
        self.edit(proxy, by, &format!("group `{name}` removed"), edit).await
    }

    /// Tools that a `tool_config.json` has a rule for which the entries of their servers do not have.
    fn elsewhere(&self) -> Vec<(Arc<str>, Box<str>)> {
        let (text, file) = {
            let current = self.current();
            if current.tools.is_none() {
                return Vec::new();
            }
            (current.text.clone(), current.file.clone())
        };
        let own = parse(&self.path, &text, &|name| self.variables.get(name)).file.unwrap_or_default();
        let has_own = |server: &str, tool: &str| {
            own.servers.iter().any(|entry| &*entry.name == server && entry.rules.tools.contains_key(tool))
        };
        let all = file
            .servers
            .iter()
            .flat_map(|entry| entry.rules.tools.keys().map(|tool| (Arc::clone(&entry.name), tool.clone())));
        all.filter(|(server, tool)| !has_own(server, tool)).collect()
    }

    /// Whether a `tool_config.json` has a rule for it that would count again.
    fn is_elsewhere(&self, server: &str, tool: &str) -> bool {
        let Some(text) = self.tools() else { return false };
        let mut bare = self.current().file.clone();
        bare.servers.iter_mut().for_each(|entry| entry.rules = mcp_proxy_core::aggregator::Rules::default());
        // What is odd in it has been told when it was read.
        let _ = self.add_tools(&mut bare, &text);
        bare.servers.iter().any(|entry| &*entry.name == server && entry.rules.tools.contains_key(tool))
    }
}

/// Members of an object in JSON text; those that are null are left out.
pub(super) fn object(text: &str, what: impl Fn() -> String) -> Result<Vec<(String, Json)>, EditError> {
    match json::read(text, Comments::Refused).map_err(EditError::Wanted)? {
        Json::Object(mut members) => {
            members.retain(|(_, value)| !matches!(value, Json::Null));
            Ok(members)
        }
        _ => Err(EditError::NotAnObject(what())),
    }
}

/// The new members, and those of the old ones that are not `known`.
pub(super) fn with_unknown(mut new: Vec<(String, Json)>, old: Option<Json>, known: &[&str]) -> Vec<(String, Json)> {
    if let Some(Json::Object(old)) = old {
        let has = |new: &[(String, Json)], name: &str| new.iter().any(|(it, _)| it == name);
        for (name, value) in old {
            if !known.contains(&&*name) && !has(&new, &name) {
                new.push((name, value));
            }
        }
    }
    new
}
