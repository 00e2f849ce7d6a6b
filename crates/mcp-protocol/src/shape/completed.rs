//! A legacy result, made a modern one.

use mcp_jsonrpc::{Edit, Message, field};

use super::cache::{CacheHints, CacheScope};
use crate::{ResultType, meta};

/// The response of a legacy server as modern clients are given it: its result says that it is complete, how it may be
/// cached if `cache` is given, and who answers (JSON text) if that is known. What it says already stays as it is, byte for
/// byte. An error, and a result that is no object, is left alone.
#[must_use]
pub fn completed(response: &Message, cache: Option<CacheHints>, server_info: Option<&str>) -> Message {
    let (Ok(Some(place)), Some(result)) = (response.find(&["result"]), response.result()) else {
        return response.clone();
    };
    let Ok(members) = field::members(result) else { return response.clone() };
    if !result.starts_with('{') {
        return response.clone();
    }
    let value = |name: &str| {
        let member =
            members.iter().find(|it| field::unescape(&result[it.key.clone()]).is_some_and(|key| key == name))?;
        Some(member.value.clone())
    };
    let mut added = Vec::new();
    let kind = value("resultType");
    if kind.is_none() {
        added.extend(ResultType::Complete.as_str().map(|word| format!(r#""resultType":"{word}""#)));
    }
    // A question is never cached.
    let is_complete = kind.is_none_or(|at| Some(result[at].trim_matches('"')) == ResultType::Complete.as_str());
    if let Some(hints) = cache.filter(|_| is_complete) {
        if value("ttlMs").is_none() {
            added.push(hints.ttl());
        }
        if value("cacheScope").is_none() {
            added.push(hints.scope());
        }
    }
    let info = server_info.map(|info| format!(r#""{}":{info}"#, meta::SERVER_INFO));
    let old_meta = value(meta::META);
    let in_meta = match (&old_meta, &info) {
        (None, Some(info)) => {
            added.push(format!(r#""{}":{{{info}}}"#, meta::META));
            None
        }
        (Some(at), Some(info)) => into_meta(&result[at.clone()], info).map(|text| (at.start, text)),
        _ => None,
    };
    let comma = if members.is_empty() || added.is_empty() { "" } else { "," };
    let head = format!("{}{comma}", added.join(","));
    let mut edits = vec![Edit { at: place.start + 1..place.start + 1, with: &head }];
    if let Some((start, text)) = &in_meta {
        let at = place.start + start + 1;
        edits.push(Edit { at: at..at, with: text });
    }
    response.spliced(&edits)
}

/// What to put at the beginning of a `_meta` that does not say who answers.
fn into_meta(old: &str, info: &str) -> Option<String> {
    if !old.starts_with('{') || field::find(old, &[meta::SERVER_INFO]) != Ok(None) {
        return None;
    }
    let is_empty = field::members(old).is_ok_and(|members| members.is_empty());
    Some(format!("{info}{}", if is_empty { "" } else { "," }))
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
