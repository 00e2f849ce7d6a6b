//! A tool's schema as components of a document.
//!
//! A schema refers to its own parts as `#/$defs/…`, which in a document would mean the document's. An `$id` of its own
//! would set that right by the letter of the standard, but neither validators nor generators follow it. So the schema
//! and each part it refers to become components with names of their own, and the references name those; all else stays
//! as it is.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use mcp_jsonrpc::{MAX_DEPTH, field, quote};

use super::{
    circle::Applied,
    harmless::is_harmless,
    identifier::Identifiers,
    keyword::{self, Keyword},
};
use crate::{
    object::{Members, Object, member, with_member},
    segment::percent_decoded,
};

/// How long a schema may be in bytes, to be taken over.
const LONGEST: usize = 256 << 10;
/// How long all its components may be together: parts that stand in other parts are copied.
const MOST_WRITTEN: usize = 1 << 20;
/// How many places it may refer to.
const MOST_PARTS: usize = 500;

/// A schema that cannot be taken over.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unfit;

/// Name and JSON text of a component.
pub(super) type Component = (String, String);

/// The schema of a tool's arguments, which is always one of an object. In the place of one that cannot be taken over
/// stands a schema of any object, which keeps the original as a text.
pub(super) fn input(raw: Option<&str>, name: &str, names: &mut Identifiers) -> Vec<Component> {
    raw.ok_or(Unfit).and_then(|raw| of_objects(lift(raw, name, names)?)).unwrap_or_else(|Unfit| {
        let original = raw.filter(|raw| raw.len() <= LONGEST).map(quote);
        let any = Object::new().with("type", "\"object\"").with_some("x-mcp-input-schema", original.as_deref());
        vec![(name.to_owned(), any.end())]
    })
}

/// The same, if the schema says that it is one of objects, or does not say what it is one of.
fn of_objects(mut components: Vec<Component>) -> Result<Vec<Component>, Unfit> {
    let (_, root) = components.first_mut().ok_or(Unfit)?;
    match member(root, "type") {
        Some("\"object\"") => {}
        Some(_) => return Err(Unfit),
        None => *root = with_member(root, "type", "\"object\""),
    }
    Ok(components)
}

/// Makes components of a schema (JSON text): first the schema itself under `name`, then the parts it refers to.
pub(super) fn lift(raw: &str, name: &str, names: &mut Identifiers) -> Result<Vec<Component>, Unfit> {
    if LONGEST < raw.len() {
        return Err(Unfit);
    }
    let own_id = member(raw, "$id").and_then(field::unescape);
    let found = HashMap::from([(String::new(), Some(name.to_owned()))]);
    let mut lift = Lift {
        root: raw,
        own_id,
        name,
        names,
        found,
        waiting: vec![(name.to_owned(), raw)],
        current: String::new(),
        is_same_value: true,
        applied: Applied::default(),
    };
    let (mut components, mut written) = (Vec::new(), 0);
    while let Some((name, part)) = lift.waiting.pop() {
        let mut text = String::with_capacity(part.len());
        lift.current.clone_from(&name);
        lift.write(part, &mut text, 0)?;
        written += text.len();
        if MOST_WRITTEN < written {
            return Err(Unfit);
        }
        components.push((name, text));
    }
    if lift.applied.is_endless() { Err(Unfit) } else { Ok(components) }
}

struct Lift<'a, 'n> {
    root: &'a str,
    /// What the schema calls itself; references may begin with it.
    own_id: Option<Cow<'a, str>>,
    /// The component of the schema itself.
    name: &'n str,
    names: &'n mut Identifiers,
    /// The components of the places that were referred to; none, where there is no such place.
    found: HashMap<String, Option<String>>,
    /// Components still to be written.
    waiting: Vec<(String, &'a str)>,
    /// The component that is being written.
    current: String,
    /// Whether what is being written says something of the same value as the component does.
    is_same_value: bool,
    applied: Applied,
}

impl<'a> Lift<'a, '_> {
    /// Writes a schema that stands `depth` schemas deep.
    fn write(&mut self, raw: &'a str, out: &mut String, depth: usize) -> Result<(), Unfit> {
        if raw == "true" || raw == "false" {
            // Generators know no schemas that are not objects.
            out.push_str(if raw == "true" { "{}" } else { r#"{"not":{}}"# });
            return Ok(());
        }
        let Members(members) = Members::read(raw).filter(|_| depth < MAX_DEPTH).ok_or(Unfit)?;
        // Before 2020-12 the schemas of the first items stood where now that of all others does.
        let is_list = |(name, value): &(Cow<'_, str>, &str)| name == "items" && value.starts_with('[');
        let is_tuple = members.iter().any(is_list) && members.iter().all(|(name, _)| name != "prefixItems");
        let extensions: HashSet<&str> =
            members.iter().map(|(name, _)| &**name).filter(|name| is_extension(name)).collect();
        out.push('{');
        for (name, value) in &members {
            match &**name {
                "items" if is_tuple && elements(value)?.is_empty() => {}
                "items" if is_tuple => self.member("prefixItems", Keyword::List, value, out, depth)?,
                "additionalItems" if is_tuple => self.member("items", Keyword::Schema, value, out, depth)?,
                name if keyword::of(name) == Keyword::Extension && !is_extension(name) => {
                    let name = format!("x-{name}");
                    if !extensions.contains(&*name) {
                        self.member(&name, Keyword::Extension, value, out, depth)?;
                    }
                }
                name => self.member(name, keyword::of(name), value, out, depth)?,
            }
        }
        out.push('}');
        Ok(())
    }

    fn member(
        &mut self,
        name: &str,
        keyword: Keyword,
        value: &'a str,
        out: &mut String,
        depth: usize,
    ) -> Result<(), Unfit> {
        if keyword == Keyword::Gone {
            return Ok(());
        }
        if !out.ends_with('{') {
            out.push(',');
        }
        if keyword == Keyword::Ref {
            out.push_str(&self.reference(value)?);
            return Ok(());
        }
        out.push_str(&quote(name));
        out.push(':');
        let outer = self.is_same_value;
        self.is_same_value &= keyword::is_of_same_value(name);
        match keyword {
            Keyword::Rest if matches!(value, "true" | "false") => out.push_str(value),
            Keyword::Schema | Keyword::Rest => self.write(value, out, depth + 1)?,
            Keyword::Schemas => {
                let mut open = '{';
                let Members(schemas) = Members::read(value).ok_or(Unfit)?;
                for (name, schema) in &schemas {
                    out.push(std::mem::replace(&mut open, ','));
                    out.push_str(&quote(name));
                    out.push(':');
                    self.write(schema, out, depth + 1)?;
                }
                out.push_str(if schemas.is_empty() { "{}" } else { "}" });
            }
            Keyword::List => {
                let mut open = '[';
                for schema in elements(value)? {
                    out.push(std::mem::replace(&mut open, ','));
                    self.write(schema, out, depth + 1)?;
                }
                if open == '[' {
                    return Err(Unfit);
                }
                out.push(']');
            }
            Keyword::Copied(kind) if kind.fits(value) => out.push_str(value),
            Keyword::Extension if is_harmless(value) => out.push_str(value),
            _ => return Err(Unfit),
        }
        self.is_same_value = outer;
        Ok(())
    }

    /// The member that refers to what `value` (JSON text) names. A document refers to nothing outside of itself: what cannot
    /// be found in the schema is kept under a name that is not followed, and allows anything.
    fn reference(&mut self, value: &'a str) -> Result<String, Unfit> {
        let target = field::unescape(value).ok_or(Unfit)?;
        Ok(match self.component(&target)? {
            Some(name) => {
                if self.is_same_value {
                    self.applied.add(&self.current, &name);
                }
                format!(r##""$ref":"#/components/schemas/{name}""##)
            }
            None => format!(r#""x-mcp-ref":{value}"#),
        })
    }

    /// The component of the place that is referred to; `None` if there is no such place in the schema.
    fn component(&mut self, target: &str) -> Result<Option<String>, Unfit> {
        let own_id = self.own_id.as_deref().unwrap_or_default().trim_end_matches('#');
        let local = target.strip_prefix(own_id).unwrap_or(target);
        let pointer = if local.is_empty() { Some("") } else { local.strip_prefix('#') };
        let Some(pointer) = pointer.and_then(percent_decoded) else { return Ok(None) };
        if let Some(known) = self.found.get(&pointer) {
            return Ok(known.clone());
        }
        if MOST_PARTS <= self.found.len() {
            return Err(Unfit);
        }
        let name = place(self.root, &pointer).map(|(part, last)| {
            let name = self.names.take(&format!("{}_{last}", self.name));
            self.waiting.push((name.clone(), part));
            name
        });
        self.found.insert(pointer, name.clone());
        Ok(name)
    }
}

/// Whether a keyword is OpenAPI's word for one of somebody else's.
fn is_extension(name: &str) -> bool {
    name.starts_with("x-")
}

/// What a JSON pointer points at, and its last segment; `None` if it is none or there is nothing.
fn place<'a>(root: &'a str, pointer: &str) -> Option<(&'a str, String)> {
    let (mut place, mut last) = (root, String::new());
    for segment in pointer.strip_prefix('/')?.split('/') {
        last = segment.replace("~1", "/").replace("~0", "~");
        place = if place.starts_with('[') {
            elements(place).ok()?.get(last.parse::<usize>().ok()?).copied()?
        } else {
            &place[field::find(place, &[&last]).ok()??]
        };
    }
    Some((place, last))
}

fn elements(raw: &str) -> Result<Vec<&str>, Unfit> {
    let places = field::elements(raw, usize::MAX).map_err(|_| Unfit)?;
    Ok(places.into_iter().map(|place| &raw[place]).collect())
}

#[cfg(test)]
mod tests;
