//! Rules, groups, keys and names.

use super::*;
use crate::ItemKind;

const HUB: &str = r#"{
    "groups": {
        "dev": { "servers": ["git", "g*"], /* all */ "ours": 1 }, // for us
    },
    "keys": { "alice": "s3cret" },
    "mcpServers": {
        // our code
        "git": { "command": "git", "tools": ["read_*" /* safe */, "log"] },
        "time": {
            "url": "https://x", // far
            "tools": { "now": { "exposedName": "n", "ours": [1] /* kept */ }, "then": { "enabled": false } },
        },
    },
}
"#;

fn rule(text: &str) -> Option<Vec<(String, Json)>> {
    wanted(text, String::new).ok()
}

/// The text without white space, for a list on one line that gets longer is put on several.
fn bare(text: &str) -> String {
    text.split_whitespace().collect()
}

fn set(text: &str, server: &str, item: &str, rule: Option<Vec<(String, Json)>>) -> String {
    let changed = set_rule(text, server, ItemKind::Tool, item, rule).unwrap();
    assert!(jsonc::parse(&changed).is_ok(), "{changed}");
    changed
}

#[test]
fn a_rule_is_made_changed_and_taken_out_and_the_rest_stays() {
    let changed = set(HUB, "time", "now", rule(r#"{"exposedName": "m", "title": null}"#));
    assert_eq!(changed, HUB.replace("\"n\"", "\"m\""), "null says nothing, and what nobody knows is kept");
    let changed = set(HUB, "time", "other", rule(r#"{"enabled": false}"#));
    assert!(changed.contains("/* kept */") && changed.contains("// far") && changed.contains("\"other\""), "{changed}");
    assert_eq!(bare(&set(&changed, "time", "other", None)), bare(HUB));
    let none = set(&set(HUB, "time", "now", None), "time", "then", None);
    assert!(!none.contains("\"now\"") && !none[none.find("time").unwrap()..].contains("tools"), "{none}");
    assert_eq!(set(HUB, "time", "unheard", None), HUB);
    let prompt = set_rule(HUB, "git", ItemKind::Prompt, "p", rule(r#"{"title": "T"}"#)).unwrap();
    assert!(prompt.contains(r#""prompts""#) && prompt.contains("/* safe */"), "{prompt}");
    let nobody = set_rule(HUB, "tim", ItemKind::Tool, "now", rule("{}"));
    assert_eq!(nobody, Err(EditError::NoServer("tim".to_owned())));
}

#[test]
fn a_list_of_tools_becomes_what_is_allowed() {
    let changed = set(HUB, "git", "log", rule(r#"{"title": "Log"}"#));
    assert!(changed.contains(r#""allow": ["read_*" /* safe */, "log"]"#), "{changed}");
    let Json::Object(_) = json::read(&changed, Comments::Allowed).unwrap() else { panic!() };
    let both = HUB.replace("\"command\": \"git\"", "\"command\": \"git\", \"allow\": []");
    assert!(set_rule(&both, "git", ItemKind::Tool, "log", rule("{\"title\": \"x\"}")).is_err());
}

#[test]
fn all_rules_go_and_lists_stay() {
    let one = reset_rules(HUB, Some("time")).unwrap();
    assert!(!one.contains("exposedName") && one.contains("// far") && one.contains("/* safe */"), "{one}");
    assert_eq!(reset_rules(HUB, None).unwrap(), one);
    assert_eq!(reset_rules(HUB, Some("git")).unwrap(), HUB);
    assert!(reset_rules(HUB, Some("nine")).is_err());
}

#[test]
fn a_server_gets_another_name_where_it_is_named() {
    let renamed = rename_server(HUB, "git", "code \"1\"").unwrap();
    assert_eq!(renamed, HUB.replace("\"git\": {", r#""code \"1\"": {"#).replace("[\"git\",", r#"["code \"1\"","#));
    assert_eq!(rename_server(HUB, "git", "git").unwrap(), HUB);
    assert_eq!(rename_server(HUB, "git", "time"), Err(EditError::Taken("time".to_owned())));
    assert_eq!(rename_server(HUB, "nine", "ten"), Err(EditError::NoServer("nine".to_owned())));
}

#[test]
fn what_has_a_name_is_made_changed_and_taken_out() {
    let change = |text: &str, section, name: &str, value: Option<&str>| {
        set_named(text, section, name, |_| Ok(value.map(|value| json::read(value, Comments::Refused).unwrap())))
    };
    let more = change(HUB, Section::Groups, "all", Some("{}")).unwrap();
    assert!(more.contains("// for us") && more.contains("\"all\": {}"), "{more}");
    assert_eq!(bare(&change(&more, Section::Groups, "all", None).unwrap()), bare(HUB));
    let other = change(HUB, Section::Keys, "alice", Some("{\"key\": \"x\"}")).unwrap();
    assert!(other.contains("\"alice\": {") && !other.contains("s3cret"), "{other}");
    let missing = change(HUB, Section::Keys, "bob", None).unwrap_err();
    assert_eq!(missing.to_string(), "the file has nothing called `bob` in `keys`");
    let first = change("", Section::Keys, "bob", Some("\"x\"")).unwrap();
    assert!(first.contains("\"bob\": \"x\""), "{first}");
}
