//! Items as clients see them.

use std::{borrow::Cow, collections::BTreeMap};

use mcp_jsonrpc::{field, quote};
use mcp_protocol::ListKind;

use crate::{
    ItemRule, ParameterRule,
    object::{Object, spliced, without},
};

/// The JSON text of an item as clients see it: `name` in place of what requests name it by (of a resource that is its
/// URI, of a template the URI template), and what the rule says in place of what the server says.
///
/// Everything else stays byte for byte. What has to be replaced and stands twice, or has not the shape to be changed,
/// stays as well; what has to be hidden goes wherever it stands.
pub(crate) fn shown(kind: ListKind, item: &str, name: Option<&str>, rule: Option<&ItemRule>) -> String {
    let Some(mut object) = Object::read(item) else { return item.to_owned() };
    set_text(&mut object, kind.key(), name);
    if let Some(rule) = rule {
        if matches!(kind, ListKind::Resources | ListKind::ResourceTemplates) {
            set_text(&mut object, "name", rule.name.as_deref());
        }
        set_text(&mut object, "title", rule.title.as_deref());
        set_text(&mut object, "description", rule.description.as_deref());
        if let Some(annotations) = &rule.annotations {
            merge(&mut object, "annotations", annotations);
        }
        let schema = object.get("inputSchema").filter(|_| kind == ListKind::Tools && !rule.parameters.is_empty());
        if let Some(schema) = schema.and_then(|schema| fitted_schema(schema, &rule.parameters)) {
            object.set("inputSchema", &schema);
        }
    }
    object.write()
}

/// Gives a member this value, unless it stands twice.
fn set(object: &mut Object<'_>, name: &str, value: &str) {
    if !object.is_ambiguous(name) {
        object.set(name, value);
    }
}

/// [`set`] to a string; one that says the same already keeps its escapes.
fn set_text(object: &mut Object<'_>, name: &str, text: Option<&str>) {
    let said = object.get(name).and_then(field::unescape);
    if let Some(text) = text.filter(|text| said.as_deref() != Some(text)) {
        set(object, name, &quote(text));
    }
}

/// Puts the members of an object (JSON text) into the one under `name`, in place of those of the same name.
fn merge(object: &mut Object<'_>, name: &str, with: &str) {
    let Some(with) = Object::read(with).filter(|with| with.members().next().is_some()) else { return };
    let mut merged = match object.get(name) {
        None | Some("null") => Object::read("{}"),
        Some(old) => Object::read(old),
    };
    if let Some(merged) = &mut merged {
        with.members().for_each(|(name, value)| set(merged, name, value));
        set(object, name, &merged.write());
    }
}

/// A tool's schema with its parameters as clients see them; `None` if it is no object.
fn fitted_schema(schema: &str, parameters: &BTreeMap<Box<str>, ParameterRule>) -> Option<String> {
    let mut schema = Object::read(schema)?;
    if let Some(mut properties) = schema.get("properties").and_then(Object::read) {
        for (name, rule) in parameters {
            if is_unseen(rule) {
                properties.remove(name);
            } else if let Some(property) = properties.get(name).and_then(|property| fitted_property(property, rule)) {
                properties.set(name, &property);
            }
        }
        schema.set("properties", &properties.write());
    }
    if let Some(required) = schema.get("required") {
        match fitted_required(required, parameters) {
            // Schemas of old drafts must not have an empty one.
            Some(required) if required.is_empty() => schema.remove("required"),
            Some(required) => schema.set("required", &required),
            None => {}
        }
    }
    Some(schema.write())
}

/// The schema of one parameter; `None` if it is no object.
fn fitted_property(property: &str, rule: &ParameterRule) -> Option<String> {
    let mut property = Object::read(property)?;
    set_text(&mut property, "description", rule.description.as_deref());
    if let Some(default) = &rule.default {
        set(&mut property, "default", default);
    }
    Some(property.write())
}

/// The array of names without those that need not be sent any more; empty if none is left, `None` if all are.
fn fitted_required(required: &str, parameters: &BTreeMap<Box<str>, ParameterRule>) -> Option<String> {
    let places = field::elements(required, usize::MAX).ok()?;
    let is_kept = |name: Option<Cow<'_, str>>| {
        let rule = name.and_then(|name| parameters.get(&*name));
        rule.is_none_or(|rule| !is_unseen(rule) && rule.default.is_none())
    };
    let kept: Vec<_> = places.iter().map(|place| is_kept(field::unescape(&required[place.clone()]))).collect();
    match kept.iter().filter(|kept| **kept).count() {
        count if count == kept.len() => None,
        0 => Some(String::new()),
        _ => Some(spliced(required, &without(&places, |at| kept[at]))),
    }
}

/// Whether clients do not see a parameter.
fn is_unseen(rule: &ParameterRule) -> bool {
    rule.hidden || rule.fixed.is_some()
}

#[cfg(test)]
mod tests;
