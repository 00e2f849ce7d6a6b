//! Everything from a request to its answer, without a socket.

mod calls;
mod config;
mod installs;
mod pages;
mod security;
mod servers;
mod terminals;
mod traffic;

use std::{collections::BTreeMap, fs, net::IpAddr, sync::Arc};

use bytes::Bytes;
use http::{
    Method, Request, Response,
    header::{CONTENT_TYPE, COOKIE, HOST, ORIGIN, SET_COOKIE},
};
use http_body_util::{BodyExt, Full};
use mcp_config::{Composer, Live, Overrides, Variables, parse};
use mcp_proxy_core::{
    Builder, Limits, Proxy, TrafficLimits,
    transport::{Kinds, Secret},
};
use mcp_testkit::Script;
use serde_json::{Value, value::RawValue};
use tempfile::TempDir;

use crate::{Admin, AdminOptions, answer::Body, login::CSRF_HEADER, serve, state::State};

const PASSWORD: &str = "correct horse battery";
const HOST_NAME: &str = "localhost:3664";
const OURS: &str = "http://localhost:3664";
const FILE: &str = r#"{
    // kept
    "mcpServers": { "one": { "type": "lab" }, "two": { "type": "lab", "env": {"TOKEN": "s3cret-of-two"} } }
}"#;

/// A hub with pages, and a browser that may be logged in.
struct Scene {
    admin: Admin,
    cookie: String,
    csrf: String,
    _directory: TempDir,
}

/// What a request brings besides.
#[derive(Default)]
struct With<'a> {
    host: Option<&'a str>,
    origin: Option<&'a str>,
    has_no_cookie: bool,
    has_no_token: bool,
    peer: Option<&'a str>,
    header: Option<(http::HeaderName, String)>,
}

/// A hub whose servers say what `script` does; the browser is logged in.
async fn scene_of(script: Script) -> Scene {
    scene_of_both(script, |_| {}).await
}

/// A hub with options of its own.
async fn scene_with(change: impl FnOnce(&mut AdminOptions)) -> Scene {
    scene_of_both(Script::new(), change).await
}

async fn scene_of_both(script: Script, change: impl FnOnce(&mut AdminOptions)) -> Scene {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("mcp.json");
    fs::write(&path, FILE).unwrap();
    let variables = Variables::new(BTreeMap::new(), BTreeMap::new());
    let file = parse(&path, FILE, &|_| None).file.unwrap();
    let kinds = Kinds::default().with("lab", move |_: &RawValue| Ok::<_, std::fmt::Error>(script.transport()));
    let composer = Composer::new(Limits::default(), kinds);
    let live = Live::new(path, FILE.to_owned(), file, Overrides::default(), variables, composer);
    let live = Arc::new(live.with_hub(mcp_config::HubSettings::default(), None));
    let servers = live.servers().unwrap();
    let proxy = servers.into_iter().fold(Proxy::builder(), Builder::server_with);
    let proxy = proxy.hub(live.hub().unwrap().unwrap()).traffic(TrafficLimits::default()).build().unwrap();
    let password = Some(Secret::new(PASSWORD));
    let mut options = AdminOptions { password, cheap_hashes: true, ..AdminOptions::default() };
    change(&mut options);
    let admin = Admin::open(options, proxy, live, None).await.unwrap();
    let mut scene = Scene { admin, cookie: String::new(), csrf: String::new(), _directory: directory };
    scene.log_in().await;
    scene
}

async fn scene() -> Scene {
    scene_of(Script::new()).await
}

impl Scene {
    fn state(&self) -> &Arc<State> {
        self.admin.state()
    }

    async fn log_in(&mut self) {
        let body = serde_json::json!({"username": "admin", "password": PASSWORD}).to_string();
        let answer = self.send(Method::POST, "/api/v1/login", &body, &With::default()).await;
        assert_eq!(answer.status(), 200);
        let cookie = answer.headers()[SET_COOKIE].to_str().unwrap();
        self.cookie = cookie.split(';').next().unwrap().to_owned();
        self.csrf = value(answer).await["csrfToken"].as_str().unwrap().to_owned();
    }

    async fn send(&self, method: Method, path: &str, body: &str, with: &With<'_>) -> Response<Body> {
        let request = Request::builder().method(method.clone()).uri(path).header(HOST, with.host.unwrap_or(HOST_NAME));
        let mut request = request.header(CONTENT_TYPE, "application/json");
        if !with.has_no_cookie {
            request = request.header(COOKIE, &self.cookie);
        }
        if method != Method::GET {
            request = request.header(ORIGIN, with.origin.unwrap_or(OURS));
            if !with.has_no_token {
                request = request.header(CSRF_HEADER, &self.csrf);
            }
        } else if let Some(origin) = with.origin {
            request = request.header(ORIGIN, origin);
        }
        if let Some((name, value)) = &with.header {
            request = request.header(name, value);
        }
        let peer: IpAddr = with.peer.unwrap_or("127.0.0.1").parse().unwrap();
        let request = request.body(Full::new(Bytes::from(body.to_owned()))).unwrap();
        serve::answer(Arc::clone(self.state()), peer, request).await.unwrap()
    }

    async fn ask(&self, method: Method, path: &str, body: &str) -> (u16, Value) {
        let answer = self.send(method, &format!("/api/v1{path}"), body, &With::default()).await;
        let status = answer.status().as_u16();
        (status, value(answer).await)
    }

    async fn get(&self, path: &str) -> Value {
        let (status, value) = self.ask(Method::GET, path, "").await;
        assert_eq!(status, 200, "{path}: {value}");
        value
    }

    fn file(&self) -> String {
        fs::read_to_string(self.state().live.path()).unwrap()
    }
}

async fn text(answer: Response<Body>) -> String {
    String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().into()).unwrap()
}

async fn value(answer: Response<Body>) -> Value {
    let text = text(answer).await;
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

/// The next event of a stream, comments aside: its name and its data.
async fn next_event(stream: &mut Body) -> Option<(String, Value)> {
    loop {
        let frame = tokio::time::timeout(std::time::Duration::from_mins(1), stream.frame()).await.unwrap()?;
        let text = String::from_utf8(frame.unwrap().into_data().unwrap().into()).unwrap();
        if let Some((kind, data)) = text.strip_prefix("event: ").and_then(|rest| rest.split_once("\ndata: ")) {
            return Some((kind.to_owned(), serde_json::from_str(data.trim()).unwrap()));
        }
    }
}
