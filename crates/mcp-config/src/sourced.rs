//! Where a setting comes from.

use std::fmt;

/// A value, and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sourced<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub source: Origin,
}

/// The places that settings come from; the earlier ones win.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The command line.
    Flag,
    /// A variable of the environment.
    Environment(&'static str),
    /// A variable that the `.env` file sets.
    DotEnv(&'static str),
    /// The configuration file.
    File,
    /// Nowhere.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("command line"),
            Self::Environment(name) => write!(f, "${name}"),
            Self::DotEnv(name) => write!(f, "${name} in .env"),
            Self::File => f.write_str("file"),
            Self::Default => f.write_str("default"),
        }
    }
}
