//! A fast MCP server over stdio, for both eras: `echo`, and what a server may ask of its client meanwhile.
//!
//! One thread reads, answers and writes what a read has brought in one write; a second one exists only for what is due
//! later. Nothing is parsed twice and nothing becomes a tree, for this program stands behind benchmarks.

mod clock;
mod tools;

use std::io::{self, Read, Write};

use mcp_jsonrpc::{Kind, Line, Lines, Message};
use mcp_protocol::{CancelledParams, method};

use self::tools::Tools;

/// Bytes of one line, and of one read.
const LINE: usize = 64 << 20;
const PORTION: usize = 256 * 1024;

fn main() -> io::Result<()> {
    let mut stdin = io::stdin().lock();
    let mut tools = Tools::default();
    let mut lines = Lines::new(LINE);
    let mut portion = vec![0; PORTION];
    let mut out = Vec::new();
    loop {
        let length = stdin.read(&mut portion)?;
        if length == 0 {
            return Ok(());
        }
        lines.buffer().extend_from_slice(&portion[..length]);
        while let Some(line) = lines.next_line() {
            if let Line::Text(text) = line
                && let Ok(message) = Message::parse(text)
            {
                take(&mut tools, &message, &mut out);
            }
        }
        if !out.is_empty() {
            io::stdout().lock().write_all(&out)?;
            out.clear();
        }
    }
}

fn take(tools: &mut Tools, message: &Message, out: &mut Vec<u8>) {
    match (message.kind(), message.method()) {
        (Kind::Response, _) => tools.answered(message, out),
        (Kind::Request, Some(method::TOOLS_CALL)) => tools.call(message, out),
        (Kind::Request, _) => {
            let answer = tools::GREETING.answer(message).unwrap_or_else(|| mcp_testkit::Greeting::unknown(message));
            tools::write(&answer, out);
        }
        (Kind::Notification, Some(method::CANCELLED)) => {
            if let Some(Ok(params)) = message.params().map(CancelledParams::read)
                && let Some(id) = params.request_id
            {
                tools.cancel(&id);
            }
        }
        (Kind::Notification, _) => {}
    }
}
