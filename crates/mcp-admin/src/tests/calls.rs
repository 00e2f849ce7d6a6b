//! Calls by hand.

use super::*;

async fn made(scene: &Scene, body: &str) -> (String, Body) {
    let (status, call) = scene.ask(Method::POST, "/calls", body).await;
    assert_eq!(status, 201, "{call}");
    let id = call["id"].as_str().unwrap().to_owned();
    let stream = scene.send(Method::GET, &format!("/api/v1/calls/{id}/events"), "", &With::default()).await;
    (id, stream.into_body())
}

#[tokio::test]
async fn a_call_is_told_from_its_beginning_to_its_end() {
    let result = r#"{"content":[{"type":"text","text":"3"}]}"#;
    let scene = scene_of(Script::new().answer("tools/call", result)).await;
    let (_, mut stream) =
        made(&scene, r#"{"server": "one", "tool": "add", "arguments": {"a": 1, "password": "pa55"}}"#).await;
    let (kind, out) = next_event(&mut stream).await.unwrap();
    assert_eq!((&*kind, &out["direction"]), ("message", &"out".into()));
    let sent: Value = serde_json::from_str(out["text"].as_str().unwrap()).unwrap();
    assert_eq!(sent["params"]["arguments"], serde_json::json!({"a": 1, "password": "***"}));
    let (_, back) = next_event(&mut stream).await.unwrap();
    assert_eq!(back["direction"], "in");
    let (kind, done) = next_event(&mut stream).await.unwrap();
    assert_eq!((&*kind, &done["outcome"]), ("done", &"ok".into()), "{done}");
    assert!(done["result"]["content"].is_array(), "{done}");
    assert!(next_event(&mut stream).await.is_none());
}

#[tokio::test]
async fn what_cannot_be_called_says_why() {
    let scene = scene().await;
    let (_, mut stream) = made(&scene, r#"{"server": "none", "tool": "add"}"#).await;
    let (_, done) = next_event(&mut stream).await.unwrap();
    assert!(done["outcome"] == "notSent" && done["error"].as_str().unwrap().contains("`none`"), "{done}");
    assert_eq!(scene.ask(Method::DELETE, "/calls/none", "").await.0, 404);
}

#[tokio::test]
async fn a_call_that_hangs_is_cancelled() {
    let scene = scene_of(Script::new().say("tools/call", [""; 0])).await;
    let (id, mut stream) = made(&scene, r#"{"server": "one", "tool": "add"}"#).await;
    assert_eq!(next_event(&mut stream).await.unwrap().0, "message");
    assert_eq!(scene.ask(Method::DELETE, &format!("/calls/{id}"), "").await.0, 204);
    let (kind, done) = next_event(&mut stream).await.unwrap();
    assert_eq!((&*kind, &done["outcome"]), ("done", &"cancelled".into()));
}
