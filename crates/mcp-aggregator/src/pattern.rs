//! Names with wildcards.

use std::fmt;

/// A pattern for names: `*` stands for any characters, none included, `?` for exactly one; everything else for itself.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Pattern(Box<str>);

impl Pattern {
    /// Reads a pattern; every text is one.
    #[must_use]
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it stands for `name`. Takes at most the product of both lengths in steps, whatever the pattern.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        let (pattern, name): (Vec<char>, Vec<char>) = (self.0.chars().collect(), name.chars().collect());
        let (mut at, mut in_name) = (0, 0);
        // Where to go on if it goes wrong: behind the last star, one character later in the name.
        let mut retry: Option<(usize, usize)> = None;
        while in_name < name.len() {
            match pattern.get(at) {
                Some('*') => {
                    retry = Some((at + 1, in_name));
                    at += 1;
                }
                Some(char) if *char == '?' || *char == name[in_name] => {
                    at += 1;
                    in_name += 1;
                }
                _ => match &mut retry {
                    Some((behind, tried)) => {
                        *tried += 1;
                        (at, in_name) = (*behind, *tried);
                    }
                    None => return false,
                },
            }
        }
        pattern[at..].iter().all(|char| *char == '*')
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, matching: &[&str], others: &[&str]) {
        let pattern = Pattern::new(pattern);
        for name in matching {
            assert!(pattern.matches(name), "{name}");
        }
        for name in others {
            assert!(!pattern.matches(name), "{name}");
        }
    }

    #[test]
    fn stars_and_question_marks_stand_for_characters() {
        check("read_*", &["read_", "read_file"], &["read", "a_read_file"]);
        check("*", &["", "x"], &[]);
        check("*file*", &["file", "read_file", "files"], &["fil"]);
        check("a?c", &["abc", "aéc"], &["ac", "abbc"]);
        check("a*b*c", &["abc", "aXbYc", "abcbc"], &["abcd", "ab"]);
        check("", &[""], &["x"]);
        check("echo", &["echo"], &["Echo", "echo2"]);
    }

    #[test]
    fn a_pattern_made_to_be_slow_is_not() {
        let pattern = Pattern::new("*a".repeat(200));
        assert!(!pattern.matches(&format!("{}b", "a".repeat(5000))));
    }
}
