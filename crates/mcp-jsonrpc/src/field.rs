//! One value at a path, found without building anything.

use std::{
    borrow::Cow,
    ops::{
        ControlFlow::{self, Break, Continue},
        Range,
    },
};

use crate::{Id, scan::Scanner};

/// Why a path could not be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldError {
    /// A key on the path stands twice in its object, so two readers could see two values.
    #[error("a key on the way to the value stands twice in its object")]
    Duplicate,
    /// The text is not JSON.
    #[error("the text is not valid JSON")]
    Malformed,
}

/// Where one member of an object stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its key with the quotes, so that [`unescape`] reads it.
    pub key: Range<usize>,
    /// Its value.
    pub value: Range<usize>,
}

/// Where the value at `path` stands in `json`; `None` if there is no such key, or something on the way is no object.
///
/// Keys are compared by their bytes; one that is written with escapes is found under its plain name too.
///
/// # Errors
///
/// A key of the path that stands twice in its object is [`FieldError::Duplicate`], text that is no JSON is
/// [`FieldError::Malformed`]; neither is noticed where a key of the path occurs nowhere in the text. Never panics, whatever the
/// text.
pub fn find(json: &str, path: &[&str]) -> Result<Option<Range<usize>>, FieldError> {
    follow(json.as_bytes(), 0..json.len(), path, false)
}

/// [`find`] in a part of a larger text, which is known to be JSON; the answer is in the larger text's offsets.
pub(crate) fn find_in(text: &[u8], within: Range<usize>, path: &[&str]) -> Result<Option<Range<usize>>, FieldError> {
    follow(text, within, path, true)
}

/// Follows a path. In a text that is known to be JSON, what stands behind the last key that could be meant is not read.
fn follow(text: &[u8], within: Range<usize>, path: &[&str], is_json: bool) -> Result<Option<Range<usize>>, FieldError> {
    if path.iter().any(|name| is_missing(&text[within.clone()], name)) {
        return Ok(None);
    }
    let mut place = within;
    for name in path {
        match member(text, place, name, is_json)? {
            Some(found) => place = found,
            None => return Ok(None),
        }
    }
    Ok(Some(place))
}

/// Whether a text cannot have a key of that name, seen without a look at its grammar: most questions asked of a message are
/// about keys that it does not have.
pub(crate) fn is_missing(text: &[u8], name: &str) -> bool {
    // To prepare a search of a large text costs as much as a search of a small one.
    const SMALL: usize = 512;
    let name = name.as_bytes();
    let is_there = match name.first() {
        Some(first) if text.len() < SMALL => memchr::memchr_iter(*first, text).any(|at| text[at..].starts_with(name)),
        _ => memchr::memmem::find(text, name).is_some(),
    };
    !is_there && memchr::memchr(b'\\', text).is_none()
}

/// Where the value of the member `name` of the object at `within` stands.
fn member(text: &[u8], within: Range<usize>, name: &str, is_json: bool) -> Result<Option<Range<usize>>, FieldError> {
    let mut found = None;
    let end = within.end;
    each_member(text, within, is_json, |key, value| {
        if !is_named(&text[key], name) {
            return Ok(Continue(()));
        }
        let rest = value.end..end;
        if found.replace(value).is_some() {
            return Err(FieldError::Duplicate);
        }
        Ok(if is_json && is_missing(&text[rest], name) { Break(()) } else { Continue(()) })
    })?;
    Ok(found)
}

/// Where the values of the members `names` of the object at `within` stand, found in one go, in a part of a larger text that is
/// known to be JSON; none if there is no object.
pub(crate) fn pick_in<const N: usize>(
    text: &[u8],
    within: Range<usize>,
    names: [&str; N],
) -> Result<[Option<Range<usize>>; N], FieldError> {
    let mut found = [const { None }; N];
    each_member(text, within, true, |key, value| {
        let key = &text[key];
        let plain = names.iter().position(|name| key == name.as_bytes());
        match plain.or_else(|| names.iter().position(|name| is_escaped(key, name))) {
            Some(at) if found[at].replace(value).is_some() => Err(FieldError::Duplicate),
            _ => Ok(Continue(())),
        }
    })?;
    Ok(found)
}

/// The places of all members of the object `json`, in order, whatever stands twice; empty if it is no object.
///
/// # Errors
///
/// [`FieldError::Malformed`] if the text is not JSON.
pub fn members(json: &str) -> Result<Vec<Member>, FieldError> {
    let mut places = Vec::new();
    let end = each_member(json.as_bytes(), 0..json.len(), false, |key, value| {
        places.push(Member { key: key.start - 1..key.end + 1, value });
        Ok(Continue(()))
    })?;
    match end.map(|end| json[end..].trim_start_matches([' ', '\t', '\n', '\r'])) {
        Some(rest) if !rest.is_empty() => Err(FieldError::Malformed),
        _ => Ok(places),
    }
}

/// Calls `each` with the places of key (without quotes) and value of every member of the object at `within`, until it has enough.
/// Gives the place behind the last one or the object; `None` if there is no object.
fn each_member(
    text: &[u8],
    within: Range<usize>,
    is_json: bool,
    mut each: impl FnMut(Range<usize>, Range<usize>) -> Result<ControlFlow<()>, FieldError>,
) -> Result<Option<usize>, FieldError> {
    let malformed = |_| FieldError::Malformed;
    let mut scanner = Scanner::new(&text[..within.end]);
    scanner.at = within.start;
    scanner.space();
    if scanner.peek() != Some(b'{') {
        return Ok(None);
    }
    scanner.at += 1;
    scanner.space();
    if scanner.peek() == Some(b'}') {
        return Ok(Some(scanner.at + 1));
    }
    loop {
        let key = if is_json { scanner.known_key() } else { scanner.key() }.map_err(malformed)?;
        scanner.space();
        let start = scanner.at;
        if is_json { scanner.known_value() } else { scanner.value(1) }.map_err(malformed)?;
        if each(key, start..scanner.at)?.is_break() {
            return Ok(Some(scanner.at));
        }
        scanner.space();
        if scanner.peek() == Some(b'}') {
            return Ok(Some(scanner.at + 1));
        }
        scanner.expect(b',').map_err(malformed)?;
        scanner.space();
    }
}

/// The places of the elements of the array `json`, of at most `limit` and one more, which shows that there are too many;
/// empty if it is no array.
///
/// # Errors
///
/// [`FieldError::Malformed`] if the text is not JSON.
pub fn elements(json: &str, limit: usize) -> Result<Vec<Range<usize>>, FieldError> {
    let malformed = |_| FieldError::Malformed;
    let mut scanner = Scanner::new(json.as_bytes());
    let mut places = Vec::new();
    scanner.space();
    if scanner.peek() != Some(b'[') {
        return Ok(places);
    }
    scanner.at += 1;
    scanner.space();
    while places.is_empty() && scanner.peek() != Some(b']') || scanner.peek() == Some(b',') {
        scanner.at += usize::from(!places.is_empty());
        scanner.space();
        let start = scanner.at;
        scanner.value(0).map_err(malformed)?;
        places.push(start..scanner.at);
        if limit < places.len() {
            return Ok(places);
        }
        scanner.space();
    }
    scanner.expect(b']').map_err(malformed)?;
    scanner.space();
    if scanner.at == json.len() { Ok(places) } else { Err(FieldError::Malformed) }
}

/// The content of a JSON string; `None` if `raw` is no string, or holds half of a surrogate pair, which Rust cannot.
#[must_use]
pub fn unescape(raw: &str) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if memchr::memchr2(b'\\', b'"', inner.as_bytes()).is_none() {
        return Some(Cow::Borrowed(inner));
    }
    serde_json::from_str(raw).ok().map(Cow::Owned)
}

/// The id of a JSON-RPC object of which only the beginning is known: found if it stands before what is cut off. A text that
/// has a method is no response, and gives none.
pub(crate) fn leading_id(head: &[u8]) -> Option<Id> {
    let mut scanner = Scanner::new(head);
    scanner.space();
    scanner.expect(b'{').ok()?;
    loop {
        scanner.space();
        let key = scanner.key().ok()?;
        scanner.space();
        let start = scanner.at;
        match &head[key] {
            b"method" => return None,
            // A value that touches the cut may go on behind it.
            b"id" => {
                scanner.value(1).ok()?;
                return (scanner.at < head.len()).then(|| read_id(&head[start..scanner.at]))?;
            }
            _ => scanner.value(1).ok()?,
        }
        scanner.space();
        scanner.expect(b',').ok()?;
    }
}

/// The id of a JSON-RPC object of which only the end is known: found if it is the last member.
///
/// Quotes inside of strings are escaped, and one brace behind the value closes the object itself, so what looks like its
/// last member is.
pub(crate) fn trailing_id(tail: &[u8]) -> Option<Id> {
    const KEY: &[u8] = b"\"id\"";
    let object = tail.trim_ascii_end().strip_suffix(b"}")?;
    let at = memchr::memmem::rfind(object, KEY)?;
    let before = object[..at].trim_ascii_end().last()?;
    let value = object[at + KEY.len()..].trim_ascii_start().strip_prefix(b":")?;
    matches!(before, b',' | b'{').then(|| read_id(value.trim_ascii()))?
}

fn read_id(raw: &[u8]) -> Option<Id> {
    Id::parse(std::str::from_utf8(raw).ok()?)
}

fn is_named(key: &[u8], name: &str) -> bool {
    key == name.as_bytes() || is_escaped(key, name)
}

/// Whether `key` is `name`, written with escapes.
fn is_escaped(key: &[u8], name: &str) -> bool {
    key.contains(&b'\\')
        && std::str::from_utf8(key).is_ok_and(|key| unescape(&format!("\"{key}\"")).is_some_and(|key| key == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, path: &[&str], expect: Result<Option<&str>, FieldError>) {
        assert_eq!(find(json, path).map(|place| place.map(|place| &json[place])), expect);
    }

    #[test]
    fn a_value_is_found_wherever_it_stands() {
        let json = r#"{ "a" : [1, {"b": 0}] , "b": {"c" : "x\"}" , "d":null }, "e": -1.5e3 }"#;
        check(json, &["b", "c"], Ok(Some(r#""x\"}""#)));
        check(json, &["b", "d"], Ok(Some("null")));
        check(json, &["e"], Ok(Some("-1.5e3")));
        check(json, &[], Ok(Some(json)));
        check(json, &["b", "x"], Ok(None));
        check(json, &["a", "b"], Ok(None));
        check("{}", &["a"], Ok(None));
    }

    #[test]
    fn a_key_on_the_way_may_not_stand_twice() {
        check(r#"{"a":1,"a":2}"#, &["a"], Err(FieldError::Duplicate));
        check(r#"{"a":1,"\u0061":2}"#, &["a"], Err(FieldError::Duplicate));
        check(r#"{"b":1,"b":2,"a":3}"#, &["a"], Ok(Some("3")));
    }

    #[test]
    fn an_escaped_key_is_the_same_key() {
        check(r#"{"n\u0061me":1}"#, &["name"], Ok(Some("1")));
    }

    #[test]
    fn garbage_is_an_error_and_no_panic() {
        for json in [r#"{"a"#, r#"{"a"}"#, r#"{"a":}"#, r#"{"a":1"#, r#"{"a":1,}"#, "{a:1}"] {
            check(json, &["a"], Err(FieldError::Malformed));
        }
        for json in ["", "{", r#"{"b":}"#] {
            check(json, &["a"], Ok(None));
        }
    }

    #[test]
    fn elements_are_found_in_order() {
        let json = r#" [ 1 , "a,]" , [2], {} ] "#;
        let found: Vec<_> = elements(json, 9).unwrap().into_iter().map(|place| &json[place]).collect();
        assert_eq!(found, ["1", "\"a,]\"", "[2]", "{}"]);
        assert_eq!(elements("[1,2,3,4", 2).unwrap().len(), 3);
        assert!(elements("[]", 9).unwrap().is_empty());
        assert!(elements("{}", 9).unwrap().is_empty());
        assert_eq!(elements("[1,]", 9), Err(FieldError::Malformed));
    }

    #[test]
    fn members_are_found_in_order_whatever_stands_twice() {
        let json = r#" { "a" : 1 , "b\"":{"c":[]},"a":"x"} "#;
        let found: Vec<_> = members(json).unwrap().into_iter().map(|at| (&json[at.key], &json[at.value])).collect();
        assert_eq!(found, [(r#""a""#, "1"), (r#""b\"""#, r#"{"c":[]}"#), (r#""a""#, r#""x""#)]);
        for none in ["{}", " { } ", "[1]", "7", ""] {
            assert_eq!(members(none), Ok(Vec::new()), "{none}");
        }
        for garbage in ["{", r#"{"a":1"#, r#"{"a":1,}"#, r#"{"a":1} x"#, "{}}"] {
            assert_eq!(members(garbage), Err(FieldError::Malformed), "{garbage}");
        }
    }

    #[test]
    fn half_a_surrogate_pair_is_no_content() {
        assert_eq!(unescape(r#""\ud800""#), None);
        assert_eq!(unescape(r#""\ud83d\ude00""#).as_deref(), Some("\u{1f600}"));
        assert_eq!(unescape("7"), None);
        assert_eq!(unescape(r#""a"b""#), None);
    }
}
