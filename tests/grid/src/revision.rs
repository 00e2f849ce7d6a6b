//! The revisions, and the wires that each has.

use std::fmt;

/// A revision of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Revision {
    Nov24,
    Mar25,
    Jun25,
    Nov25,
    Jul26,
}

use Revision::{Jul26, Jun25, Mar25, Nov24, Nov25};

impl Revision {
    pub(crate) const ALL: [Self; 5] = [Nov24, Mar25, Jun25, Nov25, Jul26];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Nov24 => "2024-11-05",
            Mar25 => "2025-03-26",
            Jun25 => "2025-06-18",
            Nov25 => "2025-11-25",
            Jul26 => "2026-07-28",
        }
    }

    pub(crate) fn read(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|revision| revision.as_str() == text)
    }

    pub(crate) fn is_modern(self) -> bool {
        self == Jul26
    }

    /// The wires that its text on transports defines.
    pub(crate) fn wires(self) -> [Wire; 2] {
        [Wire::Lines, if self == Nov24 { Wire::Pair } else { Wire::Http }]
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How messages travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Wire {
    /// Lines on pipes.
    Lines,
    /// HTTP+SSE.
    Pair,
    /// Streamable HTTP.
    Http,
}

impl Wire {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Lines => "stdio",
            Self::Pair => "HTTP+SSE",
            Self::Http => "HTTP",
        }
    }

    pub(crate) fn read(text: &str) -> Option<Self> {
        [Self::Lines, Self::Pair, Self::Http].into_iter().find(|wire| wire.as_str() == text)
    }
}

/// One end of a pair: a revision over a wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct End {
    pub(crate) revision: Revision,
    pub(crate) wire: Wire,
}

impl End {
    /// All ten.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        Revision::ALL.into_iter().flat_map(|revision| revision.wires().map(|wire| Self { revision, wire }))
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.revision, self.wire.as_str())
    }
}
