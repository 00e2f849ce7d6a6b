//! Tries every cell.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::behaviour::{ALL, Behaviour, Pair};
use crate::client::{Client, capabilities};
use crate::place::{Place, Program};
use crate::rest;
use crate::revision::{End, Revision, Wire};
use crate::schema::Schemas;
use crate::sdk::{self, Sdk};
use crate::verdict::{Caller, Cell, Rule, impossible};

/// Cells, with what became of them.
pub(crate) type Cells = Vec<(Cell, Outcome)>;

/// What became of a cell.
#[derive(Debug)]
pub(crate) enum Outcome {
    Works,
    Impossible(&'static Rule),
    Fails(String),
}

/// Which cells are tried, and by how many at once.
#[derive(Debug, Default)]
pub(crate) struct Choice {
    pub(crate) is_smoke: bool,
    /// Each has to be in the name of a cell.
    pub(crate) only: Vec<String>,
    pub(crate) jobs: usize,
    /// Whether the official clients are left out.
    pub(crate) is_without_sdk: bool,
}

impl Choice {
    fn takes(&self, cell: &Cell) -> bool {
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

/// All cells that were chosen, with what became of them, in a fixed order.
pub(crate) fn run(choice: &Choice, schemas: &Arc<Schemas>) -> Cells {
    let units: Vec<_> = units(choice);
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Cells)>> = Mutex::default();
    thread::scope(|scope| {
        for _ in 0..choice.jobs.max(1) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some((program, server, clients)) = units.get(at) else { return };
                    let cells = unit(choice, schemas, *program, *server, clients);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((at, cells));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().flat_map(|(_, cells)| cells).collect()
}

/// One server behind one program, with those who ask one after the other.
type Unit = (Program, End, Vec<Caller>);

/// Everything that can be tried, with whoever can come in.
fn units(choice: &Choice) -> Vec<Unit> {
    let mut units = Vec::new();
    for program in Program::ALL {
        let own: Vec<_> = if program == Program::Rest {
            vec![Caller::Rest]
        } else {
            End::all().filter(|end| program.takes(end.wire)).map(Caller::Own).collect()
        };
        units.extend(End::all().map(|server| (program, server, own.clone())));
        let wires = |sdk: Sdk| sdk.ends().map(move |end| Caller::Sdk(sdk, end.wire)).filter(move |_| program.takes_sdk());
        let official = sdk::ALL.into_iter().flat_map(wires);
        let official: Vec<_> = official.filter(|caller| caller.end().is_some_and(|end| program.takes(end.wire))).collect();
        if !choice.is_without_sdk && !official.is_empty() {
            units.extend(End::all().map(|server| (program, server, official.clone())));
        }
    }
    units
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
fn behaviours(program: Program, client: Caller) -> Vec<&'static str> {
    let is_of = |name: &&str| program != Program::Dedicated || DEDICATED.contains(name);
    match client {
        Caller::Own(_) => ALL.iter().map(|behaviour| behaviour.name).filter(is_of).collect(),
        Caller::Sdk(..) => sdk::BEHAVIOURS.to_vec(),
        Caller::Rest => rest::ALL.iter().map(|(name, _)| *name).collect(),
    }
}

/// Everything with one server behind one program.
fn unit(choice: &Choice, schemas: &Arc<Schemas>, program: Program, server: End, clients: &[Caller]) -> Cells {
    let cells = |client| behaviours(program, client).into_iter().map(move |behaviour| Cell { program, client, server, behaviour });
    let chosen: Vec<_> = clients
        .iter()
        .map(|client| (*client, cells(*client).filter(|cell| choice.takes(cell)).collect::<Vec<_>>()))
        .filter(|(_, cells)| !cells.is_empty())
        .collect();
    if chosen.is_empty() {
        return Vec::new();
    }
    let mut place = match Place::open(program, server, schemas) {
        Ok(place) => place,
        Err(error) => {
            let cells = chosen.into_iter().flat_map(|(_, cells)| cells);
            return cells.map(|cell| (cell, Outcome::Fails(error.clone()))).collect();
        }
    };
    let mut outcomes = Vec::new();
    for (at, (client, cells)) in chosen.into_iter().enumerate() {
        // What a client before has left behind, such as a server that has died, is nothing to this one.
        if at > 0 {
            match Place::open(program, server, schemas) {
                Ok(fresh) => place = fresh,
                Err(error) => {
                    outcomes.extend(cells.into_iter().map(|cell| (cell, Outcome::Fails(error.clone()))));
                    continue;
                }
            }
        }
        match client {
            Caller::Own(end) => pair(&mut place, end, &cells, &mut outcomes),
            Caller::Sdk(sdk, wire) => official(&mut place, sdk, wire, &cells, &mut outcomes),
            Caller::Rest => outcomes.extend(cells.into_iter().map(|cell| (cell, rest(&mut place, &cell)))),
        }
    }
    eprintln!("{place:?}: {} cells", outcomes.len());
    outcomes
}

fn rest(place: &mut Place, cell: &Cell) -> Outcome {
    let (_, run) = rest::ALL.iter().find(|(name, _)| *name == cell.behaviour).expect("cells are made of these");
    judged(cell, || {
        place.begin();
        let tried = run(place);
        let faults = place.faults();
        with_faults(tried, &faults)
    })
}

/// One official client with one server.
fn official(place: &mut Place, sdk: Sdk, wire: Wire, cells: &[Cell], outcomes: &mut Cells) {
    let is_tried = |cell: &&Cell| impossible(cell).is_none_or(|rule| rule.is_tried);
    let names = cells.iter().filter(is_tried).map(|cell| cell.behaviour);
    // Every session begins and ends with these.
    let names = names.filter(|name| !["handshake", "close"].contains(name));
    let names: Vec<_> = ["handshake"].into_iter().chain(names).collect();
    let mut done = sdk::Outcomes::new();
    let ended = sdk::session(sdk, wire, place, &names, &mut done);
    if let Err(error) = &ended {
        eprintln!("FAILS {}: {error}", cells[0].name());
    }
    for cell in cells {
        let outcome = match (done.remove(cell.behaviour), &ended) {
            (Some(tried), _) => judged(cell, || tried.clone()),
            // It is said once.
            (None, Err(error)) if is_tried(&cell) => Outcome::Fails(error.clone()),
            (None, _) => judged(cell, || Err("it was not tried".into())),
        };
        outcomes.push((*cell, outcome));
    }
}

/// One client with one server.
fn pair(place: &mut Place, end: End, cells: &[Cell], outcomes: &mut Cells) {
    let mut client: Option<Client> = None;
    // Whoever could not come in once is not waited for again.
    let mut unreachable: Option<String> = None;
    for cell in cells {
        let behaviour = ALL.iter().find(|behaviour| behaviour.name == cell.behaviour).expect("cells are made of these");
        let outcome = judged(cell, || {
            place.begin();
            if let Some(error) = &unreachable {
                return Err(error.clone());
            }
            if client.is_none() {
                client = Some(place.client(end, capabilities(end.revision)).map_err(|error| {
                    let error = format!("no client: {error}");
                    unreachable = Some(error.clone());
                    error
                })?);
            }
            let Some(ready) = client.take() else { return Ok(()) };
            let (back, tried) = attempt(behaviour, ready, place);
            client = back;
            tried
        });
        outcomes.push((*cell, outcome));
    }
}

/// Tries; gives the client back if it is still of use.
fn attempt(behaviour: &Behaviour, client: Client, place: &mut Place) -> (Option<Client>, Result<(), String>) {
    let mut pair = Pair { client, place };
    let tried = (behaviour.run)(&mut pair);
    let Pair { mut client, place } = pair;
    let mut faults = std::mem::take(&mut client.faults);
    faults.extend(place.faults());
    let tried = with_faults(tried, &faults);
    ((tried.is_ok() && !behaviour.uses_up).then_some(client), tried)
}

pub(crate) fn with_faults(tried: Result<(), String>, faults: &[String]) -> Result<(), String> {
    let faults: Vec<_> = faults.iter().take(3).cloned().collect();
    match (tried, faults.is_empty()) {
        (tried, true) => tried,
        (Ok(()), false) => Err(faults.join("; ")),
        (Err(error), false) => Err(format!("{error}; {}", faults.join("; "))),
    }
}

fn judged(cell: &Cell, mut run: impl FnMut() -> Result<(), String>) -> Outcome {
    let rule = impossible(cell);
    if let Some(rule) = rule.filter(|rule| !rule.is_tried) {
        return Outcome::Impossible(rule);
    }
    match (run(), rule) {
        (Err(error), _) => {
            eprintln!("FAILS {}: {error}", cell.name());
            Outcome::Fails(error)
        }
        (Ok(()), Some(rule)) => Outcome::Impossible(rule),
        (Ok(()), None) => Outcome::Works,
    }
}
