//! Questions that a client asks its user, as variables.

use std::collections::BTreeMap;

use super::member;
use crate::json::Json;

/// The `inputs` of a file, and those that servers refer to.
pub(super) struct Inputs {
    /// By id.
    questions: BTreeMap<String, Question>,
    /// The variables of the ids that were referred to.
    variables: BTreeMap<String, String>,
}

#[derive(Default)]
struct Question {
    description: Option<String>,
    default: Option<String>,
}

impl Inputs {
    pub(super) fn new(root: &[(String, Json)]) -> Self {
        let inputs = match member(root, "inputs") {
            Some(Json::Array(inputs)) => inputs.as_slice(),
            _ => &[],
        };
        Self { questions: inputs.iter().filter_map(question).collect(), variables: BTreeMap::new() }
    }

    /// The reference to the variable that stands for the answer.
    pub(super) fn variable(&mut self, id: &str) -> String {
        if !self.variables.contains_key(id) {
            let variable = self.unused(id);
            self.variables.insert(id.to_owned(), variable);
        }
        let variable = &self.variables[id];
        match self.questions.get(id).and_then(|question| question.default.as_deref()) {
            Some(default) => format!("${{{variable}:-{default}}}"),
            None => format!("${{{variable}}}"),
        }
    }

    /// What the user has to do.
    pub(super) fn notes(self) -> Vec<String> {
        let note = |(id, variable): &(String, String)| {
            let question = self.questions.get(id);
            let description = question.and_then(|question| question.description.as_deref());
            let asked = description.map(|it| format!(" ({})", it.escape_debug())).unwrap_or_default();
            let default = question.is_some_and(|question| question.default.is_some());
            let unless = if default { ", unless the default will do" } else { "" };
            format!("set the environment variable `{variable}`{unless}: the client asked its user for it{asked}")
        };
        self.variables.clone().into_iter().map(|it| note(&it)).collect()
    }

    /// A variable with a name like the id. Two ids never share one: they may be different secrets.
    fn unused(&self, id: &str) -> String {
        let mut name: String =
            id.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            name.insert_str(0, "INPUT_");
        }
        while self.variables.values().any(|it| *it == name) {
            name.push('_');
        }
        name
    }
}

fn question(input: &Json) -> Option<(String, Question)> {
    let Json::Object(input) = input else { return None };
    let text = |key: &str| match member(input, key) {
        Some(Json::String(text)) => Some(text.clone()),
        _ => None,
    };
    // A default ends at the first brace.
    let default = text("default").filter(|default| !default.contains('}'));
    Some((text("id")?, Question { description: text("description"), default }))
}
