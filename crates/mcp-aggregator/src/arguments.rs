//! Calls as a server gets them.

use mcp_jsonrpc::{Edit, Message};

use crate::{
    ItemRule,
    object::{Object, Splice},
};

/// The arguments of a tool, in the params of a call.
const ARGUMENTS: &str = "arguments";

/// A call of a tool with its arguments as the rule has them: hidden ones taken out, fixed ones set, and what the client
/// did not send set to its default. A hidden parameter with a default is as good as a fixed one.
///
/// Everything else stays byte for byte. Arguments that are no object stay as they are, for the server to refuse; where
/// one of the keys stands twice, no reader finds another value than the rule's.
pub(crate) fn fitted(call: &Message, rule: &ItemRule) -> Message {
    let splices = splices(call, rule).unwrap_or_default();
    if splices.is_empty() {
        return call.clone();
    }
    let edits: Vec<_> = splices.iter().map(|Splice { at, with }| Edit { at: at.clone(), with }).collect();
    call.spliced(&edits)
}

/// What has to be done to the text of the call; `None` if it has no params.
fn splices(call: &Message, rule: &ItemRule) -> Option<Vec<Splice>> {
    if rule.parameters.is_empty() {
        return None;
    }
    let base = call.find(&["params"]).ok()??.start;
    let text = call.params()?;
    let mut params = Object::read(text)?;
    let places: Vec<_> = params.places(ARGUMENTS).collect();
    let mut splices = Vec::new();
    for place in &places {
        match &text[place.clone()] {
            "null" => splices.extend(added(rule).map(|with| Splice { at: place.clone(), with })),
            given => splices.extend(changes(given, rule).into_iter().map(|splice| moved(splice, place.start))),
        }
    }
    if let Some(added) = added(rule).filter(|_| places.is_empty()) {
        params.set(ARGUMENTS, &added);
        splices = params.splices();
    }
    Some(splices.into_iter().map(|splice| moved(splice, base)).collect())
}

/// What has to be done to arguments (JSON text); nothing if they are no object.
fn changes(arguments: &str, rule: &ItemRule) -> Vec<Splice> {
    let Some(mut arguments) = Object::read(arguments) else { return Vec::new() };
    for (name, rule) in &rule.parameters {
        let is_sent = arguments.places(name).next().is_some();
        match (&rule.fixed, &rule.default) {
            (Some(value), _) => arguments.set(name, value),
            (None, Some(value)) if rule.hidden || !is_sent => arguments.set(name, value),
            _ if rule.hidden => arguments.remove(name),
            _ => {}
        }
    }
    arguments.splices()
}

/// The arguments (JSON text) of a call that has none; `None` if it needs none.
fn added(rule: &ItemRule) -> Option<String> {
    let none = "{}";
    let splices = changes(none, rule);
    (!splices.is_empty()).then(|| crate::object::spliced(none, &splices))
}

fn moved(Splice { at, with }: Splice, by: usize) -> Splice {
    Splice { at: at.start + by..at.end + by, with }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use mcp_jsonrpc::Id;
    use proptest::prelude::*;

    use super::*;
    use crate::ParameterRule;

    fn rule() -> ItemRule {
        let none = ParameterRule::default();
        let parameters = [
            ("default", ParameterRule { default: Some("[ 1 ]".into()), ..none.clone() }),
            ("fixed", ParameterRule { fixed: Some("\"f\"".into()), ..none.clone() }),
            ("hidden", ParameterRule { hidden: true, ..none.clone() }),
        ];
        let parameters = parameters.into_iter().map(|(name, rule)| (name.into(), rule)).collect();
        ItemRule { parameters, ..ItemRule::default() }
    }

    fn call(params: &str) -> Message {
        let text = format!(r#"{{"params":{params}, "jsonrpc":"2.0","id":1,"method":"tools/call","x":[1.0]}}"#);
        Message::parse(Bytes::from(text)).unwrap()
    }

    #[track_caller]
    fn check(rule: &ItemRule, params: &str, expect: &str) {
        let fitted = fitted(&call(params), rule);
        assert_eq!(std::str::from_utf8(&fitted.to_bytes()), std::str::from_utf8(&call(expect).to_bytes()));
        assert_eq!((fitted.params(), fitted.method()), (Some(expect), call(expect).method()));
        assert_eq!(fitted.id(), Some(Id::from(1)));
    }

    #[test]
    fn hidden_ones_go_fixed_ones_come_and_defaults_fill_up() {
        check(
            &rule(),
            r#"{ "name":"t","arguments":{ "hidden" : {"a":1} , "fixed":"g", "o":1.50 },"_meta":{}}"#,
            r#"{ "name":"t","arguments":{ "fixed":"f", "o":1.50,"default":[ 1 ] },"_meta":{}}"#,
        );
        check(
            &rule(),
            r#"{"arguments":{"default":null,"o":2,"hidden":3}}"#,
            r#"{"arguments":{"default":null,"o":2,"fixed":"f"}}"#,
        );
    }

    #[test]
    fn arguments_that_are_absent_are_made() {
        let made = r#"{"default":[ 1 ],"fixed":"f"}"#;
        check(&rule(), r#"{"name":"t"}"#, &format!(r#"{{"name":"t","arguments":{made}}}"#));
        check(&rule(), r#"{"arguments":null,"name":"t"}"#, &format!(r#"{{"arguments":{made},"name":"t"}}"#));
        check(&rule(), r#"{"arguments":{},"name":"t"}"#, &format!(r#"{{"arguments":{made},"name":"t"}}"#));
        let mut hidden = rule();
        hidden.parameters.retain(|name, _| &**name == "hidden");
        for params in [r#"{"name":"t"}"#, r#"{"name":"t","arguments":null}"#] {
            check(&hidden, params, params);
        }
    }

    #[test]
    fn with_nothing_to_change_the_call_is_the_same() {
        let params = r#"{"name":"t","arguments":{"default":[],"fixed":"f", "o":"\u0061"}}"#;
        check(&rule(), params, params);
        let params = r#"{"name":"t","arguments":{"hidden":1}}"#;
        check(&ItemRule::default(), params, params);
        for params in [r#"{"name":"t","arguments":[1]}"#, "[]"] {
            check(&rule(), params, params);
        }
        let bare = Message::request(&Id::from(1), "m", None);
        assert_eq!(fitted(&bare, &rule()).to_bytes(), bare.to_bytes());
    }

    #[test]
    fn a_second_key_gets_nothing_past_the_rule() {
        check(
            &rule(),
            r#"{"arguments":{"default":0,"fixed":1,"f\u0069xed":2,"hidden":3,"\u0068idden":4}}"#,
            r#"{"arguments":{"default":0,"fixed":"f"}}"#,
        );
        check(
            &rule(),
            r#"{"arguments":{"default":0,"fixed":1},"\u0061rguments":{"default":0,"fixed":2}}"#,
            r#"{"arguments":{"default":0,"fixed":"f"},"\u0061rguments":{"default":0,"fixed":"f"}}"#,
        );
    }

    #[test]
    fn a_hidden_default_is_always_sent() {
        let mut rule = rule();
        rule.parameters.retain(|name, _| &**name == "default");
        rule.parameters.values_mut().for_each(|rule| rule.hidden = true);
        check(&rule, r#"{"arguments":{"default":7}}"#, r#"{"arguments":{"default":[ 1 ]}}"#);
        check(&rule, "{}", r#"{"arguments":{"default":[ 1 ]}}"#);
    }

    #[test]
    fn a_message_keeps_its_label_and_knows_of_newlines() {
        let relabelled = call(r#"{"name":"t"}"#).with_id(Id::from(9));
        assert_eq!(fitted(&relabelled, &rule()).id(), Some(Id::from(9)));
        let mut rule = rule();
        rule.parameters.values_mut().for_each(|rule| rule.default = Some("[\n]".into()));
        assert!(!fitted(&relabelled, &rule).is_single_line());
    }

    proptest! {
        #[test]
        fn whatever_is_sent_the_server_gets_what_the_rule_says(
            names in proptest::collection::vec("default|fixed|hidden|[a-c]", 0..8),
        ) {
            let members: Vec<_> = names.iter().map(|name| format!(" \"{name}\" : [0]")).collect();
            let fitted = fitted(&call(&format!(r#"{{"arguments":{{{}}}}}"#, members.join(" ,"))), &rule());
            let again = Message::parse(fitted.to_bytes()).unwrap();
            let arguments = Object::read(again.value(&["params", "arguments"]).unwrap()).unwrap();
            prop_assert_eq!(arguments.get("fixed"), Some("\"f\""));
            prop_assert_eq!(arguments.places("hidden").count(), 0);
            let default = names.iter().filter(|name| *name == "default").count();
            prop_assert_eq!(arguments.places("default").count(), default.max(1));
            for other in ["a", "b", "c"] {
                let sent = names.iter().filter(|name| *name == other).count();
                prop_assert_eq!(arguments.places(other).count(), sent);
            }
        }
    }
}
