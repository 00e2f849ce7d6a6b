use super::*;

/// What becomes of the servers, as `name entry` on one line each.
#[track_caller]
fn check(text: &str, client: ClientKind, servers: &[&str], notes: &[&str]) {
    let imported = import(text, None).unwrap();
    assert_eq!(imported.client, client);
    let found: Vec<_> = imported.servers.iter().map(|(name, entry)| format!("{name} {}", one_line(entry))).collect();
    assert_eq!(found, servers);
    assert_eq!(imported.notes, notes);
}

fn one_line(json: &str) -> String {
    json.lines().map(str::trim_start).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_local_server_is_taken_over_as_it_is() {
    check(
        r#"{ "globalShortcut": "", "mcpServers": { "files": {
            "command": "npx", "args": ["-y", "files", 7], "env": { "TOKEN": "s3cret", "PORT": 80, "A": "${B:-b}" }
        } } }"#,
        ClientKind::ClaudeDesktop,
        &[concat!(
            r#"files { "command": "npx", "args": ["-y", "files", "7"], "#,
            r#""env": { "TOKEN": "s3cret", "PORT": "80", "A": "${B:-b}" } }"#
        )],
        &[],
    );
    assert_eq!(
        import(r#"{"mcpServers":{"a":{"command":"x"}}}"#, None).unwrap().servers[0].1,
        "{\n  \"command\": \"x\"\n}"
    );
}

#[test]
fn remote_servers_are_told_by_many_words() {
    check(
        r#"{ "mcpServers": {
            "a": { "type": "http", "url": "https://a/mcp", "headers": { "Authorization": "Bearer ${T}" } },
            "b": { "type": "sse", "url": "https://b/sse" },
            "c": { "type": "streamable-http", "url": "https://c" },
            "d": { "type": "ws", "url": "wss://d" },
            "e": { "type": "stdio", "command": "e" }
        }, "projects": { "/srv": { "mcpServers": { "f": {} } } } }"#,
        ClientKind::ClaudeCode,
        &[
            r#"a { "type": "http", "url": "https://a/mcp", "headers": { "Authorization": "Bearer ${T}" } }"#,
            r#"b { "type": "sse", "url": "https://b/sse" }"#,
            r#"c { "type": "http", "url": "https://c" }"#,
            r#"e { "command": "e" }"#,
        ],
        &[
            "the servers of single projects (below `projects`) are not carried over",
            "`d`: is left out, for `ws` is no transport that we know",
        ],
    );
    let cursor = r#"{ "mcpServers": { "a": { "url": "https://a", "auth": { "CLIENT_SECRET": "s3cret" } } } }"#;
    let note = "`a`: `auth` is not carried over";
    check(cursor, ClientKind::Cursor, &[r#"a { "url": "https://a" }"#], &[note]);
    let windsurf = r#"{ "mcpServers": { "a": { "serverUrl": "https://a", "url": "s3cret", "disabled": true, "alwaysAllow": ["x"] } } }"#;
    let note = "`a`: `url` is there twice in different words; the first is carried over";
    check(windsurf, ClientKind::Windsurf, &[r#"a { "url": "https://a", "disabled": true }"#], &[note]);
}

#[test]
fn questions_of_vs_code_become_variables() {
    check(
        r#"{
            // asked once
            "inputs": [
                { "type": "promptString", "id": "github-token", "description": "a token", "password": true },
                { "type": "pickString", "id": "region", "default": "eu" },
                { "type": "promptString", "id": "never-used" },
            ],
            "servers": {
                "a": {
                    "type": "stdio", "command": "${userHome}/bin/a", "args": ["--in=${input:region}", "${workspaceFolder}"],
                    "env": { "TOKEN": "${input:github-token}", "NONE": null }, "envFile": ".env",
                },
                "b": { "type": "http", "url": "https://b", "headers": { "X": "${input:github_token}${input:github-token}" } },
            },
        }"#,
        ClientKind::VsCode,
        &[
            concat!(
                r#"a { "command": "${HOME}/bin/a", "args": ["--in=${REGION:-eu}", "${workspaceFolder}"], "#,
                r#""env": { "TOKEN": "${GITHUB_TOKEN}" } }"#
            ),
            r#"b { "url": "https://b", "headers": { "X": "${GITHUB_TOKEN_}${GITHUB_TOKEN}" } }"#,
        ],
        &[
            "`a`: `args[1]` has a `${…}` that means nothing here; write what it stands for",
            "`a`: `env.NONE` is no text and not carried over",
            "`a`: `envFile` is not carried over; put what is in that file into `env`",
            "set the environment variable `GITHUB_TOKEN`: the client asked its user for it (a token)",
            "set the environment variable `GITHUB_TOKEN_`: the client asked its user for it",
            "set the environment variable `REGION`, unless the default will do: the client asked its user for it",
        ],
    );
    let settings = r#"{ "editor.tabSize": 2, "mcp": { "servers": { "a": { "command": "a" } } } }"#;
    check(settings, ClientKind::VsCode, &[r#"a { "command": "a" }"#], &[]);
}

#[test]
fn servers_of_zed_are_found_in_its_settings() {
    check(
        r#"{
            "theme": "One", // dark
            "context_servers": {
                "old": { "command": { "path": "old", "args": ["x"], "env": { "A": "1" }, "timeout": 60 }, "settings": {} },
                "new": { "source": "custom", "enabled": false, "command": "new", "args": [] },
                "far": { "url": "https://far/mcp" },
                "ext": { "source": "extension", "settings": { "key": "s3cret" } },
            },
        }"#,
        ClientKind::Zed,
        &[
            r#"old { "command": "old", "args": ["x"], "env": { "A": "1" } }"#,
            r#"new { "disabled": true, "command": "new", "args": [] }"#,
            r#"far { "url": "https://far/mcp" }"#,
        ],
        &[
            "`old`: `timeout` is not carried over",
            "`old`: `settings` is not carried over",
            "`ext`: `settings` is not carried over",
            "`ext`: is left out, for it has neither a command nor a URL; is it an extension?",
        ],
    );
}

#[test]
fn a_name_that_no_server_can_have_is_changed_to_one_that_is_free() {
    let entry = r#"{ "command": "x" }"#;
    let old = ["api", "api-server", "io.github/x", "io.github?x", "..", "", "größe 1"];
    let new = ["api-server-2", "api-server", "io.github-x", "io.github-x-2", "server", "server-2", "größe 1"];
    let servers: Vec<_> = old.iter().map(|name| format!("\"{name}\": {entry}")).collect();
    let expected: Vec<_> = new.iter().map(|name| format!("{name} {entry}")).collect();
    let renamed = old.iter().zip(new).filter(|(old, new)| *old != new);
    let notes: Vec<_> = renamed
        .map(|(old, new)| format!("`{old}`: is called `{new}` here, since its name is part of a path"))
        .collect();
    check(
        &format!("{{ \"mcpServers\": {{ {} }} }}", servers.join(", ")),
        ClientKind::ClaudeDesktop,
        &expected.iter().map(String::as_str).collect::<Vec<_>>(),
        &notes.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    let long = fitting(&"ö".repeat(200), &HashSet::new());
    assert_eq!(check_name(&long), Ok(()));
}

#[test]
fn what_cannot_be_run_is_left_out_with_a_note() {
    check(
        r#"{ "mcpServers": { "a": 1, "b": { "command": "b", "url": "https://b" }, "c": {} } }"#,
        ClientKind::Cursor,
        &[],
        &[
            "`a`: is left out, for its entry is no object",
            "`b`: is left out, for it has both a command and a URL",
            "`c`: is left out, for it has neither a command nor a URL; is it an extension?",
        ],
    );
}

#[test]
fn a_given_client_is_not_guessed() {
    let imported = import(r#"{ "mcpServers": { "a": { "url": "u" } } }"#, Some(ClientKind::Zed)).unwrap();
    assert_eq!(imported.client, ClientKind::Zed);
}

#[test]
fn a_file_without_servers_is_refused() {
    #[track_caller]
    fn check(text: &str, message: &str) {
        assert_eq!(import(text, None).unwrap_err().to_string(), message);
    }
    let none =
        "the file has none of `mcpServers`, `servers` and `context_servers` with an object in it; is it a client's?";
    check("[]", none);
    check(r#"{ "mcpServers": [] }"#, none);
    check("{\n]", "the file cannot be read at line 2, column 1: Unexpected token in object");
}

#[test]
fn the_entries_do_not_show() {
    let imported = import(r#"{ "mcpServers": { "a": { "command": "s3cret" } } }"#, None).unwrap();
    assert_eq!(format!("{imported:?}"), r#"Imported { client: ClaudeDesktop, servers: ["a"], notes: [] }"#);
}
