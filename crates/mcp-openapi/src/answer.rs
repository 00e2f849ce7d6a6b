//! What an MCP answer is in REST: the text of a body.

use mcp_jsonrpc::{Message, field, quote};

use crate::object::{Object, member, with_member};

/// A server in the list of servers.
#[derive(Clone, Copy, Debug)]
pub struct Listed<'a> {
    /// Its name.
    pub name: &'a str,
    /// Where it is, if it is reached by a URL; the caller takes secrets out of it.
    pub url: Option<&'a str>,
    /// The word for how it is reached: `http`, `sse`, `stdio`, …
    pub kind: &'a str,
}

/// The body that lists servers.
#[must_use]
pub fn servers(listed: &[Listed<'_>]) -> String {
    let one = |server: &Listed<'_>| {
        let name = Object::new().with_text("name", server.name);
        name.with_some("url", server.url.map(quote).as_deref()).with_text("type", server.kind).end()
    };
    let all: Vec<_> = listed.iter().map(one).collect();
    format!(r#"{{"servers":[{}],"count":{}}}"#, all.join(","), all.len())
}

/// A result (JSON text) that says which session it belongs to: `sessionId`, `null` for none.
#[must_use]
pub fn with_session(result: &str, session: Option<&str>) -> String {
    with_member(result, "sessionId", &session.map_or_else(|| "null".to_owned(), quote))
}

/// A result (JSON text) with what the server told on the way: `notifications`, each with its `method` and its `params`.
#[must_use]
pub fn with_notifications<'a>(result: &str, notes: impl IntoIterator<Item = &'a Message>) -> String {
    let told: Vec<_> = notes.into_iter().map(notification).collect();
    with_member(result, "notifications", &format!("[{}]", told.join(",")))
}

/// A notification as a plain object.
pub(crate) fn notification(note: &Message) -> String {
    Object::new().with_text("method", note.method().unwrap_or_default()).with_some("params", note.params()).end()
}

/// The body of an answer that is still to come: `call` is the path to ask at.
#[must_use]
pub fn running(call: &str) -> String {
    Object::new().with_text("status", "running").with_text("call", call).end()
}

/// The body of an error: its kind in a few words, and what happened.
#[must_use]
pub fn error(kind: &str, message: &str) -> String {
    Object::new().with_text("error", kind).with_text("message", message).end()
}

/// [`error`] for a JSON-RPC error (JSON text of its object), whose message, code and data pass unchanged.
#[must_use]
pub fn rpc_error(kind: &str, error: &str) -> String {
    let message = member(error, "message").filter(|raw| raw.starts_with('"'));
    let code = member(error, "code").filter(|raw| raw.parse::<i64>().is_ok());
    let object = Object::new().with_text("error", kind);
    let object = object.with("message", message.unwrap_or(r#""the server gave no message with its error""#));
    object.with_some("code", code).with_some("data", member(error, "data")).end()
}

/// [`error`] for a result (JSON text) that says `isError`: the message is the tool's own text, of which the
/// first 1 000 characters are taken, and `data` is the result.
#[must_use]
pub fn tool_error(kind: &str, result: &str) -> String {
    let content = member(result, "content").unwrap_or("[]");
    let places = field::elements(content, MOST_BLOCKS).unwrap_or_default();
    let texts = places.into_iter().filter_map(|place| field::unescape(member(&content[place], "text")?));
    let message: Vec<_> = texts.collect();
    let message: String = message.join("\n").chars().take(LONGEST_MESSAGE).collect();
    let message = if message.is_empty() { "the tool reports an error and gives no text" } else { &message };
    Object::new().with_text("error", kind).with_text("message", message).with("data", result).end()
}

/// How many blocks of content a message is made of.
const MOST_BLOCKS: usize = 100;
/// How many characters of text a message has.
const LONGEST_MESSAGE: usize = 1_000;

#[cfg(test)]
mod tests {
    use mcp_jsonrpc::Id;

    use super::*;

    #[test]
    fn servers_are_listed_with_a_count() {
        assert_eq!(servers(&[]), r#"{"servers":[],"count":0}"#);
        let http = Listed { name: "a", url: Some("http://x/mcp"), kind: "http" };
        let listed = [http, Listed { name: "b \"c\"", url: None, kind: "stdio" }];
        assert_eq!(
            servers(&listed),
            r#"{"servers":[{"name":"a","url":"http://x/mcp","type":"http"},{"name":"b \"c\"","type":"stdio"}],"count":2}"#
        );
    }

    #[test]
    fn a_result_gets_its_session_and_stays_what_it_is() {
        let result = r#"{"protocolVersion":"2025-06-18", "capabilities":{} }"#;
        let expect = |id| format!(r#"{{"protocolVersion":"2025-06-18", "capabilities":{{}} ,"sessionId":{id}}}"#);
        assert_eq!(with_session(result, Some("S1")), expect("\"S1\""));
        assert_eq!(with_session(result, None), expect("null"));
    }

    #[test]
    fn notifications_are_listed_in_order() {
        let first = Message::notification("notifications/progress", Some(r#"{"progress":1}"#));
        let second = Message::notification("notifications/x", None);
        assert_eq!(
            with_notifications("{}", [&first, &second]),
            r#"{"notifications":[{"method":"notifications/progress","params":{"progress":1}},{"method":"notifications/x"}]}"#
        );
        assert_eq!(with_notifications("{}", []), r#"{"notifications":[]}"#);
    }

    #[test]
    fn an_error_passes_with_message_code_and_data() {
        let rpc = Message::error_response(Some(&Id::from(1)), -32602, "bad \"x\"", Some(r#"{"a": 1.0}"#));
        assert_eq!(
            rpc_error("Tool execution failed", rpc.error().unwrap()),
            r#"{"error":"Tool execution failed","message":"bad \"x\"","code":-32602,"data":{"a": 1.0}}"#
        );
        for odd in ["{}", "[]", r#"{"code":1.5,"message":7}"#, r#"{"code":"1","data":null}"#] {
            let expect = r#"{"error":"k","message":"the server gave no message with its error"}"#;
            assert_eq!(rpc_error("k", odd), expect, "{odd}");
        }
        assert_eq!(error("Not found", "a\nb"), r#"{"error":"Not found","message":"a\nb"}"#);
    }

    #[test]
    fn a_tool_that_fails_says_so_itself() {
        let failed =
            r#"{"content":[{"type":"text","text":"no"},{"type":"image"},{"type":"text","text":"way"}],"isError":true}"#;
        let expect = format!(r#"{{"error":"Tool failed","message":"no\nway","data":{failed}}}"#);
        assert_eq!(tool_error("Tool failed", failed), expect);
        assert!(tool_error("k", r#"{"isError":true}"#).contains("gives no text"));
    }

    #[test]
    fn a_long_message_is_cut() {
        let failed = format!(r#"{{"content":[{{"text":"{}"}}],"isError":true}}"#, "ä".repeat(5_000));
        let message = tool_error("k", &failed);
        assert_eq!(field::unescape(member(&message, "message").unwrap()).unwrap(), "ä".repeat(LONGEST_MESSAGE));
    }

    #[test]
    fn a_running_call_says_where_to_ask() {
        assert_eq!(running("/api/mcp/a/calls/1"), r#"{"status":"running","call":"/api/mcp/a/calls/1"}"#);
    }
}
