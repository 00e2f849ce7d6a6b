//! A request taken back.

use mcp_jsonrpc::{Id, quote};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{ShapeError, read};

/// The params of `notifications/cancelled`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CancelledParams<'a> {
    /// Which request; 2025-11-25 allows to leave it out, and then nothing is cancelled.
    pub request_id: Option<Id>,
    /// JSON text of the reason, as it was given.
    pub reason: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    #[serde(borrow, default)]
    request_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    reason: Option<&'a RawValue>,
}

impl<'a> CancelledParams<'a> {
    /// Where a cancellation names its request, to be rewritten on the way.
    pub const REQUEST_ID_PATH: [&'static str; 2] = ["params", "requestId"];

    /// Reads JSON text.
    ///
    /// # Errors
    ///
    /// Fails if the id is neither a string nor an integer.
    pub fn read(raw: &'a str) -> Result<Self, ShapeError> {
        let shape = "params of a cancellation";
        let wire: Wire<'a> = read(shape, raw)?;
        let no_id = ShapeError::Rule { shape, rule: "requestId must be a string or an integer" };
        let request_id = wire.request_id.map(|raw| Id::parse(raw.get()).ok_or(no_id)).transpose()?;
        Ok(Self { request_id, reason: wire.reason.map(RawValue::get) })
    }

    /// Writes params; `reason` is plain text.
    #[must_use]
    pub fn write(request_id: &Id, reason: Option<&str>) -> String {
        let reason = reason.map(|reason| format!(r#","reason":{}"#, quote(reason))).unwrap_or_default();
        format!(r#"{{"requestId":{request_id}{reason}}}"#)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_keep_their_type() {
        for raw in ["7", "\"7\""] {
            let id = Id::parse(raw).unwrap();
            let text = CancelledParams::write(&id, Some("too \"slow\""));
            let params = CancelledParams::read(&text).unwrap();
            assert_eq!(params.request_id, Some(id));
            assert_eq!(params.reason, Some(r#""too \"slow\"""#));
        }
        assert_eq!(CancelledParams::write(&Id::from(1), None), r#"{"requestId":1}"#);
    }

    #[test]
    fn no_id_cancels_nothing_and_a_wrong_one_is_an_error() {
        assert_eq!(CancelledParams::read("{}").unwrap().request_id, None);
        for text in [r#"{"requestId":1.5}"#, r#"{"requestId":[1]}"#, r#"{"requestId":1,"requestId":2}"#, "[]"] {
            assert!(CancelledParams::read(text).is_err(), "{text}");
        }
    }
}
