//! Ids of a server's requests, marked with the instance that asked.

use mcp_jsonrpc::{Edit, Id, Kind, Message};
use mcp_protocol::{CancelledParams, method};

/// The message as those above are to see it: a request under a marked id, a cancellation of one naming that id, anything
/// else untouched.
pub(crate) fn marked(message: Message, number: u64) -> Message {
    match message.kind() {
        Kind::Request => match message.id().and_then(|id| mark(&id, number)) {
            Some(id) => message.with_id(id),
            None => message,
        },
        Kind::Notification if message.is_method(method::CANCELLED) => cancellation(message, number),
        _ => message,
    }
}

/// Which instance asked, and under which id of its own.
pub(crate) fn unmark(id: &Id) -> Option<(u64, Id)> {
    let inside = id.as_str().strip_prefix('"')?;
    let end = inside.find(|c: char| !c.is_ascii_digit())?;
    let number = inside[..end].parse().ok()?;
    let own = match inside[end..].strip_prefix(':') {
        Some(integer) => Id::parse(integer.strip_suffix('"')?)?,
        None => Id::parse(&format!("\"{}", inside[end..].strip_prefix('.')?))?,
    };
    Some((number, own))
}

/// `5` of instance 2 becomes `"2:5"`, `"a"` becomes `"2.a"`. No encoder escapes the characters of the mark, so it comes
/// back as it went, whatever a client does to its strings.
fn mark(id: &Id, number: u64) -> Option<Id> {
    Id::parse(&match id.as_str().strip_prefix('"') {
        Some(inside) => format!("\"{number}.{inside}"),
        None => format!("\"{number}:{id}\""),
    })
}

fn cancellation(message: Message, number: u64) -> Message {
    let Ok(Some(at)) = message.find(&CancelledParams::REQUEST_ID_PATH) else { return message };
    let own = std::str::from_utf8(&message.text()[at.clone()]).ok().and_then(Id::parse);
    match own.and_then(|own| mark(&own, number)) {
        Some(id) => message.spliced(&[Edit { at, with: id.as_str() }]),
        None => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_comes_off_as_it_was_put_on() {
        for raw in
            ["5", "-5", "123456789012345678901234567890", r#""a""#, r#""""#, r#""3:4""#, r#""3.x""#, r#""\"\u0041""#]
        {
            let id = Id::parse(raw).unwrap();
            for number in [1, 27, u64::MAX] {
                assert_eq!(unmark(&mark(&id, number).unwrap()), Some((number, id.clone())), "{raw}");
            }
        }
    }

    #[test]
    fn equal_ids_of_two_instances_and_two_kinds_differ() {
        let ids = [("1", 1), (r#""1""#, 1), ("1", 2), (r#""1""#, 2), ("2", 11), (r#""1:2""#, 1)];
        let marks: std::collections::HashSet<_> =
            ids.iter().map(|(raw, number)| mark(&Id::parse(raw).unwrap(), *number).unwrap()).collect();
        assert_eq!(marks.len(), ids.len());
    }

    #[test]
    fn what_was_never_marked_names_no_instance() {
        for raw in
            ["1", r#""""#, r#""1""#, r#""x:1""#, r#""1:x""#, r#"":1""#, r#""1;2""#, r#""99999999999999999999:1""#]
        {
            assert_eq!(unmark(&Id::parse(raw).unwrap()), None, "{raw}");
        }
    }

    #[test]
    fn a_cancellation_names_the_marked_id_and_keeps_its_reason() {
        let params = CancelledParams::write(&Id::from(7), Some("enough"));
        let marked = marked(Message::notification(method::CANCELLED, Some(&params)), 3);
        let marked = CancelledParams::read(marked.params().unwrap()).unwrap();
        assert_eq!(marked.request_id, Id::parse(r#""3:7""#));
        assert_eq!(marked.reason, Some(r#""enough""#));
    }

    #[test]
    fn other_messages_stay_as_they_are() {
        for message in [Message::response(&Id::from(1), "{}"), Message::notification(method::MESSAGE, Some("{}"))] {
            assert_eq!(marked(message.clone(), 2).to_bytes(), message.to_bytes());
        }
    }
}
