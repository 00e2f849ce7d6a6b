//! What a misspelt word was meant to be.

/// Longer words are no misspelling of any of ours.
const LONGEST: usize = 40;
/// How many letters may be wrong.
const MISTAKES: usize = 2;

/// The nearest of the known words, if one is near: it differs in case, `_` and `-` only, or in two letters at most.
pub(crate) fn suggest<'a>(word: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> Option<&'a str> {
    if LONGEST < word.len() {
        return None;
    }
    let bare = bare(word);
    let same = known.clone().into_iter().find(|known| self::bare(known) == bare);
    same.or_else(|| {
        let distances = known.into_iter().map(|known| (distance(word, known), known));
        distances.filter(|(distance, known)| *distance <= MISTAKES && *distance < known.len()).min().map(|(_, it)| it)
    })
}

/// A word without its case, `_` and `-`: how different people spell one thing.
pub(crate) fn bare(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect()
}

/// How many letters are to be put in, taken out or changed to make one word of the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, a) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in b.iter().enumerate() {
            let changed = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_word_is_found_and_a_far_one_is_not() {
        let known = ["autoRestart", "args", "env", "idleTimeout"];
        for (word, meant) in [
            ("autoRestrat", Some("autoRestart")),
            ("auto_restart", Some("autoRestart")),
            ("AUTO-RESTART", Some("autoRestart")),
            ("arg", Some("args")),
            ("Env", Some("env")),
            ("idletimeouts", Some("idleTimeout")),
            ("command", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(suggest(word, known), meant, "{word}");
        }
        assert_eq!(suggest(&"args".repeat(100), known), None);
    }

    #[test]
    fn the_distance_counts_letters() {
        for (a, b, count) in [("", "", 0), ("abc", "abc", 0), ("abc", "ab", 1), ("kitten", "sitting", 3), ("", "ab", 2)]
        {
            assert_eq!((distance(a, b), distance(b, a)), (count, count), "{a} {b}");
        }
    }
}
