//! What becomes of running servers when their configuration file is edited.

use std::fs;
use std::os::unix::fs::symlink;

use http::{Method, StatusCode};
use serde_json::json;
use tokio::time::timeout;

use crate::client::{Http, Json, Messages, Session, error, text, tool};
use crate::folder::{Folder, and, entry, marked, servers};
use crate::marked::{Mark, PATIENCE};
use crate::proxy::{Launch, Proxy};
use crate::status::{Watcher, course};

const NONE: [&str; 0] = [];

/// A session with the server `name`.
async fn session(http: &Http, proxy: &Proxy, name: &str) -> Session {
    Session::open(http, &proxy.at(&format!("/{name}/mcp")), json!({})).await
}

async fn is_over(session: &Session) {
    let answer = session.request(1, "ping", json!({})).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
}

/// What is wrong with the file, as `/api/config` tells it.
async fn problem(http: &Http, proxy: &Proxy) -> Json {
    let (status, mut said) = http.json(Method::GET, &proxy.at("/api/config"), &[], String::new()).await;
    assert_eq!(status, StatusCode::OK, "{said}");
    said["problem"].take()
}

/// Waits until the file is as wrong as `wanted` says.
async fn until_problem(http: &Http, proxy: &Proxy, wanted: impl Fn(&Json) -> bool) {
    let looking = async { while !wanted(&problem(http, proxy).await) {} };
    assert!(timeout(PATIENCE, looking).await.is_ok(), "only {}", problem(http, proxy).await);
}

/// Three servers, whose processes bear marks of their own.
struct Scene {
    kept: Mark,
    other: Mark,
    folder: Folder,
    proxy: Proxy,
    http: Http,
}

impl Scene {
    async fn new() -> Self {
        let (kept, other) = (Mark::new(), Mark::new());
        let folder = Folder::with(Self::config(&kept, &marked(&other, "echo-server", &[])).to_string());
        let proxy = folder.start(&NONE);
        let scene = Self { kept, other, folder, proxy, http: Http::new() };
        scene.kept.until(1).await;
        scene.other.until(1).await;
        scene
    }

    fn config(kept: &Mark, other: &Json) -> Json {
        json!({"mcpServers": {"kept": marked(kept, "echo-server", &[]), "other": other}})
    }

    /// Makes `other` something else, and the file whole again if it was not.
    fn edit(&self, other: &Json) {
        self.folder.edit(Self::config(&self.kept, other).to_string());
    }

    async fn session(&self, name: &str) -> Session {
        session(&self.http, &self.proxy, name).await
    }

    async fn watch(&self) -> Watcher {
        Watcher::open(&self.http, &self.proxy).await
    }
}

#[tokio::test]
async fn what_is_added_starts_and_what_is_removed_stops_with_its_sessions() {
    let scene = Scene::new().await;
    let kept = scene.session("kept").await;
    let other = scene.session("other").await;
    let mut stream = other.listen().await;
    let mut call = other.start(1, "echo", json!({"text": "never", "delay": 60_000, "progress": 599})).await;
    assert_eq!(call.next().await.unwrap()["method"], "notifications/progress");
    let mut kept_call = kept.start(1, "echo", json!({"text": "done", "delay": 3_000, "progress": 29})).await;
    assert_eq!(kept_call.next().await.unwrap()["method"], "notifications/progress");
    let process = scene.kept.ids();
    let mut watcher = scene.watch().await;

    let new = Mark::new();
    let config = json!({"kept": marked(&scene.kept, "echo-server", &[]), "new": marked(&new, "echo-server", &[])});
    scene.folder.edit(servers(config));
    watcher.until("other", Json::is_null).await;
    scene.other.until(0).await;
    assert!(!error(&call.response().await).is_empty(), "whoever waits is told");
    assert!(stream.next().await.is_none());
    is_over_for_good(&scene, &other).await;
    // Started before anybody asks for it.
    watcher.until_it_is("new", "running").await;
    assert_eq!(text(&scene.session("new").await.echo(1, "hello").await), "hello");

    assert_eq!(text(&kept_call.response().await), "done");
    assert_eq!(text(&kept.echo(2, "all the time").await), "all the time");
    assert_eq!(scene.kept.ids(), process);
    scene.proxy.stop();
    assert_eq!(new.living(), 0);
}

/// The session is one of a server that there is no more.
async fn is_over_for_good(scene: &Scene, session: &Session) {
    let Messages::One(status, Some(said)) = session.request(1, "ping", json!({})).await else { panic!("a refusal") };
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(error(&said).contains("`other`"), "{said}");
    let status = Session::try_open(&scene.http, &scene.proxy.at("/other/mcp"), json!({})).await.unwrap_err().0;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn whatever_is_changed_starts_anew_and_the_rest_goes_on() {
    let scene = Scene::new().await;
    let kept = scene.session("kept").await;
    let unchanged = scene.kept.ids();
    let plain = marked(&scene.other, "rude-server", &[]);
    for changed in [
        plain.clone(),
        and(plain.clone(), "args", json!(["twice"])),
        and(plain.clone(), "cwd", scene.folder.path().to_str().unwrap()),
        and(plain.clone(), "maxRestarts", 7),
    ] {
        let (before, process) = (scene.session("other").await, scene.other.ids());
        let mut watcher = scene.watch().await;
        scene.edit(&changed);
        watcher.until("other", |other| other["status"] != "running").await;
        watcher.until_it_is("other", "running").await;
        is_over(&before).await;
        scene.other.until(1).await;
        assert_ne!(scene.other.ids(), process);
        assert_eq!(text(&scene.session("other").await.echo(1, "new").await), "new");
        assert_eq!(text(&kept.echo(1, "old").await), "old");
    }
    let mut environment = plain.clone();
    environment["env"]["MORE"] = json!("is set");
    let mut watcher = scene.watch().await;
    scene.edit(&environment);
    watcher.until("other", |other| other["status"] != "running").await;
    watcher.until_it_is("other", "running").await;
    let told = scene.session("other").await.call(1, "env", json!({})).await;
    assert!(text(&told).contains("MORE=is set\n"), "{told}");
    assert_eq!(scene.kept.ids(), unchanged);
    scene.proxy.stop();
}

#[tokio::test]
async fn what_is_only_written_differently_is_not_changed() {
    let scene = Scene::new().await;
    let (kept, other) = (scene.session("kept").await, scene.session("other").await);
    let processes = (scene.kept.ids(), scene.other.ids());
    let config = Scene::config(&scene.kept, &marked(&scene.other, "echo-server", &[]));
    let mut config = serde_json::to_string_pretty(&config).unwrap();
    config.insert_str(1, "\n  // the same in other words");
    scene.folder.edit(&*config);
    // What comes after it tells that it was seen.
    let more =
        config.replacen("\"mcpServers\": {", "\"mcpServers\": {\n\"new\": {\"command\": \"no-such-program\"},", 1);
    let mut watcher = scene.watch().await;
    scene.folder.edit(more);
    watcher.until_it_is("new", "error").await;
    assert_eq!((scene.kept.ids(), scene.other.ids()), processes);
    assert_eq!(text(&kept.echo(1, "kept").await), "kept");
    assert_eq!(text(&other.echo(1, "other").await), "other");
    scene.proxy.stop();
}

#[tokio::test]
async fn a_server_can_be_switched_off_and_on() {
    let scene = Scene::new().await;
    let entry = marked(&scene.other, "echo-server", &[]);
    let mut watcher = scene.watch().await;
    scene.edit(&and(entry.clone(), "disabled", true));
    watcher.until("other", |other| other["disabled"] == true && other["status"] == "stopped").await;
    scene.other.until(0).await;
    let status = Session::try_open(&scene.http, &scene.proxy.at("/other/mcp"), json!({})).await.unwrap_err().0;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    scene.edit(&entry);
    watcher.until_it_is("other", "running").await;
    assert_eq!(text(&scene.session("other").await.echo(1, "on").await), "on");
    scene.proxy.stop();
}

#[tokio::test]
async fn a_broken_file_changes_nothing_and_a_repaired_one_counts() {
    let mut scene = Scene::new().await;
    let session = scene.session("other").await;
    let processes = (scene.kept.ids(), scene.other.ids());
    let whole = scene.folder.read();
    for (broken, place) in [
        ("{\n  \"mcpServers\": {\n    \"a\" {}\n".to_owned(), "mcp-config.json:3:9: "),
        (
            "{\n  \"mcpServers\": {\n    \"a\": {\"command\": 5}}}".to_owned(),
            "mcp-config.json:3:22: mcpServers.a.command: ",
        ),
        (whole.replace("\"other\"", "\"api\""), "mcpServers.api: "),
        (whole.replace("\"legacy\"", "\"middle\""), "mcpServers.kept.era: "),
        (String::new(), "mcp-config.json:1:1: "),
    ] {
        scene.folder.edit(broken);
        let is_told = |said: &Json| said.as_str().is_some_and(|said| said.contains(place));
        until_problem(&scene.http, &scene.proxy, is_told).await;
        assert_eq!(text(&session.echo(1, "undisturbed").await), "undisturbed");
        scene.proxy.says(place);
    }
    fs::remove_file(scene.folder.config()).unwrap();
    let is_gone = |said: &Json| said.as_str().is_some_and(|said| said.contains("is gone"));
    until_problem(&scene.http, &scene.proxy, is_gone).await;
    assert_eq!((scene.kept.ids(), scene.other.ids()), processes);

    scene.folder.edit(&*whole);
    until_problem(&scene.http, &scene.proxy, Json::is_null).await;
    assert_eq!((scene.kept.ids(), scene.other.ids()), processes);
    assert_eq!(text(&session.echo(2, "undisturbed").await), "undisturbed");
    let mut watcher = scene.watch().await;
    scene.edit(&and(marked(&scene.other, "echo-server", &[]), "maxRestarts", 1));
    watcher.until("other", |other| other["status"] != "running").await;
    watcher.until_it_is("other", "running").await;
    is_over(&session).await;
    scene.proxy.stop();
}

#[tokio::test]
async fn a_server_that_was_given_up_is_tried_again_when_it_is_changed() {
    let scene = Scene::new().await;
    let mut watcher = scene.watch().await;
    scene.edit(&json!({"command": "no-such-program"}));
    watcher.until_it_is("other", "error").await;
    scene.edit(&marked(&scene.other, "echo-server", &[]));
    let told = watcher.until_it_is("other", "running").await;
    assert!(course(&told).last() == Some(&"running") && told.last().unwrap()["error"].is_null(), "{told:?}");
    scene.proxy.stop();
}

#[tokio::test]
async fn the_successor_begins_when_its_predecessor_has_gone() {
    let mark = Mark::new();
    let folder = Folder::new();
    // Fails if there is one already.
    let (lock, server) = (folder.path().join("lock"), mcp_testkit::bin("echo-server"));
    let script = format!(
        "mkdir '{lock}' || exit 9; trap '' TERM; '{server}'; sleep 0.3; rmdir '{lock}'",
        lock = lock.display(),
        server = server.display()
    );
    let config = |comment: &str| {
        let entry = json!({"command": "sh", "args": ["-c", script, comment], "era": "legacy", "maxRestarts": 0});
        servers(json!({"a": entry, "b": marked(&mark, "echo-server", &[])}))
    };
    folder.write("mcp-config.json", config("one"));
    let proxy = folder.start(&NONE);
    let http = Http::new();
    let mut watcher = Watcher::open(&http, &proxy).await;
    watcher.until_it_is("a", "running").await;
    for comment in ["two", "three"] {
        folder.edit(config(comment));
        watcher.until("a", |a| a["status"] != "running").await;
        let told = watcher.until("a", |a| a["status"] == "running" || a["status"] == "error").await;
        assert_eq!(told.last().unwrap()["status"], "running", "{told:?}");
    }
    proxy.stop();
}

#[tokio::test]
async fn links_that_are_moved_and_files_written_in_place_are_followed() {
    let folder = Folder::new();
    let config = |name: &str| servers(json!({name: entry("echo-server", &[])}));
    // As in a Kubernetes volume: file → ..data/file, ..data → a folder for each version.
    let version = |name: &str| {
        let version = folder.path().join(format!("..{name}"));
        fs::create_dir(&version).unwrap();
        fs::write(version.join("mcp-config.json"), config(name)).unwrap();
        let link = folder.path().join("..link");
        symlink(&version, &link).unwrap();
        fs::rename(link, folder.path().join("..data")).unwrap();
    };
    version("one");
    symlink("..data/mcp-config.json", folder.config()).unwrap();
    let proxy = folder.start(&NONE);
    let http = Http::new();
    let mut watcher = Watcher::open(&http, &proxy).await;
    watcher.until_it_is("one", "running").await;
    for (name, before) in [("two", "one"), ("three", "two")] {
        version(name);
        watcher.until(before, Json::is_null).await;
        watcher.until_it_is(name, "running").await;
    }
    folder.write("mcp-config.json", config("four"));
    watcher.until("three", Json::is_null).await;
    watcher.until_it_is("four", "running").await;
    proxy.stop();
}

#[tokio::test]
async fn a_file_in_the_working_directory_is_followed_too() {
    let folder = Folder::with(servers(json!({"one": entry("echo-server", &[])})));
    let proxy = Launch::any_port(&NONE).at(folder.path()).start();
    let http = Http::new();
    let mut watcher = Watcher::open(&http, &proxy).await;
    folder.edit(servers(json!({})));
    watcher.until("one", Json::is_null).await;
    let (status, said) = http.plain(&proxy.at("/one/mcp"), &tool("echo", json!({"text": "a"}))).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{said}");
    folder.edit(servers(json!({"two": entry("echo-server", &[])})));
    watcher.until_it_is("two", "running").await;
    proxy.stop();
}

#[tokio::test]
async fn settings_that_count_from_the_next_start_on_are_said_to() {
    let folder = Folder::with(servers(json!({"a": entry("echo-server", &[])})));
    let mut proxy = folder.start(&NONE);
    let http = Http::new();
    let mut watcher = Watcher::open(&http, &proxy).await;
    let list = json!({"a": entry("echo-server", &[]), "b": entry("echo-server", &[])});
    folder.edit(json!({"port": 9, "mcpServers": list}).to_string());
    watcher.until_it_is("b", "running").await;
    proxy.says("they count from the next start on");
    proxy.stop();
}
