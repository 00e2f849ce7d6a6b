//! What several servers can do together.

use mcp_jsonrpc::quote;
use mcp_protocol::{Era, ServerCapabilities, ServerCapability as Has};

use crate::object::Object;

/// What can be done with tasks.
const TASKS: &str = Has::CoreTasks.path()[0];
/// Under the parts of it, the requests that may become tasks stand by two names each.
const TASKS_DEPTH: usize = 4;

/// JSON text of the capabilities that several servers (JSON text each) have together, and we on top of them: tools are
/// always there, and every list that is there tells of its changes. `expect_more` says that some server has not said yet
/// what it can do; then prompts and resources are there too.
///
/// Of extensions and experimental ones of the same name, those of the first server stand, byte for byte. With tasks can be
/// done whatever can be done with some server's. What is malformed counts for nothing.
pub(crate) fn union<'a>(parts: impl Iterator<Item = &'a str>, era: Era, expect_more: bool) -> String {
    let read = |part| Some((ServerCapabilities::read(part).ok()?, Object::read(part)?));
    let parts: Vec<_> = parts.filter_map(read).collect();
    let any = |capability| parts.iter().any(|(has, _)| has.has(capability));

    let mut members = vec![list("tools", "")];
    if expect_more || any(Has::Prompts) {
        members.push(list("prompts", ""));
    }
    if expect_more || any(Has::Resources) {
        members.push(list("resources", if any(Has::ResourcesSubscribe) { r#","subscribe":true"# } else { "" }));
    }
    for (name, capability) in [("logging", Has::Logging), ("completions", Has::Completions)] {
        members.extend(any(capability).then(|| format!(r#""{name}":{{}}"#)));
    }
    if era == Era::Legacy && any(Has::CoreTasks) {
        let all: Vec<_> = parts.iter().filter_map(|(_, part)| part.get(TASKS)).collect();
        members.push(format!(r#""{TASKS}":{}"#, joined(&all, TASKS_DEPTH)));
    }
    for name in ["experimental", "extensions"] {
        let is_known = name != "extensions" || era == Era::Modern;
        let all = parts.iter().filter_map(|(_, part)| part.get(name)).filter(|_| is_known);
        let all = first_of_each(all);
        members.extend((!all.is_empty()).then(|| format!(r#""{name}":{{{}}}"#, all.join(","))));
    }
    format!("{{{}}}", members.join(","))
}

/// The member for something that there is a list of.
fn list(name: &str, more: &str) -> String {
    format!(r#""{name}":{{"listChanged":true{more}}}"#)
}

/// The members of all objects (JSON text each), of each name the first one.
fn first_of_each<'a>(objects: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut names = std::collections::HashSet::new();
    let mut members = Vec::new();
    for object in objects.filter_map(Object::read) {
        for (name, value) in object.members() {
            if names.insert(name.to_owned()) {
                members.push(format!("{}:{value}", quote(name)));
            }
        }
    }
    members
}

/// Objects (JSON text each) as one, and so on down to that depth; of what is no object, or lies deeper, the first stands.
fn joined(values: &[&str], depth: usize) -> String {
    let objects: Vec<_> = values.iter().filter_map(|value| Object::read(value)).collect();
    if depth == 0 || objects.len() < 2 {
        let object = objects.first().and_then(|_| values.iter().find(|value| Object::read(value).is_some()));
        return object.or(values.first()).map_or_else(|| "{}".to_owned(), ToString::to_string);
    }
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in objects.iter().flat_map(Object::members) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let member = |name: &&str| {
        let values: Vec<_> = objects.iter().filter_map(|object| object.get(name)).collect();
        (!values.is_empty()).then(|| format!("{}:{}", quote(name), joined(&values, depth - 1)))
    };
    format!("{{{}}}", names.iter().filter_map(member).collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOOLS: &str = r#""tools":{"listChanged":true}"#;

    #[track_caller]
    fn check(parts: &[&str], era: Era, expect: &str) {
        assert_eq!(union(parts.iter().copied(), era, false), format!("{{{TOOLS}{expect}}}"));
    }

    #[test]
    fn tools_are_always_there_and_others_if_any_server_has_them() {
        check(&[], Era::Modern, "");
        check(&["{}", r#"{"tools":{}}"#], Era::Modern, "");
        check(
            &[
                r#"{"prompts":{"listChanged":false},"logging":{}}"#,
                r#"{"resources":{"subscribe":false},"completions":{}}"#,
            ],
            Era::Legacy,
            r#","prompts":{"listChanged":true},"resources":{"listChanged":true},"logging":{},"completions":{}"#,
        );
        let subscribe = r#","resources":{"listChanged":true,"subscribe":true}"#;
        check(&[r#"{"resources":{}}"#, r#"{"resources":{"subscribe":true}}"#], Era::Legacy, subscribe);
    }

    #[test]
    fn whoever_has_not_spoken_may_have_prompts_and_resources() {
        let expect = format!(r#"{{{TOOLS},"prompts":{{"listChanged":true}},"resources":{{"listChanged":true}}}}"#);
        assert_eq!(union([].into_iter(), Era::Legacy, true), expect);
        assert_eq!(union([r#"{"prompts":{}}"#].into_iter(), Era::Modern, true), expect);
    }

    #[test]
    fn the_first_of_a_name_stands_byte_for_byte() {
        let parts = [
            r#"{"experimental":{"a": {"x" : 1.0}},"extensions":{"e":{}}}"#,
            r#"{"extensions":{"e":{"second":1},"f":{ }},"experimental":{"\u0061":2,"b":3}}"#,
        ];
        let experimental = r#","experimental":{"a":{"x" : 1.0},"b":3}"#;
        check(&parts, Era::Legacy, experimental);
        check(&parts, Era::Modern, &format!(r#"{experimental},"extensions":{{"e":{{}},"f":{{ }}}}"#));
    }

    #[test]
    fn with_tasks_can_be_done_what_can_be_done_with_some_servers() {
        let tasks = r#"{"tasks":{"list":{ },"requests":{"tools":{"call":{}}}},"extensions":{"io.modelcontextprotocol/tasks":{}}}"#;
        let others =
            r#"{"tasks":{"cancel":{},"list":{"x":1},"requests":{"prompts":{"get":{}},"tools":{"call":{},"list":{}}}}}"#;
        let extension = r#","extensions":{"io.modelcontextprotocol/tasks":{}}"#;
        check(&[tasks, others], Era::Modern, extension);
        check(&[tasks], Era::Legacy, r#","tasks":{"list":{ },"requests":{"tools":{"call":{}}}}"#);
        let both =
            r#","tasks":{"list":{"x":1},"requests":{"tools":{"call":{},"list":{}},"prompts":{"get":{}}},"cancel":{}}"#;
        check(&[tasks, others], Era::Legacy, both);
        check(&[r#"{"tasks":true}"#, r#"{"tasks":{"list":{}}}"#], Era::Legacy, r#","tasks":{"list":{}}"#);
        check(&[r#"{"tasks":null}"#, "{}"], Era::Legacy, "");
    }

    #[test]
    fn what_is_malformed_counts_for_nothing() {
        let twice = r#"{"prompts":{},"prompts":{}}"#;
        let odd = r#"{"experimental":[1],"extensions":null,"vendor":{}}"#;
        check(&["[]", "", twice, odd, r#"{"logging":{}}"#], Era::Modern, r#","logging":{}"#);
    }
}
