//! What a token remembers of a request to a server of the modern era, which itself remembers nothing.

use std::{borrow::Cow, ops::Range};

use bytes::Bytes;
use mcp_jsonrpc::{field, quote};

use super::question::Question;

const CALL: &str = "call";
const PROMPT: &str = "prompt";
const READ: &str = "read";

/// The request and the server's state (JSON text), as JSON text; `None` for requests that no server may answer with a
/// question.
pub(super) fn pack(question: &Question, state: Option<&str>) -> Option<String> {
    let (kind, name, body, flag) = match question {
        Question::Call { tool, body, is_short } => (CALL, tool, body.as_ref(), *is_short),
        Question::Prompt { name, body } => (PROMPT, name, body.as_ref(), false),
        Question::Read { uri, is_raw } => (READ, uri, [].as_slice(), *is_raw),
        Question::List { .. } | Question::Complete { .. } => return None,
    };
    let body = quote(std::str::from_utf8(body).ok()?);
    Some(format!(r#"["{kind}",{},{body},{flag},{}]"#, quote(name), state.unwrap_or("null")))
}

/// The request, and the server's state as JSON text.
pub(super) fn unpack(kept: &str) -> Option<(Question, Option<String>)> {
    let places = field::elements(kept, 5).ok()?;
    let [kind, name, body, flag, state] = places.as_slice() else { return None };
    let text = |place: &Range<usize>| field::unescape(&kept[place.clone()]).map(Cow::into_owned);
    let (name, body, flag) = (text(name)?, Bytes::from(text(body)?), &kept[flag.clone()] == "true");
    let question = match text(kind)?.as_str() {
        CALL => Question::Call { tool: name, body, is_short: flag },
        PROMPT => Question::Prompt { name, body },
        READ => Question::Read { uri: name, is_raw: flag },
        _ => return None,
    };
    Some((question, Some(kept[state.clone()].to_owned()).filter(|state| state != "null")))
}

#[cfg(test)]
mod tests {
    use mcp_openapi::Along;
    use mcp_protocol::ListKind;

    use super::*;

    #[test]
    fn a_token_remembers_the_whole_request() {
        let body = || Bytes::from(r#"{"x": 1}"#);
        for question in [
            Question::Call { tool: "a \"b\"".to_owned(), body: body(), is_short: true },
            Question::Call { tool: String::new(), body: Bytes::new(), is_short: false },
            Question::Prompt { name: "p".to_owned(), body: body() },
            Question::Read { uri: "a:\\b".to_owned(), is_raw: true },
        ] {
            for state in [None, Some("\"s\"")] {
                let (found, kept) = unpack(&pack(&question, state).unwrap()).unwrap();
                let (params, wanted) = [&found, &question].map(|it| it.params(&Along::default()).unwrap()).into();
                assert_eq!((found.method(), params), (question.method(), wanted));
                assert_eq!((found.tool(), kept.as_deref()), (question.tool(), state));
            }
        }
        assert!(pack(&Question::List { kind: ListKind::Tools, cursor: None }, None).is_none());
        assert!(unpack("[]").is_none() && unpack(r#"["list","","",false,null]"#).is_none());
    }
}
