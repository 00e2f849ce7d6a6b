//! Every decision record is in the index.

use std::fs;
use std::io;
use std::path::Path;

use super::Finding;

const FOLDER: &str = "docs/adr";

pub(crate) fn check(root: &Path) -> io::Result<Vec<Finding>> {
    let index = fs::read_to_string(root.join(FOLDER).join("README.md")).unwrap_or_default();
    let mut names = Vec::new();
    if root.join(FOLDER).is_dir() {
        for entry in fs::read_dir(root.join(FOLDER))? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(check_index(&index, &names))
}

fn check_index(index: &str, names: &[String]) -> Vec<Finding> {
    let records = names.iter().filter(|name| name.starts_with(|c: char| c.is_ascii_digit()));
    let missing = records.filter(|name| !index.contains(&format!("({name})")));
    missing.map(|name| format!("{FOLDER}/README.md: no link to {name}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_without_a_link_is_found() {
        let names = ["0001-text.md", "0002-calls.md", "README.md"].map(str::to_owned);
        let index = "- [Text, not trees](0001-text.md)";
        assert_eq!(check_index(index, &names), ["docs/adr/README.md: no link to 0002-calls.md"]);
    }
}
