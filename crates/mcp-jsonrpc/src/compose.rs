//! New messages, written as text.

use bytes::Bytes;

use crate::{Id, Message, scan::envelope::Member};

impl Message {
    /// A request. `params` is JSON text and is taken as it is.
    #[must_use]
    pub fn request(id: &Id, method: &str, params: Option<&str>) -> Self {
        composed([
            Some((Member::Id, id.as_str())),
            Some((Member::Method, &quote(method))),
            params.map(|it| (Member::Params, it)),
        ])
    }

    /// A notification. `params` is JSON text and is taken as it is.
    #[must_use]
    pub fn notification(method: &str, params: Option<&str>) -> Self {
        composed([Some((Member::Method, &quote(method))), params.map(|it| (Member::Params, it)), None])
    }

    /// A successful response. `result` is JSON text and is taken as it is.
    #[must_use]
    pub fn response(id: &Id, result: &str) -> Self {
        composed([Some((Member::Id, id.as_str())), Some((Member::Result, result)), None])
    }

    /// An error response; without an id it says `null`, as for a request whose id could not be read. `data` is JSON text
    /// and is taken as it is.
    #[must_use]
    pub fn error_response(id: Option<&Id>, code: i64, message: &str, data: Option<&str>) -> Self {
        let data = data.map(|data| format!(",\"data\":{data}")).unwrap_or_default();
        let error = format!("{{\"code\":{code},\"message\":{}{data}}}", quote(message));
        composed([Some((Member::Id, id.map_or("null", Id::as_str))), Some((Member::Error, &error)), None])
    }
}

/// `text` as a JSON string, quotes included.
#[must_use]
pub fn quote(text: &str) -> String {
    // Writing a string into memory has no way to fail; an empty string would still be valid JSON text.
    serde_json::to_string(text).unwrap_or_else(|_| "\"\"".to_owned())
}

/// Writes the members in order and notes where they stand, which spares reading the text again.
fn composed(members: [Option<(Member, &str)>; 3]) -> Message {
    let length: usize = members.iter().flatten().map(|(_, value)| value.len() + 12).sum();
    let mut text = String::with_capacity(20 + length);
    let mut places = Vec::with_capacity(3);
    text.push_str(r#"{"jsonrpc":"2.0""#);
    for (member, value) in members.into_iter().flatten() {
        text.push_str(",\"");
        text.push_str(member.name());
        text.push_str("\":");
        let start = text.len();
        text.push_str(value);
        places.push((member, start..text.len()));
    }
    text.push('}');
    Message::assembled(Bytes::from(text), &places)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    #[track_caller]
    fn check(message: &Message, kind: Kind, text: &str) {
        assert_eq!(message.kind(), kind);
        assert_eq!(&message.to_bytes()[..], text.as_bytes());
    }

    #[test]
    fn what_is_composed_reads_back() {
        let id = Id::from(3);
        check(
            &Message::request(&id, "a\"b", Some("{}")),
            Kind::Request,
            r#"{"jsonrpc":"2.0","id":3,"method":"a\"b","params":{}}"#,
        );
        check(&Message::notification("n", None), Kind::Notification, r#"{"jsonrpc":"2.0","method":"n"}"#);
        check(&Message::response(&id, "[1]"), Kind::Response, r#"{"jsonrpc":"2.0","id":3,"result":[1]}"#);
        check(
            &Message::error_response(None, -1, "no\nway", Some("0")),
            Kind::Response,
            r#"{"jsonrpc":"2.0","id":null,"error":{"code":-1,"message":"no\nway","data":0}}"#,
        );
    }
}
