//! The crate graph as a picture in text.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::process::ExitCode;

use crate::metadata::{self, Graph};

pub(crate) fn run() -> ExitCode {
    match metadata::graph() {
        Ok(graph) => {
            print!("{}", picture(&graph));
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

/// Packages that stand around the product: no layer of it.
const AROUND: [&str; 4] = ["examples", "mcp-testkit", "tests", "xtask"];

/// Rows from the top layer down; a crate stands one row above the highest crate it depends on. Behind the arrow are its
/// direct dependencies, without those it also has through another.
fn picture(graph: &Graph) -> String {
    let mut rows: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for name in graph.keys().filter(|name| !AROUND.contains(&name.as_str())) {
        rows.entry(height(graph, name)).or_default().push(name);
    }
    let width = graph.keys().map(String::len).max().unwrap_or_default();
    let mut text = String::new();
    for (row, names) in rows.iter().rev() {
        for (i, name) in names.iter().enumerate() {
            let label = if i == 0 { format!("{row}") } else { String::new() };
            let below = direct(graph, name).join(", ");
            let arrow = if below.is_empty() { String::new() } else { format!(" → {below}") };
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{label:>2}  {}", format!("{name:width$}{arrow}").trim_end());
        }
    }
    text
}

fn height(graph: &Graph, name: &str) -> usize {
    edges(graph, name).iter().map(|below| height(graph, below) + 1).max().unwrap_or_default()
}

fn direct<'a>(graph: &'a Graph, name: &str) -> Vec<&'a str> {
    let edges = edges(graph, name);
    let indirect: BTreeSet<&str> = edges.iter().flat_map(|below| reach(graph, below)).collect();
    edges.iter().map(String::as_str).filter(|below| !indirect.contains(below)).collect()
}

fn reach<'a>(graph: &'a Graph, name: &str) -> BTreeSet<&'a str> {
    let edges = edges(graph, name);
    edges.iter().flat_map(|below| reach(graph, below)).chain(edges.iter().map(String::as_str)).collect()
}

fn edges<'a>(graph: &'a Graph, name: &str) -> &'a [String] {
    graph.get(name).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_follow_the_longest_way_down_and_arrows_skip_what_is_implied() {
        let edges = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let graph = Graph::from([
            ("top".to_owned(), edges(&["bottom", "left", "right"])),
            ("left".to_owned(), edges(&["bottom"])),
            ("right".to_owned(), edges(&["bottom"])),
            ("bottom".to_owned(), edges(&[])),
            ("xtask".to_owned(), edges(&[])),
        ]);
        let expected = " 2  top    → left, right\n 1  left   → bottom\n    right  → bottom\n 0  bottom\n";
        assert_eq!(picture(&graph), expected);
    }
}
