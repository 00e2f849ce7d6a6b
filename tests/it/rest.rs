//! `mcp-rest`: the four flows that others have, against real servers, and its file.

use std::ffi::OsString;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::json;

use crate::client::{Http, Json, body};
use crate::folder::{Folder, and, entry, servers};
use crate::marked::{PATIENCE, until};
use crate::peers::installed::{Installed, Server};
use crate::proxy::{Launch, Proxy};

const NONE: [&str; 0] = [];
/// The file that is looked for where none is named.
const USUAL: &str = "mcp.servers.json";
/// A cold Node.
const COLD: Duration = Duration::from_secs(30);

/// Starts `mcp-rest --port 0` in a folder with the usual file.
fn start(folder: &Folder) -> Proxy {
    Launch::rest(&["--port", "0"]).at(folder.path()).start()
}

fn folder(list: Json) -> Folder {
    let folder = Folder::new();
    folder.write(USUAL, servers(list));
    folder
}

async fn get(http: &Http, proxy: &Proxy, path: &str) -> (StatusCode, Json) {
    http.json(Method::GET, &proxy.at(path), &[], String::new()).await
}

async fn post(http: &Http, proxy: &Proxy, path: &str, body: Json) -> (StatusCode, Json) {
    http.json(Method::POST, &proxy.at(path), &[], body.to_string()).await
}

fn command(line: &[OsString]) -> Json {
    let words: Vec<_> = line.iter().map(|word| word.to_str().unwrap()).collect();
    json!({"command": words[0], "args": &words[1..]})
}

/// What the four flows do, with `server-everything` as the server `all`.
async fn flows(proxy: &Proxy, kind: &str) {
    let http = Http::new();
    let (status, listed) = get(&http, proxy, "/api/list-servers").await;
    assert_eq!((status, &listed["count"]), (StatusCode::OK, &json!(1)), "{listed}");
    assert_eq!((&listed["servers"][0]["name"], &listed["servers"][0]["type"]), (&json!("all"), &json!(kind)));

    // Neither a session nor `init`.
    let (status, tools) = get(&http, proxy, "/api/mcp/all/tools").await;
    assert_eq!(status, StatusCode::OK, "{tools}");
    assert!(tools["tools"].as_array().unwrap().iter().any(|tool| tool["name"] == "echo"), "{tools}");
    let echo = "/api/mcp/all/tools/echo/execute";
    let hi = json!({"message": "hi"});
    let said = json!([{"type": "text", "text": "Echo: hi"}]);
    let (status, result) = post(&http, proxy, echo, hi.clone()).await;
    assert_eq!((status, &result["content"]), (StatusCode::OK, &said), "{result}");

    // A session, named in either way.
    let url = proxy.at("/api/mcp/all/initialize");
    let answer = http.send(Method::POST, &url, &[], String::new()).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let id = answer.headers()["mcp-session-id"].to_str().unwrap().to_owned();
    let hello = body(answer).await;
    assert_eq!(hello["sessionId"], id.as_str(), "{hello}");
    assert!(hello["serverInfo"]["name"].is_string() && hello["protocolVersion"].is_string(), "{hello}");
    for (query, header) in [(format!("?sessionId={id}"), "another"), (String::new(), id.as_str())] {
        let url = proxy.at(&format!("{echo}{query}"));
        let headers = [("mcp-session-id", header), ("content-type", "application/json")];
        let answer = http.send(Method::POST, &url, &headers, hi.to_string()).await;
        assert_eq!((answer.status(), answer.headers()["mcp-session-id"].to_str().unwrap()), (StatusCode::OK, &*id));
        assert_eq!(body(answer).await["content"], said);
    }
    let answer = http.send(Method::GET, &proxy.at("/api/mcp/all/tools?init=true"), &[], String::new()).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_ne!(answer.headers()["mcp-session-id"].to_str().unwrap(), id);

    // What goes wrong.
    let (status, wrong) = post(&http, proxy, "/api/mcp/all/tools/none/execute", json!({})).await;
    let text = json!({"error": "Tool not found", "message": "Tool 'none' not found on server 'all'"});
    assert_eq!((status, wrong), (StatusCode::NOT_FOUND, text));
    let (status, wrong) = http.json(Method::POST, &proxy.at(echo), &[], "{".to_owned()).await;
    assert_eq!((status, &wrong["error"]), (StatusCode::BAD_REQUEST, &json!("Bad request")), "{wrong}");
    let (status, document) = get(&http, proxy, "/api/mcp/all/openapi.json").await;
    assert_eq!(status, StatusCode::OK);
    assert!(document["paths"][echo]["post"].is_object(), "{}", document["paths"]);
}

/// `server-everything` behind a URL; it ends with this.
struct Remote {
    child: Child,
    port: u16,
}

impl Remote {
    async fn start(installed: &Installed, transport: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self::at(installed, transport, port).await
    }

    async fn at(installed: &Installed, transport: &str, port: u16) -> Self {
        let line = installed.server(Server::Everything, "/".as_ref());
        let mut command = Command::new(&line[0]);
        command.arg(&line[1]).arg(transport).env("PORT", port.to_string());
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let remote = Self { child, port };
        // It listens on all addresses, of IPv6 alone on some machines.
        until("the server listens", COLD, || TcpStream::connect(("localhost", port)).is_ok()).await;
        remote
    }

    fn entry(&self, kind: &str, path: &str) -> Json {
        json!({"url": format!("http://localhost:{}{path}", self.port), "type": kind})
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn the_four_flows_over_stdio() {
    let Some(installed) = Installed::find() else { return };
    let line = command(&installed.server(Server::Everything, "/".as_ref()));
    let proxy = start(&folder(json!({"all": line})));
    flows(&proxy, "stdio").await;
    proxy.stop();
}

#[tokio::test]
async fn the_four_flows_over_streamable_http() {
    let Some(installed) = Installed::find() else { return };
    let remote = Remote::start(&installed, "streamableHttp").await;
    let proxy = start(&folder(json!({"all": remote.entry("http", "/mcp")})));
    flows(&proxy, "http").await;
    proxy.stop();
}

#[tokio::test]
async fn the_four_flows_over_sse() {
    let Some(installed) = Installed::find() else { return };
    let remote = Remote::start(&installed, "sse").await;
    let proxy = start(&folder(json!({"all": remote.entry("sse", "/sse")})));
    flows(&proxy, "sse").await;
    proxy.stop();
}

#[tokio::test]
async fn a_folder_is_read_through_the_official_server() {
    let Some(installed) = Installed::find() else { return };
    let files = Folder::new();
    let file = files.write("a.txt", "what is in it");
    let line = installed.server(Server::Filesystem, files.path());
    let proxy = start(&folder(json!({"my files": command(&line)})));
    let path = "/api/mcp/my%20files/tools/read_text_file/execute";
    let (status, result) = post(&Http::new(), &proxy, path, json!({"path": file})).await;
    assert_eq!((status, &result["content"][0]["text"]), (StatusCode::OK, &json!("what is in it")), "{result}");
    let (status, short) = post(&Http::new(), &proxy, "/my%20files/list_allowed_directories", json!({})).await;
    assert_eq!(status, StatusCode::OK, "{short}");
    proxy.stop();
}

#[tokio::test]
async fn nobody_notices_that_a_server_was_started_anew() {
    let Some(installed) = Installed::find() else { return };
    let remote = Remote::start(&installed, "streamableHttp").await;
    let proxy = start(&folder(json!({"all": remote.entry("http", "/mcp")})));
    let http = Http::new();
    let echo = || post(&http, &proxy, "/api/mcp/all/tools/echo/execute", json!({"message": "hi"}));
    assert_eq!(echo().await.0, StatusCode::OK);
    let port = remote.port;
    drop(remote);
    let _remote = Remote::at(&installed, "streamableHttp", port).await;
    let (status, result) = echo().await;
    assert_eq!((status, &result["content"][0]["text"]), (StatusCode::OK, &json!("Echo: hi")), "{result}");
    proxy.stop();
}

#[tokio::test]
async fn the_file_in_the_working_directory_is_found_and_followed() {
    let folder = folder(json!({"one": entry("echo-server", &[])}));
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let proxy = Launch::rest(&NONE).env("PORT", port.to_string()).at(folder.path()).start();
    assert!(proxy.base.ends_with(&format!(":{port}")), "{}", proxy.base);
    let http = Http::new();
    let path = "/api/mcp/one/tools/echo/execute";
    let (status, result) = post(&http, &proxy, path, json!({"text": "hi"})).await;
    assert_eq!((status, &result["content"][0]["text"]), (StatusCode::OK, &json!("hi")), "{result}");
    let off = and(entry("echo-server", &[]), "disabled", true);
    folder.write(USUAL, servers(json!({"one": off, "two": entry("echo-server", &[])})));
    let reloaded = async { while get(&http, &proxy, "/api/mcp/two/tools").await.0 != StatusCode::OK {} };
    assert!(tokio::time::timeout(PATIENCE, reloaded).await.is_ok(), "the file is followed");
    assert_eq!(post(&http, &proxy, path, json!({"text": "hi"})).await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(get(&http, &proxy, "/api/list-servers").await.1["count"], 2);
    proxy.stop();
}

#[test]
fn without_a_file_it_says_which_one_to_make() {
    let folder = Folder::new();
    let ended = Launch::rest(&["--port", "0"]).at(folder.path()).run();
    ended.with(78, &["Configuration file not found. Please create mcp.servers.json", "`--config`"]);
}

#[test]
fn the_usual_port_is_8080() {
    // Whoever has it, it is taken now.
    let _taken = TcpListener::bind("127.0.0.1:8080");
    let folder = folder(json!({"one": entry("echo-server", &[])}));
    Launch::rest(&NONE).at(folder.path()).run().with(69, &["cannot listen on 127.0.0.1:8080"]);
}
