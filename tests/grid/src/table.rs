//! The table for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::behaviour;
use crate::place::Program;
use crate::rest;
use crate::revision::End;
use crate::run::Outcome;
use crate::sdk;
use crate::verdict::{Caller, Cell};

const HEAD: &str = "\
# Compatibility

Every client with every server. This page is made by `just grid`, which starts our programs with a server of one revision behind them
and clients of one revision before them, tries everything that is listed below, and holds every message that a program sends to
either side against the schema of that side's revision. `mcp-stdio, dedicated` is `mcp-stdio --session dedicated`, with what depends
on whether clients share a server.

A cell is one behaviour of one client with one server through one program. It works, or the specification makes it impossible; then
the reason is [below](#what-is-impossible), and where there is something to refuse, it was tried that it is refused well.
";

const OFFICIAL: &str = "
## Official clients

The same with the official client libraries, as far as they have calls for it. Those that speak both eras are rows for each; the
revision is the one that client and program have agreed upon.
";

type Cells = [(Cell, Outcome)];

/// The whole page.
pub(crate) fn page(cells: &Cells) -> String {
    let count = |holds: fn(&Outcome) -> bool| cells.iter().filter(|(_, outcome)| holds(outcome)).count();
    let works = count(|outcome| matches!(outcome, Outcome::Works));
    let impossible = count(|outcome| matches!(outcome, Outcome::Impossible(_)));
    let fails = count(|outcome| matches!(outcome, Outcome::Fails(_)));
    let mut page = HEAD.to_owned();
    let _ =
        writeln!(page, "\n{} cells: {works} work, {impossible} are impossible, {fails} fail.\n\n## Pairs", cells.len());
    page += "\nBehaviours that work, of those that are possible. Rows are clients, columns are servers.\n";
    for program in Program::ALL {
        pairs(&mut page, cells, program, |client| !matches!(client, Caller::Sdk(..)));
    }
    page += OFFICIAL;
    for program in Program::ALL {
        pairs(&mut page, cells, program, |client| matches!(client, Caller::Sdk(..)));
    }
    behaviours(&mut page, cells);
    reasons(&mut page, cells);
    failures(&mut page, cells);
    page
}

fn pairs(page: &mut String, cells: &Cells, program: Program, is_of: fn(&Caller) -> bool) {
    let own: Vec<_> = cells.iter().filter(|(cell, _)| cell.program == program && is_of(&cell.client)).collect();
    if own.is_empty() {
        return;
    }
    let servers: Vec<_> = End::all().filter(|end| own.iter().any(|(cell, _)| cell.server == *end)).collect();
    let mut clients: Vec<Caller> = Vec::new();
    for (cell, _) in &own {
        if !clients.contains(&cell.client) {
            clients.push(cell.client);
        }
    }
    let _ = write!(page, "\n### {}\n\n| |", program.as_str());
    for server in &servers {
        let _ = write!(page, " {server} |");
    }
    let _ = writeln!(page, "\n|---|{}", "---|".repeat(servers.len()));
    for client in clients {
        let _ = write!(page, "| {client} |");
        for server in &servers {
            let of = own.iter().filter(|(cell, _)| cell.client == client && cell.server == *server);
            let (mut works, mut possible) = (0, 0);
            for (_, outcome) in of {
                works += usize::from(matches!(outcome, Outcome::Works));
                possible += usize::from(!matches!(outcome, Outcome::Impossible(_)));
            }
            let _ = write!(page, " {works}/{possible} |");
        }
        page.push('\n');
    }
}

fn behaviours(page: &mut String, cells: &Cells) {
    *page += "\n## Behaviours\n\n| | works | impossible | fails |\n|---|---|---|---|\n";
    let mut names: Vec<_> = behaviour::ALL.iter().map(|behaviour| behaviour.name).collect();
    let others = rest::ALL.iter().map(|(name, _)| *name).chain(sdk::BEHAVIOURS);
    let others: Vec<_> = others.filter(|name| !names.contains(name)).collect();
    names.extend(others);
    for name in names {
        let mut counts = [0; 3];
        for (_, outcome) in cells.iter().filter(|(cell, _)| cell.behaviour == name) {
            counts[match outcome {
                Outcome::Works => 0,
                Outcome::Impossible(_) => 1,
                Outcome::Fails(_) => 2,
            }] += 1;
        }
        let _ = writeln!(page, "| {name} | {} | {} | {} |", counts[0], counts[1], counts[2]);
    }
}

fn reasons(page: &mut String, cells: &Cells) {
    *page += "\n## What is impossible\n\n| behaviour | clients | servers | why |\n|---|---|---|---|\n";
    let mut found: BTreeMap<(&str, &str), Vec<&Cell>> = BTreeMap::new();
    for (cell, outcome) in cells {
        if let Outcome::Impossible(rule) = outcome {
            found.entry((cell.behaviour, rule.reason)).or_default().push(cell);
        }
    }
    for ((behaviour, reason), cells) in found {
        let mut clients: Vec<_> =
            cells.iter().filter_map(|cell| cell.client.end()).map(|end| end.revision.as_str()).collect();
        let mut servers: Vec<_> = cells.iter().map(|cell| cell.server.revision.as_str()).collect();
        clients.sort_unstable();
        clients.dedup();
        servers.sort_unstable();
        servers.dedup();
        let said = |all: &[&str]| if all.len() == 5 { "all".to_owned() } else { all.join(", ") };
        let _ = writeln!(page, "| {behaviour} | {} | {} | {reason} |", said(&clients), said(&servers));
    }
}

fn failures(page: &mut String, cells: &Cells) {
    let failed = cells.iter().filter_map(|(cell, outcome)| match outcome {
        Outcome::Fails(error) => Some((cell, error)),
        _ => None,
    });
    let lines: Vec<_> = failed
        .map(|(cell, error)| format!("- {}: {}\n", cell.name().replace('|', "·"), error.replace('\n', " ")))
        .collect();
    if !lines.is_empty() {
        *page += "\n## What fails\n\n";
        *page += &lines.concat();
    }
}
