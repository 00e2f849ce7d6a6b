//! What items are called where there are many servers.

/// How the name of a server and that of its tool make one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Naming {
    separator: Box<str>,
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
}
