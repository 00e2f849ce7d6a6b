//! Files stay small enough to hold in the head.

use std::collections::BTreeSet;

use super::Finding;
use crate::source::{Kind, Source, pieces};

/// Above this many lines of code a file is listed.
pub(crate) const LOOKED_AT: usize = 350;
/// Above this many it fails.
const TOO_LONG: usize = 600;

pub(crate) fn check(source: &Source, lines: usize) -> Option<Finding> {
    (lines > TOO_LONG)
        .then(|| format!("{}: {lines} lines of code, more than {TOO_LONG}: split it by mechanism", source.path))
}

/// Lines with something on them that is neither blank nor a comment.
pub(crate) fn code_lines(text: &str) -> usize {
    let mut lines = BTreeSet::new();
    for piece in pieces(text).iter().filter(|piece| piece.kind != Kind::Comment) {
        let written = piece.text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        lines.extend(written.map(|(offset, _)| piece.line + offset));
    }
    lines.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_and_comments_are_no_code() {
        assert_eq!(code_lines("//! Docs.\n\nfn a() {\n    // why\n    f(\"x\"); // how\n}\n"), 3);
    }

    #[test]
    fn the_limit_itself_passes_and_one_more_fails() {
        let source = |lines: usize| Source { path: "a.rs".to_owned(), text: "f();\n".repeat(lines) };
        for (lines, fails) in [(TOO_LONG, false), (TOO_LONG + 1, true)] {
            let source = source(lines);
            assert_eq!(check(&source, code_lines(&source.text)).is_some(), fails);
        }
    }
}
