//! Where in the arguments of a launcher its package stands.

/// A launcher's own options, of which some take a value.
pub(super) struct Options {
    /// Long ones with a value, without their dashes.
    pub(super) long: &'static [&'static str],
    /// Short ones with a value.
    pub(super) short: &'static str,
}

/// An argument before the package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Argument<'a> {
    /// An option without a value, or with one in the same word.
    Alone(&'a str),
    /// An option, and the word after it that is its value.
    With(&'a str, &'a str),
}

impl Options {
    /// The options at the beginning, and what follows from the package on.
    pub(super) fn split<'a>(&self, words: &'a [String]) -> (Vec<Argument<'a>>, &'a [String]) {
        let mut options = Vec::new();
        let mut rest = words;
        while let [option, after @ ..] = rest {
            if option == "--" {
                return (options, after);
            }
            if !option.starts_with('-') || option == "-" {
                break;
            }
            match after {
                [value, after @ ..] if self.takes_next(option) => {
                    options.push(Argument::With(option, value));
                    rest = after;
                }
                _ => {
                    options.push(Argument::Alone(option));
                    rest = after;
                }
            }
        }
        (options, rest)
    }

    /// Whether the next word is the option's value.
    fn takes_next(&self, option: &str) -> bool {
        if let Some(long) = option.strip_prefix("--") {
            return self.long.contains(&long);
        }
        // In `-ie` the last one takes it; in `-eA=b` and `-e=A` it is there already.
        let mut letters = option[1..].chars();
        let first = letters.find(|letter| self.short.contains(*letter));
        first.is_some() && letters.as_str().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_is_the_first_word_that_is_no_option_nor_its_value() {
        let options = Options { long: &["name", "env"], short: "ev" };
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let split = |text: &str| {
            let words = words(text);
            let (options, rest) = options.split(&words);
            (options.len(), rest.join(" "))
        };
        assert_eq!(split("-i --rm --name x image a -e b"), (3, "image a -e b".to_owned()));
        assert_eq!(split("-ie A=b -eA=b --env=A image"), (3, "image".to_owned()));
        assert_eq!(split("--rm -- image"), (1, "image".to_owned()));
        assert_eq!(split("--rm"), (1, String::new()));
        assert_eq!(split("-e"), (1, String::new()));
    }
}
