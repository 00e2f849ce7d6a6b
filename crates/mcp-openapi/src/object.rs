//! Objects, written and added to as text.

use std::{borrow::Cow, collections::HashSet, fmt};

use mcp_jsonrpc::{field, quote};
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// An object that is written member by member; values are JSON text and are taken as they are.
#[derive(Debug)]
pub(crate) struct Object(String);

impl Object {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn push(&mut self, key: &str, raw: &str) {
        self.push_members(&format!("{}:{raw}", quote(key)));
    }

    /// Adds members that are written already, without braces; none if it is empty.
    pub(crate) fn push_members(&mut self, members: &str) {
        if !self.is_empty() && !members.is_empty() {
            self.0.push(',');
        }
        self.0.push_str(members);
    }

    pub(crate) fn with(mut self, key: &str, raw: &str) -> Self {
        self.push(key, raw);
        self
    }

    pub(crate) fn with_text(self, key: &str, text: &str) -> Self {
        self.with(key, &quote(text))
    }

    pub(crate) fn with_some(self, key: &str, raw: Option<&str>) -> Self {
        match raw {
            Some(raw) => self.with(key, raw),
            None => self,
        }
    }

    pub(crate) fn with_members(mut self, members: &str) -> Self {
        self.push_members(members);
        self
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.len() == 1
    }

    pub(crate) fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

impl Default for Object {
    fn default() -> Self {
        Self("{".to_owned())
    }
}

/// `object` (JSON text) with the member, which stands last, or in the place of one of that name. What is no object stays
/// as it is.
pub(crate) fn with_member(object: &str, key: &str, raw: &str) -> String {
    if let Ok(Some(old)) = field::find(object, &[key]) {
        return format!("{}{raw}{}", &object[..old.start], &object[old.end..]);
    }
    let trimmed = object.trim_ascii();
    let Some(inner) = trimmed.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
        return object.to_owned();
    };
    let comma = if inner.trim_ascii().is_empty() { "" } else { "," };
    format!("{{{inner}{comma}{}:{raw}}}", quote(key))
}

/// The JSON text at the only member of that name; `null` counts as none.
pub(crate) fn member<'a>(object: &'a str, key: &str) -> Option<&'a str> {
    let raw = &object[field::find(object, &[key]).ok()??];
    (raw != "null").then_some(raw)
}

/// The members of an object in their order. Reading fails for anything else, and if a name stands twice.
#[derive(Debug)]
pub(crate) struct Members<'a>(pub(crate) Vec<(Cow<'a, str>, &'a str)>);

impl<'a> Members<'a> {
    pub(crate) fn read(raw: &'a str) -> Option<Self> {
        serde_json::from_str(raw).ok()
    }
}

/// A name, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Collect)
    }
}

struct Collect;

impl<'de> Visitor<'de> for Collect {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some((Name(name), value)) = map.next_entry::<Name<'de>, &'de RawValue>()? {
            members.push((name, value.get()));
        }
        let mut seen = HashSet::with_capacity(members.len());
        if members.iter().all(|(name, _)| seen.insert(name)) {
            return Ok(Members(members));
        }
        Err(A::Error::custom("a name stands twice"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_written_in_the_order_of_its_members() {
        assert_eq!(Object::new().end(), "{}");
        let written =
            Object::new().with("a\"", "[1]").with_text("b", "\n").with_some("c", None).with_some("d", Some("0"));
        assert_eq!(written.end(), r#"{"a\"":[1],"b":"\n","d":0}"#);
    }

    #[test]
    fn a_member_is_added_last_or_takes_the_place_of_its_name() {
        for (object, expect) in [
            ("{}", r#"{"k":1}"#),
            (" { } ", r#"{ "k":1}"#),
            (r#"{"a" : 2 }"#, r#"{"a" : 2 ,"k":1}"#),
            (r#"{"k":{"x":0},"a":2}"#, r#"{"k":1,"a":2}"#),
            ("[]", "[]"),
        ] {
            assert_eq!(with_member(object, "k", "1"), expect);
        }
    }

    #[test]
    fn members_are_read_in_order_and_only_once_each() {
        let Members(members) = Members::read(r#"{"b":[ 1 ],"\u0061":{}}"#).unwrap();
        assert_eq!(members, [(Cow::from("b"), "[ 1 ]"), (Cow::from("a"), "{}")]);
        for raw in ["[]", "1", "", "{", r#"{"a":1,"\u0061":2}"#, "{} {}", r#"{"\ud800":1}"#] {
            assert!(Members::read(raw).is_none(), "{raw}");
        }
    }
}
