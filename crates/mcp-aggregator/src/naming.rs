//! What items are called where there are many servers.

use crate::digest;

/// How many characters a name has at most; some clients refuse tools with longer ones.
pub const MAX_NAME: usize = 64;

/// The length of what makes a name stand alone: `_` and 8 hexadecimal digits.
const SUFFIX: usize = 9;

/// How the name of a server and that of its tool make one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Naming {
    separator: Box<str>,
}

/// What an item is called where there are many servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposed {
    /// 1 to [`MAX_NAME`] characters, each a letter, a digit, `_`, `-` or `.`.
    pub name: Box<str>,
    /// Whether it is exactly the name of the server, the separator, and the item's own name.
    pub is_plain: bool,
}

/// Why a separator cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NamingError {
    /// It would not show where the server's name ends, or names would be refused.
    #[error("the separator `{0}` must have 2 to 8 characters, each a letter, a digit, `_` or `-`")]
    Separator(Box<str>),
}

impl Default for Naming {
    fn default() -> Self {
        Self { separator: "__".into() }
    }
}

impl Naming {
    /// Names with this separator between server and tool. Default: `__`.
    ///
    /// # Errors
    ///
    /// Fails for a separator that is shorter than 2 or longer than 8 characters, or has others than letters, digits, `_`
    /// and `-`.
    pub fn new(separator: &str) -> Result<Self, NamingError> {
        let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if !(2..=8).contains(&separator.len()) || !separator.bytes().all(is_fit) {
            return Err(NamingError::Separator(separator.into()));
        }
        Ok(Self { separator: separator.into() })
    }

    /// What stands between the name of a server and that of its tool.
    #[must_use]
    pub fn separator(&self) -> &str {
        &self.separator
    }

    /// The name of a server's item. A character that clients may refuse becomes `_`; a name that is too long is cut and
    /// ends as [`distinguished`](Self::distinguished) ones do. The same in every run, whatever other items there are.
    ///
    /// Two items may get the same name; then both have to be distinguished.
    #[must_use]
    pub fn exposed(&self, server: &str, item: &str) -> Exposed {
        let whole = [server, &self.separator, item].concat();
        let name = fit(&whole);
        if name.len() > MAX_NAME {
            return self.distinguished(server, item);
        }
        Exposed { is_plain: name == whole, name: name.into() }
    }

    /// The name of a server's item with `_` and 8 hexadecimal digits of the SHA-256 of both names at its end, by which it
    /// differs from every other.
    #[must_use]
    pub fn distinguished(&self, server: &str, item: &str) -> Exposed {
        let mut name = fit(&[server, &self.separator, item].concat());
        name.truncate(MAX_NAME - SUFFIX);
        let digest = digest::hex([server, item]);
        Exposed { name: format!("{name}_{}", &digest[..SUFFIX - 1]).into(), is_plain: false }
    }
}

/// `text` with `_` for each character that a name may not have; what comes out is ASCII.
fn fit(text: &str) -> String {
    let is_fit = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '.' | '-');
    text.chars().map(|char| if is_fit(char) { char } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(server: &str, item: &str, name: &str, is_plain: bool) {
        assert_eq!(Naming::default().exposed(server, item), Exposed { name: name.into(), is_plain });
    }

    #[test]
    fn a_name_is_that_of_the_server_and_that_of_the_item() {
        check("files", "read", "files__read", true);
        check("a.b-c", "d_e", "a.b-c__d_e", true);
        check("files", "", "files__", true);
        let dashes = Naming::new("--").unwrap();
        assert_eq!(&*dashes.exposed("a", "b").name, "a--b");
    }

    #[test]
    fn characters_that_clients_refuse_become_underscores() {
        check("files", "read file/é", "files__read_file__", false);
        check("ü", "\u{1f600}", "____", false);
    }

    #[test]
    fn a_name_of_64_characters_is_kept_and_one_of_65_is_cut() {
        let item = "x".repeat(61);
        check("s", &item, &format!("s__{item}"), true);
        let cut = Naming::default().exposed("s", &format!("{item}x"));
        assert_eq!(cut, Naming::default().distinguished("s", &format!("{item}x")));
        assert!(cut.name.len() == MAX_NAME && !cut.is_plain);
        assert!(cut.name.starts_with(&format!("s__{}_", "x".repeat(52))));
        assert_ne!(cut, Naming::default().exposed("s", &format!("{item}y")));
    }

    #[test]
    fn names_that_would_be_the_same_are_told_apart() {
        let naming = Naming::default();
        assert_eq!(naming.exposed("a", "b c").name, naming.exposed("a", "b/c").name);
        assert_ne!(naming.distinguished("a", "b c").name, naming.distinguished("a", "b/c").name);
        assert_eq!(naming.exposed("a", "b__c").name, naming.exposed("a__b", "c").name);
        assert_ne!(naming.distinguished("a", "b__c").name, naming.distinguished("a__b", "c").name);
        assert_eq!(&*naming.distinguished("a", "b").name, "a__b_59b271ae", "clients keep names, so they stay");
    }

    proptest! {
        #[test]
        fn every_name_is_one_that_clients_take(server in ".{0,40}", item in ".{0,80}") {
            let naming = Naming::default();
            for exposed in [naming.exposed(&server, &item), naming.distinguished(&server, &item)] {
                prop_assert!((1..=MAX_NAME).contains(&exposed.name.len()));
                prop_assert_eq!(&*exposed.name, fit(&exposed.name));
                prop_assert_eq!(exposed.is_plain, *exposed.name == format!("{server}__{item}"));
            }
        }
    }
}
