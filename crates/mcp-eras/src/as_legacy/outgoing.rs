//! A legacy request as a modern server wants it.

use mcp_jsonrpc::{Message, field};
use mcp_protocol::{InputResponses, meta};

use super::members::{self, Edits};

/// Why a request cannot be made modern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Undressed {
    #[error("the message is no request")]
    NoRequest,
    #[error("`params` must be an object")]
    Params,
    #[error("`params._meta` must be an object, and stand once")]
    Meta,
    #[error("the request has answers to questions that this server did not ask")]
    Answers,
}

/// Puts the members of an envelope (JSON text) into the `_meta` of a request, beside what else is there.
pub(super) fn dress(request: &Message, envelope: &str) -> Result<Message, Undressed> {
    let Some((params, place)) = request.params().zip(request.find(&["params"]).ok().flatten()) else {
        let id = request.id().ok_or(Undressed::NoRequest)?;
        let params = format!(r#"{{"{}":{{{envelope}}}}}"#, meta::META);
        return Ok(Message::request(&id, request.method().unwrap_or_default(), Some(&params)));
    };
    if !params.starts_with('{') {
        return Err(Undressed::Params);
    }
    let mut edits = Edits::default();
    match field::find(params, &[meta::META]).map_err(|_| Undressed::Meta)? {
        None => {
            let comma = if is_empty(params) { "" } else { "," };
            edits.insert(place.start + 1, format!(r#""{}":{{{envelope}}}{comma}"#, meta::META));
        }
        Some(at) => {
            let old = &params[at.clone()];
            if !old.starts_with('{') {
                return Err(Undressed::Meta);
            }
            let is_claimed = |name: &str| meta::ENVELOPE.contains(&name);
            let kept =
                members::of(old).into_iter().filter(|member| !members::is(old, member, is_claimed)).collect::<Vec<_>>();
            let start = place.start + at.start + 1;
            if kept.len() == members::of(old).len() {
                let comma = if kept.is_empty() { "" } else { "," };
                edits.insert(start, format!("{envelope}{comma}"));
            } else {
                // What a legacy client says there of an envelope is not ours to believe.
                let kept = kept.iter().map(|member| format!(",{}", &old[member.key.start..member.value.end]));
                edits.remove(start..place.start + at.end - 1);
                edits.insert(start, format!("{envelope}{}", kept.collect::<String>()));
            }
        }
    }
    Ok(edits.apply(request))
}

/// A request that went out before, with the answers to what the server asked then.
pub(super) fn again(first: &Message, answers: &InputResponses<'_>) -> Result<Message, Undressed> {
    let params = first.params().unwrap_or("{}");
    if !InputResponses::read(params).is_ok_and(|there| there.is_empty()) {
        return Err(Undressed::Answers);
    }
    let members = answers.members();
    let place = first.find(&["params"]).ok().flatten().ok_or(Undressed::Params)?;
    let mut edits = Edits::default();
    if !members.is_empty() {
        // Never empty: there is an envelope.
        edits.insert(place.start + 1, format!("{members},"));
    }
    Ok(edits.apply(first))
}

fn is_empty(object: &str) -> bool {
    object[1..].trim_start().starts_with('}')
}

#[cfg(test)]
mod tests {
    use mcp_jsonrpc::Id;
    use mcp_protocol::{Claim, method};

    use super::*;

    const ENVELOPE: &str =
        r#""io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}"#;

    fn request(params: &str) -> Message {
        Message::request(&Id::from(1), method::TOOLS_CALL, Some(params).filter(|params| !params.is_empty()))
    }

    #[track_caller]
    fn check(params: &str, expect: &str) {
        let dressed = dress(&request(params), ENVELOPE).unwrap();
        assert_eq!(dressed.params(), Some(expect.replace('$', ENVELOPE).as_str()));
        let again = Message::parse(dressed.to_bytes()).unwrap();
        assert_eq!(Claim::read(&again).unwrap().unwrap().version, "2026-07-28");
    }

    #[test]
    fn the_envelope_goes_beside_what_is_there() {
        check("", r#"{"_meta":{$}}"#);
        check("{}", r#"{"_meta":{$}}"#);
        check(r#"{ "n": 1.0 }"#, r#"{"_meta":{$}, "n": 1.0 }"#);
        check(r#"{"n":1,"_meta":{}}"#, r#"{"n":1,"_meta":{$}}"#);
        check(
            r#"{"_meta":{"progressToken":"t","v/x":[1]},"n":1}"#,
            r#"{"_meta":{$,"progressToken":"t","v/x":[1]},"n":1}"#,
        );
    }

    #[test]
    fn an_envelope_of_the_clients_own_making_is_replaced() {
        check(r#"{"_meta":{"io.modelcontextprotocol\/protocolVersion":"1","a":1}}"#, r#"{"_meta":{$,"a":1}}"#);
        check(r#"{"_meta":{"io.modelcontextprotocol/logLevel":"debug"}}"#, r#"{"_meta":{$}}"#);
    }

    #[test]
    fn what_has_no_place_for_it_is_refused() {
        for (params, error) in [
            ("[1]", Undressed::Params),
            (r#"{"_meta":7}"#, Undressed::Meta),
            (r#"{"_meta":{},"_meta":{}}"#, Undressed::Meta),
        ] {
            assert_eq!(dress(&request(params), ENVELOPE).unwrap_err(), error, "{params}");
        }
    }

    #[test]
    fn answers_go_in_once() {
        let answers = InputResponses { responses: vec![("a".into(), "{}")], state: Some(r#""\u0041""#) };
        let first = dress(&request(r#"{"name":"t"}"#), ENVELOPE).unwrap();
        let sent = again(&first, &answers).unwrap();
        assert!(
            sent.params().unwrap().starts_with(r#"{"inputResponses":{"a":{}},"requestState":"\u0041","_meta":{"#),
            "{:?}",
            sent.params()
        );
        assert_eq!(again(&sent, &answers).unwrap_err(), Undressed::Answers);
        assert_eq!(again(&first, &InputResponses::default()).unwrap().params(), first.params());
    }
}
