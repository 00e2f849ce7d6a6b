//! A request that is written once and then only changed in two places.

use std::fmt::Write as _;
use std::io::Write as _;
use std::ops::Range;

use memchr::memmem;

use super::{Call, Face, Target};

/// The first id; all have the same length.
const FIRST_ID: u64 = 1_000_000_000;
const BLANK_ID: &str = "9999999999";
const BLANK_TEXT: &str = "text-of-32-bytes-that-is-changed";
const REVISION: &str = "2025-11-25";
const MODERN: &str = "2026-07-28";

/// The bytes of a request, and where in them the id and the caller's text stand.
#[derive(Debug)]
pub(super) struct Template {
    pub(super) bytes: Vec<u8>,
    id: Option<Range<usize>>,
    text: Option<Range<usize>>,
    session: usize,
}

impl Template {
    /// A call as this face has it.
    pub(super) fn call(target: &Target, call: &Call, session: usize, key: Option<&str>) -> Self {
        let tool = &call.tools[session % call.tools.len().max(1)];
        let mut arguments = format!(r#""text":"{BLANK_TEXT}""#);
        if call.size > 0 && !call.is_list {
            let _ = write!(arguments, r#","size":{}"#, call.size);
        }
        if call.escaped {
            arguments.push_str(r#","escaped":true"#);
        }
        if call.notes > 0 {
            let _ = write!(arguments, r#","notes":{}"#, call.notes);
        }
        if call.delay_ms > 0 {
            let _ = write!(arguments, r#","delayMs":{}"#, call.delay_ms);
        }
        if target.face == Face::Rest {
            return Self::new(request(target, "", key, &[], &format!("{{{arguments}}}")), session);
        }
        let token = if call.notes > 0 { format!(r#""progressToken":{BLANK_ID}"#) } else { String::new() };
        let params =
            if call.is_list { String::new() } else { format!(r#""name":"{tool}","arguments":{{{arguments}}}"#) };
        let method = if call.is_list { "tools/list" } else { "tools/call" };
        let text = message(target.face, Some(BLANK_ID), method, &params, &token);
        let name = if call.is_list { "" } else { tool.as_str() };
        Self::new(request(target, method, key, &[("mcp-name", name)], &text), session)
    }

    fn new(bytes: Vec<u8>, session: usize) -> Self {
        let find = |blank: &str| memmem::find(&bytes, blank.as_bytes()).map(|at| at..at + blank.len());
        let (id, text) = (find(BLANK_ID), find(BLANK_TEXT));
        Self { bytes, id, text, session }
    }

    /// Writes the number of the call into its id and its text.
    pub(super) fn number(&mut self, number: u64) {
        let id = FIRST_ID + number;
        if let Some(at) = self.id.clone() {
            let _ = write!(&mut self.bytes[at], "{id:010}");
        }
        if let Some(at) = self.text.clone() {
            let _ = write!(&mut self.bytes[at], "session-{:08}-call-{id:010}", self.session);
        }
    }

    pub(super) fn id(&self) -> &[u8] {
        self.id.clone().map_or(b"", |at| &self.bytes[at])
    }

    pub(super) fn text(&self) -> &[u8] {
        self.text.clone().map_or(b"", |at| &self.bytes[at])
    }
}

/// A message of the era of the face; `meta` are members for `_meta`.
pub(super) fn message(face: Face, id: Option<&str>, method: &str, params: &str, meta: &str) -> String {
    let envelope = format!(
        r#""io.modelcontextprotocol/protocolVersion":"{MODERN}","io.modelcontextprotocol/clientCapabilities":{{}},"io.modelcontextprotocol/clientInfo":{{"name":"bench","version":"1.0.0"}}"#
    );
    let meta = match (face == Face::Modern, meta.is_empty()) {
        (true, true) => envelope,
        (true, false) => format!("{envelope},{meta}"),
        (false, _) => meta.to_owned(),
    };
    let meta = if meta.is_empty() { meta } else { format!(r#""_meta":{{{meta}}}"#) };
    let comma = if meta.is_empty() || params.is_empty() { "" } else { "," };
    let id = id.map(|id| format!(r#""id":{id},"#)).unwrap_or_default();
    format!(r#"{{"jsonrpc":"2.0",{id}"method":"{method}","params":{{{params}{comma}{meta}}}}}"#)
}

/// A POST; `key` is the id of the session.
pub(super) fn request(
    target: &Target,
    method: &str,
    key: Option<&str>,
    headers: &[(&str, &str)],
    body: &str,
) -> Vec<u8> {
    let mut head = format!(
        "POST {} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\naccept: application/json, text/event-stream\r\ncontent-length: {}\r\n",
        target.path,
        target.address,
        body.len()
    );
    match target.face {
        Face::Modern => {
            let _ = write!(head, "mcp-protocol-version: {MODERN}\r\nmcp-method: {method}\r\n");
            for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
                let _ = write!(head, "{name}: {value}\r\n");
            }
        }
        Face::Legacy => {
            if let Some(key) = key {
                let _ = write!(head, "mcp-session-id: {key}\r\nmcp-protocol-version: {REVISION}\r\n");
            }
        }
        Face::Sse | Face::Rest => {}
    }
    [head.as_bytes(), b"\r\n", body.as_bytes()].concat()
}
