//! What the specification makes impossible, and why. This is data: what is not in here has to work.

use std::fmt;

use crate::place::Program;
use crate::revision::{End, Revision, Wire};
use crate::sdk::Sdk;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Caller {
    /// A client of our own.
    Own(End),
    /// An official one.
    Sdk(Sdk, Wire),
    /// Plain HTTP before `mcp-rest`, which has no client that speaks MCP.
    Rest,
}

impl Caller {
    /// What it speaks, if it speaks MCP.
    pub(crate) fn end(self) -> Option<End> {
        match self {
            Self::Own(end) => Some(end),
            Self::Sdk(sdk, wire) => Some(End { revision: sdk.revision, wire }),
            Self::Rest => None,
        }
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own(end) => end.fmt(f),
            Self::Sdk(sdk, wire) => write!(f, "{sdk}, {} {}", sdk.revision, wire.as_str()),
            Self::Rest => f.write_str("REST"),
        }
    }
}

/// One thing tried in one place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    pub(crate) program: Program,
    pub(crate) client: Caller,
    pub(crate) server: End,
    pub(crate) behaviour: &'static str,
}

impl Cell {
    /// Its name, by which it can be picked.
    pub(crate) fn name(&self) -> String {
        format!("{} | {} -> {} | {}", self.program.as_str(), self.client, self.server, self.behaviour)
    }

    fn client_is(&self, holds: impl Fn(End) -> bool) -> bool {
        self.client.end().is_some_and(holds)
    }

    fn one_is_older_than(&self, revision: Revision) -> bool {
        self.client_is(|client| client.revision < revision) || self.server.revision < revision
    }

    fn is_hub(&self) -> bool {
        matches!(self.program, Program::Hub | Program::HubStdio)
    }
}

/// Something that cannot be, and where.
#[derive(Debug)]
pub(crate) struct Rule {
    behaviours: &'static [&'static str],
    when: fn(&Cell) -> bool,
    pub(crate) reason: &'static str,
    /// Whether it is tried all the same, because it has to fail in a certain way.
    pub(crate) is_tried: bool,
}

const fn tried(behaviours: &'static [&'static str], when: fn(&Cell) -> bool, reason: &'static str) -> Rule {
    Rule { behaviours, when, reason, is_tried: true }
}

const fn not_tried(behaviours: &'static [&'static str], when: fn(&Cell) -> bool, reason: &'static str) -> Rule {
    Rule { behaviours, when, reason, is_tried: false }
}

const RULES: &[Rule] = &[
    tried(
        &["structured output"],
        |cell| cell.one_is_older_than(Revision::Jun25),
        "`structuredContent` came with 2025-06-18; one of both is older, and the text of the result arrives",
    ),
    tried(
        &["elicitation, form"],
        |cell| cell.one_is_older_than(Revision::Jun25),
        "elicitation came with 2025-06-18; one of both is older, and the server hears that the client cannot be asked",
    ),
    tried(
        &["rounds of input", "two inputs at once"],
        |cell| cell.client == Caller::Rest && cell.server.revision < Revision::Jun25,
        "a caller of REST can be asked for forms alone, and elicitation came with 2025-06-18; the server hears that he cannot be asked",
    ),
    tried(
        &["elicitation, URL", "sampling with tools"],
        |cell| cell.one_is_older_than(Revision::Nov25),
        "this came with 2025-11-25; one of both is older, and the server hears that the client cannot be asked",
    ),
    tried(
        &["sampling", "sampling with tools", "roots"],
        |cell| cell.client == Caller::Rest,
        "a caller of REST has neither a model nor roots, and nobody may be asked for what he has not declared",
    ),
    not_tried(
        &["task", "list of tasks", "cancel a task", "a task asks"],
        |cell| cell.one_is_older_than(Revision::Nov25),
        "tasks came with 2025-11-25; one of both is older",
    ),
    tried(
        &["list of tasks"],
        |cell| cell.client_is(|client| client.revision.is_modern()),
        "the extension of 2026-07-28 has no list of tasks; it is answered as an unknown method",
    ),
    tried(
        &["task", "list of tasks", "cancel a task", "a task asks"],
        |cell| cell.client_is(|client| client.revision.is_modern() != cell.server.revision.is_modern()),
        "tasks of 2025-11-25 are asked for by the client and belong to the core, those of 2026-07-28 are the server's decision and an \
         extension: nobody of the other era is told that there are any, calls are done at once, and requests about tasks are refused",
    ),
    tried(
        &["ping"],
        |cell| cell.client_is(|client| client.revision.is_modern()),
        "2026-07-28 has no `ping`; it is answered as an unknown method",
    ),
    tried(
        &["unknown extension"],
        Cell::is_hub,
        "a method that nobody knows names no server, and a hub has several; it is answered as an unknown method",
    ),
    not_tried(
        &["batch"],
        |cell| cell.client_is(|client| client.revision != Revision::Mar25),
        "only 2025-03-26 has batches",
    ),
    not_tried(
        &["roots changed"],
        |cell| cell.client_is(|client| client.revision.is_modern()),
        "clients of 2026-07-28 have no notification for it: a server asks for the roots when it needs them",
    ),
    not_tried(
        &["roots changed"],
        |cell| cell.server.revision.is_modern(),
        "servers of 2026-07-28 know no such notification: they ask for the roots when they need them",
    ),
    not_tried(
        &["roots changed"],
        |cell| cell.program != Program::Dedicated,
        "clients that share a server have roots of their own, so it is told `roots.listChanged: false`, after which no client may send \
         it, and asks when it needs them",
    ),
    not_tried(
        &["tampered state"],
        |cell| cell.client_is(|client| !client.revision.is_modern()),
        "clients up to 2025-11-25 are asked by requests and are given no state",
    ),
    not_tried(
        &["tampered state"],
        |cell| cell.server.revision.is_modern(),
        "the state is the server's own and passes as it is: the server has to protect it",
    ),
    not_tried(
        &["resume"],
        |cell| cell.client_is(|client| client.wire != Wire::Http),
        "only streamable HTTP can be resumed: the conversation ends with its pipe or its only stream",
    ),
    not_tried(
        &["resume"],
        |cell| cell.client_is(|client| client.revision.is_modern()),
        "2026-07-28 has no resumption: a broken stream is a cancelled call, which the client makes again",
    ),
    not_tried(
        &["end a session"],
        |cell| cell.client_is(|client| client.wire != Wire::Http || client.revision.is_modern()),
        "only streamable HTTP up to 2025-11-25 has sessions that a client ends",
    ),
    not_tried(
        &["server forgets the session"],
        |cell| cell.server.wire == Wire::Lines,
        "the session of a stdio server is its process",
    ),
    not_tried(&["server forgets the session"], |cell| cell.server.revision.is_modern(), "2026-07-28 has no sessions"),
    not_tried(
        &["server ends a stream early"],
        |cell| cell.server.revision != Revision::Nov25 || cell.server.wire != Wire::Http,
        "only servers of 2025-11-25 over streamable HTTP may end the connection before the stream",
    ),
];

/// Why a cell cannot work, if it cannot.
pub(crate) fn impossible(cell: &Cell) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.behaviours.contains(&cell.behaviour) && (rule.when)(cell))
}
