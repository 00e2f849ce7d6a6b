//! Names for operations and components that every generator can use.

use std::collections::HashMap;

/// How many characters of what is wanted go into a name.
const LONGEST: usize = 120;

/// The names given so far, and how many of each with a number behind it. Two that differ only in case and in `_` count as
/// one: generators make names of their own of them, and files.
#[derive(Debug, Default)]
pub(super) struct Identifiers(HashMap<String, usize>);

impl Identifiers {
    /// `wanted` with `_` for all but ASCII letters, digits and `_`, and a number behind it if that is taken.
    pub(super) fn take(&mut self, wanted: &str) -> String {
        let base = identifier(wanted);
        let mut name = base.clone();
        let mut number = self.0.get(&key(&base)).copied().unwrap_or_default();
        while self.0.contains_key(&key(&name)) {
            number += 1;
            name = format!("{base}_{number}");
        }
        self.0.insert(key(&base), number.max(1));
        self.0.entry(key(&name)).or_insert(1);
        name
    }
}

fn identifier(text: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    if text.is_empty() { "_".to_owned() } else { text.chars().take(LONGEST).map(safe).collect() }
}

fn key(name: &str) -> String {
    name.replace('_', "").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_and_each_is_given_once() {
        let mut names = Identifiers::default();
        for (wanted, given) in [
            ("get_sum", "get_sum"),
            ("get-sum", "get_sum_2"),
            ("Get.Sum", "Get_Sum_3"),
            ("get_sum_2", "get_sum_2_2"),
            ("GetSum", "GetSum_4"),
            ("größe 1/2", "gr__e_1_2"),
            ("", "_"),
            (&"x".repeat(1_000), &"x".repeat(LONGEST)),
        ] {
            assert_eq!(names.take(wanted), given, "{wanted}");
        }
    }
}
