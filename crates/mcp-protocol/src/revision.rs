//! The revisions of the specification and what each of them has.

use std::{fmt, str::FromStr};

/// A published revision of the MCP specification; later ones are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Revision {
    /// The first one: stdio, and HTTP with a stream for one direction and POSTs for the other.
    V2024_11_05,
    /// Streamable HTTP, and the only one with batches.
    V2025_03_26,
    /// Elicitation, structured output, the version header; no batches any more.
    V2025_06_18,
    /// The last one with a handshake: polling streams, URL elicitation, experimental tasks.
    V2025_11_25,
    /// The first one without a handshake: every request says what it needs.
    V2026_07_28,
}

/// The two ways to converse; the specification calls them legacy and modern too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Era {
    /// A handshake (`initialize`), then messages in both directions.
    Legacy,
    /// Requests that carry version and capabilities themselves, each answered by a stream that ends in its response.
    Modern,
}

/// A text that names no revision known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no MCP revision known here; offer one of those in `Revision::ALL`")]
pub struct UnknownRevision;

impl Revision {
    /// Every revision, oldest first.
    pub const ALL: [Self; 5] =
        [Self::V2024_11_05, Self::V2025_03_26, Self::V2025_06_18, Self::V2025_11_25, Self::V2026_07_28];

    /// The newest one that begins with a handshake.
    pub const LATEST_LEGACY: Self = Self::V2025_11_25;

    /// The newest one.
    pub const LATEST: Self = Self::V2026_07_28;

    /// What an HTTP request without a version header and without a session speaks (2025-06-18, transports).
    pub const WITHOUT_HEADER: Self = Self::V2025_03_26;

    /// The revision a server answers `initialize` with: the one asked for, if it has a handshake, else the newest that
    /// has.
    #[must_use]
    pub fn negotiate(requested: &str) -> Self {
        match requested.parse::<Self>() {
            Ok(known) if known.era() == Era::Legacy => known,
            _ => Self::LATEST_LEGACY,
        }
    }

    /// How it is written on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2024_11_05 => "2024-11-05",
            Self::V2025_03_26 => "2025-03-26",
            Self::V2025_06_18 => "2025-06-18",
            Self::V2025_11_25 => "2025-11-25",
            Self::V2026_07_28 => "2026-07-28",
        }
    }

    /// Which of the two ways to converse it belongs to.
    #[must_use]
    pub const fn era(self) -> Era {
        match self {
            Self::V2024_11_05 | Self::V2025_03_26 | Self::V2025_06_18 | Self::V2025_11_25 => Era::Legacy,
            Self::V2026_07_28 => Era::Modern,
        }
    }

    /// Whether HTTP means the pair of a GET stream and a POST endpoint, instead of one streamable endpoint.
    #[must_use]
    pub fn has_endpoint_event(self) -> bool {
        self == Self::V2024_11_05
    }

    /// Whether a body may be an array of messages.
    #[must_use]
    pub fn has_batches(self) -> bool {
        self == Self::V2025_03_26
    }

    /// Whether streamable HTTP has session ids, a GET stream, and DELETE to end a session.
    #[must_use]
    pub fn has_sessions(self) -> bool {
        Self::V2025_03_26 <= self && self <= Self::V2025_11_25
    }

    /// Whether events carry ids from which a broken stream is resumed.
    #[must_use]
    pub fn has_event_ids(self) -> bool {
        self.has_sessions()
    }

    /// Whether a stream begins with an event that has an id and no data, so that it can be resumed at once.
    #[must_use]
    pub fn has_priming_event(self) -> bool {
        self == Self::V2025_11_25
    }

    /// Whether HTTP requests (after `initialize`, where there is one) must name the revision in a header.
    #[must_use]
    pub fn requires_version_header(self) -> bool {
        self >= Self::V2025_06_18
    }

    /// Whether parts of the body must be repeated in headers, and be checked there.
    #[must_use]
    pub fn mirrors_headers(self) -> bool {
        self.era() == Era::Modern
    }

    /// Whether a server may send requests of its own, instead of asking for input in a result.
    #[must_use]
    pub fn has_server_requests(self) -> bool {
        self.era() == Era::Legacy
    }

    /// Whether a server may ask for input by a form.
    #[must_use]
    pub fn has_elicitation(self) -> bool {
        self >= Self::V2025_06_18
    }

    /// Whether a server may send the user to a URL.
    #[must_use]
    pub fn has_url_elicitation(self) -> bool {
        self >= Self::V2025_11_25
    }

    /// Whether completion is declared as a capability; before that it may be there undeclared.
    #[must_use]
    pub fn has_completions_capability(self) -> bool {
        self >= Self::V2025_03_26
    }

    /// Whether tasks are part of the revision itself; later they are an extension of another shape.
    #[must_use]
    pub fn has_core_tasks(self) -> bool {
        self == Self::V2025_11_25
    }

    /// Whether closing the HTTP response cancels the request; before, it never does.
    #[must_use]
    pub fn disconnect_cancels(self) -> bool {
        self.era() == Era::Modern
    }
}

impl FromStr for Revision {
    type Err = UnknownRevision;

    fn from_str(text: &str) -> Result<Self, UnknownRevision> {
        Self::ALL.into_iter().find(|known| known.as_str() == text).ok_or(UnknownRevision)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(has: fn(Revision) -> bool, expect: &[&str]) {
        let found: Vec<_> = Revision::ALL.into_iter().filter(|one| has(*one)).map(Revision::as_str).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn texts_go_there_and_back_in_order() {
        for revision in Revision::ALL {
            assert_eq!(revision.to_string().parse(), Ok(revision));
        }
        assert!(Revision::ALL.is_sorted());
        for unknown in ["", "2025-11-26", " 2025-11-25", "DRAFT-2026-v1", "2026-07-28\n"] {
            assert_eq!(unknown.parse::<Revision>(), Err(UnknownRevision), "{unknown:?}");
        }
    }

    #[test]
    fn a_handshake_settles_on_a_revision_that_has_one() {
        for (asked, answer) in [
            ("2024-11-05", "2024-11-05"),
            ("2025-06-18", "2025-06-18"),
            ("2026-07-28", "2025-11-25"),
            ("1.0", "2025-11-25"),
        ] {
            assert_eq!(Revision::negotiate(asked).as_str(), answer, "{asked}");
        }
    }

    #[test]
    fn each_revision_has_what_it_has() {
        check(Revision::has_endpoint_event, &["2024-11-05"]);
        check(Revision::has_batches, &["2025-03-26"]);
        check(Revision::has_event_ids, &["2025-03-26", "2025-06-18", "2025-11-25"]);
        check(Revision::has_priming_event, &["2025-11-25"]);
        check(Revision::has_core_tasks, &["2025-11-25"]);
        check(Revision::requires_version_header, &["2025-06-18", "2025-11-25", "2026-07-28"]);
        check(Revision::has_elicitation, &["2025-06-18", "2025-11-25", "2026-07-28"]);
        check(Revision::has_url_elicitation, &["2025-11-25", "2026-07-28"]);
        check(Revision::has_completions_capability, &["2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"]);
        check(Revision::mirrors_headers, &["2026-07-28"]);
        check(Revision::disconnect_cancels, &["2026-07-28"]);
        check(Revision::has_server_requests, &["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"]);
    }
}
