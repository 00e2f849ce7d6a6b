//! A server whose tools give back their text, fast enough not to be what is measured.

use std::io::Write as _;
use std::time::Duration;

use crate::ask::{Arguments, Ask};
use crate::options::Options;
use crate::payload::Payload;

mod http;
mod later;
mod stdio;
mod tools;

pub(crate) use http::serve as serve_http;
pub(crate) use stdio::serve as serve_stdio;

/// What stands around every message that goes out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    before: &'static [u8],
    after: &'static [u8],
}

const LINE: Frame = Frame { before: b"", after: b"\n" };
const BARE: Frame = Frame { before: b"", after: b"" };
const EVENT: Frame = Frame { before: b"event: message\ndata: ", after: b"\n\n" };

/// How the server was started.
#[derive(Debug)]
pub(crate) struct Echo {
    is_modern: bool,
    size: usize,
    escaped: bool,
    notes: u32,
    delay: Duration,
    /// The list of tools, as it is answered.
    tools: String,
    payload: Payload,
}

const INFO: &str = r#"{"name":"echo","version":"1.0.0"}"#;
const CAPABILITIES: &str = r#"{"tools":{"listChanged":true},"logging":{}}"#;
const SERVER_INFO: &str = r#""_meta":{"io.modelcontextprotocol/serverInfo":{"name":"echo","version":"1.0.0"}}"#;
const CACHE: &str = r#""ttlMs":60000,"cacheScope":"private""#;

impl Echo {
    pub(crate) fn new(options: &mut Options) -> Result<Self, String> {
        let era: Option<String> = options.value("--era")?;
        let size = options.value("--size")?.unwrap_or(0);
        Ok(Self {
            is_modern: era.is_some_and(|era| era == "modern"),
            size,
            escaped: options.flag("--escaped"),
            notes: options.value("--notes")?.unwrap_or(0),
            delay: Duration::from_millis(options.value("--delay-ms")?.unwrap_or(0)),
            tools: tools::list(options.value("--tools")?.unwrap_or(1)),
            payload: Payload::default(),
        })
    }

    fn delay(&self, arguments: &Arguments<'_>) -> Duration {
        arguments.delay_ms.map_or(self.delay, Duration::from_millis)
    }

    fn notes(&self, ask: &Ask<'_>) -> u32 {
        ask.params.meta.token.map_or(0, |_| ask.params.arguments.notes.unwrap_or(self.notes))
    }

    /// Appends the progress notes of a call and then its answer; a message without an id has none.
    fn answer(&self, ask: &Ask<'_>, frame: Frame, out: &mut Vec<u8>) {
        let Some(id) = ask.id else { return };
        if let Some(token) = ask.params.meta.token {
            for note in 1..=self.notes(ask) {
                let (token, total) = (token.get(), self.notes(ask));
                out.extend_from_slice(frame.before);
                append(
                    out,
                    &[r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"#, token],
                );
                let _ = write!(out, r#","progress":{note},"total":{total}}}}}"#);
                out.extend_from_slice(frame.after);
            }
        }
        out.extend_from_slice(frame.before);
        append(out, &[r#"{"jsonrpc":"2.0","id":"#, id.get(), ","]);
        self.outcome(ask, out);
        out.push(b'}');
        out.extend_from_slice(frame.after);
    }

    fn outcome(&self, ask: &Ask<'_>, out: &mut Vec<u8>) {
        let is_cached = match (&*ask.method, self.is_modern) {
            ("tools/call", _) => {
                self.call(&ask.params.arguments, out);
                false
            }
            ("tools/list", _) => {
                append(out, &[r#""result":{"tools":"#, &self.tools]);
                true
            }
            ("initialize", false) => {
                let version = ask.params.version.map_or("\"2025-11-25\"", |version| version.get());
                append(out, &[r#""result":{"protocolVersion":"#, version, r#","capabilities":"#, CAPABILITIES]);
                append(out, &[r#","serverInfo":"#, INFO]);
                false
            }
            ("ping" | "logging/setLevel", false) => return append(out, &[r#""result":{}"#]),
            ("server/discover", true) => {
                append(out, &[r#""result":{"supportedVersions":["2026-07-28"],"capabilities":"#, CAPABILITIES]);
                true
            }
            _ => return append(out, &[r#""error":{"code":-32601,"message":"there is no such method"}"#]),
        };
        if self.is_modern {
            append(out, &[r#","resultType":"complete","#, SERVER_INFO]);
            if is_cached {
                append(out, &[",", CACHE]);
            }
        }
        out.push(b'}');
    }

    /// The text is given back as it was written, escapes and all, and the payload follows it.
    fn call(&self, arguments: &Arguments<'_>, out: &mut Vec<u8>) {
        let text = arguments.text.map_or("", |text| text.get().trim_matches('"'));
        append(out, &[r#""result":{"content":[{"type":"text","text":""#, text]);
        let size = arguments.size.unwrap_or(self.size);
        out.extend_from_slice(self.payload.take(size, arguments.escaped.unwrap_or(self.escaped)));
        append(out, &[r#""}],"isError":false"#]);
    }
}

fn append(out: &mut Vec<u8>, texts: &[&str]) {
    for text in texts {
        out.extend_from_slice(text.as_bytes());
    }
}
