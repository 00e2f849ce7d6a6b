//! A server's error, as the reason why there is no connection.

use mcp_protocol::{Era, Revision, UnsupportedVersion, code};
use mcp_transport::ConnectError;

/// The revisions a server speaks, none of which we do, as a reason.
pub(crate) fn unknown_revisions(versions: &[String]) -> ConnectError {
    if versions.is_empty() { ConnectError::NotMcp } else { ConnectError::unknown_revision(&versions.join(", ")) }
}

/// Whether a failed handshake shows that the server is modern (2026-07-28, backward compatibility).
pub(crate) fn says_modern(failure: &ConnectError) -> bool {
    match failure {
        ConnectError::Refused { code, data, .. } => match data.as_deref().and_then(listed) {
            Some(listed) => listed.newest(Era::Modern).is_some(),
            None => code::is_modern(*code),
        },
        ConnectError::Revision(named) => named.parse().is_ok_and(|revision: Revision| revision.era() == Era::Modern),
        _ => false,
    }
}

/// The revisions that the `data` of an error lists.
fn listed(data: &str) -> Option<UnsupportedVersion> {
    UnsupportedVersion::read(&format!(r#"{{"data":{data}}}"#)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(error: &str, modern: bool) {
        assert_eq!(says_modern(&ConnectError::refused(error)), modern, "{error}");
    }

    #[test]
    fn only_what_a_modern_server_says_shows_one() {
        check(r#"{"code":-32022,"message":"","data":{"supported":["2026-07-28"],"requested":"2025-11-25"}}"#, true);
        check(r#"{"code":-32022,"message":""}"#, true);
        check(r#"{"code":-32021,"message":"","data":{"requiredCapabilities":{}}}"#, true);
        check(r#"{"code":-32602,"message":"","data":{"supported":["2025-06-18","2026-07-28"]}}"#, true);
        check(r#"{"code":-32602,"message":"","data":{"supported":["2024-11-05"],"requested":"2025-11-25"}}"#, false);
        check(r#"{"code":-32022,"message":"","data":{"supported":["2024-11-05"]}}"#, false);
        check(r#"{"code":-32601,"message":"no such method"}"#, false);
        check(r#"{"code":"-32022","message":""}"#, false);
        assert!(says_modern(&ConnectError::Revision("2026-07-28".to_owned())));
        assert!(!says_modern(&ConnectError::Revision("1999-01-01".to_owned())));
        assert!(!says_modern(&ConnectError::NotMcp));
    }

    #[test]
    fn a_servers_words_are_made_printable() {
        let error = ConnectError::refused(r#"{"code":-1,"message":"no\u001b[m","data":[]}"#);
        assert_eq!(error.to_string(), "the server refused the handshake with error -1: no [m");
        assert_eq!(
            unknown_revisions(&["2099-01-01".to_owned(), "x\ny".to_owned()]).to_string().matches('\n').count(),
            0
        );
    }
}
