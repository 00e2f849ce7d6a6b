//! The configuration: as a text, by parts, and as it was.

use http::header::IF_MATCH;

use super::*;

#[tokio::test]
async fn whoever_has_seen_an_older_text_writes_nothing_over() {
    let scene = scene().await;
    let seen = scene.get("/config").await;
    assert!(seen["text"].as_str().unwrap().contains("// kept") && !seen.to_string().contains("s3cret"), "{seen}");
    assert_eq!(scene.ask(Method::PUT, "/servers/new", r#"{"type": "lab"}"#).await.0, 200);
    let etag = seen["etag"].as_str().unwrap();
    for (method, path) in [(Method::PUT, "/servers/one"), (Method::DELETE, "/servers/one"), (Method::PUT, "/groups/g")]
    {
        let (status, stale) = scene.ask_at(method, path, "{}", etag).await;
        assert_eq!(status, 412, "{path}: {stale}");
        assert!(stale["diff"].as_str().unwrap().contains('+') && stale["etag"] != etag, "{stale}");
    }
    let now = scene.get("/config").await["etag"].as_str().unwrap().to_owned();
    let (status, done) = scene.ask_at(Method::DELETE, "/servers/one", "", &now).await;
    assert_eq!(status, 200, "{done}");
    assert_eq!(done["etag"], scene.get("/config").await["etag"]);
}

#[tokio::test]
async fn a_text_is_checked_applied_and_taken_back() {
    let scene = scene().await;
    let body = |text: &str| serde_json::json!({ "text": text }).to_string();
    let (_, checked) =
        scene.ask(Method::POST, "/config/check", &body(r#"{"mcpServers": {"a": {"command": 1}}}"#)).await;
    assert_eq!(checked["diagnostics"][0]["severity"], "error", "{checked}");
    let (status, refused) = scene.ask(Method::PUT, "/config", &body("{")).await;
    assert!(status == 400 && refused["diagnostics"][0]["line"].is_number(), "{refused}");
    let text = r#"{"mcpServers": {"three": {"type": "lab"}}}"#;
    let (status, done) = scene.ask(Method::PUT, "/config", &body(text)).await;
    assert_eq!((status, &done["applied"]["added"]), (200, &serde_json::json!(["three"])), "{done}");
    let versions = scene.get("/config/history").await;
    assert_eq!(versions["versions"][0]["who"], "admin", "{versions}");
    let first = &versions["versions"][1];
    let path = format!("/config/history/{}", first["version"]);
    let version = scene.get(&path).await;
    assert!(version["text"].as_str().unwrap().contains("// kept") && !version.to_string().contains("s3cret"));
    assert_eq!(scene.ask(Method::POST, &format!("{path}/restore"), "").await.0, 200);
    assert_eq!(scene.file(), FILE);
    assert_eq!(scene.ask(Method::GET, "/config/history/99", "").await.0, 404);
    assert!(scene.get("/config/schema").await["$schema"].is_string());
}

#[tokio::test]
async fn servers_are_imported_all_or_none_and_renamed() {
    let scene = scene().await;
    let (status, _) =
        scene.ask(Method::POST, "/servers/import", r#"{"servers": {"a": {"type": "lab"}, "b": {"command": 1}}}"#).await;
    assert_eq!((status, scene.file()), (400, FILE.to_owned()));
    let (status, done) = scene
        .ask(Method::POST, "/servers/import", r#"{"servers": {"a": {"type": "lab"}, "b": {"type": "lab"}}}"#)
        .await;
    assert_eq!((status, &done["applied"]["added"]), (200, &serde_json::json!(["a", "b"])), "{done}");
    assert!(scene.file().contains("s3cret-of-two"), "secrets stay");
    assert_eq!(scene.ask(Method::POST, "/servers/two/rename", r#"{"name": "deux"}"#).await.0, 200);
    assert_eq!(scene.ask(Method::POST, "/servers/a/rename", r#"{"name": "deux"}"#).await.0, 409);
    assert_eq!(scene.ask(Method::POST, "/servers/none/rename", r#"{"name": "x"}"#).await.0, 404);
    assert!(scene.file().contains("\"deux\""));
}

#[tokio::test]
async fn groups_and_keys_come_and_go() {
    let scene = scene().await;
    assert_eq!(scene.ask(Method::PUT, "/groups/dev", r#"{"servers": ["one"]}"#).await.0, 200);
    assert_eq!(scene.get("/groups").await["groups"]["dev"], serde_json::json!({"servers": ["one"], "deny": []}));
    let (status, made) = scene.ask(Method::POST, "/keys", r#"{"name": "ci", "groups": ["dev"]}"#).await;
    assert_eq!(status, 201, "{made}");
    let key = made["key"].as_str().unwrap();
    assert!(scene.file().contains("sha256:") && !scene.file().contains(key));
    let keys = scene.get("/keys").await;
    let expected = serde_json::json!([{"name": "ci", "groups": ["dev"], "source": "file", "stored": "hash"}]);
    assert_eq!(keys["keys"], expected);
    assert!(!scene.get("/audit").await.to_string().contains(key), "not even the audit has it");
    assert_eq!(scene.ask(Method::POST, "/keys", r#"{"name": "ci"}"#).await.0, 409);
    assert_eq!(scene.ask(Method::PUT, "/keys/ci", r#"{"groups": null}"#).await.0, 200);
    assert_eq!(scene.ask(Method::DELETE, "/keys/ci", "").await.0, 200);
    assert_eq!(scene.ask(Method::DELETE, "/keys/ci", "").await.0, 404);
    assert_eq!(scene.ask(Method::DELETE, "/groups/dev", "").await.0, 200);
}

#[tokio::test]
async fn rules_are_set_and_reset() {
    let scene = scene().await;
    let (status, done) = scene.ask(Method::PUT, "/tools/one/tool/add", r#"{"exposedName": "plus"}"#).await;
    assert_eq!((status, &done["applied"]["hub"]), (200, &true.into()), "{done}");
    assert!(scene.file().contains("plus"));
    assert_eq!(scene.ask(Method::PUT, "/tools/one/resource/file%3A%2F%2Fa%2Fb", r#"{"enabled": false}"#).await.0, 200);
    assert!(scene.file().contains("file:///a/b") || scene.file().contains("file://a/b"));
    assert_eq!(scene.ask(Method::DELETE, "/tools/one/tool/add", "").await.0, 200);
    assert!(!scene.file().contains("plus"));
    assert_eq!(scene.ask(Method::DELETE, "/tools", "").await.0, 200);
    assert!(!scene.file().contains("file://"));
    assert_eq!(scene.ask(Method::PUT, "/tools/one/thing/add", "{}").await.0, 404);
    assert_eq!(scene.ask(Method::POST, "/tools/one/none/approve", "").await.0, 404);
}

#[tokio::test]
async fn logs_and_sessions_are_shown() {
    let scene = scene().await;
    assert_eq!(scene.ask(Method::POST, "/servers/one/start", "").await.0, 200);
    let mut stream = scene.send(Method::GET, "/api/v1/servers/one/log/events", "", &With::default()).await.into_body();
    let (kind, line) = next_event(&mut stream).await.unwrap();
    assert_eq!((&*kind, &line["source"]), ("line", &"state".into()), "{line}");
    assert_eq!(scene.get("/servers/one/log").await["lines"][0], line);
    assert_eq!(scene.ask(Method::GET, "/servers/none/log", "").await.0, 404);
    assert_eq!(scene.get("/sessions").await["sessions"], serde_json::json!([]));
    assert_eq!(scene.ask(Method::DELETE, "/sessions/none", "").await.0, 404);
}

impl Scene {
    async fn ask_at(&self, method: Method, path: &str, body: &str, etag: &str) -> (u16, Value) {
        let with = With { header: Some((IF_MATCH, format!("\"{etag}\""))), ..With::default() };
        let answer = self.send(method, &format!("/api/v1{path}"), body, &with).await;
        let status = answer.status().as_u16();
        (status, value(answer).await)
    }
}
