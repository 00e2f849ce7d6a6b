//! The parts of a call, each by itself and as often as asked for.

use std::future::Future;
use std::hint::black_box;
use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt as _;
use mcp_proxy_core::jsonrpc::{Id, Message};
use mcp_proxy_core::protocol::Revision;
use mcp_proxy_core::remote::sse;
use mcp_proxy_core::transport::{Caller, Connection, Memory, MemoryEnd, Request, Transport as _};
use mcp_proxy_core::{HubOptions, Proxy};

const CALL: &str = r#"{"jsonrpc":"2.0","id":1000000000,"method":"tools/call","params":{"name":"echo","arguments":{"text":"text-of-32-bytes-that-is-changed"}}}"#;
const LIST: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}"#;
const RESULT: &str = r#"{"content":[{"type":"text","text":"text-of-32-bytes-that-is-changed"}],"isError":false}"#;
const HANDSHAKE: &str =
    r#"{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"echo","version":"1.0.0"}}"#;
const SERVERS: usize = 20;
const TOOLS: usize = 10;

/// What there is, by name, and how often it is done: often enough that differences of the start do not show.
pub(super) const PARTS: [(&str, u64); 8] = [
    ("parse a call", 2000),
    ("parse 8 KiB full of escapes", 200),
    ("splice the id", 2000),
    ("event, written", 2000),
    ("event, read", 2000),
    ("in flight: a call over memory", 2000),
    ("hub: a list of 200 tools", 20_000),
    ("hub: a call of one of 200 tools", 4000),
];

/// Does a part so often.
pub(super) fn run(name: &str, count: u64) -> Result<(), String> {
    let at = PARTS.iter().position(|(part, _)| *part == name).ok_or_else(|| format!("no part `{name}`"))?;
    match at {
        0 => parse(&Bytes::from_static(CALL.as_bytes()), count),
        1 => parse(&escaped(), count),
        2 => splice(count),
        3 => {
            write_event(count);
            Ok(())
        }
        4 => read_event(count),
        5 => on_a_runtime(in_flight(count)),
        6 => on_a_runtime(hub(count, |_| LIST.to_owned())),
        _ => on_a_runtime(hub(count, |number| {
            let at = usize::try_from(number).unwrap_or_default();
            let tool = format!("s{}__echo_{}", at % SERVERS, at % TOOLS);
            CALL.replace("\"echo\"", &format!("\"{tool}\""))
        })),
    }
}

fn parse(text: &Bytes, count: u64) -> Result<(), String> {
    for _ in 0..count {
        black_box(Message::parse(black_box(text.clone())).map_err(|error| error.to_string())?);
    }
    Ok(())
}

fn escaped() -> Bytes {
    let text = r#"{\"a\":\"b\",\"c\":\"d\\n\"}"#.repeat((8 << 10) / 26);
    format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{"content":[{{"type":"text","text":"{text}"}}]}}}}"#).into()
}

fn splice(count: u64) -> Result<(), String> {
    let message = message(CALL)?;
    let mut line = Vec::new();
    for number in 0..count {
        line.clear();
        message.clone().with_id(Id::from(number)).append_to(black_box(&mut line));
    }
    Ok(())
}

fn write_event(count: u64) {
    let message = Message::response(&Id::from(1), RESULT);
    let mut out: Vec<Bytes> = Vec::new();
    for _ in 0..count {
        out.clear();
        sse::message(
            &message,
            sse::Head { kind: true, id: Some("5a4590e78bf45f45-1-1"), retry: None },
            black_box(&mut out),
        );
    }
}

fn read_event(count: u64) -> Result<(), String> {
    let mut decoder = sse::Decoder::new(1 << 20);
    let event = format!("event: message\nid: 7\ndata: {CALL}\n\n");
    for _ in 0..count {
        decoder.push(black_box(event.as_bytes()));
        black_box(decoder.next_event()).ok_or("no event")?;
    }
    Ok(())
}

fn message(text: &str) -> Result<Message, String> {
    Message::parse(Bytes::copy_from_slice(text.as_bytes())).map_err(|error| error.to_string())
}

fn on_a_runtime(work: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| error.to_string())?.block_on(work)
}

async fn in_flight(count: u64) -> Result<(), String> {
    let caller = Caller::proxy(Revision::V2025_11_25);
    let connection = Memory::new(serve).connect(&caller).await.map_err(|error| error.to_string())?;
    calls(&connection, &caller, count, |_| CALL.to_owned()).await
}

/// Everything from the aggregator's face down to the pipe, which is memory here.
async fn hub(count: u64, text: impl Fn(u64) -> String) -> Result<(), String> {
    let mut builder = Proxy::builder().name("bench").hub(HubOptions::default());
    for at in 0..SERVERS {
        builder = builder.server(format!("s{at}"), Memory::new(serve));
    }
    let proxy = builder.build().map_err(|error| error.to_string())?;
    proxy.start().await.map_err(|error| error.to_string())?;
    let connection = proxy.connect_hub().await.ok_or("no hub")?;
    let caller = Caller::proxy(Revision::V2025_11_25);
    // The catalogue first.
    calls(&connection, &caller, 1, |_| LIST.to_owned()).await?;
    calls(&connection, &caller, count, text).await?;
    proxy.close().await;
    Ok(())
}

async fn calls(
    connection: &Arc<dyn Connection>,
    caller: &Arc<Caller>,
    count: u64,
    text: impl Fn(u64) -> String,
) -> Result<(), String> {
    for number in 0..count {
        let request = Request::new(message(&text(number))?, Arc::clone(caller)).map_err(|_| "no request")?;
        let reply = connection.call(request).await.map_err(|error| error.to_string())?;
        let response = reply.response().await.map_err(|error| error.to_string())?;
        if response.is_error() {
            return Err(String::from_utf8_lossy(&response.to_bytes()).into_owned());
        }
    }
    Ok(())
}

async fn serve(mut end: MemoryEnd) {
    let tool = |at| format!(r#"{{"name":"echo_{at}","inputSchema":{{"type":"object"}}}}"#);
    let tools = format!(r#"{{"tools":[{}]}}"#, (0..TOOLS).map(tool).collect::<Vec<_>>().join(","));
    while let Some(message) = end.next().await {
        let Some(id) = message.id() else { continue };
        let answer = match message.method() {
            Some("initialize") => Message::response(&id, HANDSHAKE),
            Some("tools/list") => Message::response(&id, &tools),
            Some("tools/call") => Message::response(&id, RESULT),
            _ => Message::error_response(Some(&id), -32601, "there is no such method", None),
        };
        end.send(answer).await;
    }
}
