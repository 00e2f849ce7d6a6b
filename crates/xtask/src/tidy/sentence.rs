//! Each crate has one sentence that says what it is for, and it is the same everywhere.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use super::Finding;

const TABLE: &str = "docs/architecture.md";
/// Crates around the product: they have a sentence, and no row.
const TOOLS: [&str; 2] = ["mcp-testkit", "xtask"];

/// A row of the table: the sentence, and whether the crate is still to come.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    sentence: String,
    later: bool,
}

pub(crate) fn check(root: &Path) -> io::Result<Vec<Finding>> {
    let mut rows = table(&fs::read_to_string(root.join(TABLE)).unwrap_or_default());
    let mut findings = Vec::new();
    for entry in fs::read_dir(root.join("crates"))? {
        let folder = entry?.path();
        if !folder.join("Cargo.toml").is_file() {
            continue;
        }
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let row = rows.remove(&name);
        let read = |file: &str| fs::read_to_string(folder.join(file)).unwrap_or_default();
        let (lib, main, readme) = (read("src/lib.rs"), read("src/main.rs"), read("README.md"));
        let code = if lib.is_empty() { &main } else { &lib };
        findings.extend(check_crate(&name, code, &readme, row.as_ref()));
    }
    let gone = rows.iter().filter(|(_, row)| !row.later);
    findings.extend(gone.map(|(name, _)| format!("{TABLE}: no crate {name}; mark its row `later` or take it out")));
    findings.sort();
    Ok(findings)
}

fn check_crate(name: &str, code: &str, readme: &str, row: Option<&Row>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let first = |text: &str| text.lines().next().unwrap_or_default().to_owned();
    let sentence = first(code);
    let Some(sentence) = sentence.strip_prefix("//! ") else {
        return vec![format!("crates/{name}: the first line of its source is not `//! ` and its sentence")];
    };
    if first(readme) != sentence {
        findings.push(format!("crates/{name}/README.md: the first line is not the sentence `{sentence}`"));
    }
    match row {
        None if TOOLS.contains(&name) => {}
        None => findings.push(format!("{TABLE}: no row for {name}")),
        Some(row) if row.later => findings.push(format!("{TABLE}: {name} is marked `later` and exists")),
        Some(row) if row.sentence != sentence => {
            findings.push(format!("{TABLE}: the sentence of {name} is not `{sentence}`"));
        }
        Some(_) => {}
    }
    findings
}

/// The rows "| `crate` | sentence |" of a text, where a third cell or brackets after the sentence may say `later`.
fn table(text: &str) -> BTreeMap<String, Row> {
    text.lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
            let name = cells.next()?.strip_prefix('`')?.strip_suffix('`')?;
            let cell = cells.next()?;
            let sentence = cell.strip_suffix("(later)").unwrap_or(cell).trim_end();
            let later = sentence != cell || cells.any(|cell| cell == "later");
            Some((name.to_owned(), Row { sentence: sentence.to_owned(), later }))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(sentence: &str, later: bool) -> Row {
        Row { sentence: sentence.to_owned(), later }
    }

    #[test]
    fn the_table_is_read_with_its_marks() {
        let text =
            "| crate | sentence |\n|---|---|\n| `a` | Does a. |\n| `b` | Does b. (later) |\n| `c` | Does c. | later |";
        let expected = [("a", row("Does a.", false)), ("b", row("Does b.", true)), ("c", row("Does c.", true))];
        assert_eq!(table(text), expected.map(|(name, row)| (name.to_owned(), row)).into());
    }

    #[test]
    fn the_sentence_is_the_same_in_all_three_places() {
        let good = row("Does a.", false);
        assert_eq!(check_crate("a", "//! Does a.\n", "Does a.\n\nMore.", Some(&good)), [""; 0]);
        assert_eq!(check_crate("a", "//! Does a.\n", "# a", Some(&good)).len(), 1);
        assert_eq!(check_crate("a", "//! Does a.\n", "Does a.", Some(&row("Does b.", false))).len(), 1);
        assert_eq!(check_crate("a", "use b;\n", "Does a.", Some(&good)).len(), 1);
    }

    #[test]
    fn a_crate_needs_a_row_that_does_not_say_later() {
        assert_eq!(check_crate("a", "//! Does a.\n", "Does a.", None).len(), 1);
        assert_eq!(check_crate("a", "//! Does a.\n", "Does a.", Some(&row("Does a.", true))).len(), 1);
        assert_eq!(check_crate("xtask", "//! Does a.\n", "Does a.", None), [""; 0]);
    }
}
