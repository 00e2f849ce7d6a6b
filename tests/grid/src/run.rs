//! Tries every cell.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::behaviour::{ALL, Behaviour, Pair};
use crate::client::{Client, capabilities};
use crate::place::Place;
use crate::rest;
use crate::revision::{End, Wire};
use crate::schema::Schemas;
use crate::sdk::{self, Sdk};
use crate::unit::{Choice, Unit, behaviours, units};
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

/// All cells that were chosen, with what became of them, in a fixed order.
pub(crate) fn run(choice: &Choice, schemas: &Arc<Schemas>) -> Cells {
    let units = units(choice);
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Cells)>> = Mutex::default();
    thread::scope(|scope| {
        for _ in 0..choice.jobs.max(1) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(unit) = units.get(at) else { return };
                    let cells = run_unit(choice, schemas, unit);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((at, cells));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().flat_map(|(_, cells)| cells).collect()
}

/// Everything with one server behind one program.
fn run_unit(choice: &Choice, schemas: &Arc<Schemas>, unit: &Unit) -> Cells {
    let (program, server) = (unit.program, unit.server);
    let cells = |client| {
        behaviours(program, client).into_iter().map(move |behaviour| Cell { program, client, server, behaviour })
    };
    let chosen: Vec<_> = unit
        .clients
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
