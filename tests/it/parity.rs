//! What `docs/parity.md` says is shown by a test is.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The text of all sources by the names of their files; tests in a file `tests.rs` go by the name of what they test.
type Sources = BTreeMap<String, String>;

fn collect(folder: &Path, sources: &mut Sources) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let path = entry.path();
        let stem = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
        // What is installed is linked, and links are not followed.
        if entry.file_type().unwrap().is_dir() {
            collect(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "mjs") {
            let name = stem(&path);
            let name = if name == "tests" { stem(folder) } else { name };
            sources.entry(name).or_default().push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

/// Whether there is a test of that name in a source.
fn is_test(source: &str, name: &str) -> bool {
    let lines: Vec<_> = source.lines().map(str::trim).collect();
    lines.iter().enumerate().any(|(n, line)| {
        let function = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
        let is_named = function.and_then(|rest| rest.strip_prefix(name)).is_some_and(|rest| rest.starts_with('('));
        let mut attributes = lines[..n].iter().rev().take_while(|line| line.starts_with("#["));
        let is_marked = attributes.any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"));
        // A line of the table of sessions with official clients makes a test, too.
        let is_session = line.strip_prefix(name).is_some_and(|rest| rest.starts_with(": ") && rest.ends_with(';'));
        // So does one of what is done in a browser.
        let is_task = line.strip_prefix("{ name: \"").and_then(|rest| rest.strip_prefix(name));
        (is_named && is_marked) || is_session || is_task.is_some_and(|rest| rest.starts_with("\", action: "))
    })
}

/// The cells of every row of a document's tables, their heads aside.
fn rows(text: &str) -> Vec<Vec<&str>> {
    let lines = text
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| # ") && !line.starts_with("| there "));
    lines.map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect()).collect()
}

/// The tests that a cell names, as file and name.
fn named(cell: &str) -> impl Iterator<Item = (&str, &str)> {
    cell.split('`').skip(1).step_by(2).filter_map(|quoted| quoted.split_once("::"))
}

#[test]
fn every_test_that_is_named_exists() {
    let root = crate::here().join("..");
    let mut sources = Sources::new();
    for folder in ["crates", "bins", "tests/it", "tests/browser"] {
        collect(&root.join(folder), &mut sources);
    }
    let text = fs::read_to_string(root.join("docs/parity.md")).unwrap();
    let rows = rows(&text);
    assert!(rows.len() > 80, "{}", rows.len());
    for row in rows {
        let cell = row.last().unwrap();
        let mut count = 0;
        for (file, name) in named(cell) {
            let exists = sources.get(file).is_some_and(|source| is_test(source, name));
            assert!(exists, "there is no test `{file}::{name}`");
            count += 1;
        }
        assert!(count > 0 || cell.starts_with("none: "), "no test, and no reason why: {row:?}");
    }
}

#[test]
fn rows_are_told_apart_by_their_numbers() {
    let text = fs::read_to_string(crate::here().join("../docs/parity.md")).unwrap();
    let rows = rows(&text);
    let numbers: Vec<u32> = rows.iter().filter(|row| row.len() == 4).map(|row| row[0].parse().unwrap()).collect();
    assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
}

#[test]
fn what_is_no_test_is_found_out() {
    let source = "#[test]\nfn one() {}\n\n#[tokio::test]\nasync fn another() {}\n\nfn helper() {}\na_session: Time;\n{ name: \"logs in\", action: x },\n";
    for (name, expected) in [
        ("one", true),
        ("another", true),
        ("a_session", true),
        ("logs in", true),
        ("logs", false),
        ("helper", false),
        ("on", false),
        ("other", false),
    ] {
        assert_eq!(is_test(source, name), expected, "{name}");
    }
}
