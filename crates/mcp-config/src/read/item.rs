//! Reads what is different about tools, prompts and resources.

use std::collections::{BTreeMap, HashMap};

use jsonc_parser::{
    ast::{Object, Value},
    common::Ranged,
};
use mcp_proxy_core::aggregator::{ItemRule, ParameterRule, Pattern};

use super::{Reader, object::Side};
use crate::{
    File,
    key::{ItemDraft, PARAMETER, PLAIN, ParameterDraft, TOOL, Table},
    text::Position,
};

/// Rules of one kind, by what the server calls the item.
type Items = BTreeMap<Box<str>, ItemRule>;

/// Names that rules have given, and to what.
#[derive(Default)]
pub(super) struct Exposed(HashMap<(Sort, String), String>);

/// Items of which no two may have one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Sort {
    Tool,
    Prompt,
    /// What is shown of a resource need not be unique; its URI is.
    Resource,
}

impl Exposed {
    /// The names that the rules of a file give.
    pub(super) fn of(file: &File) -> Self {
        let mut exposed = Self::default();
        for entry in &file.servers {
            for (sort, word, items) in
                [(Sort::Tool, "tool", &entry.rules.tools), (Sort::Prompt, "prompt", &entry.rules.prompts)]
            {
                for (item, rule) in items {
                    let place = format!("{word} `{item}` of server `{}`", entry.name);
                    exposed.0.extend(rule.name.as_ref().map(|name| ((sort, name.to_string()), place)));
                }
            }
        }
        exposed
    }
}

impl Reader<'_> {
    /// Rules of tools, or a list with the names of those to show.
    pub(crate) fn tools(
        &mut self,
        value: &Value<'_>,
        path: &str,
        rules: &mut Items,
        listed: &mut Option<Vec<Pattern>>,
    ) {
        if value.as_array().is_some() {
            *listed = self.patterns(value, path);
        } else {
            *rules = self.items(value, path, &TOOL, Sort::Tool);
        }
    }

    pub(crate) fn prompts(&mut self, value: &Value<'_>, path: &str) -> Items {
        self.items(value, path, &PLAIN, Sort::Prompt)
    }

    pub(crate) fn resources(&mut self, value: &Value<'_>, path: &str) -> Items {
        self.items(value, path, &PLAIN, Sort::Resource)
    }

    fn items(&mut self, value: &Value<'_>, path: &str, table: &Table<ItemDraft>, sort: Sort) -> Items {
        let object = self.must_be(value.as_object(), value, path, "an object, with a rule under each name");
        let Some(object) = object else { return Items::new() };
        let mut items = Items::new();
        for (property, path) in self.named(object, path) {
            let name = property.name.as_str();
            if name.starts_with("//") {
                continue;
            }
            if let Some(entry) = self.must_be(property.value.as_object(), &property.value, &path, "an object") {
                items.insert(name.into(), self.item(entry, &path, table, sort));
            }
        }
        items
    }

    pub(super) fn item(&mut self, entry: &Object<'_>, path: &str, table: &Table<ItemDraft>, sort: Sort) -> ItemRule {
        let mut draft = ItemDraft::default();
        self.object(entry, path, table, Side::Every, &mut draft);
        let rule = draft.rule();
        if let (Some(name), true) = (&rule.name, sort != Sort::Resource) {
            let at = entry.get("exposedName").map_or(entry.start(), |property| property.value.start());
            self.expose(sort, name, at, path);
        }
        rule
    }

    /// Takes note of a name that a rule gives. Two of one name could not be told apart.
    fn expose(&mut self, sort: Sort, name: &str, at: usize, path: &str) {
        let Position { line, column } = Position::of(self.text, at);
        let place = format!("`{path}` (line {line}, column {column})");
        match self.exposed.0.get(&(sort, name.to_owned())) {
            Some(other) => {
                let why = format!("`{name}` is also the name of {other}; give one of them another");
                self.error(at, &super::object::join(path, "exposedName"), why);
            }
            None => drop(self.exposed.0.insert((sort, name.to_owned()), place)),
        }
    }

    pub(crate) fn parameters(&mut self, value: &Value<'_>, path: &str) -> BTreeMap<Box<str>, ParameterRule> {
        let object = self.must_be(value.as_object(), value, path, "an object, with a rule under each parameter's name");
        let Some(object) = object else { return BTreeMap::new() };
        let mut parameters = BTreeMap::new();
        for (property, path) in self.named(object, path) {
            let Some(entry) = self.must_be(property.value.as_object(), &property.value, &path, "an object") else {
                continue;
            };
            let mut draft = ParameterDraft::default();
            self.object(entry, &path, &PARAMETER, Side::Every, &mut draft);
            if draft.fixed.is_some() && draft.default.is_some() {
                self.error(entry.start(), &path, "has a `fixed` value, so its `default` is never used; keep one");
            }
            parameters.insert(property.name.as_str().into(), draft.rule());
        }
        parameters
    }
}
