//! What becomes of a hub and its clients when the configuration is edited.

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::{NONE, get, launch, session, tools};
use crate::client::{Http, Json, Messages, Session, text};
use crate::folder::{Folder, and, entry, marked, servers};
use crate::marked::{Mark, PATIENCE, until};
use crate::proxy::Proxy;
use crate::status::Watcher;

/// Two servers and a client that listens.
struct Scene {
    kept: Mark,
    other: Mark,
    folder: Folder,
    proxy: Proxy,
    session: Session,
    stream: Messages,
}

impl Scene {
    async fn new() -> Self {
        let (kept, other) = (Mark::new(), Mark::new());
        let first = marked(&other, "echo-server", &[]);
        let folder = Folder::with(Self::config(&kept, &first));
        let proxy = launch(&folder, &NONE).start();
        let session = session(&proxy).await;
        assert_eq!(tools(&session).await.len(), 10);
        let stream = session.listen().await;
        Self { kept, other, folder, proxy, session, stream }
    }

    fn config(kept: &Mark, other: &Json) -> String {
        servers(json!({"kept": marked(kept, "echo-server", &[]), "other": other}))
    }

    fn edit(&self, other: &Json) {
        self.folder.edit(Self::config(&self.kept, other));
    }

    /// Waits until the client is told that its tools are others.
    async fn told(&mut self) {
        while self.stream.next().await.expect("the stream goes on")["method"] != "notifications/tools/list_changed" {}
    }

    async fn call(&self, tool: &str, arguments: Json) -> Json {
        self.session.call(1, tool, arguments).await
    }
}

#[tokio::test]
async fn a_changed_command_environment_or_url_takes_effect_in_a_session_that_goes_on() {
    let mut scene = Scene::new().await;
    let kept = scene.kept.ids();
    // Another program.
    let rude = marked(&scene.other, "rude-server", &[]);
    scene.edit(&rude);
    scene.told().await;
    let names = tools(&scene.session).await;
    assert!(names.contains(&"other__env".to_owned()), "{names:?}");
    // Another environment.
    let mut entry_with = rude.clone();
    entry_with["env"]["ADDED"] = "by hand".into();
    let before = scene.other.ids();
    scene.edit(&entry_with);
    until("another process", PATIENCE, || {
        let now = scene.other.ids();
        !now.is_empty() && now.iter().all(|id| !before.contains(id))
    })
    .await;
    let said = scene.call("other__env", json!({})).await;
    assert!(text(&said).contains("ADDED=by hand\n"), "{said}");
    // A URL, after a crash as well.
    let far = Proxy::start(&NONE, &[mcp_testkit::bin("echo-server")]);
    scene.edit(&json!({"url": far.mcp}));
    scene.told().await;
    assert_eq!(text(&scene.call("other__echo", json!({"text": "far"})).await), "far");
    scene.other.until(0).await;
    assert_eq!(scene.kept.ids(), kept);
    assert_eq!(text(&scene.call("kept__echo", json!({"text": "near"})).await), "near");
    far.stop();
    scene.proxy.stop();
}

#[tokio::test]
async fn a_server_that_died_is_there_again_and_follows_its_next_change() {
    let scene = Scene::new().await;
    let mut watcher = Watcher::open(&Http::new(), &scene.proxy).await;
    let id = scene.other.ids()[0];
    kill_process(Pid::from_raw(i32::try_from(id).unwrap()).unwrap(), Signal::KILL).unwrap();
    watcher.until("other", |other| other["restartCount"] == 1 && other["status"] == "running").await;
    assert_eq!(text(&scene.call("other__echo", json!({"text": "again"})).await), "again");

    // One that cannot start, and then can.
    scene.edit(&json!({"command": "no-such-program"}));
    watcher.until_it_is("other", "error").await;
    assert_eq!(text(&scene.call("kept__echo", json!({"text": "well"})).await), "well");
    scene.edit(&marked(&scene.other, "echo-server", &[]));
    watcher.until_it_is("other", "running").await;
    assert_eq!(text(&scene.call("other__echo", json!({"text": "once more"})).await), "once more");
    scene.proxy.stop();
}

#[tokio::test]
async fn a_renamed_tool_has_its_new_name_and_no_other() {
    let mut scene = Scene::new().await;
    let other = marked(&scene.other, "echo-server", &[]);
    let processes = scene.other.ids();
    let rules = json!({"echo": {"exposedName": "say"}, "log": {"enabled": false}, "ask": {"description": "Ours."}});
    scene.edit(&and(other.clone(), "tools", rules));
    scene.told().await;
    assert_eq!(text(&scene.call("say", json!({"text": "new"})).await), "new");
    for gone in ["other__echo", "other__log"] {
        let refused = scene.call(gone, json!({"text": "old"})).await;
        assert_eq!(refused["error"]["code"], -32602, "{gone}: {refused}");
    }
    let listed = super::ask(&scene.session, "tools/list").await;
    let ask = listed["tools"].as_array().unwrap().iter().find(|tool| tool["name"] == "other__ask").unwrap();
    assert_eq!(ask["description"], "Ours.");
    // Nothing was restarted for it; and it can be taken back.
    assert_eq!(scene.other.ids(), processes);
    scene.edit(&other);
    scene.told().await;
    assert_eq!(text(&scene.call("other__log", json!({"text": "back"})).await), "back");
    assert_eq!(scene.other.ids(), processes);
    scene.proxy.stop();
}

#[tokio::test]
async fn a_broken_file_ends_nothing() {
    let mut scene = Scene::new().await;
    let processes = (scene.kept.ids(), scene.other.ids());
    let names = |list: &str| json!({"tools": {"echo": {"exposedName": list}}, "command": "x"});
    for (broken, words) in [
        ("{\"mcpServers\": ".to_owned(), "mcp-config.json:1:"),
        (servers(json!({"a": names("same"), "b": names("same")})), "same"),
    ] {
        scene.folder.edit(broken);
        scene.proxy.says(words);
        let (_, config) = get(&scene.proxy, "/api/config").await;
        assert!(config["problem"].as_str().is_some_and(|problem| problem.contains(words)), "{config}");
        assert_eq!(text(&scene.call("other__echo", json!({"text": "on"})).await), "on");
    }
    assert_eq!((scene.kept.ids(), scene.other.ids()), processes);
    scene.proxy.stop();
}

#[tokio::test]
async fn secrets_are_in_no_log_and_in_nothing_that_is_shown() {
    let list = json!({
        "a": and(entry("echo-server", &[]), "env", json!({"TOKEN": "canary-1"})),
        "far": {"url": "http://127.0.0.1:9/mcp?token=canary-2", "bearerToken": "canary-3"},
        "old": {"url": "http://127.0.0.1:9/sse", "type": "sse", "apiKey": "canary-4"},
    });
    let config = json!({"deadline": "500ms", "keys": {"k": "canary-5", "l": {"key": "canary-6"}}, "mcpServers": list});
    let folder = Folder::with(config.to_string());
    let mut proxy = launch(&folder, &["--log-level", "trace"]).env("ALLOWED_KEYS", "canary-7").start();
    let http = Http::new();
    let headers = [("x-api-key", "canary-7")];
    let session = Session::try_open_with(&http, &proxy.mcp, &headers, json!({})).await.unwrap();
    assert_eq!(text(&session.call(1, "a__echo", json!({"text": "canary-8"})).await), "canary-8");
    let mut shown = Vec::new();
    for path in ["/api/config", "/api/servers", "/api/hub", "/health"] {
        let (status, said) = http.json(http::Method::GET, &proxy.at(path), &headers, String::new()).await;
        assert!(status.is_success(), "{path}: {said}");
        shown.push(said.to_string());
    }
    shown.push(proxy.said());
    let shown: Vec<_> = shown.iter().flat_map(|text| text.lines()).filter(|line| line.contains("canary")).collect();
    assert!(shown.is_empty(), "{shown:#?}");
    proxy.stop();
}
