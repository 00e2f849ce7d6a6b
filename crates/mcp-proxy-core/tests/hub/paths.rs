//! Which path leads to which part of the servers.

use crate::{
    client::{Client, plain},
    fleet::{LIST, call, hub, names},
};

#[tokio::test(start_paused = true)]
async fn every_part_has_its_own_path_and_names() {
    let client = Client::build(hub());
    for (path, tools) in [
        ("/mcp", vec!["a__who", "b__who"]),
        ("/mcp/", vec!["a__who", "b__who"]),
        ("/servers/a/mcp", vec!["who"]),
        ("/servers/b/mcp", vec!["who"]),
        ("/servers/%62/mcp", vec!["who"]),
        ("/groups/g/mcp", vec!["who"]),
    ] {
        let got = client.ask(plain(LIST).at(path)).await;
        assert_eq!(names(&got), tools, "{path}");
    }
    for (path, tool, server) in [
        ("/mcp", "a__who", "a"),
        ("/mcp", "b__who", "b"),
        ("/servers/a/mcp", "who", "a"),
        ("/groups/g/mcp", "who", "b"),
    ] {
        let got = client.ask(plain(call(tool)).at(path)).await;
        assert_eq!(got.result(), format!(r#"{{"content":[],"from":"{server}"}}"#), "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_other_path_leads_around_the_hub() {
    let client = Client::build(hub());
    for path in ["/a/mcp", "/b/mcp", "/servers/c/mcp", "/groups/x/mcp", "/servers/mcp", "/servers/a/b/mcp", "/x"] {
        let got = client.ask(plain(LIST).at(path)).await;
        assert_eq!(got.status, 404, "{path}: {}", got.text);
    }
    let got = client.ask(plain(LIST).at("/groups/x/mcp")).await;
    assert!(got.text.contains("no group is called `x`; there are `g`"), "{}", got.text);
    let got = client.ask(plain(LIST).at("/servers/c/mcp")).await;
    assert!(got.text.contains("no server is called `c`; there are `a`, `b`"), "{}", got.text);
}

#[tokio::test(start_paused = true)]
async fn a_session_of_one_part_is_none_of_another() {
    let client = Client::build(hub());
    let id = client.session("2025-06-18").await;
    let list = || plain(LIST).accept("application/json, text/event-stream").session(&id);
    assert_eq!(names(&client.ask(list()).await), ["a__who", "b__who"]);
    for path in ["/servers/a/mcp", "/groups/g/mcp"] {
        assert_eq!(client.ask(list().at(path)).await.status, 404, "{path}");
    }
}
