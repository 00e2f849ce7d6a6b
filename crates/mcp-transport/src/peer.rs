//! Who answers.

use mcp_protocol::{Era, Revision};

/// Who answers at the other end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The revision spoken with it.
    pub revision: Revision,
    /// The JSON text of its `initialize` or `server/discover` result, exactly as it gave it; `{}` before either.
    pub handshake: Box<str>,
}

impl Peer {
    /// A peer that has not introduced itself.
    #[must_use]
    pub fn unknown() -> Self {
        Self { revision: Revision::LATEST_LEGACY, handshake: "{}".into() }
    }

    /// The era spoken with it.
    #[must_use]
    pub fn era(&self) -> Era {
        self.revision.era()
    }

    /// The JSON text of its capabilities; an empty object if it declared none.
    #[must_use]
    pub fn capabilities(&self) -> &str {
        match mcp_jsonrpc::field::find(&self.handshake, &["capabilities"]) {
            Ok(Some(place)) => &self.handshake[place],
            _ => "{}",
        }
    }
}
