use proptest::prelude::*;

use super::*;
use crate::edit::tests::property::Written;

const FILE: &str = r#"// the hub
{
    "authKey": "s3cret1", "tlsKey": "key.pem",
    "keys": { "alice": "s3cret2", "ci": { "key": "s3cret3", "groups": ["dev"] }, "bob": "${BOB}" },
    "groups": { "dev": { "tools": ["auth__*"] } },
    "mcpServers": {
        "a": {
            "command": "npx", /* plain */ "args": ["-y", "p\u006bg", "--token", "s3cret4", "--name", "x"],
            "env": { "TZ": "s3cret5" }, // "env": { "OLD": "s3cret6", "HOME": "${HOME}" }
            "installCommands": ["git clone https://me:s3cret7@host/x", ["curl", "--token=s3cret8"]],
        },
        // "b": { "url": "https://x/y?key=s3cret9", "type": "http" }, says "nothing"
        "c": { "type": "lab", "password": "s3cret10", "deep": [{ "apiToken": "s3cret11", "size": "big" }] },
    },
}
"#;

#[test]
fn nothing_secret_is_shown_and_the_rest_is_as_it_was() {
    let shown = masked_text(FILE);
    assert!(!shown.contains("s3cret"), "{shown}");
    for plain in [
        "// the hub\n",
        "\"key.pem\"",
        "[\"dev\"]",
        "${BOB}",
        "[\"auth__*\"]",
        r#"["-y", "p\u006bg", "--token", "***", "--name", "x"]"#,
        r#"// "env": { "OLD": "***", "HOME": "${HOME}" }"#,
        "https://***@host/x",
        "--token=***",
        r#""https://x/y?***", "type": "http""#,
        "says \"nothing\"",
        r#""size": "big""#,
    ] {
        assert!(shown.contains(plain), "{plain} in {shown}");
    }
    assert_eq!(unmasked_text(&shown, FILE).unwrap(), FILE);
    let marked = format!("\u{feff}{FILE}");
    assert_eq!(unmasked_text(&masked_text(&marked), &marked).unwrap(), marked);
}

#[test]
fn what_is_masked_comes_back_where_it_was_and_beside_that_in_a_list() {
    let shown = masked_text(FILE);
    let edited = shown.replace(r#""-y", "#, r#""-y", "-q", "#).replace("// the hub\n", "").replace("\"a\"", "\"a\" ");
    let wanted = FILE.replace(r#""-y", "#, r#""-y", "-q", "#).replace("// the hub\n", "").replace("\"a\"", "\"a\" ");
    assert_eq!(unmasked_text(&edited, FILE).unwrap(), wanted);
}

#[test]
fn a_mask_never_becomes_a_value() {
    let shown = masked_text(FILE);
    for (from, to) in
        [("\"TZ\"", "\"ZT\""), ("\"alice\"", "\"eve\""), ("\"a\": {", "\"z\": {"), ("\"password\"", "\"secret\"")]
    {
        let refused = unmasked_text(&shown.replace(from, to), FILE).unwrap_err();
        assert!(matches!(refused, EditError::Masked(_)), "{refused}");
    }
    let plain = shown.replace("\"npx\"", "\"***\"");
    assert!(unmasked_text(&plain, FILE).unwrap().contains("\"command\": \"***\""), "no place of a secret");
    let literal = FILE.replace("s3cret5", "***");
    assert_eq!(unmasked_text(&masked_text(&literal), &literal).unwrap(), literal, "it was there before");
}

#[test]
fn a_changed_secret_shows_as_changed_and_no_more() {
    let new = FILE.replace("s3cret5", "s3cret0");
    let shown = masked_beside(&new, FILE);
    assert_eq!(shown, masked_text(FILE).replace(r#""TZ": "***""#, r#""TZ": "*** (changed)""#));
}

#[test]
fn a_broken_file_shows_no_secret_either_and_gives_back_what_is_whole() {
    for (from, to) in [
        (": \"s3cret2\"", ": s3cret2\""),
        (": \"s3cret2\"", ": \"s3cret2"),
        ("\"env\": {", "\"env\": "),
        ("\"env\": {", "\"enf\": {{"),
        ("\"groups\": {", "}\"groups\": {"),
        ("\"command\": \"npx\",", "\"command\": \"npx\""),
        ("\"c\": {", "\"a\": {"),
    ] {
        let broken = FILE.replace(from, to);
        let shown = masked_text(&broken);
        assert!(!shown.contains("s3cret"), "{from} → {to}: {shown}");
    }
    let broken = FILE.replace("\"npx\",", "\"npx\"");
    let mended = masked_text(&broken).replace("\"npx\"", "\"npx\",");
    assert_eq!(unmasked_text(&mended, &broken).unwrap(), FILE);
    let open = FILE.replace(": \"s3cret2\"", ": \"s3cret2");
    let mended = masked_text(&open).replace("\"alice\": \"***\"", "\"alice\": \"***\", ");
    assert!(unmasked_text(&mended, &open).is_err(), "where it ends nobody knows");
}

fn names() -> impl Strategy<Value = String> {
    let known = ["env", "headers", "args", "url", "command", "keys", "mcpServers", "tools", "parameters", "fixed"];
    let telling = ["apiKey", "password", "token", "installCommands", "é", "0", "//", "groups"];
    proptest::sample::select([&known[..], &telling[..]].concat()).prop_map(str::to_owned)
}

fn value() -> impl Strategy<Value = Json> + Clone {
    const WORDS: [&str; 11] = [
        "***",
        "s",
        "--token",
        "--api-key=s",
        "${A}",
        "Bearer s",
        "https://a@b/c?d",
        "a\"\\\n",
        "{\"key\": 1}",
        "",
        "é: /* */ //",
    ];
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<u8>().prop_map(|it| Json::Number(it.to_string())),
        proptest::sample::select(WORDS.to_vec()).prop_map(|it| Json::String(it.to_owned())),
    ];
    let nested = leaf.prop_recursive(5, 30, 4, |inner| {
        let members = proptest::collection::btree_map(names(), inner.clone(), 0..4);
        prop_oneof![
            proptest::collection::vec(inner, 0..4).prop_map(Json::Array),
            members.prop_map(|map| Json::Object(map.into_iter().collect())),
        ]
    });
    nested.boxed()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn what_is_masked_and_comes_back_is_the_same_text(
        root in proptest::collection::btree_map(names(), value(), 0..5),
        tape in proptest::collection::vec(0..9_u8, 0..100),
    ) {
        let text = Written::file(&Json::Object(root.into_iter().collect()), &tape);
        let shown = masked_text(&text);
        prop_assert_eq!(masked_text(&shown).len(), shown.len(), "{}", shown);
        prop_assert_eq!(unmasked_text(&shown, &text).unwrap(), text);
    }

    #[test]
    fn whatever_a_text_is_it_can_be_shown(text in r#"([{}\[\],:"/*\\ \n]|"a":|"token"|é|s3cret|//){0,30}"#) {
        let shown = masked_text(&text);
        prop_assert!(!shown.contains("s3cret") || text.contains("//") || text.contains("/*"), "{} → {}", text, shown);
    }
}
