//! Files of other systems, as they are.

use super::*;
use crate::Wire;

fn remote(entry: &str) -> (String, Wire, Vec<(String, String)>) {
    match server(entry).target {
        Target::Remote { url, wire, headers } => {
            let headers = headers.iter().map(|(name, value)| {
                assert!(value.is_sensitive());
                (name.to_string(), value.to_str().unwrap().to_owned())
            });
            (url.to_string(), wire, headers.collect())
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn servers_that_are_started_with_restarts() {
    let file = good(
        r#"{ "mcpServers": {
            "notionApi": { "command": "npx", "args": ["-y", "notion"], "env": { "K": "V" }, "disabled": false,
                "autoRestart": true, "maxRestarts": 3 },
            "filesystem": { "command": "node" }
        } }"#,
    );
    let names: Vec<_> = file.servers.iter().map(|entry| &*entry.name).collect();
    assert_eq!(names, ["notionApi", "filesystem"]);
    assert!(file.servers.iter().all(|entry| !entry.settings.disabled));
}

#[test]
fn servers_behind_urls_with_headers() {
    let (url, wire, headers) = remote(
        r#"{ "url": "https://example.com/endpoint", "headers": { "Authorization": "Bearer ${TOKEN}" }, "type": "http" }"#,
    );
    assert_eq!((url.as_str(), wire), ("https://example.com/endpoint", Wire::Streamable));
    assert_eq!(headers, [("authorization".to_owned(), "Bearer t0ken".to_owned())]);
    let file = good(r#"{"mcpServers": {"Snowflake MCP Server": {"url": "https://x"}}}"#);
    assert_eq!(&*file.servers[0].name, "Snowflake MCP Server");
}

#[test]
fn servers_that_are_active_and_have_a_key_or_a_token() {
    let file = good(
        r#"{ "mcpServers": {
            "on": { "type": "stdio", "name": "On", "active": "TRUE", "command": "x", "url": "", "apiKey": "",
                "installDirectory": "/t", "installCommands": ["y"] },
            "off": { "type": "sse", "active": "false", "url": "http://localhost/sse", "command": "", "args": [], "env": {} },
            "off too": { "type": "http", "active": false, "url": "http://localhost/mcp" },
            "zed": { "source": "custom", "enabled": false, "command": "x" }
        }, "proxy": { "retrySseToolCall": true } }"#,
    );
    let disabled: Vec<_> = file.servers.iter().map(|entry| entry.settings.disabled).collect();
    assert_eq!(disabled, [false, true, true, true]);
    let key = |entry: &str| remote(entry).2;
    assert_eq!(key(r#"{"url": "http://x", "apiKey": "k"}"#), [("x-api-key".to_owned(), "k".to_owned())]);
    let token = [("authorization".to_owned(), "Bearer t".to_owned())];
    assert_eq!(key(r#"{"url": "http://x", "apiKey": "k", "bearerToken": "t"}"#), token);
}

#[test]
fn every_word_for_a_type_and_every_name_of_a_url() {
    for (entry, expected) in [
        (r#"{"url": "http://x/mcp"}"#, Wire::Detect),
        (r#"{"serverUrl": "http://x/sse/"}"#, Wire::Detect),
        (r#"{"httpUrl": "http://x/sse?auth_key=a/b", "env": {}}"#, Wire::Sse),
        (r#"{"url": "http://x/sse", "type": "http"}"#, Wire::Streamable),
        (r#"{"url": "http://x", "type": "streamable-http"}"#, Wire::Streamable),
        (r#"{"url": "http://x", "type": "streamableHttp"}"#, Wire::Streamable),
        (r#"{"url": "http://x", "type": "streamable_http"}"#, Wire::Streamable),
        (r#"{"url": "http://x", "type": "sse"}"#, Wire::Sse),
        (r#"{"url": "http://x", "type": ""}"#, Wire::Detect),
    ] {
        assert_eq!(remote(entry).1, expected, "{entry}");
    }
}

#[test]
fn other_names_of_the_section() {
    for section in ["mcpServers", "servers", "context_servers"] {
        let text =
            format!("\u{feff}{{\"{section}\": {{\"// off\": 0, \"s\": {{\"command\": \"x\"}}}}, \"inputs\": []}}");
        assert_eq!(good(&text).servers.len(), 1, "{section}");
    }
}
