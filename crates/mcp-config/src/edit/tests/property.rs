//! Whatever a file looks like, every edit does what it should and nothing else.

use std::{ops::Range, slice};

use jsonc_parser::common::Ranged;
use proptest::prelude::*;

use super::*;

/// A value, written as the bytes of a tape say: spaces, lines, comments (each with its own number), trailing commas.
pub(crate) struct Written<'a> {
    text: String,
    tape: slice::Iter<'a, u8>,
    comments: usize,
}

impl<'a> Written<'a> {
    pub(crate) fn file(root: &Json, tape: &'a [u8]) -> String {
        let mut written = Self { text: String::new(), tape: tape.iter(), comments: 0 };
        written.space(true);
        written.value(root);
        written.space(true);
        written.text
    }

    fn next(&mut self) -> u8 {
        self.tape.next().copied().unwrap_or_default()
    }

    fn space(&mut self, lines: bool) {
        let kind = self.next();
        let mark = format!("<{}>", self.comments);
        self.comments += usize::from(kind >= 5);
        let space = match kind {
            2 => " ".to_owned(),
            3 if lines => "\n    ".to_owned(),
            4 if lines => "\n\n".to_owned(),
            6 if lines => format!(" // {mark}\n"),
            7 if lines => format!("\n// {mark}\n  "),
            8 if lines => format!("\n/* {mark}\n */\n"),
            5.. => format!(" /* {mark} */"),
            _ => String::new(),
        };
        self.text.push_str(&space);
    }

    fn value(&mut self, value: &Json) {
        match value {
            Json::Array(elements) => self.list('[', ']', elements, Self::value),
            Json::Object(members) => self.list('{', '}', members, |this, (name, value)| {
                this.text += &json::pretty(Json::String(name.clone()));
                this.space(true);
                this.text.push(':');
                this.space(true);
                this.value(value);
            }),
            leaf => self.text += &json::pretty(leaf.clone()),
        }
    }

    fn list<T>(&mut self, open: char, close: char, items: &[T], write: impl Fn(&mut Self, &T)) {
        self.text.push(open);
        self.space(true);
        for (index, item) in items.iter().enumerate() {
            write(self, item);
            self.space(false);
            if index + 1 < items.len() || self.next() > 5 {
                self.text.push(',');
                self.space(true);
            }
        }
        self.text.push(close);
    }
}

fn member_map(value: impl Strategy<Value = Json> + Clone) -> impl Strategy<Value = Vec<(String, Json)>> {
    let map = proptest::collection::btree_map("[ab\"é]", value, 0..4);
    map.prop_map(|map| map.into_iter().collect())
}

fn value() -> impl Strategy<Value = Json> + Clone {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        any::<i8>().prop_map(|it| Json::Number(it.to_string())),
        "[x/\n\\\\]{0,3}".prop_map(Json::String),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Json::Array),
            member_map(inner).prop_map(Json::Object),
        ]
    })
    .boxed()
}

fn servers() -> impl Strategy<Value = Vec<(String, Json)>> {
    let entry = member_map(value()).prop_map(Json::Object);
    proptest::collection::btree_map("[p-s]", entry, 0..5).prop_map(|map| map.into_iter().collect())
}

/// The comments in a text, in their order.
fn comments(text: &str) -> Vec<&str> {
    text.split('<').skip(1).filter_map(|rest| rest.split_once('>')).map(|(number, _)| number).collect()
}

/// Where the value of a server stands in a text.
fn place(text: &str, server: &str) -> Option<Range<usize>> {
    let root = jsonc::parse(text).unwrap()?;
    let range = root.as_object()?.get_object("mcpServers")?.get(server)?.range();
    Some(range.start..range.end)
}

/// The text without the lines that the server stands on.
fn without_lines(text: &str, server: &str) -> String {
    let Some(place) = place(text, server) else { return text.to_owned() };
    let from = text[..place.start].rfind('\n').unwrap_or(0);
    let to = text[place.end..].find('\n').map_or(text.len(), |at| place.end + at);
    format!("{}{}", &text[..from], &text[to..])
}

fn file_value(text: &str) -> Vec<(String, Json)> {
    let Ok(Json::Object(members)) = json::read(text, Comments::Allowed) else { panic!("no object: {text}") };
    members
}

/// The value as text in which the order of members does not show.
fn sorted(value: &Json) -> String {
    match value {
        Json::Object(members) => {
            let mut members: Vec<_> =
                members.iter().map(|(name, value)| format!("{name:?}:{}", sorted(value))).collect();
            members.sort();
            format!("{{{}}}", members.join(","))
        }
        Json::Array(elements) => format!("{:?}", elements.iter().map(sorted).collect::<Vec<_>>()),
        leaf => format!("{leaf:?}"),
    }
}

fn with_servers(before: &[(String, Json)], servers: &[(String, Json)], after: &[(String, Json)]) -> Json {
    let section = ("mcpServers".to_owned(), Json::Object(servers.to_vec()));
    Json::Object(before.iter().cloned().chain([section]).chain(after.iter().cloned()).collect())
}

fn changed(servers: &[(String, Json)], name: &str, entry: Option<&Json>) -> Vec<(String, Json)> {
    let others = servers.iter().filter(|(it, _)| it != name).cloned();
    others.chain(entry.map(|entry| (name.to_owned(), entry.clone()))).collect()
}

fn is_in(part: &[&str], whole: &[&str]) -> bool {
    let mut whole = whole.iter();
    part.iter().all(|comment| whole.any(|it| it == comment))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn every_edit_gives_the_wanted_value_and_keeps_the_comments_elsewhere(
        before in member_map(value()),
        servers in servers(),
        after in proptest::collection::btree_map("[x-z]", value(), 0..3),
        tape in proptest::collection::vec(0..9_u8, 0..150),
        name in "[p-t]",
        entry in member_map(value()).prop_map(Json::Object),
        all in servers(),
    ) {
        let after: Vec<_> = after.into_iter().collect();
        let text = Written::file(&with_servers(&before, &servers, &after), &tape);
        let check = |result: &str, wanted: &[(String, Json)]| {
            let wanted = sorted(&with_servers(&before, wanted, &after));
            prop_assert_eq!(sorted(&Json::Object(file_value(result))), wanted, "{}\n→\n{}", &text, result);
            Ok(())
        };

        let set = set_server(&text, &name, &json::pretty(entry.clone())).unwrap();
        check(&set, &changed(&servers, &name, Some(&entry)))?;
        if let Some(place) = place(&text, &name) {
            let (head, tail) = (&text[..place.start], &text[place.end..]);
            prop_assert!(set.starts_with(head) && set.ends_with(tail), "{}\n→\n{}", &text, &set);
        } else {
            prop_assert_eq!(comments(&text), comments(&set), "{}\n→\n{}", &text, &set);
        }

        match remove_server(&text, &name) {
            Ok(removed) => {
                check(&removed, &changed(&servers, &name, None))?;
                let kept = without_lines(&text, &name);
                prop_assert!(is_in(&comments(&kept), &comments(&removed)), "{}\n→\n{}", &text, &removed);
            }
            Err(error) => prop_assert_eq!(error, EditError::NoServer(name)),
        }

        let replaced = replace_servers(&text, &json::pretty(Json::Object(all.clone()))).unwrap();
        check(&replaced, &all)?;
        for (name, entry) in &servers {
            let equal = all.iter().any(|(it, wanted)| it == name && sorted(wanted) == sorted(entry));
            if let (true, Some(place)) = (equal, place(&text, name)) {
                prop_assert!(replaced.contains(&text[place]), "{}\n→\n{}", &text, &replaced);
            }
        }

        let same = replace_servers(&text, &json::pretty(Json::Object(servers))).unwrap();
        prop_assert_eq!(same, text);
    }
}
