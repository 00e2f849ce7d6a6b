//! What a server asks its client in the middle of a call, as an answer of REST, and what comes back.

use bytes::Bytes;
use mcp_jsonrpc::{field, quote};
use mcp_protocol::method;

use crate::{
    BadBody,
    body::Body,
    object::{Members, Object, member},
};

/// One thing that a server asks.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The name under which the answer is expected.
    pub key: &'a str,
    /// What kind of request it is.
    pub method: &'a str,
    /// JSON text of its params.
    pub params: &'a str,
}

/// The body that says what a server asks. `token` is given back with the answers; `expires_at` says until when, in words of
/// RFC 3339.
#[must_use]
pub fn input_required(token: &str, expires_at: Option<&str>, asked: &[Asked<'_>]) -> String {
    let own = asked.iter().find_map(|asked| member(asked.params, "message").filter(|raw| raw.starts_with('"')));
    let requests = asked.iter().fold(Object::new(), |requests, asked| {
        requests.with(asked.key, &Object::new().with_text("method", asked.method).with("params", asked.params).end())
    });
    Object::new()
        .with_text("error", "Input required")
        .with("message", own.unwrap_or(r#""the server needs input before it can answer""#))
        .with_text("token", token)
        .with_some("expiresAt", expires_at.map(quote).as_deref())
        .with("requests", &requests.end())
        .end()
}

/// What a client answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputAnswers {
    /// The token it was asked with.
    pub token: String,
    /// Key and JSON text of each answer, which is an object. No key stands twice.
    pub answers: Vec<(String, String)>,
}

/// Why an answer is none to what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer to `{key}` does not fit; send {wanted}")]
pub struct BadAnswer {
    key: String,
    wanted: &'static str,
}

const WANTED: &str = r#"{"token": "…", "answers": {"<key of the request>": {…}}} with at most 100 answers"#;
/// How many answers one body may carry.
const MOST_ANSWERS: usize = 100;

impl InputAnswers {
    /// Reads a body `{"token": …, "answers": {key: …}}`.
    ///
    /// # Errors
    ///
    /// Fails for other bodies, for answers that are no objects, and for more than 100 of them.
    pub fn read(body: &Bytes) -> Result<Self, BadBody> {
        let body = Body::read(body, WANTED)?;
        let token = body.string("token")?;
        let bad = BadBody::Member { name: "answers", kind: "an object of objects", wanted: WANTED };
        let Members(answers) = Members::read(body.object("answers")?).ok_or(bad.clone())?;
        if MOST_ANSWERS < answers.len() || answers.iter().any(|(_, answer)| !answer.starts_with('{')) {
            return Err(bad);
        }
        let owned = answers.into_iter().map(|(key, answer)| (key.into_owned(), answer.to_owned()));
        Ok(Self { token, answers: owned.collect() })
    }

    /// The answer to one request of this kind, checked as far as MCP says what it looks like; `None` if there is none.
    ///
    /// # Errors
    ///
    /// Fails if the answer has another shape than the kind of request wants.
    pub fn answer(&self, key: &str, method: &str) -> Result<Option<&str>, BadAnswer> {
        let Some((_, answer)) = self.answers.iter().find(|(name, _)| name == key) else { return Ok(None) };
        let (fits, wanted) = fit(method, answer);
        if fits { Ok(Some(answer)) } else { Err(BadAnswer { key: key.to_owned(), wanted }) }
    }
}

/// Whether an answer has the shape that the kind of request wants, and which that is.
fn fit(method: &str, answer: &str) -> (bool, &'static str) {
    let starts = |key, first| member(answer, key).is_some_and(|raw| raw.starts_with(first));
    match method {
        method::ELICITATION_CREATE => {
            let action = member(answer, "action").and_then(field::unescape);
            let is_action = matches!(action.as_deref(), Some("accept" | "decline" | "cancel"));
            let is_content = member(answer, "content").is_none() || starts("content", '{');
            (
                is_action && is_content,
                r#"{"action": "accept", "content": {…}}, or "decline" or "cancel" for the action"#,
            )
        }
        method::SAMPLING_CREATE_MESSAGE => {
            let is_content = starts("content", '{') || starts("content", '[');
            (
                starts("role", '"') && starts("model", '"') && is_content,
                r#"{"role": "assistant", "model": "…", "content": {…}}"#,
            )
        }
        method::ROOTS_LIST => (starts("roots", '['), r#"{"roots": [{"uri": "file:///…"}]}"#),
        _ => (true, "an object"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ELICIT: Asked<'_> = Asked {
        key: "q1",
        method: method::ELICITATION_CREATE,
        params: r#"{"message":"Your \"name\"?","requestedSchema":{"type":"object"}}"#,
    };

    fn read(body: &str) -> Result<InputAnswers, BadBody> {
        InputAnswers::read(&Bytes::from(body.to_owned()))
    }

    #[test]
    fn questions_are_told_with_the_token_to_answer_them() {
        let roots = Asked { key: "q\"2", method: method::ROOTS_LIST, params: "{}" };
        assert_eq!(
            input_required("t.t", Some("2026-11-20T17:41:36Z"), &[roots, ELICIT]),
            format!(
                r#"{{"error":"Input required","message":"Your \"name\"?","token":"t.t","expiresAt":"2026-11-20T17:41:36Z","requests":{{"q\"2":{{"method":"{}","params":{{}}}},"q1":{{"method":"{}","params":{}}}}}}}"#,
                method::ROOTS_LIST,
                ELICIT.method,
                ELICIT.params
            )
        );
        let body = input_required("t", None, &[roots]);
        assert!(body.contains("needs input") && !body.contains("expiresAt"));
    }

    #[test]
    fn answers_come_back_by_key() {
        let answers =
            read(r#"{"answers":{"q1":{"action":"accept","content":{"a": 1}},"\u0071":{}},"token":"t"}"#).unwrap();
        assert_eq!(answers.token, "t");
        assert_eq!(answers.answer("q1", ELICIT.method), Ok(Some(r#"{"action":"accept","content":{"a": 1}}"#)));
        assert_eq!(answers.answer("q", "x/y"), Ok(Some("{}")));
        assert_eq!(answers.answer("q2", ELICIT.method), Ok(None));
    }

    #[test]
    fn bodies_that_answer_nothing_are_refused() {
        let many: Vec<_> = (0..=MOST_ANSWERS).map(|i| format!(r#""{i}":{{}}"#)).collect();
        for body in [
            "",
            "[]",
            r#"{"token":"t"}"#,
            r#"{"answers":{}}"#,
            r#"{"token":1,"answers":{}}"#,
            r#"{"token":"t","answers":[]}"#,
            r#"{"token":"t","answers":{"a":1}}"#,
            r#"{"token":"t","answers":{"a":{},"a":{}}}"#,
            r#"{"token":"t","token":"u","answers":{}}"#,
            &format!(r#"{{"token":"t","answers":{{{}}}}}"#, many.join(",")),
        ] {
            assert!(read(body).is_err(), "{body}");
        }
    }

    #[test]
    fn an_answer_has_the_shape_of_its_request() {
        let (elicit, sample, roots) = (ELICIT.method, method::SAMPLING_CREATE_MESSAGE, method::ROOTS_LIST);
        for (method, answer, fits) in [
            (elicit, r#"{"action":"decline"}"#, true),
            (elicit, r#"{"action":"cancel","content":null}"#, true),
            (elicit, r#"{"action":"yes"}"#, false),
            (elicit, r#"{"name":"Ann"}"#, false),
            (elicit, r#"{"action":"accept","content":"x"}"#, false),
            (sample, r#"{"role":"assistant","model":"m","content":{"type":"text","text":"x"}}"#, true),
            (sample, r#"{"role":"assistant","content":{}}"#, false),
            (roots, r#"{"roots":[]}"#, true),
            (roots, "{}", false),
            ("x/y", "{}", true),
        ] {
            let answers = InputAnswers { token: String::new(), answers: vec![("k".to_owned(), answer.to_owned())] };
            assert_eq!(answers.answer("k", method).is_ok(), fits, "{method} {answer}");
        }
    }
}
