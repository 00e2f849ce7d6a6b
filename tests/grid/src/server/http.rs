//! The server on streamable HTTP, and the door to HTTP+SSE.

use std::io::{self, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::json;

use super::post::{Kept, STREAM, out, plain};
use super::{Out, Peer, Server, answer, lock, pair};
use crate::Json;
use crate::http::{Event, Head};
use crate::revision::{Revision, Wire};

/// What was read of a request.
pub(super) struct Asked {
    pub(super) head: Head,
    pub(super) body: String,
    pub(super) stream: TcpStream,
}

pub(super) fn serve(server: &Arc<Server>, wire: Wire) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    io::stdout().lock().write_all(format!("{}\n", listener.local_addr()?.port()).as_bytes())?;
    let kept = Arc::new(Kept::default());
    let open: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
    let all = Arc::clone(&open);
    *lock(&server.cut) = Some(Box::new(move || {
        lock(&all).drain(..).for_each(|stream| drop(stream.shutdown(Shutdown::Both)));
    }));
    for stream in listener.incoming() {
        let stream = stream?;
        stream.set_nodelay(true)?;
        lock(&open).push(stream.try_clone()?);
        let (server, kept) = (Arc::clone(server), Arc::clone(&kept));
        // A connection that breaks concerns nobody else.
        thread::spawn(move || serve_one(&server, &kept, stream, wire));
    }
    Ok(())
}

fn serve_one(server: &Arc<Server>, kept: &Arc<Kept>, stream: TcpStream, wire: Wire) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let Some(head) = Head::read(&mut reader)? else { return Ok(()) };
    let mut body = String::new();
    head.body(&mut reader).read_to_string(&mut body)?;
    let mut asked = Asked { head, body, stream };
    if wire == Wire::Pair {
        pair::serve(server, asked);
        return Ok(());
    }
    let (method, path) = asked.head.asks();
    match (method, path, server.is_modern()) {
        ("POST", "/mcp", true) => modern(server, kept, asked, reader),
        ("POST", "/mcp", false) => legacy(server, kept, asked),
        ("GET", "/mcp", false) => get(server, kept, asked),
        ("DELETE", "/mcp", false) => {
            let id = asked.head.get("mcp-session-id").unwrap_or_default();
            let found = lock(&server.peers).remove(id).is_some();
            plain(&mut asked.stream, if found { 200 } else { 404 }, "", None);
        }
        (_, "/mcp", _) => plain(&mut asked.stream, 405, "allow: POST\r\n", None),
        _ => plain(&mut asked.stream, 404, "", None),
    }
    Ok(())
}

fn read(server: &Server, asked: &mut Asked) -> Option<Json> {
    let has = |name: &str, words: &[&str]| {
        asked.head.get(name).is_some_and(|value| words.iter().all(|word| value.contains(word)))
    };
    if !has("accept", &["application/json", "text/event-stream"]) {
        server.record.wrong("Accept does not name both kinds of answers");
    }
    if !has("content-type", &["application/json"]) {
        server.record.wrong("Content-Type is not application/json");
    }
    let message = serde_json::from_str(&asked.body).ok();
    if message.is_none() {
        server.record.wrong("a body is no JSON");
        refuse(&mut asked.stream, 400, &Json::Null, -32700, "no JSON");
    }
    message
}

fn refuse(stream: &mut TcpStream, status: u16, id: &Json, code: i64, words: &str) {
    let answer = json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": words}});
    plain(stream, status, "", Some(&answer));
}

fn legacy(server: &Arc<Server>, kept: &Arc<Kept>, mut asked: Asked) {
    let Some(message) = read(server, &mut asked) else { return };
    let method = message["method"].as_str().unwrap_or_default();
    let session = asked.head.get("mcp-session-id").map(str::to_owned);
    let (peer, headers) = match session {
        None if method == "initialize" => {
            let (id, peer) = (format!("s{}", server.number()), Peer::new());
            lock(&server.peers).insert(id.clone(), Arc::clone(&peer));
            (peer, format!("mcp-session-id: {id}\r\n"))
        }
        None => {
            if method != "server/discover" {
                server.record.wrong(&format!("`{method}` without a session"));
            }
            return refuse(&mut asked.stream, 400, &message["id"], -32000, "a session is needed");
        }
        Some(id) => {
            let found = lock(&server.peers).get(&id).cloned();
            let Some(peer) = found else {
                return refuse(&mut asked.stream, 404, &message["id"], -32001, "no such session");
            };
            let version = asked.head.get("mcp-protocol-version");
            if server.revision >= Revision::Jun25 && version != Some(server.revision.as_str()) {
                server.record.wrong(&format!("MCP-Protocol-Version is {version:?} in a session"));
            }
            (peer, String::new())
        }
    };
    let requests = |message: &Json| message.get("method").is_some() && message.get("id").is_some();
    if message.as_array().is_some_and(|all| all.iter().any(requests)) || requests(&message) {
        let out = out(server, kept, asked.stream, headers);
        answer::take(server, &peer, message, &out);
    } else {
        // Taken before it is accepted, so that what comes next finds it done.
        answer::take(server, &peer, message, &(Arc::new(|_: &Json| false) as Out));
        plain(&mut asked.stream, 202, "", None);
    }
}

fn modern(server: &Arc<Server>, kept: &Arc<Kept>, mut asked: Asked, mut reader: BufReader<TcpStream>) {
    let Some(message) = read(server, &mut asked) else { return };
    if message.get("method").is_none() {
        server.record.heard(&message);
        server.record.wrong("a response, which no client sends in this revision");
        return refuse(&mut asked.stream, 400, &Json::Null, -32600, "a response");
    }
    if message["method"] == "initialize" {
        // Whoever speaks both eras may try the other one first.
        server.record.heard(&message);
        let data = json!({"supported": [server.revision.as_str()], "requested": message["params"]["protocolVersion"]});
        let error = json!({"code": -32022, "message": "no handshake in this revision", "data": data});
        let answer = json!({"jsonrpc": "2.0", "id": message["id"], "error": error});
        return plain(&mut asked.stream, 400, "", Some(&answer));
    }
    if message.get("id").is_some() {
        let params = &message["params"];
        let version = &params["_meta"]["io.modelcontextprotocol/protocolVersion"];
        let name = match message["method"].as_str().unwrap_or_default() {
            "resources/read" => &params["uri"],
            "tools/call" | "prompts/get" => &params["name"],
            "tasks/get" | "tasks/update" | "tasks/cancel" => &params["taskId"],
            _ => &Json::Null,
        };
        let headers = [("mcp-protocol-version", version), ("mcp-method", &message["method"]), ("mcp-name", name)];
        for (header, value) in headers.into_iter().filter(|(_, value)| value.is_string()) {
            if asked.head.get(header) != value.as_str() {
                server.record.heard(&message);
                server.record.wrong(&format!("{header} is {:?} and has to be {value}", asked.head.get(header)));
                return refuse(&mut asked.stream, 400, &message["id"], -32020, "a header does not match");
            }
        }
    }
    let peer = Peer::new();
    if message.get("id").is_none() {
        plain(&mut asked.stream, 202, "", None);
        return answer::take(server, &peer, message, &(Arc::new(|_: &Json| false) as Out));
    }
    let (watched, of) = (Arc::clone(&peer), Arc::clone(server));
    let id = message["id"].clone();
    thread::spawn(move || {
        // Nothing more comes: this ends with the connection, which is how a client cancels.
        let _ = reader.read(&mut [0]);
        watched.cancel(&id);
        of.unlisten(&watched, &id);
    });
    let out = out(server, kept, asked.stream, String::new());
    answer::take(server, &peer, message, &out);
}

/// The stream for what belongs to no request, or the rest of one that was left early.
fn get(server: &Arc<Server>, kept: &Kept, mut asked: Asked) {
    let session = asked.head.get("mcp-session-id").unwrap_or_default();
    let found = lock(&server.peers).get(session).cloned();
    let Some(peer) = found else { return plain(&mut asked.stream, 404, "", None) };
    if asked.stream.write_all(format!("{STREAM}\r\n").as_bytes()).is_err() {
        return;
    }
    let mut stream = asked.stream;
    if let Some(messages) = asked.head.get("last-event-id").and_then(|event| kept.take(event)) {
        server.record.note("resumed");
        for message in messages {
            let _ = Event { data: message.to_string(), ..Event::default() }.write(&mut stream);
        }
        let _ = stream.shutdown(Shutdown::Both);
        return;
    }
    peer.listen(events(server, stream));
}

/// Messages as events of a stream that stays open.
pub(super) fn events(server: &Arc<Server>, stream: TcpStream) -> Out {
    let (server, stream) = (Arc::clone(server), Mutex::new(stream));
    Arc::new(move |message| {
        server.record.said(message);
        let event = Event { name: Some("message".into()), id: None, data: message.to_string() };
        event.write(&mut *lock(&stream)).is_ok()
    })
}
