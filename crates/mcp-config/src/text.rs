//! Where something stands in a text.

/// A line and a column, both counted from 1; columns are characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Position {
    /// Where the byte at `offset` stands; past the end of the text is its end.
    pub(crate) fn of(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_are_counted_as_editors_do() {
        let text = "äb\r\n\n  c";
        for (what, line, column) in [("ä", 1, 1), ("b", 1, 2), ("c", 3, 3)] {
            let offset = text.find(what).unwrap();
            assert_eq!(Position::of(text, offset), Position { line, column }, "{what}");
        }
        assert_eq!(Position::of(text, 99), Position { line: 3, column: 4 });
        assert_eq!(Position::of("", 0), Position { line: 1, column: 1 });
    }
}
