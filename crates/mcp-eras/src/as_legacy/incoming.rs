//! A modern response as a legacy client wants it.

use mcp_jsonrpc::{Message, field};
use mcp_protocol::{ResultType, code, method};

use super::{
    members::{self, Edits},
    structured,
};

/// What a modern server has answered.
#[derive(Debug)]
pub(super) enum Answer {
    /// The answer, as the client is to see it.
    Final(Message),
    /// A result that asks instead: the response as it came.
    Asks(Message),
}

/// Reads the response to a request of this method.
pub(super) fn read(response: Message, method: &str) -> Answer {
    let Some(result) = response.result() else { return Answer::Final(error(&response, method).unwrap_or(response)) };
    let members = members::of(result);
    let place = response.find(&["result"]).ok().flatten();
    match (kind(result, &members), place) {
        (ResultType::Complete, Some(place)) => {
            let mut edits = Edits::default();
            let is_cacheable = method::is_cacheable(method);
            let goes = |name: &str| name == KIND || is_cacheable && CACHE.contains(&name);
            edits.remove_members(result, &members, place.start, goes);
            match method {
                method::TOOLS_CALL => structured::wrap_content(&mut edits, result, &members, place.start),
                method::TOOLS_LIST => structured::wrap_schemas(&mut edits, result, place.start),
                _ => {}
            }
            Answer::Final(edits.apply(&response))
        }
        (ResultType::InputRequired, _) if method::may_interact(method) => Answer::Asks(response),
        _ => {
            let text = "the server has given a kind of result that clients of this revision do not know";
            Answer::Final(Message::error_response(response.id().as_ref(), code::INTERNAL_ERROR, text, None))
        }
    }
}

const KIND: &str = "resultType";
const CACHE: [&str; 2] = ["ttlMs", "cacheScope"];

/// What kind of result it is. Said twice, it is none that is known.
fn kind(result: &str, members: &[field::Member]) -> ResultType {
    let mut said = members.iter().filter(|member| members::is(result, member, |name| name == KIND));
    match (said.next(), said.next()) {
        (None, _) => ResultType::Complete,
        (Some(said), None) => {
            let said = format!("{{{}}}", &result[said.key.start..said.value.end]);
            ResultType::of(&said).unwrap_or(ResultType::Other)
        }
        _ => ResultType::Other,
    }
}

/// What an error has to become; `None` if it means the same in both eras.
fn error(response: &Message, method: &str) -> Option<Message> {
    let id = response.id();
    let said = response.value(&["error", "message"]).and_then(field::unescape).unwrap_or_default();
    match code::of(response)? {
        code::INVALID_PARAMS
            if method == method::RESOURCES_READ && response.value(&["error", "data", "uri"]).is_some() =>
        {
            let at = response.find(&["error", "code"]).ok()??;
            let mut edits = Edits::default();
            edits.insert(at.start, code::RESOURCE_NOT_FOUND.to_string());
            edits.remove(at);
            Some(edits.apply(response))
        }
        code::MISSING_CLIENT_CAPABILITY => {
            let text = format!("the server needs a capability that this client has not declared: {said}");
            let data = response.value(&["error", "data"]);
            Some(Message::error_response(id.as_ref(), code::INVALID_PARAMS, &text, data))
        }
        code::HEADER_MISMATCH | code::UNSUPPORTED_VERSION => {
            let text = format!("the server and the proxy in front of it do not understand each other: {said}");
            Some(Message::error_response(id.as_ref(), code::INTERNAL_ERROR, &text, None))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use mcp_jsonrpc::Id;

    use super::*;

    #[track_caller]
    fn result(method: &str, result: &str, expect: &str) {
        let Answer::Final(seen) = read(Message::response(&Id::from(1), result), method) else { panic!("{result}") };
        assert_eq!(seen.result(), Some(expect), "{result}");
    }

    #[track_caller]
    fn fails(method: &str, response: Message, code: i64) -> Message {
        let Answer::Final(seen) = read(response, method) else { panic!() };
        assert_eq!(code::of(&seen), Some(code));
        seen
    }

    #[test]
    fn what_only_modern_results_have_is_taken_off() {
        let list = r#"{"resultType":"complete","prompts":[ 1.0 ],"ttlMs":5,"_meta":{"a":1},"cacheScope":"public"}"#;
        result(method::PROMPTS_LIST, list, r#"{"prompts":[ 1.0 ],"_meta":{"a":1}}"#);
        result(
            method::TOOLS_CALL,
            r#"{"content":[],"ttlMs":5,"resultType":"complete"}"#,
            r#"{"content":[],"ttlMs":5}"#,
        );
        result("vendor/x", r#"{"a":1}"#, r#"{"a":1}"#);
    }

    #[test]
    fn a_question_is_one_only_where_it_may_be() {
        let asks = r#"{"resultType":"input_required","requestState":"s"}"#;
        let response = Message::response(&Id::from(1), asks);
        assert!(matches!(read(response.clone(), method::PROMPTS_GET), Answer::Asks(_)));
        fails(method::PROMPTS_LIST, response, code::INTERNAL_ERROR);
        for unknown in
            [r#"{"resultType":"task"}"#, r#"{"resultType":1}"#, r#"{"resultType":"complete","resultType":"x"}"#]
        {
            fails(method::TOOLS_CALL, Message::response(&Id::from(1), unknown), code::INTERNAL_ERROR);
        }
    }

    #[test]
    fn codes_are_those_of_the_era() {
        let error = |code, data| Message::error_response(Some(&Id::from(1)), code, "no", data);
        let uri = Some(r#"{"uri":"a:b"}"#);
        let seen = fails(method::RESOURCES_READ, error(code::INVALID_PARAMS, uri), code::RESOURCE_NOT_FOUND);
        assert_eq!(seen.error(), Some(r#"{"code":-32002,"message":"no","data":{"uri":"a:b"}}"#));
        fails(method::RESOURCES_READ, error(code::INVALID_PARAMS, None), code::INVALID_PARAMS);
        fails(method::TOOLS_CALL, error(code::INVALID_PARAMS, uri), code::INVALID_PARAMS);
        let data = Some(r#"{"requiredCapabilities":{"sampling":{}}}"#);
        let seen = fails(method::TOOLS_CALL, error(code::MISSING_CLIENT_CAPABILITY, data), code::INVALID_PARAMS);
        assert_eq!(seen.value(&["error", "data"]), data);
        for code in [code::UNSUPPORTED_VERSION, code::HEADER_MISMATCH] {
            fails(method::TOOLS_CALL, error(code, None), code::INTERNAL_ERROR);
        }
        fails(method::TOOLS_CALL, error(7, Some("[1]")), 7);
    }
}
