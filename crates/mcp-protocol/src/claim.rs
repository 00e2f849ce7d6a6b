//! The era a message claims for itself.

use std::{borrow::Cow, ops::Range};

use mcp_jsonrpc::{FieldError, Message, field};

use crate::{LogLevel, code, meta, method};

/// What a modern message says in its `_meta` about itself (2026-07-28, per-request metadata).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Claim<'a> {
    /// The revision it speaks, in its own words; it need not be one known here.
    pub version: Cow<'a, str>,
    /// JSON text of the client's capabilities. A request must have them; a notification need not.
    pub capabilities: Option<&'a str>,
    /// JSON text of the client's name and version.
    pub client_info: Option<&'a str>,
    /// From which level on it wants logs; none without.
    pub log_level: Option<LogLevel>,
    /// Where the message says what it is about, if that was met on the way.
    pub(crate) subject: Option<Range<usize>>,
}

/// Why a claim cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimError {
    /// A key on the way stands twice, so that two readers could see two claims.
    #[error("`params`, `_meta` or one of its keys stands twice; send each once")]
    Ambiguous,
    /// A key is there, with a value that it cannot have.
    #[error("the `_meta` key `{key}` does not have the form that MCP gives it")]
    Malformed {
        /// The key.
        key: &'static str,
    },
}

impl<'a> Claim<'a> {
    /// Whether the message has the key that makes it modern, whatever stands there.
    #[must_use]
    pub fn is_made_by(message: &Message) -> bool {
        !matches!(message.find(&["params", meta::META, meta::PROTOCOL_VERSION]), Ok(None))
    }

    /// Reads the claim; `None` if the message makes none and so is of the legacy era.
    ///
    /// # Errors
    ///
    /// Fails if a claim is made but malformed. Such a message must be refused, never treated as legacy; only
    /// `initialize` with a broken claim still is the legacy handshake.
    pub fn read(message: &'a Message) -> Result<Option<Self>, ClaimError> {
        // Messages of the legacy era mostly have none.
        if message.lacks(meta::META) {
            return Ok(None);
        }
        let subject = message.method().and_then(method::name_field).unwrap_or(meta::META);
        let (all, subject) = match message.pick(&["params"], [meta::META, subject]) {
            Ok(found) => found.map_or((None, None), |[all, subject]| (all, subject)),
            // What stands twice may be the subject alone, which is not for a claim to say.
            Err(_) => (message.find(&["params", meta::META])?, None),
        };
        let Some(all) = all else { return Ok(None) };
        let names = [meta::PROTOCOL_VERSION, meta::CLIENT_CAPABILITIES, meta::CLIENT_INFO, meta::LOG_LEVEL];
        let [version, capabilities, client_info, log_level] = message.pick_at(all, names)?;
        let raw = |place: Range<usize>| std::str::from_utf8(&message.text()[place]).map_err(|_| ClaimError::Ambiguous);
        let text = |key, raw| field::unescape(raw).ok_or(ClaimError::Malformed { key });
        let object = |key, place: Option<Range<usize>>| match place.map(raw).transpose()? {
            Some(raw) if !raw.starts_with('{') => Err(ClaimError::Malformed { key }),
            found => Ok(found),
        };
        let Some(version) = version else { return Ok(None) };
        let level = |place: Range<usize>| {
            let malformed = ClaimError::Malformed { key: meta::LOG_LEVEL };
            text(meta::LOG_LEVEL, raw(place)?)?.parse().map_err(|_| malformed)
        };
        Ok(Some(Self {
            version: text(meta::PROTOCOL_VERSION, raw(version)?)?,
            capabilities: object(meta::CLIENT_CAPABILITIES, capabilities)?,
            client_info: object(meta::CLIENT_INFO, client_info)?,
            log_level: log_level.map(level).transpose()?,
            subject,
        }))
    }
}

impl ClaimError {
    /// The JSON-RPC error code to answer with.
    #[must_use]
    pub fn code(self) -> i64 {
        code::INVALID_PARAMS
    }
}

impl From<FieldError> for ClaimError {
    fn from(_: FieldError) -> Self {
        Self::Ambiguous
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn message(params: &str) -> Message {
        let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list"{params}}}"#);
        Message::parse(Bytes::from(text)).unwrap()
    }

    #[test]
    fn a_full_claim_is_read() {
        let message = message(
            r#","params":{"_meta":{"progressToken":1,"io.modelcontextprotocol/protocolVersion":"2026-07-28",
            "io.modelcontextprotocol/clientInfo":{"name":"c","version":"1"},
            "io.modelcontextprotocol/clientCapabilities":{"roots":{}},"io.modelcontextprotocol/logLevel":"warning"}}"#,
        );
        assert!(Claim::is_made_by(&message));
        let claim = Claim::read(&message).unwrap().unwrap();
        assert_eq!(claim.version, "2026-07-28");
        assert_eq!(claim.capabilities, Some(r#"{"roots":{}}"#));
        assert_eq!(claim.client_info, Some(r#"{"name":"c","version":"1"}"#));
        assert_eq!(claim.log_level, Some(LogLevel::Warning));
    }

    #[test]
    fn no_version_key_no_claim() {
        for params in [
            "",
            r#","params":{}"#,
            r#","params":[{"_meta":{}}]"#,
            r#","params":{"_meta":null}"#,
            r#","params":{"_meta":{"progressToken":"x"}}"#,
            r#","params":{"_meta":{"io.modelcontextprotocol/clientCapabilities":{}}}"#,
            r#","params":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}"#,
        ] {
            let message = message(params);
            assert_eq!(Claim::read(&message), Ok(None), "{params}");
            assert!(!Claim::is_made_by(&message));
        }
    }

    #[track_caller]
    fn refused(meta: &str, error: ClaimError) {
        let message = message(&format!(r#","params":{{"_meta":{{{meta}}}}}"#));
        assert_eq!(Claim::read(&message), Err(error));
        assert!(Claim::is_made_by(&message));
    }

    #[test]
    fn a_broken_claim_is_an_error_and_never_legacy() {
        let version = r#""io.modelcontextprotocol/protocolVersion""#;
        refused(&format!("{version}:null"), ClaimError::Malformed { key: meta::PROTOCOL_VERSION });
        refused(&format!("{version}:7"), ClaimError::Malformed { key: meta::PROTOCOL_VERSION });
        refused(&format!("{version}:\"a\",{version}:\"b\""), ClaimError::Ambiguous);
        let escaped = r#""io.modelcontextprotocol\/protocolVersion""#;
        refused(&format!("{version}:\"a\",{escaped}:\"b\""), ClaimError::Ambiguous);
        refused(
            &format!(r#"{version}:"a","io.modelcontextprotocol/clientCapabilities":[]"#),
            ClaimError::Malformed { key: meta::CLIENT_CAPABILITIES },
        );
        refused(
            &format!(r#"{version}:"a","io.modelcontextprotocol/logLevel":"loud""#),
            ClaimError::Malformed { key: meta::LOG_LEVEL },
        );
    }
}
