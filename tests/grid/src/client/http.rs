//! The client on streamable HTTP, of either era.

use std::collections::HashMap;
use std::io::{self, BufReader, Read as _};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::{Incoming, Link};
use crate::Json;
use crate::http::{self, Event, Head};
use crate::revision::Revision;

/// What the threads of all streams know.
#[derive(Debug, Default)]
struct Known {
    session: Option<String>,
    /// Streams of calls by their ids.
    streams: HashMap<String, TcpStream>,
    /// The last event of each.
    events: HashMap<String, String>,
}

/// An endpoint, and the session there.
#[derive(Debug)]
pub(crate) struct Http {
    url: String,
    revision: Revision,
    sender: Sender<Incoming>,
    known: Arc<Mutex<Known>>,
}

impl Http {
    pub(crate) fn open(url: &str, revision: Revision) -> (Self, Receiver<Incoming>) {
        let (sender, inbox) = channel();
        (Self { url: url.to_owned(), revision, sender, known: Arc::default() }, inbox)
    }

    fn headers(&self, message: &Json) -> Vec<(&'static str, String)> {
        let mut headers = Vec::new();
        let method = message["method"].as_str().unwrap_or_default();
        if self.revision.is_modern() {
            let params = &message["params"];
            headers.push(("mcp-method", method.to_owned()));
            let name = match method {
                "tools/call" | "prompts/get" => params["name"].as_str(),
                "resources/read" => params["uri"].as_str(),
                "tasks/get" | "tasks/update" | "tasks/cancel" => params["taskId"].as_str(),
                _ => None,
            };
            headers.extend(name.map(|name| ("mcp-name", name.to_owned())));
        } else if let Some(session) = &lock(&self.known).session {
            headers.push(("mcp-session-id", session.clone()));
        }
        if self.revision >= Revision::Jun25 && method != "initialize" {
            headers.push(("mcp-protocol-version", self.revision.as_str().to_owned()));
        }
        headers
    }

    fn request(
        &self,
        method: &str,
        headers: &[(&'static str, String)],
        accept: &str,
        body: Option<&str>,
    ) -> io::Result<TcpStream> {
        let mut all: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        all.push(("accept", accept));
        http::send(&self.url, method, &all, body)
    }

    /// Reads a response to its end in a thread of its own; `id` is the call that it belongs to.
    fn read(&self, stream: TcpStream, id: Option<String>) {
        let (sender, known) = (self.sender.clone(), Arc::clone(&self.known));
        thread::spawn(move || {
            if let Err(error) = receive(stream, id.as_deref(), &known, &sender) {
                // Whoever left a stream on purpose is not surprised.
                if id.is_some_and(|id| lock(&known).streams.contains_key(&id)) {
                    let _ = sender.send(Incoming::Fault(format!("a stream broke: {error}")));
                }
            }
        });
    }
}

impl Link for Http {
    fn send(&mut self, message: &Json) -> io::Result<()> {
        let headers = self.headers(message);
        let both = "application/json, text/event-stream";
        let stream = self.request("POST", &headers, both, Some(&message.to_string()))?;
        let is_request = message.is_array() || message.get("method").is_some() && message.get("id").is_some();
        if is_request {
            let id = message["id"].to_string();
            lock(&self.known).streams.insert(id.clone(), stream.try_clone()?);
            self.read(stream, (!message.is_array()).then_some(id));
            return Ok(());
        }
        let status = Head::read(&mut BufReader::new(stream))?.map_or(0, |head| head.status());
        if status == 202 { Ok(()) } else { Err(io::Error::other(format!("{status} for {message}"))) }
    }

    fn listen(&mut self) {
        let headers = self.headers(&Json::Null);
        if let Ok(stream) = self.request("GET", &headers, "text/event-stream", None) {
            self.read(stream, None);
        }
    }

    fn leave(&mut self, id: &str) -> bool {
        let stream = lock(&self.known).streams.remove(id);
        stream.is_some_and(|stream| stream.shutdown(Shutdown::Both).is_ok())
    }

    fn resume(&mut self, id: &str) {
        let mut headers = self.headers(&Json::Null);
        if let Some(event) = lock(&self.known).events.get(id) {
            headers.push(("last-event-id", event.clone()));
        }
        if let Ok(stream) = self.request("GET", &headers, "text/event-stream", None) {
            self.read(stream, Some(id.to_owned()));
        }
    }

    fn end(&mut self) -> Option<u16> {
        for (_, stream) in lock(&self.known).streams.drain() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        let headers = self.headers(&Json::Null);
        if self.revision.is_modern() || lock(&self.known).session.is_none() {
            return None;
        }
        let stream = self.request("DELETE", &headers, "*/*", None).ok()?;
        Head::read(&mut BufReader::new(stream)).ok()?.map(|head| head.status())
    }
}

fn receive(stream: TcpStream, id: Option<&str>, known: &Mutex<Known>, sender: &Sender<Incoming>) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let head = Head::read(&mut reader)?.ok_or_else(|| io::Error::other("no answer"))?;
    if let Some(session) = head.get("mcp-session-id") {
        lock(known).session = Some(session.to_owned());
    }
    let kind = head.get("content-type").unwrap_or_default().to_owned();
    let mut body = head.body(reader);
    let hand = |text: &str| {
        let message = serde_json::from_str(text).map(|message| Incoming::Message(id.map(str::to_owned), message));
        let _ =
            sender.send(message.unwrap_or_else(|error| Incoming::Fault(format!("{error}: {}: {text}", head.start))));
    };
    if kind.starts_with("text/event-stream") {
        let mut events = BufReader::new(body);
        while let Some(event) = Event::read(&mut events)? {
            if let (Some(last), Some(id)) = (event.id, id) {
                lock(known).events.insert(id.to_owned(), last);
            }
            if !event.data.is_empty() {
                hand(&event.data);
            }
        }
    } else {
        let mut text = String::new();
        body.read_to_string(&mut text)?;
        hand(&text);
    }
    Ok(())
}

fn lock(known: &Mutex<Known>) -> MutexGuard<'_, Known> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}
