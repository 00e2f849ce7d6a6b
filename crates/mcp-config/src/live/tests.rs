use std::{collections::BTreeMap, fs};

use mcp_proxy_core::{
    Builder, Limits, ReachError,
    protocol::Revision,
    transport::{Caller, Connection, Kinds},
};
use mcp_testkit::Script;
use tempfile::TempDir;
use tokio::time::{Duration, timeout};

use super::*;
use crate::{EditError, parse};

mod document;
mod hub;
mod parts;

/// A file with servers of the type `lab`, and the proxy that runs by it.
struct Scene {
    live: Arc<Live>,
    proxy: Proxy,
    directory: TempDir,
}

const FILE: &str = r#"{
    // what this is for
    "mcpServers": {
        "one": { "type": "lab", "mark": 1 }, // the first
        "two": { "type": "lab", "env": { "TOKEN": "s3cret" } },
    },
    "ours": "kept",
}
"#;

fn scene(text: &str) -> Scene {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("mcp.json");
    fs::write(&path, text).unwrap();
    let variables = Variables::new(BTreeMap::new(), BTreeMap::new());
    let file = parse(&path, text, &|name| variables.get(name)).file.unwrap();
    let kinds = Kinds::default().with("lab", |_| Ok::<_, fmt::Error>(Script::new().transport()));
    let composer = Composer::new(Limits::default(), kinds);
    let live = Live::new(path, text.to_owned(), file, Overrides::default(), variables, composer);
    let servers = live.servers().unwrap();
    let proxy = servers.into_iter().fold(Proxy::builder(), Builder::server_with).build();
    Scene { live: Arc::new(live), proxy: proxy.unwrap(), directory }
}

impl Scene {
    fn names(&self) -> Vec<String> {
        self.proxy.status().iter().map(|status| status.name.to_string()).collect()
    }

    fn text(&self) -> String {
        fs::read_to_string(self.live.path()).unwrap()
    }

    async fn session(&self, server: &str) -> Arc<dyn Connection> {
        self.proxy.connect(server, &Caller::proxy(Revision::LATEST_LEGACY)).await.unwrap()
    }
}

fn names(names: &[&str]) -> Vec<Arc<str>> {
    names.iter().map(|&name| name.into()).collect()
}

#[tokio::test]
async fn a_change_touches_what_differs_and_keeps_the_rest() {
    let scene = scene(FILE);
    let kept = scene.session("one").await;
    let entries =
        r#"{"mcpServers":{"one":{"type":"lab","mark":1},"two":{"type":"lab","mark":2},"three":{"type":"lab"}}}"#;
    let applied = scene.live.replace_servers(&scene.proxy, entries, By::of("test")).await.unwrap();
    assert_eq!((applied.added, applied.changed), (names(&["three"]), names(&["two"])));
    assert_eq!((applied.unchanged, applied.removed), (names(&["one"]), names(&[])));
    assert_eq!(scene.names(), ["one", "two", "three"]);
    let text = scene.text();
    assert!(text.contains("// what this is for") && text.contains("// the first"), "{text}");
    assert!(text.contains(r#""ours": "kept""#), "{text}");
    assert!(timeout(Duration::from_millis(1), kept.closed()).await.is_err(), "the session on it goes on");
}

#[tokio::test]
async fn one_server_is_set_and_removed() {
    let scene = scene(FILE);
    let applied = scene.live.set_server(&scene.proxy, "three", r#"{"type":"lab"}"#, By::of("test")).await.unwrap();
    assert_eq!(applied.added, names(&["three"]));
    let applied = scene.live.remove_server(&scene.proxy, "one", By::of("test")).await.unwrap();
    assert_eq!((applied.removed, applied.unchanged), (names(&["one"]), names(&["two", "three"])));
    let gone = scene.proxy.connect("one", &Caller::proxy(Revision::LATEST_LEGACY)).await;
    assert!(matches!(gone, Err(ReachError::Unknown(_))));
    assert!(!scene.text().contains("\"one\""));
    let unknown = scene.live.remove_server(&scene.proxy, "nine", By::of("test")).await.unwrap_err();
    assert!(matches!(unknown, ChangeError::Edit(EditError::NoServer(_))));
}

#[tokio::test]
async fn what_is_wrong_changes_nothing() {
    let scene = scene(FILE);
    for wrong in [
        r#"{"mcpServers":{"one":{}}}"#,
        r#"{"mcpServers":{"api":{"type":"lab"}}}"#,
        r#"{"mcpServers":{"one":{"type":"nonsense"}}}"#,
        r#"{"mcpServers":{"one":{"type":"lab","maxRestarts":"many"}}}"#,
        r#"{"mcpServers":["one"]}"#,
        "nonsense",
    ] {
        let refused = scene.live.replace_servers(&scene.proxy, wrong, By::of("test")).await;
        assert!(refused.is_err(), "{wrong}");
        assert_eq!((scene.names(), &*scene.text()), (vec!["one".to_owned(), "two".to_owned()], FILE), "{wrong}");
    }
}

#[tokio::test]
async fn an_error_names_the_file_and_the_place() {
    let scene = scene(FILE);
    let refused = scene
        .live
        .set_server(&scene.proxy, "one", r#"{"type":"lab","disabled":"yes"}"#, By::of("test"))
        .await
        .unwrap_err();
    let said = refused.to_string();
    assert!(said.contains("mcp.json:") && said.contains("mcpServers.one.disabled"), "{said}");
}

#[tokio::test]
async fn what_is_shown_has_no_secret_and_can_be_sent_back() {
    let scene = scene(FILE);
    let shown = scene.live.shown();
    assert!(shown.contains("TOKEN") && !shown.contains("s3cret"), "{shown}");
    let applied = scene.live.replace_servers(&scene.proxy, &shown, By::of("test")).await.unwrap();
    assert_eq!(applied.unchanged, names(&["one", "two"]));
    assert_eq!(scene.text(), FILE);
}

#[tokio::test]
async fn a_server_that_is_switched_off_and_on_again_is_a_change() {
    let scene = scene(FILE);
    let off = r#"{"type":"lab","mark":1,"disabled":true}"#;
    let applied = scene.live.set_server(&scene.proxy, "one", off, By::of("test")).await.unwrap();
    assert_eq!(applied.changed, names(&["one"]));
    assert!(scene.proxy.status()[0].is_disabled);
    let refused = scene.proxy.connect("one", &Caller::proxy(Revision::LATEST_LEGACY)).await;
    assert!(matches!(refused, Err(ReachError::Disabled(_))));
    scene.live.set_server(&scene.proxy, "one", r#"{"type":"lab","mark":1}"#, By::of("test")).await.unwrap();
    scene.session("one").await;
}

#[tokio::test]
async fn a_setting_of_all_servers_changes_those_that_have_no_say_of_their_own() {
    let before = FILE.replace(r#""mark": 1"#, r#""mark": 1, "session": "shared""#);
    let scene = scene(&before);
    let text = before.replace(r#""ours": "kept""#, r#""session": "dedicated""#);
    let applied = scene.live.apply(&scene.proxy, &text).unwrap();
    assert_eq!((applied.unchanged, applied.changed), (names(&["one"]), names(&["two"])));
    assert!(!applied.needs_restart);
    let text = FILE.replace(r#""ours": "kept""#, r#""port": 9000"#);
    assert!(scene.live.apply(&scene.proxy, &text).unwrap().needs_restart);
}

#[tokio::test]
async fn what_was_found_before_another_change_is_not_applied_after_it() {
    let scene = scene(FILE);
    let edited = FILE.replace("\"two\"", "\"three\"");
    fs::write(scene.live.path(), &edited).unwrap();
    scene.live.remove_server(&scene.proxy, "one", By::of("test")).await.unwrap();
    assert_eq!(scene.names(), ["three"]);
    scene.live.take(&scene.proxy, Change::Text(edited)).await;
    assert_eq!(scene.names(), ["three"]);
    scene.live.take(&scene.proxy, Change::Text(scene.text())).await;
    assert_eq!((scene.names(), scene.live.problem()), (vec!["three".to_owned()], None));
}

/// The file is real, and so is the time; what is waited for is the state, however long it takes.
#[tokio::test]
async fn the_file_is_followed_and_a_broken_one_leaves_the_last_good_one() {
    let scene = scene(FILE);
    let (live, proxy) = (Arc::clone(&scene.live), scene.proxy.clone());
    let following = tokio::spawn(async move { live.follow(&proxy).await });
    let wait = async |what: &str, holds: &dyn Fn() -> bool| {
        let looking = async {
            while !holds() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(Duration::from_secs(10), looking).await.expect(what);
    };
    fs::write(scene.live.path(), "{ \"mcpServers\": { \"one\": }").unwrap();
    wait("the file is found broken", &|| scene.live.problem().is_some()).await;
    assert!(scene.live.problem().unwrap().contains("mcp.json:1:"), "{:?}", scene.live.problem());
    assert_eq!(scene.names(), ["one", "two"]);
    let refused = scene.live.set_server(&scene.proxy, "three", r#"{"type":"lab"}"#, By::of("test")).await;
    assert!(matches!(refused, Err(ChangeError::Edit(EditError::File(_)))), "a broken file is not written to");

    fs::write(scene.live.path(), FILE.replace("\"two\"", "\"three\"")).unwrap();
    wait("the file is applied", &|| scene.names() == ["one", "three"]).await;
    assert_eq!(scene.live.problem(), None);

    fs::remove_file(scene.live.path()).unwrap();
    wait("the file is missed", &|| scene.live.problem().is_some()).await;
    assert_eq!(scene.names(), ["one", "three"]);
    following.abort();
    drop(scene.directory);
}
