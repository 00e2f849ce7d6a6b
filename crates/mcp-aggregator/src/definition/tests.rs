use proptest::prelude::*;

use super::*;

const TOOL: &str = r#"{ "name" : "read","x-vendor":[1.0 , {"a":1}],"description":"Reads \u0061 file.",
 "inputSchema":{"type":"object", "properties":{ "path":{"type":"string"}, "depth" : {"type":"integer","default":1}, "token":{}} ,
  "required":[ "path" , "depth", "token" ],"additionalProperties":false}, "annotations":{"readOnlyHint":false,"v":1} }"#;

fn of(parameters: &[(&str, ParameterRule)]) -> ItemRule {
    let parameters = parameters.iter().map(|(name, rule)| ((*name).into(), rule.clone())).collect();
    ItemRule { parameters, ..ItemRule::default() }
}

fn hidden() -> ParameterRule {
    ParameterRule { hidden: true, ..ParameterRule::default() }
}

fn fixed(value: &str) -> ParameterRule {
    ParameterRule { fixed: Some(value.into()), ..ParameterRule::default() }
}

fn default(value: &str) -> ParameterRule {
    ParameterRule { default: Some(value.into()), ..ParameterRule::default() }
}

/// The tool is as it was but for these parts.
#[track_caller]
fn differs(name: Option<&str>, rule: &ItemRule, parts: &[(&str, &str)]) {
    let expect = parts.iter().fold(TOOL.to_owned(), |text, (from, to)| {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text.replace(from, to)
    });
    assert_eq!(shown(ListKind::Tools, TOOL, name, Some(rule)), expect);
}

#[track_caller]
fn becomes(kind: ListKind, item: &str, name: Option<&str>, rule: &ItemRule, expect: &str) {
    assert_eq!(shown(kind, item, name, Some(rule)), expect);
}

#[test]
fn with_nothing_to_change_nothing_changes() {
    for kind in ListKind::ALL {
        assert_eq!(shown(kind, TOOL, None, None), TOOL);
        assert_eq!(shown(kind, TOOL, None, Some(&ItemRule::default())), TOOL);
    }
    differs(Some("read"), &ItemRule { description: Some("Reads a file.".into()), ..ItemRule::default() }, &[]);
    differs(None, &of(&[("other", hidden()), ("depth", ParameterRule::default())]), &[]);
    differs(None, &ItemRule { annotations: Some("{ }".into()), ..ItemRule::default() }, &[]);
}

#[test]
fn names_titles_and_descriptions_are_replaced_or_added() {
    differs(Some("files__read"), &ItemRule::default(), &[(r#""read""#, r#""files__read""#)]);
    let rule = ItemRule { title: Some("T\"".into()), description: Some("D".into()), ..ItemRule::default() };
    differs(None, &rule, &[(r#""Reads \u0061 file.""#, r#""D""#), (r#""v":1} }"#, r#""v":1},"title":"T\"" }"#)]);
}

#[test]
fn annotations_are_merged_member_by_member() {
    let rule = ItemRule { annotations: Some(r#"{"readOnlyHint": true, "title":"T"}"#.into()), ..ItemRule::default() };
    let merged = r#"{"readOnlyHint":true,"v":1,"title":"T"}"#;
    differs(None, &rule, &[(r#"{"readOnlyHint":false,"v":1}"#, merged)]);
    let added = r#"{"name":"a","annotations":{"readOnlyHint":true,"title":"T"}}"#;
    becomes(ListKind::Tools, r#"{"name":"a"}"#, None, &rule, added);
    becomes(ListKind::Tools, r#"{"name":"a","annotations":null}"#, None, &rule, added);
}

#[test]
fn hidden_and_fixed_parameters_vanish() {
    let first = [(r#""path":{"type":"string"}, "#, ""), (r#""path" , "#, "")];
    differs(None, &of(&[("path", hidden())]), &first);
    let middle = [(r#", "depth" : {"type":"integer","default":1}"#, ""), (r#" , "depth""#, "")];
    differs(None, &of(&[("depth", fixed("3"))]), &middle);
    let last = [(r#", "token":{}"#, ""), (r#", "token" ]"#, " ]")];
    differs(None, &of(&[("token", fixed("\"t\""))]), &last);
}

#[test]
fn nothing_required_needs_no_list_of_it() {
    let all = of(&[("path", hidden()), ("depth", hidden()), ("token", hidden())]);
    let (before, rest) = TOOL.split_once(r#" "path":{"#).unwrap();
    let (_, after) = rest.split_once(r#""token" ]"#).unwrap();
    let expect = format!("{before} }}{after}");
    becomes(ListKind::Tools, TOOL, None, &all, &expect);
}

#[test]
fn a_parameter_with_a_default_need_not_be_sent() {
    differs(
        None,
        &of(&[("depth", default("7")), ("path", default("\".\""))]),
        &[
            (r#""default":1"#, r#""default":7"#),
            (r#"{"type":"string"}"#, r#"{"type":"string","default":"."}"#),
            (r#"[ "path" , "depth", "token" ]"#, r#"[ "token" ]"#),
        ],
    );
    let described = ParameterRule { description: Some("Where".into()), ..ParameterRule::default() };
    let expect = r#"{"type":"string","description":"Where"}"#;
    differs(None, &of(&[("path", described)]), &[(r#"{"type":"string"}"#, expect)]);
}

#[test]
fn a_resource_has_a_name_to_show_and_a_uri_to_ask_for() {
    let rule = ItemRule { name: Some("N".into()), ..of(&[("uri", hidden())]) };
    let item = r#"{"uri":"file:///a", "name":"a","inputSchema":{"properties":{"uri":1}}}"#;
    let expect = r#"{"uri":"x://y", "name":"N","inputSchema":{"properties":{"uri":1}}}"#;
    becomes(ListKind::Resources, item, Some("x://y"), &rule, expect);
    let template = r#"{"uriTemplate":"a{b}"}"#;
    becomes(ListKind::ResourceTemplates, template, Some("c{b}"), &rule, r#"{"uriTemplate":"c{b}","name":"N"}"#);
    becomes(ListKind::Prompts, r#"{"name":"p"}"#, None, &rule, r#"{"name":"p"}"#);
}

#[test]
fn what_is_malformed_stays_as_it_is() {
    let rule = ItemRule {
        title: Some("T".into()),
        annotations: Some(r#"{"a":1}"#.into()),
        ..of(&[("p", default("1")), ("q", hidden())])
    };
    for item in [
        r#"{"title":"1","title":"2","annotations":[],"inputSchema":[]}"#,
        r#"{"title":"T","annotations":{"a":1,"a":2},"inputSchema":{"properties":[],"required":"p"}}"#,
        r#"{"title":"T","annotations":7,"inputSchema":{"properties":{"p":true},"required":{}}}"#,
        r#"{"title":"T","annotations":7,"inputSchema":{"properties":{"p":{"default":2,"default":3}}}}"#,
        r#"{"title":"T","annotations":7,"inputSchema":{"properties":{"q":1}},"inputSchema":{}}"#,
        r#"{"title":"#,
        "[]",
    ] {
        becomes(ListKind::Tools, item, None, &rule, item);
    }
    let twice = r#"{"title":"T","annotations":7,"inputSchema":{"properties":{"q":1,"\u0071":2},"required":["q","q"]}}"#;
    let expect = r#"{"title":"T","annotations":7,"inputSchema":{"properties":{}}}"#;
    becomes(ListKind::Tools, twice, None, &rule, expect);
}

proptest! {
    #[test]
    fn what_is_hidden_is_gone_and_the_rest_is_there(
        names in proptest::collection::btree_set("[a-h]", 0..8),
        hide in proptest::collection::btree_set("[a-h]", 0..8),
    ) {
        let list = |each: fn(&String) -> String| names.iter().map(each).collect::<Vec<_>>().join(" , ");
        let item = format!(
            r#"{{"name":"t","inputSchema":{{"properties":{{ {} }},"required":[ {} ]}}}}"#,
            list(|name| format!("\"{name}\":{{}}")),
            list(|name| format!("\"{name}\"")),
        );
        let rules: Vec<_> = hide.iter().map(|name| (name.as_str(), hidden())).collect();
        let after = shown(ListKind::Tools, &item, None, Some(&of(&rules)));
        let schema = Object::read(&after).unwrap().get("inputSchema").unwrap();
        let schema = Object::read(schema).unwrap();
        let left: Vec<_> = names.difference(&hide).map(String::as_str).collect();
        let properties = Object::read(schema.get("properties").unwrap()).unwrap();
        prop_assert_eq!(properties.members().map(|member| member.0).collect::<Vec<_>>(), left.clone());
        let required = schema.get("required").unwrap_or("[]");
        let required: Vec<String> = serde_json::from_str(required).unwrap();
        prop_assert_eq!(required, left);
    }
}
