//! The answer to one POST: plain JSON if there is nothing but a response, else a stream.

use std::collections::HashMap;
use std::io::Write as _;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::json;

use super::{Out, Server, lock};
use crate::Json;
use crate::http::Event;

pub(super) const STREAM: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\nconnection: close\r\n";

/// What an out is told for the connection to end before the stream does.
pub(super) fn polled() -> Json {
    json!({"grid": "end the connection"})
}

/// Messages of streams whose connection has ended.
#[derive(Debug, Default)]
pub(super) struct Kept(Mutex<HashMap<String, Vec<Json>>>);

impl Kept {
    /// All that the stream of this event has said since.
    pub(super) fn take(&self, event: &str) -> Option<Vec<Json>> {
        lock(&self.0).remove(event)
    }
}

enum State {
    Fresh,
    Streaming(u64),
    /// Its messages are kept under the id of the last event.
    Away(String),
}

/// Where the messages of one POST go.
pub(super) fn out(server: &Arc<Server>, kept: &Arc<Kept>, stream: TcpStream, headers: String) -> Out {
    let (server, kept) = (Arc::clone(server), Arc::clone(kept));
    let name = server.number();
    let state = Mutex::new((State::Fresh, stream));
    Arc::new(move |message| {
        let mut guard = lock(&state);
        let (state, stream) = &mut *guard;
        let is_response = message.get("method").is_none() && message.get("grid").is_none();
        if let State::Away(event) = state {
            server.record.said(message);
            lock(&kept.0).entry(event.clone()).or_default().push(message.clone());
            return true;
        }
        if is_response && matches!(state, State::Fresh) {
            server.record.said(message);
            plain(stream, status(&server, message), &headers, Some(message));
            return true;
        }
        if matches!(state, State::Fresh) {
            if stream.write_all(format!("{STREAM}{headers}\r\n").as_bytes()).is_err() {
                return false;
            }
            *state = State::Streaming(0);
        }
        let State::Streaming(events) = state else { return false };
        *events += 1;
        let id = (!server.is_modern()).then(|| format!("{name}-{events}"));
        if message == &polled() {
            let event = id.unwrap_or_default();
            let _ = stream.write_all(format!("retry: 20\nid: {event}\ndata: \n\n").as_bytes());
            let _ = stream.shutdown(Shutdown::Both);
            lock(&kept.0).insert(event.clone(), Vec::new());
            *state = State::Away(event);
            return true;
        }
        server.record.said(message);
        let event = Event { name: None, id, data: message.to_string() };
        let is_written = event.write(stream).is_ok();
        if is_response {
            let _ = stream.shutdown(Shutdown::Both);
        }
        is_written
    })
}

fn status(server: &Server, response: &Json) -> u16 {
    match response["error"]["code"].as_i64() {
        Some(-32601) if server.is_modern() => 404,
        Some(-32022..=-32020) => 400,
        _ => 200,
    }
}

/// A whole response, to whoever may be gone.
pub(super) fn plain(stream: &mut TcpStream, status: u16, headers: &str, body: Option<&Json>) {
    let body = body.map(Json::to_string).unwrap_or_default();
    let kind = if body.is_empty() { "" } else { "content-type: application/json\r\n" };
    let length = body.len();
    let head = format!("HTTP/1.1 {status} X\r\n{kind}content-length: {length}\r\nconnection: close\r\n{headers}\r\n");
    let _ = stream.write_all((head + &body).as_bytes());
    let _ = stream.shutdown(Shutdown::Write);
}
