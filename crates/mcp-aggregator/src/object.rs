//! Changes members of an object in its text, and leaves everything else as it is.

use std::{borrow::Cow, ops::Range};

use mcp_jsonrpc::{field, quote};

/// A part of a text and what comes in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Splice {
    /// In the offsets of the text as it was; an empty range inserts.
    pub(crate) at: Range<usize>,
    pub(crate) with: String,
}

/// The text of an object and what shall become of its members.
#[derive(Debug)]
pub(crate) struct Object<'a> {
    text: &'a str,
    members: Vec<Member<'a>>,
    added: Vec<(String, String)>,
}

#[derive(Debug)]
struct Member<'a> {
    /// `None` if Rust cannot hold it (half of a surrogate pair), so that nobody asks for it either.
    name: Option<Cow<'a, str>>,
    /// From the quote before the key to the end of the value.
    whole: Range<usize>,
    value: Range<usize>,
    fate: Fate,
}

#[derive(Debug, PartialEq, Eq)]
enum Fate {
    Kept,
    Set(String),
    Removed,
}

impl<'a> Object<'a> {
    /// Reads JSON text; `None` if it is no object.
    pub(crate) fn read(text: &'a str) -> Option<Self> {
        if !text.trim_ascii_start().starts_with('{') {
            return None;
        }
        let members = field::members(text).ok()?.into_iter().map(|field::Member { key, value }| Member {
            name: field::unescape(&text[key.clone()]),
            whole: key.start..value.end,
            value,
            fate: Fate::Kept,
        });
        Some(Self { text, members: members.collect(), added: Vec::new() })
    }

    /// Where the values of that name stand in the text that was read: none, one, or more where a key stands twice.
    pub(crate) fn places(&self, name: &str) -> impl Iterator<Item = Range<usize>> {
        let named = self.members.iter().filter(move |member| member.name.as_deref() == Some(name));
        named.map(|member| member.value.clone())
    }

    /// The JSON text of the value of that name as it was read, if there is exactly one.
    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        let mut places = self.places(name);
        places.next().filter(|_| places.next().is_none()).map(|place| &self.text[place])
    }

    /// Whether a key of that name stands there more than once.
    pub(crate) fn is_ambiguous(&self, name: &str) -> bool {
        self.places(name).nth(1).is_some()
    }

    /// The members as they were read, by name and JSON text.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.members.iter().filter_map(|member| Some((member.name.as_deref()?, &self.text[member.value.clone()])))
    }

    /// Gives the member `name` a value (JSON text): where it stood, or else at the end. If it stood twice it stands once
    /// now.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        let mut is_set = false;
        for member in self.members.iter_mut().filter(|member| member.name.as_deref() == Some(name)) {
            member.fate = match is_set {
                true => Fate::Removed,
                false if self.text[member.value.clone()] == *value => Fate::Kept,
                false => Fate::Set(value.to_owned()),
            };
            is_set = true;
        }
        if !is_set {
            self.added.retain(|(added, _)| added != name);
            self.added.push((name.to_owned(), value.to_owned()));
        }
    }

    /// Takes out every member of that name.
    pub(crate) fn remove(&mut self, name: &str) {
        for member in self.members.iter_mut().filter(|member| member.name.as_deref() == Some(name)) {
            member.fate = Fate::Removed;
        }
        self.added.retain(|(added, _)| added != name);
    }

    /// What has to be done to the text, in order and apart; nothing if nothing has changed.
    pub(crate) fn splices(&self) -> Vec<Splice> {
        let places: Vec<_> = self.members.iter().map(|member| member.whole.clone()).collect();
        let is_kept = |at: usize| self.members[at].fate != Fate::Removed;
        let mut splices = without(&places, is_kept);
        splices.extend(self.members.iter().filter_map(|member| match &member.fate {
            Fate::Set(value) => Some(Splice { at: member.value.clone(), with: value.clone() }),
            _ => None,
        }));
        splices.sort_by_key(|splice| splice.at.start);
        if !self.added.is_empty() {
            let end = places.last().map_or_else(|| self.text.find('{').map_or(0, |at| at + 1), |last| last.end);
            let added: Vec<_> = self.added.iter().map(|(name, value)| format!("{}:{value}", quote(name))).collect();
            let comma = if (0..places.len()).any(is_kept) { "," } else { "" };
            splices.push(Splice { at: end..end, with: format!("{comma}{}", added.join(",")) });
        }
        splices
    }

    /// The text with all changes made.
    pub(crate) fn write(&self) -> String {
        spliced(self.text, &self.splices())
    }
}

/// `text` with all splices made, which must be in order and apart.
pub(crate) fn spliced(text: &str, splices: &[Splice]) -> String {
    let mut out = String::with_capacity(text.len() + splices.iter().map(|splice| splice.with.len()).sum::<usize>());
    let mut from = 0;
    for splice in splices {
        out.push_str(&text[from..splice.at.start]);
        out.push_str(&splice.with);
        from = splice.at.end;
    }
    out.push_str(&text[from..]);
    out
}

/// Takes out of a list, of whose text the `places` of the entries are known, those that are not kept, each with one comma.
pub(crate) fn without(places: &[Range<usize>], is_kept: impl Fn(usize) -> bool) -> Vec<Splice> {
    let mut follows_kept = false;
    let mut splices = Vec::new();
    for (at, place) in places.iter().enumerate() {
        if is_kept(at) {
            follows_kept = true;
            continue;
        }
        // Behind one that stays, the comma before it goes along; else the one after it.
        let start = if follows_kept { places[at - 1].end } else { place.start };
        let end = if follows_kept { place.end } else { places.get(at + 1).map_or(place.end, |next| next.start) };
        splices.push(Splice { at: start..end, with: String::new() });
    }
    splices
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = r#" { "a" : 1 , "b":[2] ,"c":{"x":"}"} } "#;

    #[track_caller]
    fn check(text: &str, change: impl FnOnce(&mut Object<'_>), expect: &str) {
        let mut object = Object::read(text).unwrap();
        change(&mut object);
        assert_eq!(object.write(), expect);
    }

    #[test]
    fn what_goes_takes_one_comma_along() {
        check(TEXT, |it| it.remove("a"), r#" { "b":[2] ,"c":{"x":"}"} } "#);
        check(TEXT, |it| it.remove("b"), r#" { "a" : 1 ,"c":{"x":"}"} } "#);
        check(TEXT, |it| it.remove("c"), r#" { "a" : 1 , "b":[2] } "#);
        check(TEXT, |it| ["a", "b"].iter().for_each(|name| it.remove(name)), r#" { "c":{"x":"}"} } "#);
        check(TEXT, |it| ["a", "c"].iter().for_each(|name| it.remove(name)), r#" { "b":[2] } "#);
        check(TEXT, |it| ["b", "c"].iter().for_each(|name| it.remove(name)), r#" { "a" : 1 } "#);
        check(TEXT, |it| ["a", "b", "c"].iter().for_each(|name| it.remove(name)), " {  } ");
        check(TEXT, |it| it.remove("d"), TEXT);
    }

    #[test]
    fn what_is_new_stands_at_the_end_and_what_is_not_stays_where_it_is() {
        check(TEXT, |it| it.set("b", "7"), r#" { "a" : 1 , "b":7 ,"c":{"x":"}"} } "#);
        check(TEXT, |it| it.set("d\"", "7"), r#" { "a" : 1 , "b":[2] ,"c":{"x":"}"},"d\"":7 } "#);
        check("{}", |it| it.set("a", "1"), r#"{"a":1}"#);
        let both = |it: &mut Object<'_>| {
            it.remove("a");
            it.set("b", "1");
            it.set("b", "2");
            it.set("c", "3");
        };
        check(r#"{ "a":0 }"#, both, r#"{ "b":2,"c":3 }"#);
    }

    #[test]
    fn a_key_that_stands_twice_is_removed_twice_and_set_once() {
        let text = r#"{"a":1,"b":2,"\u0061":3}"#;
        check(text, |it| it.remove("a"), r#"{"b":2}"#);
        check(text, |it| it.set("a", "1"), r#"{"a":1,"b":2}"#);
        let object = Object::read(text).unwrap();
        assert!(object.is_ambiguous("a") && !object.is_ambiguous("b"));
        assert_eq!((object.get("a"), object.get("b")), (None, Some("2")));
    }

    #[test]
    fn what_is_no_object_is_not_read() {
        for text in ["", "[]", "null", "{", r#"{"a":1}}"#] {
            assert!(Object::read(text).is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_change_leaves_what_it_is_not_about(
            names in proptest::collection::vec("[a-e]", 0..6),
            removed in proptest::collection::vec("[a-e]", 0..3),
            set in proptest::collection::vec("[a-f]", 0..3),
        ) {
            let members: Vec<_> = names.iter().enumerate().map(|(at, name)| format!(" \"{name}\" :\t{at} ")).collect();
            let text = format!("{{{}}}", members.join(","));
            let mut object = Object::read(&text).unwrap();
            for name in &removed {
                object.remove(name);
            }
            for name in &set {
                object.set(name, "[]");
            }
            let after = object.write();
            let after = Object::read(&after).expect("still an object");
            for name in ["a", "b", "c", "d", "e", "f"] {
                let found: Vec<_> = after.members().filter(|member| member.0 == name).map(|member| member.1).collect();
                let before: Vec<_> = object.members().filter(|member| member.0 == name).map(|member| member.1).collect();
                if set.iter().any(|it| it == name) {
                    prop_assert_eq!(found, ["[]"]);
                } else if removed.iter().any(|it| it == name) {
                    prop_assert!(found.is_empty());
                } else {
                    prop_assert_eq!(found, before);
                }
            }
        }
    }
}
