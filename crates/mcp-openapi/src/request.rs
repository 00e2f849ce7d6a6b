//! What a REST request is in MCP: the params of a message.

use bytes::Bytes;
use mcp_jsonrpc::{Id, quote};
use mcp_protocol::{Envelope, InputResponses, meta};

use crate::{BadBody, body::Body, object::Object};

/// What goes along with the params of any request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Along<'a> {
    /// The token under which progress is told.
    pub progress_token: Option<&'a Id>,
    /// What a server of the modern era wants to know with every request.
    pub envelope: Option<Envelope<'a>>,
    /// The answers to what a server of the modern era has asked for; they make the request one that is made again.
    pub answers: Option<&'a InputResponses<'a>>,
}

impl Along<'_> {
    /// `params` with all that goes along, written.
    fn with(&self, params: Object) -> String {
        let envelope = self.envelope.map(|envelope| envelope.members()).unwrap_or_default();
        let token = self.progress_token.map(Id::as_str);
        let meta_members = Object::new().with_some(meta::PROGRESS_TOKEN, token).with_members(&envelope);
        let params = if meta_members.is_empty() { params } else { params.with(meta::META, &meta_members.end()) };
        params.with_members(&self.answers.map(InputResponses::members).unwrap_or_default()).end()
    }
}

/// The arguments for a tool or a prompt: the body itself, if it is a JSON object, and `{}` for an empty one or white space.
///
/// Nothing in it is changed; keys that stand twice are the server's business.
///
/// # Errors
///
/// Fails for everything else, and for objects that nest deeper than [`MAX_DEPTH`](mcp_jsonrpc::MAX_DEPTH).
pub fn arguments(body: &Bytes) -> Result<&str, BadBody> {
    if body.trim_ascii().is_empty() {
        return Ok("{}");
    }
    let wanted = r#"the arguments as an object, as in {"name": "value"}, or nothing if there are none"#;
    Body::read(body, wanted).map(|body| body.text)
}

/// Params that call a tool or get a prompt; `arguments` is JSON text.
#[must_use]
pub fn named(name: &str, arguments: &str, along: &Along<'_>) -> String {
    along.with(Object::new().with_text("name", name).with("arguments", arguments))
}

/// Params that read a resource.
#[must_use]
pub fn resource(uri: &str, along: &Along<'_>) -> String {
    along.with(Object::new().with_text("uri", uri))
}

/// Params that ask for the page of a list after `cursor`; `None` asks for the first one.
#[must_use]
pub fn page(cursor: Option<&str>, along: &Along<'_>) -> String {
    along.with(Object::new().with_some("cursor", cursor.map(quote).as_deref()))
}

/// Params that ask for completions, from a body `{"ref": …, "argument": …, "context"?: …}`.
///
/// # Errors
///
/// Fails unless the body is an object in which these are objects.
pub fn completion(body: &Bytes, along: &Along<'_>) -> Result<String, BadBody> {
    let wanted = r#"{"ref": {"type": "ref/prompt", "name": "…"}, "argument": {"name": "…", "value": "…"}}"#;
    let body = Body::read(body, wanted)?;
    let params = Object::new().with("ref", body.object("ref")?).with("argument", body.object("argument")?);
    Ok(along.with(params.with_some("context", body.optional_object("context")?)))
}

#[cfg(test)]
mod tests {
    use mcp_protocol::Revision;

    use super::*;

    const NOTHING: Along<'_> = Along { progress_token: None, envelope: None, answers: None };

    fn taken(body: &'static str) -> Result<&'static str, BadBody> {
        arguments(Box::leak(Box::new(Bytes::from_static(body.as_bytes()))))
    }

    #[test]
    fn arguments_are_the_body_unchanged_or_nothing() {
        for body in [r#"{"b": 1.50, "a":{"x":[ ]}}"#, r#"{"a":1,"a":2}"#, "{}"] {
            assert_eq!(taken(body), Ok(body));
        }
        for body in ["", " \n\t"] {
            assert_eq!(taken(body), Ok("{}"));
        }
    }

    #[test]
    fn other_bodies_say_what_to_send() {
        let told = |body| taken(body).unwrap_err().to_string();
        assert_eq!(
            told("[1]"),
            r#"the body must be a JSON object; send the arguments as an object, as in {"name": "value"}, or nothing if there are none"#
        );
        assert!(told(r#"{"a":}"#).contains("(at byte 5)"));
    }

    #[test]
    fn params_name_what_they_are_about() {
        assert_eq!(named("a\"b", r#"{"x":1}"#, &NOTHING), r#"{"name":"a\"b","arguments":{"x":1}}"#);
        assert_eq!(resource("file:///x", &NOTHING), r#"{"uri":"file:///x"}"#);
        assert_eq!(page(None, &NOTHING), "{}");
        assert_eq!(page(Some(""), &NOTHING), r#"{"cursor":""}"#);
    }

    #[test]
    fn what_goes_along_is_merged_into_one_meta() {
        let token = Id::from(7);
        let version = Revision::V2026_07_28;
        let envelope = Envelope { version, capabilities: "{}", client_info: None, log_level: None };
        let with_token = Along { progress_token: Some(&token), ..NOTHING };
        assert_eq!(page(None, &with_token), r#"{"_meta":{"progressToken":7}}"#);
        let along = Along { envelope: Some(envelope), ..with_token };
        let expect = format!(r#"{{"uri":"u","_meta":{{"progressToken":7,{}}}}}"#, envelope.members());
        assert_eq!(resource("u", &along), expect);
        let answers = InputResponses { responses: vec![("q".into(), "{}")], state: Some("\"s\"") };
        let along = Along { answers: Some(&answers), ..with_token };
        let expect =
            r#"{"name":"t","arguments":{},"_meta":{"progressToken":7},"inputResponses":{"q":{}},"requestState":"s"}"#;
        assert_eq!(named("t", "{}", &along), expect);
    }

    #[test]
    fn a_completion_takes_its_three_members_and_no_others() {
        let body = |text: &'static str| completion(&Bytes::from_static(text.as_bytes()), &NOTHING);
        let text = r#"{"x":1,"argument":{"name":"a"},"ref":{"type":"t"},"_meta":{"progressToken":1},"context":{}}"#;
        assert_eq!(body(text).unwrap(), r#"{"ref":{"type":"t"},"argument":{"name":"a"},"context":{}}"#);
        assert_eq!(body(r#"{"ref":{},"argument":{}}"#).unwrap(), r#"{"ref":{},"argument":{}}"#);
        for text in ["", r#"{"ref":{}}"#, r#"{"ref":{},"argument":"a"}"#, r#"{"ref":{},"ref":{},"argument":{}}"#] {
            assert!(body(text).is_err(), "{text}");
        }
    }
}
