//! A legacy result, made a modern one.

use std::{
    fmt::{self, Write as _},
    ops::Range,
};

use mcp_jsonrpc::{Edit, Message, field};

use super::cache::{CacheHints, CacheScope};
use crate::{ResultType, meta};

/// The response of a legacy server as modern clients are given it: its result says that it is complete, how it may be
/// cached if `cache` is given, and who answers (JSON text) if that is known. What it says already stays as it is, byte for
/// byte. An error, and a result that is no object, is left alone.
#[must_use]
pub fn completed(response: &Message, cache: Option<CacheHints>, server_info: Option<&str>) -> Message {
    const NAMES: [&str; 4] = ["resultType", "ttlMs", "cacheScope", meta::META];
    let (Ok(Some(place)), Some(result)) = (response.find(&["result"]), response.result()) else {
        return response.clone();
    };
    let Ok(Some([kind, ttl, scope, old_meta])) = response.pick(&["result"], NAMES) else { return response.clone() };
    if !result.starts_with('{') {
        return response.clone();
    }
    let text = |at: &Range<usize>| &result[at.start - place.start..at.end - place.start];
    let mut head = String::new();
    let mut add = |member: fmt::Arguments<'_>| {
        let comma = if head.is_empty() { "" } else { "," };
        // Writing into memory has no way to fail.
        let _ = write!(head, "{comma}{member}");
    };
    if let (None, Some(word)) = (&kind, ResultType::Complete.as_str()) {
        add(format_args!(r#""resultType":"{word}""#));
    }
    // A question is never cached.
    let is_complete = kind.is_none_or(|at| Some(text(&at).trim_matches('"')) == ResultType::Complete.as_str());
    if let Some(hints) = cache.filter(|_| is_complete) {
        if ttl.is_none() {
            add(format_args!("{}", hints.ttl()));
        }
        if scope.is_none() {
            add(format_args!("{}", hints.scope()));
        }
    }
    if let (None, Some(info)) = (&old_meta, server_info) {
        add(format_args!(r#""{}":{{"{}":{info}}}"#, meta::META, meta::SERVER_INFO));
    }
    let in_meta = old_meta.zip(server_info).and_then(|(at, info)| Some((at.start + 1, into_meta(text(&at), info)?)));
    if !head.is_empty() && has_members(result) {
        head.push(',');
    }
    let start = place.start + 1;
    let first = Edit { at: start..start, with: &head };
    match &in_meta {
        None => response.spliced(&[first]),
        Some((at, text)) => response.spliced(&[first, Edit { at: *at..*at, with: text }]),
    }
}

/// What to put at the beginning of a `_meta` that does not say who answers.
fn into_meta(old: &str, info: &str) -> Option<String> {
    if !old.starts_with('{') || field::find(old, &[meta::SERVER_INFO]) != Ok(None) {
        return None;
    }
    let comma = if has_members(old) { "," } else { "" };
    Some(format!(r#""{}":{info}{comma}"#, meta::SERVER_INFO))
}

/// Whether an object has any.
fn has_members(object: &str) -> bool {
    !object[1..].trim_ascii_start().starts_with('}')
}

impl CacheHints {
    /// What is known of a result whose server says nothing: nobody may keep it.
    pub const NONE: Self = Self { ttl_ms: 0, scope: CacheScope::Private };
}

#[cfg(test)]
mod tests {
    use mcp_jsonrpc::Id;

    use super::*;

    #[track_caller]
    fn check(result: &str, cache: Option<CacheHints>, info: Option<&str>, expect: &str) {
        let response = Message::response(&Id::from(1), result);
        assert_eq!(completed(&response, cache, info).result(), Some(expect));
    }

    #[test]
    fn what_is_missing_is_added_in_front() {
        check("{}", None, None, r#"{"resultType":"complete"}"#);
        check(r#"{ "a":1.0 }"#, None, None, r#"{"resultType":"complete", "a":1.0 }"#);
        check(
            r#"{"tools":[]}"#,
            Some(CacheHints::NONE),
            Some(r#"{"name":"s"}"#),
            r#"{"resultType":"complete","ttlMs":0,"cacheScope":"private","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s"}},"tools":[]}"#,
        );
        check(
            r#"{"_meta":{"v/a":1},"x":2}"#,
            None,
            Some("{}"),
            r#"{"resultType":"complete","_meta":{"io.modelcontextprotocol/serverInfo":{},"v/a":1},"x":2}"#,
        );
        check(
            r#"{"_meta":{}}"#,
            None,
            Some("7"),
            r#"{"resultType":"complete","_meta":{"io.modelcontextprotocol/serverInfo":7}}"#,
        );
    }

    #[test]
    fn what_is_there_stays() {
        let full = r#"{"resultType":"complete","ttlMs":5,"cacheScope":"public","_meta":{"io.modelcontextprotocol/serverInfo":{}}}"#;
        check(full, Some(CacheHints::NONE), Some("1"), full);
        check(
            r#"{"resultType":"complete","ttlMs":5}"#,
            Some(CacheHints::NONE),
            None,
            r#"{"cacheScope":"private","resultType":"complete","ttlMs":5}"#,
        );
        let question = r#"{"resultType":"input_required","requestState":"s"}"#;
        check(question, Some(CacheHints::NONE), None, question);
        check("[1]", Some(CacheHints::NONE), Some("1"), "[1]");
        let error = Message::error_response(Some(&Id::from(1)), -1, "no", None);
        assert_eq!(completed(&error, None, None).to_bytes(), error.to_bytes());
    }
}
