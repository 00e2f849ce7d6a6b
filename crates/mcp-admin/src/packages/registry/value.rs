//! A value of a `server.json`: said, put together, or to be asked for.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Input, Inputs, Place};

/// An argument, a variable, a header, or a part of one of them.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(clippy::struct_field_names, reason = "the words of the format")]
pub(super) struct Value {
    /// `named` or `positional`, of arguments.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// Of a variable, a header, or a named argument.
    pub(super) name: Option<String>,
    #[serde(alias = "value_hint")]
    value_hint: Option<String>,
    value: Option<String>,
    variables: Option<BTreeMap<String, Self>>,
    description: Option<String>,
    #[serde(alias = "is_required")]
    is_required: bool,
    #[serde(alias = "is_secret")]
    is_secret: bool,
    #[serde(alias = "is_repeated")]
    is_repeated: bool,
    default: Option<String>,
    placeholder: Option<String>,
    choices: Option<Vec<String>>,
    format: Option<String>,
}

impl Value {
    /// What it is by the answers; `None` if it is to be left out. `name` is what it is asked by.
    pub(super) fn fill(&self, name: &str, place: Place, inputs: &mut Inputs<'_>) -> Option<String> {
        match &self.value {
            Some(template) => fill(template, self.variables.as_ref(), place, inputs),
            None => inputs.ask(self.input(name, place)),
        }
    }

    /// The words of an argument.
    pub(super) fn words(&self, inputs: &mut Inputs<'_>) -> Vec<String> {
        if self.kind.as_deref() != Some("named") {
            let name = self.value_hint.as_deref().or(self.name.as_deref()).unwrap_or("argument");
            return self.several(self.fill(name, Place::Argument, inputs));
        }
        let Some(flag) = &self.name else { return Vec::new() };
        if self.is_flag() {
            return vec![flag.clone()];
        }
        let filled = self.fill(flag.trim_start_matches('-'), Place::Argument, inputs);
        if self.value.is_none() && self.format.as_deref() == Some("boolean") {
            return if filled.as_deref() == Some("true") { vec![flag.clone()] } else { Vec::new() };
        }
        self.several(filled).into_iter().flat_map(|value| [flag.clone(), value]).collect()
    }

    /// One argument for each line of an answer, if there may be several.
    fn several(&self, filled: Option<String>) -> Vec<String> {
        match filled {
            Some(answer) if self.is_repeated && self.value.is_none() => {
                answer.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
            }
            other => other.into_iter().collect(),
        }
    }

    /// Whether it is an option that stands for itself: nothing tells of a value.
    fn is_flag(&self) -> bool {
        let texts = [&self.value, &self.default, &self.placeholder, &self.value_hint, &self.format];
        texts.iter().all(|text| text.is_none()) && self.choices.is_none() && !self.is_required && !self.is_repeated
    }

    fn input(&self, name: &str, place: Place) -> Input {
        Input {
            name: name.to_owned(),
            place,
            description: self.description.clone(),
            required: self.is_required,
            secret: self.is_secret,
            default: self.default.clone(),
            placeholder: self.placeholder.clone(),
            choices: self.choices.clone().unwrap_or_default(),
            repeated: self.is_repeated && self.value.is_none(),
        }
    }
}

/// Puts answers in the places of `{NAME}`. Braces around what is no variable stay. `None` if a variable is left out.
pub(super) fn fill(
    template: &str,
    variables: Option<&BTreeMap<String, Value>>,
    place: Place,
    inputs: &mut Inputs<'_>,
) -> Option<String> {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let known = after.split_once('}').and_then(|(name, after)| Some((name, variables?.get(name)?, after)));
        rest = if let Some((name, variable, after)) = known {
            filled.push_str(&variable.plain(name, place, inputs)?);
            after
        } else {
            filled.push('{');
            after
        };
    }
    filled.push_str(rest);
    Some(filled)
}

impl Value {
    /// A variable of a template, which has no variables of its own.
    fn plain(&self, name: &str, place: Place, inputs: &mut Inputs<'_>) -> Option<String> {
        match &self.value {
            Some(value) => Some(value.clone()),
            None => inputs.ask(self.input(name, place)),
        }
    }
}
