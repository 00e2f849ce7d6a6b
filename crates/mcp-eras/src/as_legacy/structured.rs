//! Structured output of any shape, in an era that knows objects alone.

use mcp_jsonrpc::field::{self, Member};

use super::members::{self, Edits};

const CONTENT: &str = "structuredContent";
const SCHEMA: &str = "outputSchema";

/// Puts the structured content of a tool's result into an object, if it is none.
pub(super) fn wrap_content(edits: &mut Edits, result: &str, members: &[Member], offset: usize) {
    let mut found = members.iter().filter(|member| members::is(result, member, |name| name == CONTENT));
    if let (Some(Member { value, .. }), None) = (found.next(), found.next())
        && !result[value.clone()].starts_with('{')
    {
        edits.insert(value.start + offset, r#"{"result":"#);
        edits.insert(value.end + offset, "}");
    }
}

/// Makes the output schemas of listed tools say the same. One that cannot be said in this era is left out: whoever has no
/// schema does not check, and a list that its client cannot read would be worse.
pub(super) fn wrap_schemas(edits: &mut Edits, result: &str, offset: usize) {
    let Ok(Some(tools)) = field::find(result, &["tools"]) else { return };
    let items = field::elements(&result[tools.clone()], usize::MAX).unwrap_or_default();
    for item in items {
        let item = tools.start + item.start..tools.start + item.end;
        let tool = &result[item.clone()];
        let Ok(Some(at)) = field::find(tool, &[SCHEMA]) else { continue };
        let schema = &tool[at.clone()];
        let kind = field::find(schema, &["type"]).ok().flatten().map(|at| &schema[at]);
        let start = offset + item.start;
        match kind {
            Some(r#""object""#) => {}
            // References count from the root, which moves.
            Some(kind) if kind.starts_with('"') && !schema.contains("$ref") && !schema.contains("$dynamicRef") => {
                edits.insert(start + at.start, r#"{"type":"object","properties":{"result":"#);
                edits.insert(start + at.end, r#"},"required":["result"]}"#);
            }
            _ => edits.remove_members(tool, &members::of(tool), start, |name| name == SCHEMA),
        }
    }
}

#[cfg(test)]
mod tests {
    use mcp_jsonrpc::{Id, Message};

    use super::*;

    #[track_caller]
    fn check(wrap: impl Fn(&mut Edits, &str, usize), result: &str, expect: &str) {
        let message = Message::response(&Id::from(1), result);
        let mut edits = Edits::default();
        wrap(&mut edits, result, message.find(&["result"]).unwrap().unwrap().start);
        assert_eq!(edits.apply(&message).result(), Some(expect));
    }

    #[test]
    fn content_that_is_no_object_becomes_one() {
        let wrap = |edits: &mut Edits, result: &str, at| wrap_content(edits, result, &members::of(result), at);
        check(wrap, r#"{"structuredContent":[1.0]}"#, r#"{"structuredContent":{"result":[1.0]}}"#);
        check(wrap, r#"{"structuredContent":{"a":1}}"#, r#"{"structuredContent":{"a":1}}"#);
        check(wrap, r#"{"content":[]}"#, r#"{"content":[]}"#);
    }

    #[test]
    fn schemas_are_of_objects_or_left_out() {
        for (schema, expect) in [
            (r#","outputSchema":{"type":"object"}"#, r#","outputSchema":{"type":"object"}"#),
            (
                r#","outputSchema":{"type":"array"}"#,
                r#","outputSchema":{"type":"object","properties":{"result":{"type":"array"}},"required":["result"]}"#,
            ),
            (r#","outputSchema":{"anyOf":[]}"#, ""),
            (r##","outputSchema":{"type":"array","items":{"$ref":"#/$defs/a"}}"##, ""),
            (r#","outputSchema":true"#, ""),
            ("", ""),
        ] {
            let list = |schema: &str| format!(r#"{{"tools":[{{"name":"a"}}, {{"name":"t"{schema},"x":1}}]}}"#);
            check(wrap_schemas, &list(schema), &list(expect));
        }
    }
}
