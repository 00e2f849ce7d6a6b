//! Members taken out of an object, where they stand.

use std::ops::Range;

use mcp_jsonrpc::{Edit, Message, field, field::Member};

/// What is to be replaced in the text of a message.
#[derive(Debug, Default)]
pub(super) struct Edits(Vec<(Range<usize>, String)>);

impl Edits {
    /// Puts `text` in at an offset.
    pub(super) fn insert(&mut self, at: usize, text: impl Into<String>) {
        self.0.push((at..at, text.into()));
    }

    /// Takes what stands in a range out.
    pub(super) fn remove(&mut self, at: Range<usize>) {
        self.0.push((at, String::new()));
    }

    /// Takes the members that `goes` names out of an object that begins at `offset`, with the commas between them.
    pub(super) fn remove_members(
        &mut self,
        object: &str,
        members: &[Member],
        offset: usize,
        goes: impl Fn(&str) -> bool,
    ) {
        let mut is_first = true;
        for (n, member) in members.iter().enumerate() {
            if !is(object, member, &goes) {
                is_first = false;
                continue;
            }
            let gone = match (is_first, members.get(n + 1)) {
                (true, Some(next)) => member.key.start..next.key.start,
                (true, None) => member.key.start..member.value.end,
                (false, _) => members[n - 1].value.end..member.value.end,
            };
            self.remove(gone.start + offset..gone.end + offset);
        }
    }

    /// The message as it is then.
    pub(super) fn apply(mut self, message: &Message) -> Message {
        if self.0.is_empty() {
            return message.clone();
        }
        self.0.sort_by_key(|(at, _)| (at.start, at.end));
        let edits: Vec<_> = self.0.iter().map(|(at, with)| Edit { at: at.clone(), with }).collect();
        message.spliced(&edits)
    }
}

/// Whether a member has one of the names, however its key is written.
pub(super) fn is(object: &str, member: &Member, named: impl Fn(&str) -> bool) -> bool {
    field::unescape(&object[member.key.clone()]).is_some_and(|name| named(&name))
}

/// The members of an object; none if it is no object.
pub(super) fn of(object: &str) -> Vec<Member> {
    field::members(object).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use mcp_jsonrpc::Id;

    use super::*;

    #[track_caller]
    fn check(object: &str, expect: &str) {
        let message = Message::response(&Id::from(1), object);
        let offset = message.find(&["result"]).unwrap().unwrap().start;
        let mut edits = Edits::default();
        edits.remove_members(object, &of(object), offset, |name| name == "x" || name == "y");
        assert_eq!(edits.apply(&message).result(), Some(expect));
    }

    #[test]
    fn what_stays_is_valid_and_as_it_was() {
        check(r#"{"x":1}"#, "{}");
        check(r#"{"x":1,"y":2}"#, "{}");
        check(r#"{"x":1,"a" : 2}"#, r#"{"a" : 2}"#);
        check(r#"{"a":2 , "x":1}"#, r#"{"a":2}"#);
        check(r#"{"x":1,"a":2,"y":3,"\u0078":4,"b":1.0}"#, r#"{"a":2,"b":1.0}"#);
        check(r#"{"a":{"x":1}}"#, r#"{"a":{"x":1}}"#);
        check("{ }", "{ }");
    }
}
