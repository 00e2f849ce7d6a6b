//! An answer as a stream of events: what the server tells on the way, and the result last.

use mcp_jsonrpc::Message;
use mcp_protocol::method;

use crate::answer::notification;

/// One event. The data is JSON text on a single line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The type: `progress`, `log`, `message`, `input`, `result` or `error`.
    pub kind: &'static str,
    /// What it carries.
    pub data: String,
}

impl Event {
    /// A notification. Of progress and of a log message the event carries the params; of any other, which is a `message`,
    /// an object with `method` and `params`.
    #[must_use]
    pub fn note(note: &Message) -> Self {
        match (note.method(), note.params()) {
            (Some(method::PROGRESS), Some(params)) => Self::new("progress", params),
            (Some(method::MESSAGE), Some(params)) => Self::new("log", params),
            _ => Self::new("message", &notification(note)),
        }
    }

    /// The result (JSON text). Nothing comes after it.
    #[must_use]
    pub fn result(result: &str) -> Self {
        Self::new("result", result)
    }

    /// An error in the place of the result; `body` is the same that an answer without events has.
    #[must_use]
    pub fn error(body: &str) -> Self {
        Self::new("error", body)
    }

    /// The server wants input before it goes on; `body` is that of [`input_required`](crate::input_required). The stream
    /// ends with it, and the answers open another one.
    #[must_use]
    pub fn input(body: &str) -> Self {
        Self::new("input", body)
    }

    /// A raw newline in JSON is only ever white space between tokens.
    fn new(kind: &'static str, data: &str) -> Self {
        Self { kind, data: data.replace(['\n', '\r'], " ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(method: &str, params: Option<&str>, kind: &str, data: &str) {
        let event = Event::note(&Message::notification(method, params));
        assert_eq!((event.kind, event.data.as_str()), (kind, data));
    }

    #[test]
    fn each_kind_of_note_has_its_event() {
        check(method::PROGRESS, Some(r#"{"progress":1}"#), "progress", r#"{"progress":1}"#);
        check(method::MESSAGE, Some(r#"{"level":"info"}"#), "log", r#"{"level":"info"}"#);
        let other = method::TOOLS_LIST_CHANGED;
        check(other, None, "message", &format!(r#"{{"method":"{other}"}}"#));
        check("x", Some("[1]"), "message", r#"{"method":"x","params":[1]}"#);
    }

    #[test]
    fn data_is_one_line() {
        assert_eq!(Event::result("{\r\n\"a\":\"\\n\"\n}").data, "{  \"a\":\"\\n\" }");
        assert_eq!(Event::error("{}").kind, "error");
        assert_eq!(Event::input("{}").kind, "input");
    }
}
