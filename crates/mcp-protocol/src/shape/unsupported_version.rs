//! The refusal of a revision.

use serde::Deserialize;

use super::{ShapeError, member, read, strings};
use crate::{Era, Revision};

/// The `data` of an unsupported-version error (2026-07-28, protocol version negotiation).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct UnsupportedVersion {
    /// The revisions the server speaks, in its own words and order.
    pub supported: Vec<String>,
    /// The revision that was asked for.
    #[serde(default)]
    pub requested: Option<String>,
}

impl UnsupportedVersion {
    /// Reads it from the `error` of a response (JSON text).
    ///
    /// # Errors
    ///
    /// Fails if `data` does not list the supported revisions.
    pub fn read(error: &str) -> Result<Self, ShapeError> {
        let shape = "data of an unsupported-version error";
        let missing = ShapeError::Rule { shape, rule: "it must be there" };
        read(shape, member(shape, error, &["data"])?.ok_or(missing)?)
    }

    /// Writes `data`.
    #[must_use]
    pub fn write<'a>(supported: impl IntoIterator<Item = &'a str>, requested: &str) -> String {
        format!(r#"{{"supported":{},"requested":{}}}"#, strings(supported), mcp_jsonrpc::quote(requested))
    }

    /// The newest revision of an era that the server and this crate both know.
    #[must_use]
    pub fn newest(&self, era: Era) -> Option<Revision> {
        let known = self.supported.iter().filter_map(|version| version.parse::<Revision>().ok());
        known.filter(|revision| revision.era() == era).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let data = UnsupportedVersion::write(["2026-07-28", "2025-11-25"], "2099\"");
        let read = UnsupportedVersion::read(&format!(r#"{{"code":-32022,"message":"","data":{data}}}"#)).unwrap();
        assert_eq!(read.supported, ["2026-07-28", "2025-11-25"]);
        assert_eq!(read.requested.as_deref(), Some("2099\""));
        assert_eq!(read.newest(Era::Modern), Some(Revision::V2026_07_28));
        assert_eq!(read.newest(Era::Legacy), Some(Revision::V2025_11_25));
    }

    #[test]
    fn an_error_without_a_list_tells_nothing() {
        for error in
            [r#"{"code":-32022,"message":""}"#, r#"{"data":null}"#, r#"{"data":{}}"#, r#"{"data":{"supported":"x"}}"#]
        {
            assert!(UnsupportedVersion::read(error).is_err(), "{error}");
        }
    }
}
