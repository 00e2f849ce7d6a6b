//! One client: its handshake, and its calls, one at a time.

use std::io;

use memchr::memmem;

use super::template::{Template, message, request};
use super::wire::Wire;
use super::{Call, Face, Target};

const HANDSHAKE: &str =
    r#""protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1.0.0"}"#;
const HANDSHAKE_2024: &str =
    r#""protocolVersion":"2024-11-05","capabilities":{},"clientInfo":{"name":"bench","version":"1.0.0"}"#;

#[derive(Debug)]
pub(crate) struct Session {
    wire: Wire,
    /// The stream of answers of HTTP+SSE.
    stream: Option<Wire>,
    event: Vec<u8>,
    target: Target,
    key: Option<String>,
    template: Template,
    /// Bytes that an answer has at least.
    least: usize,
    counts_notes: bool,
    pub(crate) notes: u64,
}

impl Session {
    /// Connects and makes the handshake, if there is one.
    pub(crate) async fn open(target: &Target, call: &Call, number: usize) -> io::Result<Self> {
        let mut target = target.clone();
        let mut wire = Wire::connect(target.address).await?;
        let (mut key, mut stream, mut event) = (None, None, Vec::new());
        match target.face {
            Face::Modern | Face::Rest => {}
            Face::Legacy => {
                let hello = message(target.face, Some("0"), "initialize", HANDSHAKE, "");
                key = post(&mut wire, &target, None, &hello).await?;
                let ready = message(target.face, None, "notifications/initialized", "", "");
                post(&mut wire, &target, key.as_deref(), &ready).await?;
            }
            Face::Sse => {
                let mut pair = Wire::connect(target.address).await?;
                let get = format!(
                    "GET {} HTTP/1.1\r\nhost: {}\r\naccept: text/event-stream\r\n\r\n",
                    target.path, target.address
                );
                pair.send(get.as_bytes()).await?;
                succeeded(pair.head().await?.status)?;
                pair.event(&mut event).await?;
                target.path = endpoint(&event)?;
                let hello = message(target.face, Some("0"), "initialize", HANDSHAKE_2024, "");
                post(&mut wire, &target, None, &hello).await?;
                answer_of(&mut pair, &mut event, b"\"result\"").await?;
                let ready = message(target.face, None, "notifications/initialized", "", "");
                post(&mut wire, &target, None, &ready).await?;
                stream = Some(pair);
            }
        }
        let template = Template::call(&target, call, number, key.as_deref());
        let least = if call.escaped { call.size / 10 * 9 } else { call.size };
        Ok(Self { wire, stream, event, target, key, template, least, counts_notes: call.notes > 0, notes: 0 })
    }

    /// Connects anew if the connection was closed since: some servers wait only seconds, and others take long to open many sessions.
    pub(crate) async fn renew(&mut self) -> io::Result<()> {
        if self.stream.is_none() && self.wire.is_closed() {
            self.wire = Wire::connect(self.target.address).await?;
        }
        Ok(())
    }

    /// Makes a call, and looks whether the answer is the one to it.
    pub(crate) async fn call(&mut self, number: u64, is_list: bool) -> io::Result<()> {
        self.template.number(number);
        self.wire.send(&self.template.bytes).await?;
        if let Some(stream) = &mut self.stream {
            self.notes += answer_of(stream, &mut self.event, self.template.id()).await?;
            check(&self.event, &self.template, self.least, is_list)?;
            let head = self.wire.head().await?;
            succeeded(head.status)?;
            self.wire.body(&head).await?;
            return Ok(());
        }
        let head = self.wire.head().await?;
        let body = self.wire.body(&head).await?;
        if head.status != 200 {
            let text = String::from_utf8_lossy(&body[..body.len().min(300)]);
            return Err(io::Error::other(format!("status {}: {text}", head.status)));
        }
        check(body, &self.template, self.least, is_list)?;
        if self.counts_notes {
            self.notes += memmem::find_iter(body, NOTE).count() as u64;
        }
        Ok(())
    }

    /// Opens the stream of what the server says on its own; no call can be made any more.
    pub(crate) async fn listen(&mut self) -> io::Result<()> {
        let (path, address) = (&self.target.path, self.target.address);
        let key = self.key.as_deref().unwrap_or_default();
        let get = format!(
            "GET {path} HTTP/1.1\r\nhost: {address}\r\naccept: text/event-stream\r\nmcp-session-id: {key}\r\n\r\n"
        );
        self.wire.send(get.as_bytes()).await?;
        succeeded(self.wire.head().await?.status)
    }

    /// Calls something else than the load does, and reads the answer without a look at it.
    pub(crate) async fn ask(&mut self, tool: &str, arguments: &str) -> io::Result<()> {
        let params = format!(r#""name":"{tool}","arguments":{arguments}"#);
        let text = message(self.target.face, Some("1"), "tools/call", &params, "");
        post(&mut self.wire, &self.target, self.key.as_deref(), &text).await.map(drop)
    }
}

const NOTE: &[u8] = b"notifications/progress";

/// Posts and reads the answer to its end; gives the id of the session that it may have.
async fn post(wire: &mut Wire, target: &Target, key: Option<&str>, text: &str) -> io::Result<Option<String>> {
    wire.send(&request(target, "tools/call", key, &[], text)).await?;
    let mut head = wire.head().await?;
    wire.body(&head).await?;
    succeeded(head.status)?;
    Ok(head.session.take())
}

fn succeeded(status: u16) -> io::Result<()> {
    if (200..300).contains(&status) { Ok(()) } else { Err(io::Error::other(format!("status {status}"))) }
}

/// Reads events up to the one with these words; how many notes came before it.
async fn answer_of(stream: &mut Wire, event: &mut Vec<u8>, words: &[u8]) -> io::Result<u64> {
    let mut notes = 0;
    loop {
        stream.event(event).await?;
        if memmem::find(event, NOTE).is_some() {
            notes += 1;
        } else if memmem::find(event, words).is_some() {
            return Ok(notes);
        }
    }
}

/// The path that the first event of HTTP+SSE names.
fn endpoint(event: &[u8]) -> io::Result<String> {
    let text = String::from_utf8_lossy(event);
    let url = text.lines().find_map(|line| line.strip_prefix("data:")).map(str::trim);
    let url = url.ok_or_else(|| io::Error::other("no endpoint"))?;
    let path = url.split_once("://").map_or(url, |(_, rest)| &rest[rest.find('/').unwrap_or(0)..]);
    Ok(path.to_owned())
}

/// The answer has the caller's own text and id, and all of the payload.
fn check(body: &[u8], template: &Template, least: usize, is_list: bool) -> io::Result<()> {
    let wanted: &[u8] = if is_list { br#""tools":["# } else { template.text() };
    let has = |words: &[u8]| memmem::find(body, words).is_some();
    if has(wanted) && has(template.id()) && body.len() >= least {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&body[..body.len().min(300)]);
    Err(io::Error::other(format!("not the answer to this call: {text}")))
}
