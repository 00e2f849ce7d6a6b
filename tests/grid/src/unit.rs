//! Which cells there are, and which of them are tried.

use crate::behaviour::ALL;
use crate::place::Program;
use crate::rest;
use crate::revision::{End, Revision, Wire};
use crate::sdk;
use crate::verdict::{Caller, Cell};

/// Whose clients come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Clients {
    #[default]
    All,
    /// Our own alone, and callers of REST.
    Own,
    /// The official ones alone.
    Official,
}

/// Which cells are tried, and by how many at once.
#[derive(Debug, Default)]
pub(crate) struct Choice {
    pub(crate) is_smoke: bool,
    /// Each has to be in the name of a cell.
    pub(crate) only: Vec<String>,
    pub(crate) jobs: usize,
    pub(crate) clients: Clients,
}

impl Choice {
    pub(crate) fn takes(&self, cell: &Cell) -> bool {
        let name = cell.name();
        self.only.iter().all(|text| name.contains(text.as_str())) && (!self.is_smoke || is_smoke(cell))
    }
}

/// What is tried with every change: the oldest, the newest legacy and the modern revision, over the wires that people use most.
fn is_smoke(cell: &Cell) -> bool {
    let revisions = [Revision::Nov24, Revision::Nov25, Revision::Jul26];
    let knows = |end: End| revisions.contains(&end.revision);
    let is_first = matches!(cell.program, Program::Stdio | Program::HubStdio | Program::Rest);
    let is_common = |end: End| end.wire == Wire::Lines || end.revision == Revision::Jul26;
    if let Caller::Sdk(_, wire) = cell.client {
        let is_new = cell.server.revision >= Revision::Nov25 && cell.server.wire == Wire::Lines;
        return cell.program == Program::Hub && wire == Wire::Http && is_new;
    }
    is_first
        && cell.behaviour != "reconnect"
        && cell.client.end().is_none_or(knows)
        && knows(cell.server)
        && is_common(cell.server)
}

/// One server behind one program, with those who ask one after the other.
#[derive(Debug)]
pub(crate) struct Unit {
    pub(crate) program: Program,
    pub(crate) server: End,
    pub(crate) clients: Vec<Caller>,
}

/// Everything that can be tried, with whoever can come in.
pub(crate) fn units(choice: &Choice) -> Vec<Unit> {
    let mut units = Vec::new();
    for program in Program::ALL {
        let wanted = [(Clients::Official, own(program)), (Clients::Own, official(program))];
        for (_, clients) in wanted.into_iter().filter(|(but, clients)| *but != choice.clients && !clients.is_empty()) {
            units.extend(End::all().map(|server| Unit { program, server, clients: clients.clone() }));
        }
    }
    units
}

fn own(program: Program) -> Vec<Caller> {
    if program == Program::Rest {
        return vec![Caller::Rest];
    }
    End::all().filter(|end| program.takes(end.wire)).map(Caller::Own).collect()
}

fn official(program: Program) -> Vec<Caller> {
    if !program.takes_sdk() {
        return Vec::new();
    }
    let all = sdk::ALL.into_iter().flat_map(|sdk| sdk.ends().map(move |end| Caller::Sdk(sdk, end.wire)));
    all.filter(|caller| caller.end().is_some_and(|end| program.takes(end.wire))).collect()
}

/// What depends on whether clients share a server.
const DEDICATED: [&str; 24] = [
    "handshake",
    "list",
    "call",
    "progress",
    "log",
    "subscribe",
    "list_changed",
    "roots changed",
    "sampling",
    "sampling with tools",
    "elicitation, form",
    "elicitation, URL",
    "roots",
    "rounds of input",
    "two inputs at once",
    "input not declared",
    "task",
    "a task asks",
    "list of tasks",
    "cancel a task",
    "cancel",
    "abandon",
    "equal ids of two",
    "end a session",
];

/// The behaviours that are tried with a client of a program.
pub(crate) fn behaviours(program: Program, client: Caller) -> Vec<&'static str> {
    let is_of = |name: &&str| program != Program::Dedicated || DEDICATED.contains(name);
    match client {
        Caller::Own(_) => ALL.iter().map(|behaviour| behaviour.name).filter(is_of).collect(),
        Caller::Sdk(..) => sdk::BEHAVIOURS.to_vec(),
        Caller::Rest => rest::ALL.iter().map(|(name, _)| *name).collect(),
    }
}
