//! Which definition of a tool was first seen.

use std::{borrow::Cow, collections::BTreeMap};

use mcp_jsonrpc::{field, quote};
use serde::{Deserialize, Serialize};

use crate::digest::hex;

/// What is known of the definitions of tools: by server and the tool's own name, the digest that was approved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Pins(BTreeMap<Box<str>, BTreeMap<Box<str>, Box<str>>>);

/// How a definition compares with the approved one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pinned {
    /// There is none.
    New,
    /// It is the same.
    Same,
    /// It is another.
    Changed,
}

impl Pins {
    /// How many tools of one server are kept; any further one stays [`New`](Pinned::New).
    const MAX_TOOLS: usize = 10_000;

    /// Reads JSON text; `None` if it is not what [`write`](Self::write) gives.
    pub(crate) fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// JSON text.
    pub(crate) fn write(&self) -> String {
        // Maps of strings have no way to fail; an empty object still reads.
        serde_json::to_string(self).unwrap_or_else(|_| "{}".to_owned())
    }

    /// Compares the [`digest`] of a definition with the approved one.
    pub(crate) fn check(&self, server: &str, tool: &str, digest: &str) -> Pinned {
        match self.0.get(server).and_then(|tools| tools.get(tool)) {
            None => Pinned::New,
            Some(approved) if **approved == *digest => Pinned::Same,
            Some(_) => Pinned::Changed,
        }
    }

    /// From now on this definition is the approved one.
    pub(crate) fn approve(&mut self, server: &str, tool: &str, digest: &str) {
        let tools = self.0.entry(server.into()).or_default();
        if tools.len() < Self::MAX_TOOLS || tools.contains_key(tool) {
            tools.insert(tool.into(), digest.into());
        }
    }
}

/// SHA-256 in hexadecimal digits of a definition (JSON text). White space between tokens, the order of members and how
/// characters are escaped make no difference; how a number is written does.
pub(crate) fn digest(item: &str) -> String {
    let mut text = String::with_capacity(item.len());
    match canonical(item, &mut text) {
        Some(()) => hex([text.as_str()]),
        // No JSON, or too deep: as it is.
        None => hex([item]),
    }
}

/// Appends the one form of all texts that mean the same as `json`. How deep it goes is bounded by the depth that
/// [`field::members`] and [`field::elements`] take at the top.
fn canonical(json: &str, out: &mut String) -> Option<()> {
    let json = json.trim_ascii();
    match json.as_bytes().first()? {
        b'{' => {
            let members = field::members(json).ok()?.into_iter();
            let mut members: Vec<_> = members.map(|at| (string(&json[at.key]), &json[at.value])).collect();
            // Those of one name keep their order, of which the last may be the one that counts.
            members.sort_by(|one, other| one.0.cmp(&other.0));
            list(('{', '}'), members, out, |(key, value), out| {
                out.push_str(&key);
                out.push(':');
                canonical(value, out)
            })
        }
        b'[' => {
            let places = field::elements(json, usize::MAX).ok()?;
            list(('[', ']'), places, out, |place, out| canonical(&json[place], out))
        }
        _ => {
            out.push_str(&string(json));
            Some(())
        }
    }
}

fn list<T>(
    (open, close): (char, char),
    entries: Vec<T>,
    out: &mut String,
    mut each: impl FnMut(T, &mut String) -> Option<()>,
) -> Option<()> {
    out.push(open);
    for (at, entry) in entries.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        each(entry, out)?;
    }
    out.push(close);
    Some(())
}

/// A string with only those escapes that it needs; anything else as it is.
fn string(raw: &str) -> Cow<'_, str> {
    match field::unescape(raw) {
        Some(Cow::Owned(text)) => Cow::Owned(quote(&text)),
        // Without escapes there is but one way to write it.
        _ => Cow::Borrowed(raw),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn same(one: &str, other: &str) {
        assert_eq!(digest(one), digest(other));
    }

    #[track_caller]
    fn differ(one: &str, other: &str) {
        assert_ne!(digest(one), digest(other));
    }

    #[test]
    fn space_order_and_escapes_make_no_difference() {
        same(r#"{"a":1,"b":[{"c":2,"d":"x"}]}"#, "\n{ \"b\" : [ {\"d\":\"\\u0078\", \"c\":2} ],\t\"\\u0061\":1 }");
        same(r#"{"a":"\/"}"#, r#"{"a":"/"}"#);
        assert_eq!(digest(r#"{ "b":1,"a":null}"#), hex([r#"{"a":null,"b":1}"#]));
    }

    #[test]
    fn everything_else_does() {
        differ(r#"{"a":1}"#, r#"{"a":1.0}"#);
        differ(r#"{"a":[1,2]}"#, r#"{"a":[2,1]}"#);
        differ(r#"{"a":"b c"}"#, r#"{"a":"bc"}"#);
        differ(r#"{"a":1,"a":2}"#, r#"{"a":2,"a":1}"#);
        differ(r#"{"a":{"b":1}}"#, r#"{"a":1,"b":1}"#);
        differ(r#"{"a":"\ud800"}"#, r#"{"a":"\ud801"}"#);
        differ(r#"["a,b"]"#, r#"["a","b"]"#);
    }

    #[test]
    fn what_is_no_json_or_too_deep_is_taken_as_it_is() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        for text in ["", "{", r#"{"a":}"#, "[1,]", deep.as_str()] {
            assert_eq!(digest(text), hex([text]));
        }
    }

    #[test]
    fn a_tool_is_new_then_the_same_then_changed_until_that_is_approved() {
        let mut pins = Pins::default();
        assert_eq!(pins.check("s", "t", "1"), Pinned::New);
        pins.approve("s", "t", "1");
        assert_eq!(pins.check("s", "t", "1"), Pinned::Same);
        assert_eq!(pins.check("s", "t", "2"), Pinned::Changed);
        assert_eq!(pins.check("r", "t", "2"), Pinned::New);
        pins.approve("s", "t", "2");
        assert_eq!(pins.check("s", "t", "2"), Pinned::Same);
    }

    #[test]
    fn what_is_written_reads_back() {
        let mut pins = Pins::default();
        assert_eq!(Pins::read(&pins.write()), Some(pins.clone()));
        pins.approve("s", "t\"", "1");
        assert_eq!(pins.write(), r#"{"s":{"t\"":"1"}}"#);
        assert_eq!(Pins::read(&pins.write()), Some(pins));
        for garbage in ["", "[]", r#"{"s":1}"#] {
            assert_eq!(Pins::read(garbage), None, "{garbage}");
        }
    }

    #[test]
    fn so_many_tools_are_kept_and_no_more() {
        let mut pins = Pins::default();
        for tool in 0..=Pins::MAX_TOOLS {
            pins.approve("s", &tool.to_string(), "1");
        }
        let check = |pins: &Pins, tool: usize, digest| pins.check("s", &tool.to_string(), digest);
        assert_eq!(check(&pins, Pins::MAX_TOOLS - 1, "1"), Pinned::Same);
        assert_eq!(check(&pins, Pins::MAX_TOOLS, "1"), Pinned::New);
        pins.approve("s", "0", "2");
        assert_eq!(check(&pins, 0, "2"), Pinned::Same);
    }

    proptest! {
        #[test]
        fn members_in_any_order_are_the_same(
            members in proptest::collection::btree_map("[a-z\"\\\\é]{0,4}", "[a-z\"é ]{0,4}", 0..6),
            seed in any::<usize>(),
        ) {
            let written = |space: &str, turned: usize| {
                let mut members: Vec<_> = members
                    .iter()
                    .map(|(key, value)| format!("{}{space}:{space}{}", quote(key), quote(value)))
                    .collect();
                let turned = turned % members.len().max(1);
                members.rotate_left(turned);
                format!("{{{}}}", members.join(","))
            };
            prop_assert_eq!(digest(&written("", 0)), digest(&written(" \n", seed)));
        }
    }
}
