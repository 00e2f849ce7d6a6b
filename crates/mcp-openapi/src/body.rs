//! What a request may carry in its body.

use bytes::Bytes;
use mcp_jsonrpc::{Message, Reason, field};

/// Why a body cannot be used, and what to send instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadBody {
    /// It is not JSON.
    #[error("the body is not valid JSON: {reason} (at byte {at}); send {wanted}")]
    NotJson {
        /// What is wrong.
        reason: Reason,
        /// Offset in bytes at which it was noticed.
        at: usize,
        /// What to send.
        wanted: &'static str,
    },
    /// It is JSON, but no object.
    #[error("the body must be a JSON object; send {wanted}")]
    NotAnObject {
        /// What to send.
        wanted: &'static str,
    },
    /// A member is missing, is of another kind, or stands twice.
    #[error("the member `{name}` of the body must stand there once and be {kind}; send {wanted}")]
    Member {
        /// The name of the member.
        name: &'static str,
        /// What it must be.
        kind: &'static str,
        /// What to send.
        wanted: &'static str,
    },
}

/// A body that is one JSON object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Body<'a> {
    pub(crate) text: &'a str,
    wanted: &'static str,
}

impl<'a> Body<'a> {
    /// Checks the grammar; white space around the object and a byte order mark before it are left off. `wanted` says in
    /// errors what to send.
    pub(crate) fn read(body: &'a Bytes, wanted: &'static str) -> Result<Self, BadBody> {
        let start = leading(body);
        // Reading a message checks the grammar of the whole text before it asks whether the members make a message.
        match Message::parse(body.slice(start..)) {
            Err(error) if error.reason == Reason::NotAnObject => return Err(BadBody::NotAnObject { wanted }),
            Err(error) if error.reason.is_grammar() => {
                return Err(BadBody::NotJson { reason: error.reason, at: start + error.at, wanted });
            }
            _ => {}
        }
        let text = std::str::from_utf8(body[start..].trim_ascii_end());
        let encoding = |at| BadBody::NotJson { reason: Reason::Encoding, at, wanted };
        Ok(Self { text: text.map_err(|error| encoding(start + error.valid_up_to()))?, wanted })
    }

    /// The JSON text of a member that must be an object.
    pub(crate) fn object(self, name: &'static str) -> Result<&'a str, BadBody> {
        self.optional_object(name)?.ok_or(self.bad(name, "an object"))
    }

    /// The JSON text of a member that must be an object, unless it is absent or `null`.
    pub(crate) fn optional_object(self, name: &'static str) -> Result<Option<&'a str>, BadBody> {
        match self.member(name, "an object")? {
            None | Some("null") => Ok(None),
            Some(raw) if raw.starts_with('{') => Ok(Some(raw)),
            Some(_) => Err(self.bad(name, "an object")),
        }
    }

    /// A member that must be a string.
    pub(crate) fn string(self, name: &'static str) -> Result<String, BadBody> {
        let string = self.member(name, "a string")?.and_then(field::unescape);
        string.map(String::from).ok_or(self.bad(name, "a string"))
    }

    fn member(self, name: &'static str, kind: &'static str) -> Result<Option<&'a str>, BadBody> {
        let place = field::find(self.text, &[name]).map_err(|_| self.bad(name, kind))?;
        Ok(place.map(|place| &self.text[place]))
    }

    fn bad(self, name: &'static str, kind: &'static str) -> BadBody {
        BadBody::Member { name, kind, wanted: self.wanted }
    }
}

/// How many bytes before the value are none of it.
fn leading(body: &[u8]) -> usize {
    let mark = if body.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    mark + body[mark..].iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &'static [u8]) -> Result<&'static str, BadBody> {
        let body = Box::leak(Box::new(Bytes::from_static(body)));
        Body::read(body, "x").map(|body| body.text)
    }

    #[test]
    fn an_object_is_taken_as_it_stands() {
        assert_eq!(read(b"\xef\xbb\xbf \r\n{ \"a\": 1 } \n"), Ok(r#"{ "a": 1 }"#));
        // Neither what would make a message nor what would spoil one means anything here.
        for body in [r#"{"jsonrpc":"2.0","id":1,"method":"x"}"#, r#"{"id":1,"ID":null,"id":2}"#, r#"{"a":1,"a":2}"#] {
            assert_eq!(read(body.as_bytes()), Ok(body));
        }
    }

    #[test]
    fn broken_json_says_where_it_breaks() {
        for (body, reason, at) in [
            (&b"{"[..], Reason::Syntax, 1),
            (b" \n{\"a\":}", Reason::Syntax, 7),
            (b"{} {}", Reason::Syntax, 3),
            (b"\xef\xbb\xbf{}}", Reason::Syntax, 5),
            (b"{\"a\":\"\xff\"}", Reason::Encoding, 5),
            (b"", Reason::Syntax, 0),
            (b"hello", Reason::Syntax, 0),
        ] {
            assert_eq!(read(body), Err(BadBody::NotJson { reason, at, wanted: "x" }), "{body:?}");
        }
        let deep = Box::leak(format!("{{\"a\":{}", "[".repeat(1_000)).into_boxed_str());
        assert!(matches!(read(deep.as_bytes()), Err(BadBody::NotJson { reason: Reason::Depth, .. })));
    }

    #[test]
    fn other_json_is_no_object() {
        for body in ["[1]", "1", "null", "\"{}\""] {
            assert_eq!(read(body.as_bytes()), Err(BadBody::NotAnObject { wanted: "x" }), "{body}");
        }
    }

    #[test]
    fn a_member_has_to_be_of_its_kind_and_there_once() {
        let bytes = Bytes::from_static(br#"{"o":{ },"s":"a\n","n":null,"t":1,"\u0074":2}"#);
        let body = Body::read(&bytes, "x").unwrap();
        assert_eq!(body.object("o"), Ok("{ }"));
        assert_eq!(body.string("s").as_deref(), Ok("a\n"));
        assert_eq!((body.optional_object("n"), body.optional_object("none")), (Ok(None), Ok(None)));
        for bad in [body.object("s"), body.object("n"), body.object("none"), body.object("t")] {
            assert!(matches!(bad, Err(BadBody::Member { kind: "an object", wanted: "x", .. })));
        }
        assert!(body.string("o").is_err() && body.string("n").is_err() && body.optional_object("s").is_err());
    }
}
