//! Installs and packages.

use super::*;

/// Adds a server that is made by `commands` in a folder of the test's own; the folder, and what is shown of it.
async fn add(scene: &Scene, commands: Value) -> (TempDir, Value) {
    let folder = TempDir::new().unwrap();
    let directory = folder.path().join("it");
    let entry = serde_json::json!({
        "command": "it", "disabled": true, "env": {"TOKEN": "s3cret-of-new"},
        "installDirectory": directory, "installCommands": commands
    });
    let (status, done) = scene.ask(Method::PUT, "/servers/new", &entry.to_string()).await;
    assert_eq!(status, 200, "{done}");
    let installs = scene.get("/installs").await;
    let [install] = &installs["installs"].as_array().unwrap()[..] else { panic!("{installs}") };
    assert_eq!(install["directory"], directory.to_str().unwrap());
    (folder, install.clone())
}

async fn start(scene: &Scene, install: &Value) -> (u16, Value) {
    let body = serde_json::json!({ "digest": install["digest"] }).to_string();
    scene.ask(Method::POST, "/installs/new", &body).await
}

/// What is said until the end, by kind, and the end.
async fn watch(scene: &Scene) -> (Vec<(String, String)>, Value) {
    let mut stream = scene.send(Method::GET, "/api/v1/installs/new/events", "", &With::default()).await.into_body();
    let mut said = Vec::new();
    while let Some((kind, data)) = next_event(&mut stream).await {
        if kind == "done" {
            return (said, data);
        }
        said.push((kind, data["text"].as_str().unwrap().to_owned()));
    }
    panic!("no end after {said:?}");
}

#[tokio::test]
async fn what_was_seen_is_run_and_watched() {
    let scene = scene().await;
    let (folder, install) = add(&scene, serde_json::json!([["sh", "-c", "echo s3cret-of-new; mkdir it"]])).await;
    assert_eq!(install["state"], "missing");
    assert_eq!(install["commands"][0]["text"], "sh -c 'echo ***; mkdir it'");
    assert_eq!(scene.get("/servers/new").await["install"], "missing");
    assert_eq!(scene.ask(Method::POST, "/installs/new", r#"{"digest": "another"}"#).await.0, 412);
    assert_eq!(scene.ask(Method::POST, "/installs/one", r#"{"digest": ""}"#).await.0, 404);
    assert_eq!(scene.ask(Method::GET, "/installs/new/events", "").await.0, 404);

    assert_eq!(start(&scene, &install).await.0, 202);
    let (said, done) = watch(&scene).await;
    assert_eq!(done, serde_json::json!({"state": "installed", "exitCode": 0}));
    assert!(said.contains(&("stdout".to_owned(), "***\n".to_owned())), "{said:?}");
    assert!(folder.path().join("it").is_dir());
    assert_eq!(scene.get("/servers/new").await["install"], "installed");
}

#[tokio::test]
async fn an_install_is_cancelled() {
    let scene = scene().await;
    let (_folder, install) = add(&scene, serde_json::json!(["sleep 1000"])).await;
    assert_eq!(scene.ask(Method::DELETE, "/installs/new", "").await.0, 409);
    assert_eq!(start(&scene, &install).await.0, 202);
    assert_eq!(start(&scene, &install).await.0, 409);
    assert_eq!(scene.ask(Method::DELETE, "/installs/new", "").await.0, 204);
    assert_eq!(watch(&scene).await.1["state"], "cancelled");
}

#[tokio::test]
async fn a_directory_that_leads_up_is_refused() {
    let scene = scene().await;
    let entry =
        r#"{"command": "it", "disabled": true, "installDirectory": "/tmp/../etc/it", "installCommands": ["true"]}"#;
    assert_eq!(scene.ask(Method::PUT, "/servers/new", entry).await.0, 200);
    let install = &scene.get("/installs").await["installs"][0];
    assert!(install["error"].as_str().unwrap().contains("`..`"), "{install}");
    assert_eq!(scene.ask(Method::POST, "/installs/new", r#"{"digest": ""}"#).await.0, 400);
}

#[tokio::test]
async fn a_package_is_shown_before_it_is_anything() {
    let scene = scene().await;
    let text = r#"{"kind": "docker", "text": "docker run -it -e API_KEY mcp/time", "answers": {"API_KEY": "k"}}"#;
    let (status, made) = scene.ask(Method::POST, "/packages/preview", text).await;
    assert_eq!((status, &made["command"]), (200, &"docker run -i --rm -e API_KEY mcp/time".into()), "{made}");
    assert_eq!(made["entry"]["env"]["API_KEY"], "k");
    assert_eq!(made["inputs"][0]["secret"], true);
    let (status, refused) = scene.ask(Method::POST, "/packages/preview", r#"{"kind": "npx", "text": "a | b"}"#).await;
    assert!(status == 400 && refused["error"].as_str().unwrap().contains("shell"), "{refused}");
}
