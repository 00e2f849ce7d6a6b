//! Texts of our own words in no order of ours.

use proptest::{collection::vec, prelude::*, sample::select};

use super::*;

const KEYS: &[&str] = &[
    "mcpServers",
    "servers",
    "s",
    "keys",
    "limits",
    "calls",
    "body",
    "callIdle",
    "host",
    "port",
    "idleTimeout",
    "command",
    "args",
    "env",
    "url",
    "headers",
    "type",
    "active",
    "session",
    "requestEnv",
    "query",
    "header",
    "A",
    "groups",
    "tools",
    "prompts",
    "exposedName",
    "parameters",
    "fixed",
    "default",
    "key",
    "deny",
    "separator",
    "retry",
    "attempts",
    "proxy",
    "state",
    "serverInfo",
    "unheard",
    "//",
    "ä\\n",
];
const VALUES: &[&str] = &[
    "0",
    "1",
    "-2.5e3",
    "true",
    "false",
    "null",
    r#""""#,
    r#""a b""#,
    r#""${TOKEN}""#,
    r#""${""#,
    r#""${NONE}""#,
    r#""5m""#,
    r#""8MiB""#,
    r#""stdio""#,
    r#""http""#,
    r#""lab""#,
    r#""http://x/sse""#,
    r#""shared""#,
    r#""\u00e4""#,
];

fn value() -> impl Strategy<Value = String> {
    let leaf = select(VALUES).prop_map(str::to_owned);
    leaf.prop_recursive(4, 64, 6, |inner| {
        let list = vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(", ")));
        prop_oneof![list, object(inner)]
    })
}

fn object(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let member = (select(KEYS), value).prop_map(|(key, value)| format!("\"{key}\": {value}"));
    vec(member, 0..6).prop_map(|members| format!("{{{}}}", members.join(",\n")))
}

proptest! {
    #[test]
    fn any_text_makes_a_file_or_an_error(text in object(value()), end in 0..400_usize) {
        // Most are whole, some break off.
        let Parsed { file, diagnostics } = parsed(&text[..text.floor_char_boundary(end)]);
        let broken = diagnostics.iter().any(|it| it.severity == Severity::Error);
        prop_assert_eq!(file.is_none(), broken);
    }
}
