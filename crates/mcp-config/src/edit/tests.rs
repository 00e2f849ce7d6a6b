use super::*;

mod parts;
pub(crate) mod property;

const FILE: &str = r#"// the proxy of the lab
{
    "port": 8000, // the port
    "mcpServers": {
        // speaks to files
        "files": {
            "command": "npx", // found on PATH
            "args": ["-y", /* pinned */ "files@1"],
            "env": {
                "A": "1", // about A
                "B": "2" // about B
            },
            "myOwnKey": 1.50
        },

        /* far away */
        "far": { "url": "https://example.com/mcp" }, // soon
    },
    "unknown": [1,2],
}
"#;

#[track_caller]
fn replaced(text: &str, pairs: &[(&str, &str)]) -> String {
    pairs.iter().fold(text.to_owned(), |text, (from, to)| {
        assert_eq!(text.matches(from).count(), 1, "{from} in {text}");
        text.replace(from, to)
    })
}

#[test]
fn only_the_members_that_differ_are_touched() {
    let entry = r#"{"args":["-y","files@2","/srv"],"env":{"B":"2","A":"1","C":"3"},"command":"npx","cwd":"/"}"#;
    let expected = replaced(
        FILE,
        &[
            ("\"files@1\"]", "\"files@2\", \"/srv\"]"),
            ("\"2\" // about B", "\"2\", // about B\n                \"C\": \"3\""),
            ("\"myOwnKey\": 1.50", "\"cwd\": \"/\""),
        ],
    );
    assert_eq!(set_server(FILE, "files", entry).unwrap(), expected);
}

#[test]
fn an_equal_entry_changes_nothing() {
    let entry = r#"{"url":"https:\/\/example.com/mcp"}"#;
    assert_eq!(set_server(FILE, "far", entry).unwrap(), FILE);
}

#[test]
fn equal_elements_at_both_ends_are_told_apart() {
    #[track_caller]
    fn check(old: &str, new: &str) {
        let file = |args: &str| format!("{{\"servers\": {{\"a\": {{\"args\": [{args}]}}}}}}");
        assert_eq!(set_server(&file(old), "a", &format!("{{\"args\":[{new}]}}")).unwrap(), file(new));
    }
    check("1, 1", "1");
    check("1", "1, 1, 1");
    check("1, 2, 1", "1, 1");
    check("1, 2, 3", "1, 4, 5, 3");
    check("1, 2", "");
}

#[test]
fn of_two_members_with_one_name_one_is_left() {
    let text = r#"{"servers": {"a": {"b": 1, "b": 2}}}"#;
    assert_eq!(set_server(text, "a", r#"{"b":3}"#).unwrap(), r#"{"servers": {"a": {"b": 3}}}"#);
}

#[test]
fn a_new_server_comes_last_in_the_manner_of_the_file() {
    let soon = "}, // soon\n";
    let added = "        \"new\": {\n            \"command\": \"x\",\n            \"args\": [],\n        },\n";
    let expected = replaced(FILE, &[(soon, &format!("{soon}{added}"))]);
    assert_eq!(set_server(FILE, "new", r#"{"command":"x","args":[]}"#).unwrap(), expected);
}

#[test]
fn the_line_ends_and_tabs_of_the_file_are_kept() {
    let text = "{\r\n\t\"servers\": {\r\n\t\t\"a\": {}\r\n\t}\r\n}";
    let expected =
        "{\r\n\t\"servers\": {\r\n\t\t\"a\": {},\r\n\t\t\"b\": {\r\n\t\t\t\"command\": \"x\"\r\n\t\t}\r\n\t}\r\n}";
    assert_eq!(set_server(text, "b", r#"{"command":"x"}"#).unwrap(), expected);
}

#[test]
fn the_section_keeps_its_name_and_is_made_if_there_is_none() {
    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(set_server(text, "a", "{}").unwrap(), expected);
    }
    check(r#"{"servers": {"a": {"b": 1}}}"#, r#"{"servers": {"a": {}}}"#);
    check(r#"{"context_servers": {"a": 1}}"#, r#"{"context_servers": {"a": {}}}"#);
    check("{\n  \"port\": 1\n}\n", "{\n  \"port\": 1,\n  \"mcpServers\": {\n    \"a\": {}\n  }\n}\n");
}

#[test]
fn an_empty_file_becomes_a_whole_one() {
    let whole = "{\n  \"mcpServers\": {\n    \"a\": {\n      \"command\": \"x\"\n    }\n  }\n}\n";
    let entry = r#"{"command":"x"}"#;
    for text in ["", "\n", "  \n"] {
        assert_eq!(set_server(text, "a", entry).unwrap().trim_start(), whole);
    }
    assert_eq!(set_server("// mine\n", "a", entry).unwrap(), format!("// mine\n{whole}"));
    assert_eq!(set_server("\u{feff}{}", "a", "{}").unwrap(), "\u{feff}{\n  \"mcpServers\": {\n    \"a\": {}\n  }\n}");
}

#[test]
fn a_removed_server_takes_the_comments_on_its_lines_along() {
    let expected = replaced(FILE, &[("        \"far\": { \"url\": \"https://example.com/mcp\" }, // soon\n", "")]);
    assert_eq!(remove_server(FILE, "far").unwrap(), expected);
}

#[test]
fn replacing_removes_the_unnamed_and_leaves_the_equal() {
    let servers = r#"{"new":{"url":"u"},"far":{"url":"https://example.com/mcp"}}"#;
    let text = replace_servers(FILE, servers).unwrap();
    let from = FILE.find("        \"files\"").unwrap();
    let to = FILE.find("\n        /* far").unwrap();
    let soon = "}, // soon\n";
    let added = "        \"new\": {\n            \"url\": \"u\",\n        },\n";
    let expected = format!("{}{}", &FILE[..from], &FILE[to..]).replace(soon, &format!("{soon}{added}"));
    assert_eq!(text, expected);
}

#[test]
fn what_is_not_clear_is_not_changed() {
    #[track_caller]
    fn check(result: Result<String, EditError>, message: &str) {
        assert_eq!(result.unwrap_err().to_string(), message);
    }
    check(
        set_server("{\n  \"a\": }", "a", "{}"),
        "the file cannot be read at line 2, column 8: Unexpected close brace; put that right by hand first, until then it \
         is not changed",
    );
    check(
        set_server("{}", "a", "{,}"),
        "what was to be written is no JSON at line 1, column 2: Unexpected token in object",
    );
    check(set_server("{}", "a", "1"), "the entry of the server `a` must be an object, {…}");
    check(replace_servers("{}", r#"{"a":1}"#), "the entry of the server `a` must be an object, {…}");
    check(set_server("[]", "a", "{}"), "the whole file must be an object, {…}");
    check(set_server(r#"{"servers":[]}"#, "a", "{}"), "`servers` must be an object, {…}");
    let twice = " is there again under this or another of its names; remove all but one by hand first";
    check(remove_server(r#"{"servers":{"a":{},"a":{}}}"#, "a"), &format!("`a`{twice}"));
    check(replace_servers(r#"{"servers":{},"mcpServers":{}}"#, "{}"), &format!("`mcpServers`{twice}"));
    check(remove_server(r#"{"servers":{}}"#, "a"), "the file has no server `a`");
    check(remove_server("", "a"), "the file has no server `a`");
}
