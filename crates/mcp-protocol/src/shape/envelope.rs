//! What a modern request says about itself, written.

use mcp_jsonrpc::{Edit, FieldError, Message, cuts};

use crate::{LogLevel, Revision, meta};

/// The keys that make a request modern, for requests a proxy sends. ([`Claim`](crate::Claim) reads them.)
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    /// The revision it speaks.
    pub version: Revision,
    /// JSON text of what the client can do; `{}` for nothing.
    pub capabilities: &'a str,
    /// JSON text of who the client is.
    pub client_info: Option<&'a str>,
    /// From which level on it wants logs; none without.
    pub log_level: Option<LogLevel>,
}

impl Envelope<'_> {
    /// JSON text of the members, without braces and at least one: to be put into a `_meta` beside others.
    #[must_use]
    pub fn members(&self) -> String {
        let info = self.client_info.map(|info| format!(r#","{}":{info}"#, meta::CLIENT_INFO));
        let level = self.log_level.map(|level| format!(r#","{}":"{level}""#, meta::LOG_LEVEL));
        format!(
            r#""{}":"{}","{}":{}{}{}"#,
            meta::PROTOCOL_VERSION,
            self.version,
            meta::CLIENT_CAPABILITIES,
            self.capabilities,
            info.unwrap_or_default(),
            level.unwrap_or_default(),
        )
    }

    /// The message as a legacy peer may see it: without the keys of the envelope, all else byte for byte.
    ///
    /// # Errors
    ///
    /// Fails if `_meta` stands twice, so that two readers could see two envelopes.
    pub fn taken_out_of(message: &Message) -> Result<Message, FieldError> {
        let Some(place) = message.find(&["params", meta::META])? else { return Ok(message.clone()) };
        let all = std::str::from_utf8(&message.text()[place.clone()]).map_err(|_| FieldError::Malformed)?;
        let cuts = cuts(all, |key| meta::ENVELOPE.contains(&key))?;
        let edits = cuts.into_iter().map(|at| Edit { at: place.start + at.start..place.start + at.end, with: "" });
        Ok(message.spliced(&edits.collect::<Vec<_>>()))
    }

    /// JSON text of params that carry nothing else: all that `server/discover` and the first page of a list need.
    #[must_use]
    pub fn params(&self) -> String {
        format!(r#"{{"{}":{{{}}}}}"#, meta::META, self.members())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use mcp_jsonrpc::{Id, Message};

    use super::*;
    use crate::{Claim, method};

    #[test]
    fn what_is_written_reads_as_a_claim() {
        let envelope = Envelope {
            version: Revision::V2026_07_28,
            capabilities: r#"{"sampling":{}}"#,
            client_info: Some(r#"{"name":"p","version":"0"}"#),
            log_level: Some(LogLevel::Info),
        };
        let message = Message::request(&Id::from(0), method::SERVER_DISCOVER, Some(&envelope.params()));
        let claim = Claim::read(&message).unwrap().unwrap();
        assert_eq!(claim.version, "2026-07-28");
        assert_eq!(claim.capabilities, Some(envelope.capabilities));
        assert_eq!(claim.client_info, envelope.client_info);
        assert_eq!(claim.log_level, envelope.log_level);
        let bare = Envelope { client_info: None, log_level: None, ..envelope };
        let message = Message::request(&Id::from(0), method::SERVER_DISCOVER, Some(&bare.params()));
        let claim = Claim::read(&message).unwrap().unwrap();
        assert_eq!((claim.client_info, claim.log_level), (None, None));
    }

    #[track_caller]
    fn taken_out(params: &str, expect: &str) {
        let text = |params: &str| format!(r#"{{"jsonrpc":"2.0", "id" : 1,"method":"tools/call","params":{params} }}"#);
        let message = Message::parse(Bytes::from(text(params))).unwrap();
        let legacy = Envelope::taken_out_of(&message).unwrap().to_bytes();
        assert_eq!(&legacy[..], text(expect).as_bytes());
    }

    #[test]
    fn an_envelope_is_taken_out_and_the_rest_stays() {
        let members = envelope_of_nothing().members();
        taken_out(&format!(r#"{{"_meta":{{{members}}}, "x": 1.0}}"#), r#"{"_meta":{}, "x": 1.0}"#);
        taken_out(
            &format!(r#"{{"a":[ ],"_meta":{{"progressToken":1,{members} ,"v/x":{{}}}}}}"#),
            r#"{"a":[ ],"_meta":{"progressToken":1 ,"v/x":{}}}"#,
        );
        for plain in ["{}", r#"{"_meta":null}"#, "[1]"] {
            taken_out(plain, plain);
        }
        let twice = r#"{"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{},"_meta":{}}}"#;
        assert!(Envelope::taken_out_of(&Message::parse(Bytes::from(twice)).unwrap()).is_err());
    }

    fn envelope_of_nothing() -> Envelope<'static> {
        Envelope {
            version: Revision::LATEST,
            capabilities: "{}",
            client_info: Some("{}"),
            log_level: Some(LogLevel::Info),
        }
    }
}
