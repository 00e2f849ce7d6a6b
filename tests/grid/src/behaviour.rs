//! What is tried with every pair.

use serde_json::json;

use crate::Json;
use crate::client::Client;
use crate::place::Place;
use crate::revision::{End, Revision};

mod ask;
mod change;
mod items;
mod session;
mod talk;
mod task;

/// A client, and the place where it is.
#[derive(Debug)]
pub(crate) struct Pair<'a> {
    pub(crate) client: Client,
    pub(crate) place: &'a mut Place,
}

impl Pair<'_> {
    fn server(&self) -> End {
        self.place.server
    }

    /// Whether both know what came with this revision.
    fn both_know(&self, since: Revision) -> bool {
        self.client.end.revision >= since && self.server().revision >= since
    }

    /// Another client like it.
    fn another(&self, capabilities: Json) -> Result<Client, String> {
        self.place.client(self.client.end, capabilities)
    }
}

/// Something to try.
#[derive(Debug)]
pub(crate) struct Behaviour {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&mut Pair<'_>) -> Result<(), String>,
    /// Whether the client is of no use afterwards.
    pub(crate) uses_up: bool,
}

const fn keeps(name: &'static str, run: fn(&mut Pair<'_>) -> Result<(), String>) -> Behaviour {
    Behaviour { name, run, uses_up: false }
}

const fn uses_up(name: &'static str, run: fn(&mut Pair<'_>) -> Result<(), String>) -> Behaviour {
    Behaviour { name, run, uses_up: true }
}

/// All of them. What takes the server away comes last.
pub(crate) const ALL: &[Behaviour] = &[
    keeps("handshake", items::handshake),
    keeps("list", items::list),
    keeps("paginate", items::paginate),
    keeps("read a resource", items::read),
    keeps("get a prompt", items::prompt),
    keeps("complete", items::complete),
    keeps("call", talk::call),
    keeps("structured output", talk::structured),
    keeps("a tool's error", talk::failing_tool),
    keeps("unknown tool", talk::unknown_tool),
    keeps("unknown resource", talk::unknown_resource),
    keeps("unknown method", talk::unknown_method),
    keeps("unknown extension", talk::extension),
    keeps("vendor's metadata", talk::metadata),
    keeps("big payload", talk::big),
    keeps("kinds of ids", talk::ids),
    keeps("batch", talk::batch),
    keeps("ping", talk::ping),
    keeps("progress", talk::progress),
    keeps("log", talk::log),
    keeps("subscribe", change::subscribe),
    keeps("list_changed", change::lists),
    keeps("roots changed", change::roots),
    keeps("sampling", ask::sample),
    keeps("sampling with tools", ask::sample_with_tools),
    keeps("elicitation, form", ask::form),
    keeps("elicitation, URL", ask::url),
    keeps("roots", ask::roots),
    keeps("rounds of input", ask::rounds),
    keeps("two inputs at once", ask::both),
    keeps("input not declared", ask::undeclared),
    keeps("tampered state", ask::tampered),
    keeps("task", task::task),
    keeps("a task asks", task::asks),
    keeps("list of tasks", task::list),
    keeps("cancel a task", task::cancel),
    keeps("cancel", talk::cancel),
    keeps("abandon", ask::abandon),
    keeps("equal ids of two", session::two),
    keeps("resume", session::resume),
    keeps("server ends a stream early", session::polled),
    uses_up("end a session", session::end),
    keeps("server forgets the session", session::forgotten),
    uses_up("reconnect", session::reconnect),
];

fn equal<T: PartialEq + std::fmt::Debug>(what: &str, got: &T, expected: &T) -> Result<(), String> {
    if got == expected { Ok(()) } else { Err(format!("{what} is {got:?} and has to be {expected:?}")) }
}

fn ensure(holds: bool, what: impl Fn() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}

fn echo(client: &mut Client, text: &str) -> Result<(), String> {
    let said = client.call("echo", json!({"text": text}))?;
    equal("the echo", &said.as_str(), &text)
}

/// The server knows that a call is given up. One whose process had that one call is ended next, maybe before it can note more.
pub(crate) fn is_cancelled(entry: &Json) -> bool {
    entry["note"] == "cancelled" || entry["heard"]["method"] == "notifications/cancelled"
}
