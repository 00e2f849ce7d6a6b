//! A small MCP server of both eras, to be run as a child: it needs no network and nothing installed.
//!
//! One thread reads and answers; a call that takes its time has a thread of its own, and one that waits for the client's
//! answer has an entry in a table, so that neither holds up what comes after it.

#![expect(clippy::disallowed_types, reason = "a server makes and reads whole values; nothing passes through it")]

mod asker;
mod call;
mod change;
mod clock;
mod count;
mod handshake;
mod prompt;
mod question;
mod refusal;
mod resource;
mod state;
mod tool;
mod wire;

use std::{
    fmt,
    io::{self, BufRead, ErrorKind, Write},
    sync::{Mutex, MutexGuard, PoisonError},
    thread::{self, Scope},
};

use mcp_proxy_core::jsonrpc::{BatchError, Incoming, Kind, Line, Lines, Message, ParseError};
use mcp_proxy_core::protocol::{CancelledParams, code, method};
use serde_json::json;

use self::{call::Call, count::Plan, question::Question, refusal::Refusal, state::State, wire::Wire};

/// Bytes of a line; a longer one is refused and skipped.
const LINE: usize = 16 << 20;
/// Messages of a batch.
const BATCH: usize = 100;

/// Serves MCP over `input` and `output` until `input` ends.
///
/// # Errors
///
/// Fails if reading or writing does.
pub(crate) fn run(mut input: impl BufRead, mut output: impl Write + Send) -> io::Result<()> {
    let server = Server { wire: Wire::new(&mut output), state: Mutex::default() };
    thread::scope(|threads| {
        let outcome = server.serve(&mut input, threads);
        // Ends the threads as well, which the scope waits for.
        let streams = server.state().end();
        for stream in streams {
            server.wire.say(&change::last(&stream));
        }
        outcome.and(server.wire.outcome())
    })
}

struct Server<'w> {
    wire: Wire<'w>,
    state: Mutex<State>,
}

impl Server<'_> {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve<'s>(&'s self, input: &mut impl BufRead, threads: &'s Scope<'s, '_>) -> io::Result<()> {
        let mut lines = Lines::new(LINE);
        loop {
            let read = match input.fill_buf() {
                Ok(portion) => {
                    lines.buffer().extend_from_slice(portion);
                    portion.len()
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            input.consume(read);
            while let Some(line) = lines.next_line() {
                self.line(line, threads);
                self.wire.outcome()?;
            }
            if read == 0 {
                if let Some(line) = lines.finish() {
                    self.line(line, threads);
                }
                return Ok(());
            }
        }
    }

    fn line<'s>(&'s self, line: Line, threads: &'s Scope<'s, '_>) {
        let text = match line {
            Line::Text(text) => text,
            Line::TooLong(skipped) => {
                let length = skipped.length();
                return self.unusable(format_args!("a line of {length} bytes is longer than {LINE}"));
            }
        };
        match Incoming::parse(text, BATCH) {
            Ok(Incoming::One(message)) => self.message(&message, threads),
            // Answers go out one by one, as soon as each is there.
            Ok(Incoming::Many(parts)) if self.state().has_batches() => {
                for part in parts {
                    match part {
                        Ok(message) => self.message(&message, threads),
                        Err(error) => self.unreadable(&error),
                    }
                }
            }
            Ok(Incoming::Many(_)) => {
                self.unusable(format_args!("only revision 2025-03-26 has batches; send one message a line"));
            }
            Err(BatchError::Message(error)) => self.unreadable(&error),
            Err(error) => self.unusable(format_args!("{error}")),
        }
    }

    fn unusable(&self, why: fmt::Arguments<'_>) {
        self.wire.say(&Message::error_response(None, code::INVALID_REQUEST, &why.to_string(), None));
    }

    fn unreadable(&self, error: &ParseError) {
        let code = if error.reason.is_grammar() { code::PARSE_ERROR } else { code::INVALID_REQUEST };
        self.wire.say(&Message::error_response(error.id.as_ref(), code, &error.to_string(), None));
    }

    fn message<'s>(&'s self, message: &Message, threads: &'s Scope<'s, '_>) {
        match (message.kind(), message.id()) {
            (Kind::Request, Some(id)) => {
                let call = Call::read(message, id.clone(), &self.state());
                match call.and_then(|call| self.request(call, threads)) {
                    Ok(Some(answer)) => self.wire.say(&answer),
                    Ok(None) => {}
                    Err(refusal) => self.wire.say(&refusal.answer(&id)),
                }
            }
            (Kind::Notification, _) => self.notification(message),
            (Kind::Response, Some(id)) => self.answered(&id, message),
            _ => {}
        }
    }

    /// Gives the answer, unless that comes later.
    fn request<'s>(&'s self, call: Call, threads: &'s Scope<'s, '_>) -> Result<Option<Message>, Refusal> {
        let result = match call.method.as_str() {
            method::INITIALIZE => handshake::initialize(&call, &mut self.state())?,
            method::SERVER_DISCOVER => handshake::discover(),
            method::PING => json!({}),
            method::LOGGING_SET_LEVEL => handshake::set_level(&call, &mut self.state())?,
            method::TOOLS_LIST => call.single_page(tool::list())?,
            method::TOOLS_CALL => return self.tool(call, threads),
            method::PROMPTS_LIST => call.single_page(prompt::list())?,
            method::PROMPTS_GET => prompt::get(&call)?,
            method::COMPLETION_COMPLETE => prompt::complete(&call)?,
            method::RESOURCES_LIST => call.single_page(resource::list())?,
            method::RESOURCES_TEMPLATES_LIST => call.single_page(resource::templates())?,
            method::RESOURCES_READ => resource::read(&call, &self.state())?,
            method::RESOURCES_SUBSCRIBE => change::subscribe(&call, &mut self.state())?,
            method::RESOURCES_UNSUBSCRIBE => change::unsubscribe(&call, &mut self.state())?,
            method::SUBSCRIPTIONS_LISTEN => {
                let mut state = self.state();
                // Said under the lock, so that no word of a change comes before it.
                self.wire.say(&change::listen(&call, &mut state)?);
                return Ok(None);
            }
            _ => return Err(Refusal::no_method()),
        };
        Ok(Some(call.answer(result)))
    }

    fn tool<'s>(&'s self, call: Call, threads: &'s Scope<'s, '_>) -> Result<Option<Message>, Refusal> {
        let name = call.text("name")?;
        if let Some(question) = Question::of_tool(name) {
            return self.ask(call, question);
        }
        let arguments = call.arguments()?;
        let result = match name {
            count::TOOL => match Plan::read(arguments) {
                Ok(plan) => return self.count(call, plan, threads),
                Err(wrong) => tool::fault(&wrong),
            },
            _ => tool::call(name, arguments)?,
        };
        Ok(Some(call.answer(result)))
    }

    fn notification(&self, message: &Message) {
        if !message.is_method(method::CANCELLED) {
            return;
        }
        let params = message.params().and_then(|params| CancelledParams::read(params).ok());
        let Some(id) = params.and_then(|params| params.request_id) else { return };
        let Some(question) = self.state().cancel(&id) else { return };
        let params = CancelledParams::write(&question, Some("the call that asked was cancelled"));
        self.wire.say(&Message::notification(method::CANCELLED, Some(&params)));
    }
}

#[cfg(test)]
mod tests;
