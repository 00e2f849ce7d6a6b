//! Ids of tasks that say which server they are of, and where messages have them.

mod cursor;

use std::{borrow::Cow, ops::Range, sync::LazyLock};

use mcp_jsonrpc::{Edit, Kind, Message, field, quote};
use mcp_protocol::{
    CREATED_TASK_ID_PATH, RESULT_TASK_ID_PATH, ResultType, TASK_ID, TASK_ID_PATH, method, related_task_path, wants_task,
};
use memchr::memmem::Finder;
use percent_encoding::{percent_decode_str, utf8_percent_encode};

pub(crate) use self::cursor::{read_cursor, write_cursor};
use crate::uri::ENCODED;

/// The id of a server's task by which it cannot be taken for another server's.
pub(crate) fn prefixed(server: &str, id: &str) -> String {
    format!("{}:{id}", utf8_percent_encode(server, ENCODED))
}

/// The server's name and its own id, if this is one that [`prefixed`] may have given.
pub(crate) fn unprefixed(id: &str) -> Option<(Cow<'_, str>, &str)> {
    let (server, id) = id.split_once(':')?;
    Some((percent_decode_str(server).decode_utf8().ok()?, id))
}

/// Whether a message may name a task at all. Costs one search, prepared once: it is made three times for each call.
pub(crate) fn may_name_one(message: &Message) -> bool {
    static NAME: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(TASK_ID));
    NAME.find(message.text()).is_some()
}

/// What `server` says, with the ids of its tasks as clients know them; `asked` is the request that it says it to.
pub(crate) fn shown(message: Message, server: &str, asked: Option<&Message>) -> Message {
    if !may_name_one(&message) {
        return message;
    }
    renamed(message, asked, |id| Some(prefixed(server, id)))
}

/// A task (JSON text) of a server's list as clients know it.
pub(crate) fn shown_in_list(task: &str, server: &str) -> String {
    let place = field::find(task, &[TASK_ID]).ok().flatten();
    let id = place.clone().and_then(|place| field::unescape(&task[place]));
    let (Some(place), Some(id)) = (place, id) else { return task.to_owned() };
    format!("{}{}{}", &task[..place.start], quote(&prefixed(server, &id)), &task[place.end..])
}

/// What a client says in answer or by the way, with the task that it belongs to as its server knows it, if that is one of
/// those that `is_known` says.
pub(crate) fn handed_back(message: Message, is_known: impl Fn(&str) -> bool) -> Message {
    if !may_name_one(&message) {
        return message;
    }
    let path = related_task_path(part(&message));
    let place = message.find(&path).ok().flatten();
    renamed_at(message, place.into_iter().collect(), |id| {
        unprefixed(id).filter(|(server, _)| is_known(server)).map(|(_, own)| own.to_owned())
    })
}

/// The message with other ids where those of its sender's tasks stand.
fn renamed(message: Message, asked: Option<&Message>, rename: impl Fn(&str) -> Option<String>) -> Message {
    // Whoever asks about a task asks about one of the other side.
    if message.kind() == Kind::Request && message.method().is_some_and(is_about_task) {
        return message;
    }
    let find = |path: &[&str]| message.find(path).ok().flatten();
    let own = match (message.kind(), asked) {
        (Kind::Response, Some(asked)) => path_in_result(&message, asked).and_then(find),
        (Kind::Notification, _) => message.method().filter(|it| tells_of_task(it)).and_then(|_| find(&TASK_ID_PATH)),
        _ => None,
    };
    let related = find(&related_task_path(part(&message)));
    let mut places: Vec<_> = own.into_iter().chain(related).collect();
    places.sort_unstable_by_key(|place| place.start);
    renamed_at(message, places, rename)
}

/// The message with other ids at these places, which must be in order and apart.
fn renamed_at(message: Message, places: Vec<Range<usize>>, rename: impl Fn(&str) -> Option<String>) -> Message {
    let edit = |at: Range<usize>| {
        let id = std::str::from_utf8(&message.text()[at.clone()]).ok().and_then(field::unescape)?;
        Some((at, quote(&rename(&id)?)))
    };
    let edits: Vec<_> = places.into_iter().filter_map(edit).collect();
    if edits.is_empty() {
        return message;
    }
    let edits: Vec<_> = edits.iter().map(|(at, with)| Edit { at: at.clone(), with }).collect();
    message.spliced(&edits)
}

/// Where the response to such a request names a task of its own; `None` if it is about something else.
fn path_in_result(response: &Message, asked: &Message) -> Option<&'static [&'static str]> {
    if asked.method().is_some_and(is_about_task) {
        // What a task has come to is not a task.
        return (!asked.is_method(method::TASKS_RESULT)).then_some(&RESULT_TASK_ID_PATH);
    }
    if ResultType::of(response.result()?) == Ok(ResultType::Task) {
        return Some(&RESULT_TASK_ID_PATH);
    }
    asked.params().is_some_and(wants_task).then_some(&CREATED_TASK_ID_PATH)
}

/// Whether a request is about one task.
fn is_about_task(name: &str) -> bool {
    matches!(name, method::TASKS_GET | method::TASKS_RESULT | method::TASKS_CANCEL | method::TASKS_UPDATE)
}

/// Whether a notification tells how a task is.
fn tells_of_task(name: &str) -> bool {
    matches!(name, method::TASKS_STATUS | method::TASKS_CHANGED)
}

/// The part of a message that has a `_meta`.
fn part(message: &Message) -> &'static str {
    if message.kind() == Kind::Response { "result" } else { "params" }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    const RELATED: &str = r#""_meta":{"io.modelcontextprotocol/related-task":{"taskId":"ID"}}"#;

    fn parse(text: &str) -> Message {
        Message::parse(Bytes::from(text.to_owned())).unwrap()
    }

    fn request(name: &str, params: &str) -> Message {
        parse(&format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{name}","params":{params}}}"#))
    }

    fn note(name: &str, params: &str) -> Message {
        parse(&format!(r#"{{"jsonrpc":"2.0","method":"{name}","params":{params}}}"#))
    }

    /// `ID` stands where an id is to be another one.
    #[track_caller]
    fn check(message: &dyn Fn(&str) -> Message, asked: Option<&Message>, template: &str) {
        let seen = shown(message(&template.replace("ID", "1:2")), "a b", asked);
        assert_eq!(seen.text(), message(&template.replace("ID", "a%20b:1:2")).text());
    }

    #[test]
    fn results_name_tasks_where_a_task_is_what_was_asked_for() {
        let result = |result: &str| parse(&format!(r#"{{ "result": {result} ,"jsonrpc":"2.0","id":1}}"#));
        let plain = request(method::TOOLS_CALL, r#"{"name":"x"}"#);
        let tasked = request(method::TOOLS_CALL, r#"{"name":"x","task":{}}"#);
        let both = format!(r#"{{{RELATED},"task":{{ "taskId" : "ID" ,"status":"working"}},"taskId":"x"}}"#);
        check(&result, Some(&tasked), &both);
        check(&result, Some(&plain), &format!(r#"{{"task":{{"taskId":"x"}},"taskId":"x",{RELATED}}}"#));
        check(&result, Some(&plain), r#"{"resultType":"task","taskId":"ID","task":{"taskId":"x"}}"#);
        check(&result, Some(&tasked), r#"{"task":{"taskId":7},"content":[{"taskId":"x"}]}"#);
        for name in [method::TASKS_GET, method::TASKS_CANCEL, method::TASKS_UPDATE] {
            check(&result, Some(&request(name, "{}")), r#"{"taskId":"ID","result":{"taskId":"x"}}"#);
        }
        let about = request(method::TASKS_RESULT, "{}");
        check(&result, Some(&about), &format!(r#"{{"taskId":"x",{RELATED}}}"#));
    }

    #[test]
    fn notices_and_questions_name_the_servers_tasks_but_not_the_clients() {
        for name in [method::TASKS_STATUS, method::TASKS_CHANGED] {
            check(&|params| note(name, params), None, &format!(r#"{{"taskId":"ID",{RELATED}}}"#));
        }
        check(&|params| note(method::PROGRESS, params), None, &format!(r#"{{"taskId":"x",{RELATED}}}"#));
        let asks = |params: &str| request(method::ELICITATION_CREATE, params);
        check(&asks, None, &format!(r#"{{"task":{{"taskId":"x"}},{RELATED}}}"#));
        check(&|params| request(method::TASKS_GET, params), None, r#"{"taskId":"x"}"#);
    }

    #[test]
    fn what_a_client_hands_back_loses_the_prefix_of_a_server_that_is_known() {
        let params = |id: &str| format!("{{{}}}", RELATED.replace("ID", id));
        for (id, own) in [("a%20b:1:2", "1:2"), ("c:1", "c:1"), ("1", "1")] {
            let back = handed_back(note(method::PROGRESS, &params(id)), |server| server == "a b");
            assert_eq!(back.params(), Some(&*params(own)));
            let answer = parse(&format!(r#"{{"jsonrpc":"2.0","id":1,"result":{}}}"#, params(id)));
            assert_eq!(handed_back(answer, |server| server == "a b").result(), Some(&*params(own)));
        }
    }

    #[test]
    fn a_task_of_a_list_is_named_at_its_top() {
        let seen = shown_in_list(r#"{ "status":"working", "taskId" : "\u0031","x":{"taskId":"1"}}"#, "é");
        assert_eq!(seen, r#"{ "status":"working", "taskId" : "%C3%A9:1","x":{"taskId":"1"}}"#);
        assert_eq!(shown_in_list(r#"{"taskId":1}"#, "a"), r#"{"taskId":1}"#);
    }

    proptest! {
        #[test]
        fn what_is_prefixed_comes_back(server in ".*", id in ".*") {
            let prefixed = prefixed(&server, &id);
            prop_assert_eq!(unprefixed(&prefixed), Some((Cow::Owned(server), &*id)));
        }
    }
}
