//! How the items of one server are shown to clients.

use std::collections::BTreeMap;

use mcp_protocol::ListKind;

use crate::Pattern;

/// How the items of one server are shown to clients. The default shows everything as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// The tools to show, by their own names; `None` shows all.
    pub allow: Option<Vec<Pattern>>,
    /// Tools not to show, by their own names; wins over `allow`.
    pub deny: Vec<Pattern>,
    /// By the tool's own name.
    pub tools: BTreeMap<Box<str>, ItemRule>,
    /// By the prompt's own name.
    pub prompts: BTreeMap<Box<str>, ItemRule>,
    /// By URI, or by URI template.
    pub resources: BTreeMap<Box<str>, ItemRule>,
    /// What becomes of a tool whose definition changes after it was first seen.
    pub pin: Pin,
}

/// What is different about one tool, prompt or resource from what its server says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ItemRule {
    /// Whether it is shown and may be used; `Some(true)` also shows a tool that no `allow` names. Default: as the rest.
    pub enabled: Option<bool>,
    /// The whole name that clients see, without any prefix. For a resource, its display name.
    pub name: Option<Box<str>>,
    /// The title that clients see.
    pub title: Option<Box<str>>,
    /// The description that clients see.
    pub description: Option<Box<str>>,
    /// JSON text of an object whose members take the place of those of the same name in the tool's `annotations`.
    pub annotations: Option<Box<str>>,
    /// Parameters of a tool, by name.
    pub parameters: BTreeMap<Box<str>, ParameterRule>,
}

/// What is different about one parameter of a tool; the schema that clients see says so too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParameterRule {
    /// Clients do not see it. What they send for it all the same is taken out.
    pub hidden: bool,
    /// JSON text that every call is sent with; clients do not see the parameter.
    pub fixed: Option<Box<str>>,
    /// JSON text that a call is sent with if it does not say; clients see it as the `default`, and need not send it.
    pub default: Option<Box<str>>,
    /// The description that clients see.
    pub description: Option<Box<str>>,
}

/// What becomes of a tool whose definition is another than the one first seen (a "rug pull").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pin {
    /// Nothing; definitions are not kept.
    #[default]
    Off,
    /// It is logged and shown in the status.
    Warn,
    /// It is also hidden until the new definition is approved.
    Block,
}

impl Rules {
    /// The rule for one item, if there is one.
    #[must_use]
    pub fn of(&self, kind: ListKind, key: &str) -> Option<&ItemRule> {
        match kind {
            ListKind::Tools => self.tools.get(key),
            ListKind::Prompts => self.prompts.get(key),
            ListKind::Resources | ListKind::ResourceTemplates => self.resources.get(key),
        }
    }

    /// All rules for single items; those for resources hold for templates too.
    pub fn items(&self) -> impl Iterator<Item = (ListKind, &str, &ItemRule)> {
        let tools = self.tools.iter().map(|(key, rule)| (ListKind::Tools, &**key, rule));
        let prompts = self.prompts.iter().map(|(key, rule)| (ListKind::Prompts, &**key, rule));
        let resources = self.resources.iter().map(|(key, rule)| (ListKind::Resources, &**key, rule));
        tools.chain(prompts).chain(resources)
    }

    /// Whether clients see an item.
    #[must_use]
    pub fn shows(&self, kind: ListKind, key: &str) -> bool {
        if let Some(enabled) = self.of(kind, key).and_then(|rule| rule.enabled) {
            return enabled;
        }
        if kind != ListKind::Tools {
            return true;
        }
        let matches = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches(key));
        self.allow.as_deref().is_none_or(matches) && !matches(&self.deny)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(texts: &[&str]) -> Vec<Pattern> {
        texts.iter().map(|text| Pattern::new(*text)).collect()
    }

    #[test]
    fn deny_wins_over_allow_and_a_rule_of_its_own_over_both() {
        let rule = |enabled| ItemRule { enabled: Some(enabled), ..ItemRule::default() };
        let rules = Rules {
            allow: Some(patterns(&["read_*"])),
            deny: patterns(&["*_secret"]),
            tools: [("write".into(), rule(true)), ("read_b".into(), rule(false))].into(),
            ..Rules::default()
        };
        let shown = |name| rules.shows(ListKind::Tools, name);
        assert!(shown("read_a") && shown("write"));
        assert!(!shown("read_b") && !shown("read_secret") && !shown("delete"));
        assert!(rules.shows(ListKind::Prompts, "delete"), "patterns are about tools");
        assert!(Rules::default().shows(ListKind::Tools, "anything"));
    }
}
