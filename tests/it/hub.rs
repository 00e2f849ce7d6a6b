//! `mcp-hub` as people use it: real servers, official clients, and what must not happen where servers are many.

use std::ffi::OsString;

use http::{Method, StatusCode};
use serde_json::json;

use crate::client::{Http, Json, Session};
use crate::folder::{Folder, entry};
use crate::peers::installed::{Installed, Server};
use crate::proxy::{Launch, Proxy};

mod apart;
mod edited;
mod granted;
mod moved;
mod official;
mod once;
mod piped;
mod unchanged;

const NONE: [&str; 0] = [];

/// `mcp-hub --config FILE --port 0 --state off OPTIONS`, not started yet.
fn launch(folder: &Folder, options: &[&str]) -> Launch {
    let config = folder.config();
    Launch::hub(&["--port", "0", "--state", "off", "--config"]).args(&[config]).args(options)
}

/// A hub of these servers, which all start: clients wait for them however slow the machine is.
fn hub(list: &Json) -> (Folder, Proxy) {
    let folder = Folder::with(json!({"deadline": "20s", "mcpServers": list}).to_string());
    let proxy = launch(&folder, &NONE).start();
    (folder, proxy)
}

/// The entry of a real server.
fn real(installed: &Installed, server: Server, folder: &Folder) -> Json {
    let line: Vec<OsString> = installed.server(server, folder.path());
    let words: Vec<_> = line.iter().map(|word| word.to_str().unwrap()).collect();
    json!({"command": words[0], "args": &words[1..]})
}

/// What is wrong with servers, in a configuration: one that hangs at `initialize`, one without a program, and one whose host
/// nobody knows.
fn bad() -> Json {
    json!({
        "hanging": {"command": "sleep", "args": ["1000"]},
        "missing": {"command": "no-such-program"},
        "nowhere": {"url": "https://nowhere.invalid/mcp"},
    })
}

/// Both lists of servers in one.
fn with(mut list: Json, more: &Json) -> Json {
    list.as_object_mut().unwrap().append(&mut more.as_object().unwrap().clone());
    list
}

/// An echo server.
fn echo() -> Json {
    entry("echo-server", &[])
}

/// A session with all servers.
async fn session(proxy: &Proxy) -> Session {
    Session::open(&Http::new(), &proxy.mcp, json!({})).await
}

/// The result of a request without params.
async fn ask(session: &Session, method: &str) -> Json {
    let mut response = session.request(1, method, json!({})).await.response().await;
    assert!(response["result"].is_object(), "{response}");
    response["result"].take()
}

/// The names of the tools that a session sees.
async fn tools(session: &Session) -> Vec<String> {
    names(&ask(session, "tools/list").await["tools"])
}

/// The names of listed items.
fn names(list: &Json) -> Vec<String> {
    list.as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}

async fn get(proxy: &Proxy, path: &str) -> (StatusCode, Json) {
    Http::new().json(Method::GET, &proxy.at(path), &[], String::new()).await
}
