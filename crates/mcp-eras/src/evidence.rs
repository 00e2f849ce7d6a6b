//! What the answer to `server/discover` says of a server's era.

use std::sync::Arc;

use mcp_jsonrpc::Message;
use mcp_protocol::{DiscoverResult, Era, UnsupportedVersion, code};
use mcp_transport::{ConnectError, Lost, NotSent, Peer};

use crate::refusal::unknown_revisions;

/// What the answer says. The errors are for those who have no other era to try.
#[derive(Debug)]
pub(crate) enum Evidence {
    /// The server is modern, and this is who it is.
    Modern(Peer),
    /// The server has answered as no modern one would.
    Legacy(ConnectError),
    /// The server has not answered. Some legacy ones do not, and some even end.
    Silence(ConnectError),
    /// No connection is to be had, whatever the era.
    Trouble(ConnectError),
}

impl Evidence {
    /// Reads a response (2026-07-28, backward compatibility). Errors that only a modern server has end the search: such
    /// a server must not be sent `initialize`.
    pub(crate) fn of(response: &Message) -> Self {
        if let Some(result) = response.result() {
            return Self::of_result(result);
        }
        let Some(error) = response.error() else { return Self::Legacy(ConnectError::NotMcp) };
        match code::of(response) {
            Some(code::UNSUPPORTED_VERSION) => match UnsupportedVersion::read(error) {
                Ok(listed) if listed.newest(Era::Modern).is_some() => Self::Trouble(ConnectError::refused(error)),
                Ok(listed) if listed.newest(Era::Legacy).is_some() => Self::Legacy(ConnectError::refused(error)),
                Ok(listed) => Self::Trouble(unknown_revisions(&listed.supported)),
                Err(_) => Self::Trouble(ConnectError::refused(error)),
            },
            Some(modern) if code::is_modern(modern) => Self::Trouble(ConnectError::refused(error)),
            _ => Self::Legacy(ConnectError::refused(error)),
        }
    }

    fn of_result(result: &str) -> Self {
        let Ok(discovered) = DiscoverResult::read(result) else { return Self::Legacy(ConnectError::NotMcp) };
        match (discovered.newest(Era::Modern), discovered.newest(Era::Legacy)) {
            (Some(revision), _) => Self::Modern(Peer { revision, handshake: result.into() }),
            (None, Some(_)) => Self::Legacy(unknown_revisions(&discovered.supported_versions)),
            (None, None) => Self::Trouble(unknown_revisions(&discovered.supported_versions)),
        }
    }

    pub(crate) fn of_lost(lost: Lost) -> Self {
        match lost {
            Lost::Exited(closed) | Lost::Unread(closed) => Self::Silence(ConnectError::Ended(closed)),
            Lost::NotMcp => Self::Silence(ConnectError::NotMcp),
            Lost::Http { status, challenge, .. } => Self::of_failure(ConnectError::Http { status, challenge }),
            other => Self::Trouble(ConnectError::Other(Box::new(other))),
        }
    }

    pub(crate) fn of_not_sent(reason: NotSent) -> Self {
        match reason {
            NotSent::Closed(closed) => Self::Silence(ConnectError::Ended(closed)),
            NotSent::Connect(error) => Self::of_failure(match Arc::try_unwrap(error) {
                Ok(error) => error,
                Err(shared) => ConnectError::Other(Box::new(NotSent::Connect(shared))),
            }),
            other => Self::Trouble(ConnectError::Other(Box::new(other))),
        }
    }

    fn of_failure(error: ConnectError) -> Self {
        match error {
            ConnectError::Http { status, .. } if is_of_the_message(status) => Self::Legacy(error),
            error => Self::Trouble(error),
        }
    }
}

/// Whether a status is about the message. Others are about who asks, how often, or how the server is; they say nothing
/// of its era.
fn is_of_the_message(status: u16) -> bool {
    (400..500).contains(&status) && !matches!(status, 401 | 403 | 407 | 408 | 425 | 429)
}

#[cfg(test)]
mod tests {
    use mcp_jsonrpc::Id;
    use mcp_protocol::Revision;
    use mcp_transport::{CloseReason, Closed};

    use super::*;

    fn word(evidence: &Evidence) -> &'static str {
        match evidence {
            Evidence::Modern(_) => "modern",
            Evidence::Legacy(_) => "legacy",
            Evidence::Silence(_) => "silence",
            Evidence::Trouble(_) => "trouble",
        }
    }

    fn of_versions(versions: &str) -> Evidence {
        let result = format!(r#"{{"supportedVersions":{versions},"capabilities":{{}},"x":1}}"#);
        Evidence::of(&Message::response(&Id::from(1), &result))
    }

    fn of_error(code: i64, data: Option<&str>) -> Evidence {
        Evidence::of(&Message::error_response(Some(&Id::from(1)), code, "no", data))
    }

    #[test]
    fn a_modern_server_is_known_by_its_result() {
        let Evidence::Modern(peer) = of_versions(r#"["2024-11-05","2026-07-28"]"#) else { panic!() };
        assert_eq!(peer.revision, Revision::V2026_07_28);
        assert!(peer.handshake.ends_with(r#","x":1}"#), "the server's own text");
    }

    #[test]
    fn every_row_of_the_table_of_answers() {
        for (evidence, expect) in [
            (of_versions(r#"["2025-06-18","2024-11-05"]"#), "legacy"),
            (of_versions(r#"["2099-01-01"]"#), "trouble"),
            (of_versions("[]"), "trouble"),
            (Evidence::of(&Message::response(&Id::from(1), "{}")), "legacy"),
            (of_error(code::UNSUPPORTED_VERSION, Some(r#"{"supported":["2026-07-28"]}"#)), "trouble"),
            (of_error(code::UNSUPPORTED_VERSION, Some(r#"{"supported":["2025-11-25"]}"#)), "legacy"),
            (of_error(code::UNSUPPORTED_VERSION, Some(r#"{"supported":["2099-01-01"]}"#)), "trouble"),
            (of_error(code::UNSUPPORTED_VERSION, None), "trouble"),
            (of_error(code::HEADER_MISMATCH, None), "trouble"),
            (of_error(code::MISSING_CLIENT_CAPABILITY, None), "trouble"),
            (of_error(code::METHOD_NOT_FOUND, None), "legacy"),
            (of_error(code::INVALID_PARAMS, None), "legacy"),
            (of_error(code::SERVER_ERROR, None), "legacy"),
            (of_error(7, Some("{}")), "legacy"),
        ] {
            assert_eq!(word(&evidence), expect, "{evidence:?}");
        }
    }

    #[test]
    fn statuses_are_evidence_only_if_they_are_about_the_message() {
        for (status, expect) in [
            (400, "legacy"),
            (404, "legacy"),
            (405, "legacy"),
            (422, "legacy"),
            (401, "trouble"),
            (403, "trouble"),
            (429, "trouble"),
            (302, "trouble"),
            (500, "trouble"),
            (503, "trouble"),
        ] {
            let lost = Evidence::of_lost(Lost::Http { status, challenge: None, retry_after: None });
            assert_eq!(word(&lost), expect, "{status}");
            let error = Arc::new(ConnectError::Http { status, challenge: None });
            assert_eq!(word(&Evidence::of_not_sent(NotSent::Connect(error))), expect, "{status}");
        }
    }

    #[test]
    fn an_end_is_silence_and_an_outage_is_trouble() {
        let closed = || Arc::new(Closed::new(CloseReason::Exited(1)));
        assert_eq!(word(&Evidence::of_lost(Lost::Exited(closed()))), "silence");
        assert_eq!(word(&Evidence::of_lost(Lost::NotMcp)), "silence");
        assert_eq!(word(&Evidence::of_not_sent(NotSent::Closed(closed()))), "silence");
        let after = std::time::Duration::from_secs(1);
        assert_eq!(word(&Evidence::of_lost(Lost::Timeout { after })), "trouble");
        assert_eq!(word(&Evidence::of_not_sent(NotSent::Busy("full"))), "trouble");
        let Evidence::Trouble(error) = Evidence::of_not_sent(NotSent::Connect(Arc::new(ConnectError::NotMcp))) else {
            panic!()
        };
        assert!(matches!(error, ConnectError::NotMcp), "the reason itself");
    }
}
