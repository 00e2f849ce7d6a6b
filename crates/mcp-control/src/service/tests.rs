use std::{collections::BTreeMap, fs, time::Duration};

use http::header::{ALLOW, CONTENT_TYPE};
use http_body_util::BodyExt;
use mcp_config::{By, Composer, Overrides, Variables, parse};
use mcp_proxy_core::{Builder, Limits, transport::Kinds};
use mcp_testkit::Script;
use serde_json::value::RawValue;
use tempfile::TempDir;
use tokio::time::timeout;

use super::*;

const FILE: &str =
    r#"{ "mcpServers": { "a b": { "type": "lab" }, "two": { "type": "lab", "env": {"T": "s3cret"} } } }"#;

struct Scene {
    control: Control,
    proxy: Proxy,
    live: Arc<Live>,
    _directory: TempDir,
}

fn scene(writes: Writes) -> Scene {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("mcp.json");
    fs::write(&path, FILE).unwrap();
    let variables = Variables::new(BTreeMap::new(), BTreeMap::new());
    let file = parse(&path, FILE, &|_| None).file.unwrap();
    let kinds = Kinds::default().with("lab", |_: &RawValue| Ok::<_, std::fmt::Error>(Script::new().transport()));
    let composer = Composer::new(Limits::default(), kinds);
    let live = Arc::new(Live::new(path, FILE.to_owned(), file, Overrides::default(), variables, composer));
    let servers = live.servers().unwrap();
    let proxy = servers.into_iter().fold(Proxy::builder(), Builder::server_with);
    let control = Control::new().with_config(Arc::clone(&live), writes);
    Scene { control, proxy: proxy.build().unwrap(), live, _directory: directory }
}

impl Scene {
    async fn send(&self, method: Method, path: &str, accept: &str, body: &str) -> Response<ServiceBody> {
        let request = Request::builder().method(method).uri(path).header(ACCEPT, accept);
        let request = request.header(CONTENT_TYPE, "application/json").body(Bytes::from(body.to_owned())).unwrap();
        self.control.answer(&self.proxy, request, &Principal::Anonymous).await
    }

    async fn ask(&self, method: Method, path: &str, body: &str) -> (u16, String) {
        let answer = self.send(method, path, "*/*", body).await;
        (answer.status().as_u16(), text_of(answer).await)
    }

    fn file(&self) -> String {
        fs::read_to_string(self.live.path()).unwrap()
    }
}

async fn text_of(answer: Response<ServiceBody>) -> String {
    String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().into()).unwrap()
}

/// The next event of a stream, comments aside.
async fn event(stream: &mut ServiceBody) -> String {
    loop {
        let frame = timeout(Duration::from_mins(1), stream.frame()).await.unwrap().unwrap().unwrap();
        let text = String::from_utf8(frame.into_data().unwrap().into()).unwrap();
        if !text.starts_with(':') {
            return text;
        }
    }
}

#[tokio::test]
async fn state_is_json_unless_a_stream_is_asked_for() {
    let scene = scene(Writes::Allowed);
    let (status, text) = scene.ask(Method::GET, "/api/servers", "").await;
    assert_eq!(status, 200);
    assert!(text.starts_with(r#"{"a b":{"status":"stopped","lastUsed":""#), "{text}");
    for accept in ["text/event-stream", "application/json;q=0.1, Text/Event-Stream; q=1"] {
        let answer = scene.send(Method::GET, "/api/servers", accept, "").await;
        assert_eq!(answer.headers()[CONTENT_TYPE], "text/event-stream");
        assert!(
            event(&mut answer.into_body()).await.starts_with("event: status\ndata: {\"a b\":{\"status\":\"stopped\"")
        );
    }
    let answer = scene.send(Method::GET, "/api/servers?dialect=prompty", "*/*", "").await;
    assert_eq!(answer.headers()[CONTENT_TYPE], "text/event-stream");
}

#[tokio::test]
async fn a_change_is_told_to_everyone_who_watches_and_holds_the_whole_object() {
    let scene = scene(Writes::Allowed);
    let mut watchers = Vec::new();
    for _ in 0..3 {
        let mut stream = scene.send(Method::GET, "/api/servers", "text/event-stream", "").await.into_body();
        assert!(event(&mut stream).await.starts_with("event: status\n"));
        watchers.push(stream);
    }
    assert_eq!(scene.ask(Method::POST, "/api/servers/a%20b/start", "").await.0, 200);
    for stream in &mut watchers {
        let mut told = event(stream).await;
        while !told.contains("running") {
            told = event(stream).await;
        }
        assert!(told.starts_with("event: delta\ndata: {\"a b\":{\"status\":\"running\",\"lastUsed\":\""), "{told}");
        assert!(!told.contains("two"), "only what has changed: {told}");
    }
    scene.live.remove_server(&scene.proxy, "two", By::of("test")).await.unwrap();
    assert_eq!(event(&mut watchers[0]).await, "event: delta\ndata: {\"two\":null}\n\n");
}

#[tokio::test(start_paused = true)]
async fn a_silent_stream_is_kept_open_by_comments() {
    let scene = scene(Writes::Allowed);
    let mut stream = scene.send(Method::GET, "/api/servers", "text/event-stream", "").await.into_body();
    event(&mut stream).await;
    let comment = timeout(Duration::from_secs(16), stream.frame()).await.unwrap().unwrap().unwrap();
    assert_eq!(comment.into_data().unwrap(), ": keep-alive\n\n");
}

#[tokio::test(start_paused = true)]
async fn a_watcher_that_falls_behind_is_told_everything_anew() {
    let scene = scene(Writes::Allowed);
    let mut stream = scene.send(Method::GET, "/api/servers", "text/event-stream", "").await.into_body();
    event(&mut stream).await;
    for n in 0..200 {
        scene
            .live
            .set_server(&scene.proxy, "two", &format!(r#"{{"type":"lab","n":{n}}}"#), By::of("test"))
            .await
            .unwrap();
        // Every state is written down on its own.
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    assert!(event(&mut stream).await.starts_with("event: status\n"));
}

#[tokio::test]
async fn a_server_is_started_and_stopped_by_hand() {
    let scene = scene(Writes::Allowed);
    let (status, text) = scene.ask(Method::POST, "/api/servers/two/restart", "").await;
    assert!(status == 200 && text.contains(r#""status":"running""#), "{status} {text}");
    let (status, text) = scene.ask(Method::POST, "/api/servers/two/stop", "").await;
    assert!(status == 200 && text.contains(r#""status":"stopped""#), "{status} {text}");
    assert_eq!(scene.ask(Method::POST, "/api/servers/nine/stop", "").await.0, 404);
    let answer = scene.send(Method::GET, "/api/servers/two/stop", "*/*", "").await;
    assert_eq!((answer.status().as_u16(), &answer.headers()[ALLOW]), (405, &"POST".parse().unwrap()));
}

#[tokio::test]
async fn the_configuration_is_shown_without_secrets_and_taken_back_whole() {
    let scene = scene(Writes::Allowed);
    let (status, shown) = scene.ask(Method::GET, "/api/config", "").await;
    assert!(status == 200 && shown.contains(r#""mcpServers":{"#) && !shown.contains("s3cret"), "{shown}");
    let (status, text) = scene.ask(Method::POST, "/api/config", &shown).await;
    assert!(status == 200 && text.starts_with(r#"{"success":true,"added":[],"removed":[],"changed":[]"#), "{text}");
    assert_eq!(scene.file(), FILE);
}

#[tokio::test]
async fn servers_are_put_and_deleted() {
    let scene = scene(Writes::Allowed);
    let (status, text) = scene.ask(Method::PUT, "/api/servers/th%20ree", r#"{"type":"lab"}"#).await;
    assert!(status == 200 && text.contains(r#""added":["th ree"]"#), "{text}");
    let (status, text) = scene.ask(Method::DELETE, "/api/servers/a%20b", "").await;
    assert!(status == 200 && text.contains(r#""removed":["a b"]"#), "{text}");
    assert_eq!(scene.ask(Method::DELETE, "/api/servers/a%20b", "").await.0, 404);
    let (status, text) = scene.ask(Method::PUT, "/api/servers/two", r#"{"type":"lab","disabled":7}"#).await;
    assert!(status == 400 && text.contains("mcpServers.two.disabled"), "{text}");
}

#[tokio::test]
async fn who_may_not_change_it_changes_nothing() {
    let scene = scene(Writes::Refused("set a key"));
    for (method, path) in
        [(Method::POST, "/api/config"), (Method::PUT, "/api/servers/two"), (Method::DELETE, "/api/servers/two")]
    {
        let (status, text) = scene.ask(method, path, r#"{"type":"lab"}"#).await;
        assert!(status == 403 && text.contains("set a key"), "{path}: {text}");
    }
    assert_eq!(scene.file(), FILE);
    let request = Request::post("/api/config").header(CONTENT_TYPE, "text/plain").body(Bytes::from("{}")).unwrap();
    let open = Control::new().with_config(Arc::clone(&scene.live), Writes::Allowed);
    assert_eq!(open.answer(&scene.proxy, request, &Principal::Anonymous).await.status(), 415);
}

#[tokio::test]
async fn without_a_file_there_is_state_alone() {
    let scene = scene(Writes::Allowed);
    let bare = Scene { control: Control::new(), ..scene };
    assert_eq!(bare.ask(Method::GET, "/api/config", "").await.0, 404);
    assert_eq!(bare.ask(Method::GET, "/api/servers/two", "").await.0, 200);
    assert_eq!(bare.ask(Method::GET, "/api/nothing", "").await.0, 404);
}
