//! URIs that say which server they are of, and where messages have them.

use std::{borrow::Cow, ops::Range};

use mcp_jsonrpc::{Message, field};
use mcp_protocol::{RESOURCE_URI_PATH, method};
use memchr::memmem;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What a URI starts with that says which server it is of.
const PREFIX: &str = "mcp-hub://";

/// How many URIs of one result are found.
const MAX_PLACES: usize = 10_000;

/// Every character but those that RFC 3986 leaves unreserved.
pub(crate) const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The URI of a server's resource by which it cannot be taken for another server's.
pub(crate) fn prefixed(server: &str, uri: &str) -> String {
    format!("{PREFIX}{}/{uri}", utf8_percent_encode(server, ENCODED))
}

/// The server's name and its own URI, if this is one that [`prefixed`] gave.
pub(crate) fn unprefixed(uri: &str) -> Option<(Cow<'_, str>, &str)> {
    let (server, uri) = uri.strip_prefix(PREFIX)?.split_once('/')?;
    Some((percent_decode_str(server).decode_utf8().ok()?, uri))
}

/// Where in the text of a response the URIs of its result stand (JSON strings), in order: in the content of a tool's
/// answer, in resources that were read, in the messages of a prompt. Links and embedded resources have one, and so has
/// every content of a resource. A modern task that was asked for (`method`) holds the result that it has come to.
///
/// Of more than 10 000 pieces of content, the first ones are looked at. Costs one search if there is no URI at all.
pub(crate) fn uris_in(response: &Message, method: &str) -> Vec<Range<usize>> {
    let Some(result) = response.result().filter(|text| memmem::find(text.as_bytes(), b"\"uri\"").is_some()) else {
        return Vec::new();
    };
    let Ok(Some(place)) = response.find(&["result"]) else { return Vec::new() };
    let mut found = Found { text: result, places: Vec::new() };
    let whole = 0..result.len();
    found.result(&whole);
    if method == method::TASKS_GET
        && let Some(come_to) = found.member(&whole, &["result"])
    {
        found.result(&come_to);
    }
    found.places.sort_unstable_by_key(|place| place.start);
    found.places.into_iter().map(|at| at.start + place.start..at.end + place.start).collect()
}

/// Where in the text of a notification the URI of the resource that has changed stands (a JSON string); `None` if it is
/// about something else.
pub(crate) fn uri_of_update(note: &Message) -> Option<Range<usize>> {
    if !note.is_method(method::RESOURCES_UPDATED) {
        return None;
    }
    let place = note.find(&RESOURCE_URI_PATH).ok()??;
    (note.text()[place.start] == b'"').then_some(place)
}

/// A result on its way to be gone through; all places are in its text.
struct Found<'a> {
    text: &'a str,
    places: Vec<Range<usize>>,
}

impl Found<'_> {
    /// Where the value at `path` of the object at `at` stands.
    fn member(&self, at: &Range<usize>, path: &[&str]) -> Option<Range<usize>> {
        let place = field::find(&self.text[at.clone()], path).ok()??;
        Some(at.start + place.start..at.start + place.end)
    }

    /// Goes through the result at `at`, of whatever request.
    fn result(&mut self, at: &Range<usize>) {
        self.each(at, "content", Found::content);
        self.each(at, "contents", |found, at| found.uri(&at, &["uri"]));
        self.each(at, "messages", |found, message| {
            if let Some(content) = found.member(&message, &["content"]) {
                found.one_or_many(content, Found::content);
            }
        });
    }

    /// Goes through the array under a name of the object at `at`.
    fn each(&mut self, at: &Range<usize>, name: &str, visit: fn(&mut Self, Range<usize>)) {
        let array = self.member(at, &[name]).filter(|place| self.text.as_bytes()[place.start] == b'[');
        if let Some(array) = array {
            self.one_or_many(array, visit);
        }
    }

    /// Goes through the elements of the array at `at`, or takes what is none for one.
    fn one_or_many(&mut self, at: Range<usize>, visit: fn(&mut Self, Range<usize>)) {
        if self.text.as_bytes()[at.start] != b'[' {
            return visit(self, at);
        }
        let elements = field::elements(&self.text[at.clone()], MAX_PLACES).unwrap_or_default();
        for element in elements.into_iter().take(MAX_PLACES) {
            visit(self, at.start + element.start..at.start + element.end);
        }
    }

    /// One piece of content: text, an image, a link, a resource.
    fn content(&mut self, at: Range<usize>) {
        let kind = self.member(&at, &["type"]).and_then(|place| field::unescape(&self.text[place]));
        match kind.as_deref() {
            Some("resource_link") => self.uri(&at, &["uri"]),
            Some("resource") => self.uri(&at, &["resource", "uri"]),
            _ => {}
        }
    }

    /// Notes the string at `path` of the object at `at`.
    fn uri(&mut self, at: &Range<usize>, path: &[&str]) {
        let place = self.member(at, path).filter(|place| self.text.as_bytes()[place.start] == b'"');
        if self.places.len() < MAX_PLACES {
            self.places.extend(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use mcp_jsonrpc::Id;
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(result: &str, expect: &[&str]) {
        check_of(method::TOOLS_CALL, result, expect);
    }

    #[track_caller]
    fn check_of(method: &str, result: &str, expect: &[&str]) {
        let text = format!(r#"{{ "result": {result} , "jsonrpc":"2.0","id":1}}"#);
        let message = Message::parse(Bytes::from(text)).unwrap();
        let found = uris_in(&message, method);
        let found: Vec<_> = found.into_iter().map(|at| std::str::from_utf8(&message.text()[at]).unwrap()).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn links_and_resources_in_content_have_a_uri() {
        check(
            r#"{"content":[{"type":"text","text":"\"uri\"","uri":"x"}, {"uri":"a:\/b" ,"type":"resource_link"},
                {"type":"resource","uri":"y","resource":{"text":"t","uri": "c"}},{"type":"image","uri":"z"}],"uri":"z"}"#,
            &[r#""a:\/b""#, r#""c""#],
        );
    }

    #[test]
    fn resources_that_were_read_and_messages_of_prompts_have_them_too() {
        check(r#"{"contents":[{"uri":"a","text":""},{"uri":"b","type":"text"},{"blob":""}]}"#, &[r#""a""#, r#""b""#]);
        check(
            r#"{"messages":[{"role":"user","content":{"type":"resource","resource":{"uri":"a"}}},
                {"content":[{"type":"resource_link","uri":"b"},{"type":"text","text":""}]}, {"content":"uri"}, 7],
                "content":[{"type":"resource_link","uri":"c"}]}"#,
            &[r#""a""#, r#""b""#, r#""c""#],
        );
    }

    #[test]
    fn a_task_that_was_asked_for_holds_a_result() {
        let task = r#"{"taskId":"1","result":{"content":[{"type":"resource_link","uri":"a"}]}}"#;
        check_of(method::TASKS_GET, task, &[r#""a""#]);
        check(task, &[]);
    }

    #[test]
    fn what_has_another_shape_has_none() {
        for result in [
            r#"{"uri":"a"}"#,
            r#"{"content":{"type":"resource_link","uri":"a"}}"#,
            r#"{"content":[{"type":"resource_link","uri":7},{"type":"resource","resource":[]},{"uri":"a"}]}"#,
            r#"{"content":[{"type":"resource_link","uri":"a","uri":"b"}]}"#,
            r#"{"contents":[{"uri":"a"}],"contents":[{"uri":"b"}]}"#,
            r#"["uri"]"#,
            r#""uri""#,
            "{}",
        ] {
            check(result, &[]);
        }
        let refused = Message::error_response(Some(&Id::from(1)), 1, "no", Some(r#"{"uri":"a"}"#));
        assert!(uris_in(&refused, method::TOOLS_CALL).is_empty());
    }

    #[test]
    fn so_many_uris_are_found_and_no_more() {
        for count in [MAX_PLACES, MAX_PLACES + 1] {
            let contents = vec![r#"{"uri":""}"#; count].join(",");
            let response = Message::response(&Id::from(1), &format!(r#"{{"contents":[{contents}]}}"#));
            assert_eq!(uris_in(&response, method::RESOURCES_READ).len(), MAX_PLACES);
        }
    }

    #[test]
    fn an_update_names_its_resource() {
        let find = |method, params| {
            let note = Message::notification(method, Some(params));
            uri_of_update(&note).map(|at| note.text().slice(at))
        };
        let uri = Some(Bytes::from_static(br#""a""#));
        assert_eq!(find(method::RESOURCES_UPDATED, r#"{"_meta":{}, "uri" : "a" }"#), uri);
        assert_eq!(find(method::RESOURCES_UPDATED, r#"{"uri":7}"#), None);
        assert_eq!(find(method::RESOURCES_UPDATED, "{}"), None);
        assert_eq!(find(method::MESSAGE, r#"{"uri":"a"}"#), None);
    }

    #[test]
    fn a_uri_says_which_server_it_is_of() {
        assert_eq!(prefixed("my files/é", "file:///a?b#c"), "mcp-hub://my%20files%2F%C3%A9/file:///a?b#c");
        for other in ["", "file:///a", "mcp-hub:", "mcp-hub://files", "mcp-hub://%ff/a", "MCP-HUB://a/b"] {
            assert_eq!(unprefixed(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn what_is_prefixed_comes_back(server in ".*", uri in ".*") {
            let prefixed = prefixed(&server, &uri);
            prop_assert_eq!(unprefixed(&prefixed), Some((Cow::Owned(server), &*uri)));
        }
    }
}
