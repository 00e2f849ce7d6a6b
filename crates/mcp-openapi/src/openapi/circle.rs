//! Schemas that lead back to themselves without looking at any smaller part of a value.

use std::collections::HashSet;

/// Which schema of a document applies another one to the very same value.
#[derive(Debug, Default)]
pub(super) struct Applied(Vec<(String, String)>);

impl Applied {
    pub(super) fn add(&mut self, from: &str, to: &str) {
        self.0.push((from.to_owned(), to.to_owned()));
    }

    /// Whether following them never ends, as it would for every reader of the document.
    pub(super) fn is_endless(&self) -> bool {
        let mut left: Vec<_> = self.0.iter().collect();
        // What leads to an end is taken away, until only circles and what leads into them are left.
        loop {
            let before = left.len();
            let leading: HashSet<_> = left.iter().map(|(from, _)| from).collect();
            left.retain(|(_, to)| leading.contains(to));
            if left.len() == before {
                return before > 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(edges: &[&str], expect: bool) {
        let mut applied = Applied::default();
        for edge in edges {
            applied.add(&edge[..1], &edge[1..]);
        }
        assert_eq!(applied.is_endless(), expect, "{edges:?}");
    }

    #[test]
    fn only_circles_are_endless() {
        check(&[], false);
        check(&["ab", "bc", "ac", "cd"], false);
        check(&["aa"], true);
        check(&["ab", "bc", "cb"], true);
        check(&["ba", "cb", "dc"], false);
    }
}
