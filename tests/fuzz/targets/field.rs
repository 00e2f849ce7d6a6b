//! Values at a path, elements, members and unescaped strings against a tree.
//!
//! Input: one line with the keys of the path, separated by `/`, then the JSON.
#![no_main]

use std::ops::Range;

use libfuzzer_sys::fuzz_target;
use mcp_fuzz::{depth, is_json, members, span};
use mcp_jsonrpc::{MAX_DEPTH, field, field::FieldError};
use serde_json::value::RawValue;

fuzz_target!(|input: &str| {
    let (line, json) = input.split_once('\n').unwrap_or(("", input));
    let path: Vec<_> = line.split('/').filter(|key| !key.is_empty()).collect();

    let found = field::find(json, &path);
    let elements = field::elements(json, usize::MAX);
    let all = field::members(json);
    let text = field::unescape(json);
    if let Ok(Some(place)) = &found {
        assert!(json.get(place.clone()).is_some(), "what is found can be cut out");
    }
    if !is_json(json) {
        assert!(elements.is_err() || !starts_with(json, '['), "a broken array has no elements");
        assert!(all.is_err() || !starts_with(json, '{'), "a broken object has no members");
        return;
    }
    if depth(json) <= MAX_DEPTH {
        assert_eq!(found, follow(json, &path));
        assert_eq!(elements, Ok(places_of_elements(json)));
        assert_eq!(all, Ok(places_of_members(json)));
    }
    if json.starts_with('"') && json.ends_with('"') {
        assert_eq!(text.as_deref(), serde_json::from_str::<String>(json).ok().as_deref());
    }
});

fn follow(json: &str, path: &[&str]) -> Result<Option<Range<usize>>, FieldError> {
    let mut at = json;
    for key in path {
        let Some(members) = members(at) else { return Ok(None) };
        let mut named = members.iter().filter(|member| member.name().as_deref() == Some(key));
        match (named.next(), named.next()) {
            (None, _) => return Ok(None),
            (Some(member), None) => at = member.value,
            (Some(_), Some(_)) => return Err(FieldError::Duplicate),
        }
    }
    Ok(Some(span(json.as_bytes(), at)))
}

fn places_of_elements(json: &str) -> Vec<Range<usize>> {
    let elements: Vec<&RawValue> = serde_json::from_str(json).unwrap_or_default();
    elements.iter().map(|element| span(json.as_bytes(), element.get())).collect()
}

fn places_of_members(json: &str) -> Vec<field::Member> {
    let place = |part| span(json.as_bytes(), part);
    let all = members(json).unwrap_or_default();
    all.iter().map(|member| field::Member { key: place(member.key), value: place(member.value) }).collect()
}

fn starts_with(json: &str, char: char) -> bool {
    json.trim_start_matches([' ', '\t', '\n', '\r']).starts_with(char)
}
