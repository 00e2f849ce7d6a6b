//! What differs between two texts.

use std::{fmt::Write as _, time::Duration};

use similar::TextDiff;

/// How long to look for the shortest way of telling it; a longer one is told then.
const LONGEST: Duration = Duration::from_millis(200);
/// Bytes of what is told; the rest is counted in lines.
const LARGEST: usize = 256 << 10;

/// What is to be done to make `new` of `old`, as `diff -u` tells it, without the lines that name the files. Empty if they are
/// equal.
pub(crate) fn unified(old: &str, new: &str) -> String {
    let diff = TextDiff::configure().timeout(LONGEST).diff_lines(old, new);
    let mut told = diff.unified_diff().context_radius(3).to_string();
    if LARGEST < told.len() {
        let end = told[..told.floor_char_boundary(LARGEST)].rfind('\n').map_or(0, |at| at + 1);
        let rest = told[end..].lines().count();
        told.truncate(end);
        // Writing into a string has no way to fail.
        let _ = writeln!(told, "\\ {rest} more lines");
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_told_with_the_lines_around_it() {
        assert_eq!(unified("a\nb\nc\n", "a\nb\nc\n"), "");
        assert_eq!(unified("a\nb\nc\n", "a\nx\nc\n"), "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n");
        assert_eq!(unified("", "a"), "@@ -0,0 +1 @@\n+a\n\\ No newline at end of file\n");
    }

    #[test]
    fn what_is_told_has_a_bound() {
        let told = unified("", &"é\n".repeat(LARGEST));
        assert!(told.len() <= LARGEST + 40 && told.ends_with(" more lines\n"), "{}", told.len());
    }
}
