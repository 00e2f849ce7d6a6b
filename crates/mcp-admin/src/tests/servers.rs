//! Servers: seen, changed, tried out.

use super::*;

#[tokio::test]
async fn servers_are_listed_with_their_entries_and_without_their_secrets() {
    let scene = scene().await;
    let all = scene.get("/servers").await;
    assert_eq!((&all["servers"][0]["name"], &all["servers"][1]["kind"]), (&"one".into(), &"custom".into()));
    let two = scene.get("/servers/two").await;
    assert_eq!(two["entry"]["env"]["TOKEN"], "***");
    assert_eq!(two["etag"], all["etag"]);
    assert_eq!(scene.ask(Method::GET, "/servers/none", "").await.0, 404);
}

#[tokio::test]
async fn a_change_is_written_applied_and_keeps_comments_and_secrets() {
    let scene = scene().await;
    let entry = r#"{"type": "lab", "env": {"TOKEN": "***"}, "x-mine": [1]}"#;
    let (status, done) = scene.ask(Method::PUT, "/servers/two", entry).await;
    assert_eq!((status, &done["applied"]["changed"]), (200, &serde_json::json!(["two"])), "{done}");
    let file = scene.file();
    assert!(file.contains("// kept") && file.contains("s3cret-of-two") && file.contains("x-mine"), "{file}");
    let (status, done) = scene.ask(Method::DELETE, "/servers/two", "").await;
    assert_eq!((status, &done["applied"]["removed"]), (200, &serde_json::json!(["two"])), "{done}");
    assert_eq!(scene.ask(Method::DELETE, "/servers/two", "").await.0, 404);
    let (status, refused) = scene.ask(Method::PUT, "/servers/bad", r#"{"command": 1}"#).await;
    assert!(status == 400 && !refused["details"].as_array().unwrap().is_empty(), "{refused}");
}

#[tokio::test]
async fn servers_are_stopped_and_started_by_hand() {
    let scene = scene().await;
    for (verb, state) in [("start", "running"), ("stop", "stopped"), ("restart", "running")] {
        let (status, server) = scene.ask(Method::POST, &format!("/servers/one/{verb}"), "").await;
        assert_eq!((status, &server["state"]), (200, &state.into()), "{server}");
    }
}

#[tokio::test]
async fn an_entry_is_tried_out_and_not_kept() {
    let page = r#"{"tools":[{"name":"add","inputSchema":{"type":"object"}}]}"#;
    let scene = scene_of(Script::new().answer("tools/list", page)).await;
    let before = scene.file();
    let (status, tried) = scene.ask(Method::POST, "/servers/test", r#"{"entry": {"type": "lab"}}"#).await;
    assert_eq!((status, &tried["ok"]), (200, &true.into()), "{tried}");
    let (_, tried) = scene.ask(Method::POST, "/servers/test", r#"{"entry": {"command": "/none/of/that"}}"#).await;
    assert!(tried["ok"] == false && tried["error"].as_str().unwrap().contains("/none/of/that"), "{tried}");
    assert_eq!(scene.ask(Method::POST, "/servers/test", r#"{"entry": {"command": 1}}"#).await.0, 400);
    assert_eq!(scene.file(), before);
}

#[tokio::test(start_paused = true)]
async fn whoever_watches_hears_of_changes() {
    let scene = scene().await;
    let mut stream = scene.send(Method::GET, "/api/v1/events", "", &With::default()).await.into_body();
    let (kind, status) = next_event(&mut stream).await.unwrap();
    assert_eq!((&*kind, &status["servers"][0]["name"]), ("status", &"one".into()));
    let (kind, config) = next_event(&mut stream).await.unwrap();
    assert_eq!((&*kind, &config["etag"]), ("config", &scene.get("/servers").await["etag"]));
    scene.ask(Method::DELETE, "/servers/one", "").await;
    let (kind, status) = next_event(&mut stream).await.unwrap();
    assert_eq!((&*kind, status["servers"].as_array().unwrap().len()), ("status", 1));
    let (kind, config) = next_event(&mut stream).await.unwrap();
    assert_eq!((&*kind, &config["etag"]), ("config", &scene.get("/servers").await["etag"]));
}

#[tokio::test]
async fn pasted_json_is_looked_at_before_it_is_taken() {
    let scene = scene().await;
    let pasted = r#"{"mcpServers": {"one": {"command": "npx", "args": ["-y", "x"]}, "far": {"url": "https://x/mcp"}}}"#;
    let body = serde_json::json!({ "text": pasted }).to_string();
    let (status, found) = scene.ask(Method::POST, "/servers/preview", &body).await;
    assert_eq!(status, 200, "{found}");
    let of = |name: &str| found["servers"].as_array().unwrap().iter().find(|it| it["name"] == name).unwrap().clone();
    assert_eq!((&of("one")["exists"], &of("one")["command"]), (&true.into(), &"npx -y x".into()));
    assert_eq!((&of("far")["exists"], &of("far")["entry"]["url"]), (&false.into(), &"https://x/mcp".into()));
    assert_eq!(scene.ask(Method::POST, "/servers/preview", r#"{"text": "nothing"}"#).await.0, 400);
    assert_eq!(scene.file(), FILE);
}
