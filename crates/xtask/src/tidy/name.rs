//! A file is named after the mechanism in it.

use std::io;
use std::path::Path;

use super::Finding;
use crate::source::{relative, walk};

/// Names that say nothing about what is inside.
const EMPTY: [&str; 8] = ["util", "utils", "helper", "helpers", "common", "manager", "managers", "misc"];

pub(crate) fn check(root: &Path) -> io::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for folder in ["crates", "bins", "examples", "tests"] {
        walk(&root.join(folder), &mut |path| {
            findings.extend(check_path(&relative(root, path)));
            Ok(())
        })?;
    }
    findings.sort();
    Ok(findings)
}

fn check_path(path: &str) -> Option<Finding> {
    let says_nothing = |part: &str| EMPTY.contains(&part.split('.').next().unwrap_or_default());
    path.split('/')
        .find(|part| says_nothing(part))
        .map(|part| format!("{path}: `{part}` says nothing about what is inside"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_folders_are_named_after_a_mechanism() {
        assert!(check_path("crates/a/src/utils.rs").is_some());
        assert!(check_path("tests/it/common/mod.rs").is_some());
        assert!(check_path("crates/a/src/utilisation.rs").is_none());
    }
}
