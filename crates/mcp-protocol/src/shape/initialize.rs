//! The legacy handshake.

use std::borrow::Cow;

use mcp_jsonrpc::quote;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{ShapeError, object, place, read};

/// The params of `initialize`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct InitializeParams<'a> {
    /// The revision the client asks for, in its own words.
    #[serde(borrow)]
    pub protocol_version: Cow<'a, str>,
    /// What the client can do.
    #[serde(borrow, deserialize_with = "object")]
    pub capabilities: &'a RawValue,
    /// Who the client is.
    #[serde(borrow, deserialize_with = "object")]
    pub client_info: &'a RawValue,
}

/// The result of `initialize`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct InitializeResult<'a> {
    /// The revision the server settled on, in its own words.
    #[serde(borrow)]
    pub protocol_version: Cow<'a, str>,
    /// What the server can do.
    #[serde(borrow, deserialize_with = "object")]
    pub capabilities: &'a RawValue,
    /// Who the server is.
    #[serde(borrow, deserialize_with = "object")]
    pub server_info: &'a RawValue,
    /// What the server wants the model to know; a JSON string.
    #[serde(borrow, default)]
    pub instructions: Option<&'a RawValue>,
}

impl<'a> InitializeParams<'a> {
    /// Reads JSON text.
    ///
    /// # Errors
    ///
    /// Fails if a required member is missing or malformed.
    pub fn read(raw: &'a str) -> Result<Self, ShapeError> {
        read("params of initialize", raw)
    }

    /// Writes params; `capabilities` and `client_info` are JSON text.
    #[must_use]
    pub fn write(protocol_version: &str, capabilities: &str, client_info: &str) -> String {
        format!(
            r#"{{"protocolVersion":{},"capabilities":{capabilities},"clientInfo":{client_info}}}"#,
            quote(protocol_version)
        )
    }
}

impl<'a> InitializeResult<'a> {
    /// Reads JSON text.
    ///
    /// # Errors
    ///
    /// Fails if a required member is missing or malformed.
    pub fn read(raw: &'a str) -> Result<Self, ShapeError> {
        read("result of initialize", raw)
    }

    /// Writes a result; `capabilities`, `server_info` and `instructions` are JSON text.
    #[must_use]
    pub fn write(protocol_version: &str, capabilities: &str, server_info: &str, instructions: Option<&str>) -> String {
        let instructions = instructions.map(|text| format!(r#","instructions":{text}"#)).unwrap_or_default();
        format!(
            r#"{{"protocolVersion":{},"capabilities":{capabilities},"serverInfo":{server_info}{instructions}}}"#,
            quote(protocol_version)
        )
    }

    /// The same result (JSON text) with another revision, all else byte for byte: how one handshake serves clients that
    /// ask for different revisions.
    ///
    /// # Errors
    ///
    /// Fails if there is no single `protocolVersion` in it.
    pub fn with_version(raw: &str, protocol_version: &str) -> Result<String, ShapeError> {
        let shape = "result of initialize";
        let missing = ShapeError::Rule { shape, rule: "it must name a protocolVersion" };
        let old = place(shape, raw, &["protocolVersion"])?.ok_or(missing)?;
        Ok(format!("{}{}{}", &raw[..old.start], quote(protocol_version), &raw[old.end..]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn params_are_read_and_written() {
        let text = InitializeParams::write("2025-11-25", r#"{"roots":{}}"#, r#"{"name":"c","version":"1"}"#);
        let params = InitializeParams::read(&text).unwrap();
        assert_eq!(params.protocol_version, "2025-11-25");
        assert_eq!(params.capabilities.get(), r#"{"roots":{}}"#);
        assert_eq!(params.client_info.get(), r#"{"name":"c","version":"1"}"#);
    }

    #[test]
    fn what_is_incomplete_is_refused() {
        for text in [
            "{}",
            "[]",
            r#"["2025-11-25",{},{}]"#,
            r#"{"protocolVersion":"x","capabilities":{}}"#,
            r#"{"protocolVersion":"x","capabilities":null,"clientInfo":{}}"#,
            r#"{"protocolVersion":1,"capabilities":{},"clientInfo":{}}"#,
            r#"{"protocolVersion":"x","protocolVersion":"y","capabilities":{},"clientInfo":{}}"#,
        ] {
            assert!(InitializeParams::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn errors_tell_the_place_and_no_content() {
        let error = InitializeParams::read(r#"{"protocolVersion":["secret"]}"#).unwrap_err().to_string();
        assert!(error.contains("(line 1, column "), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }

    #[test]
    fn another_version_leaves_the_rest_alone() {
        let text =
            "{ \"capabilities\": {\"x\": 1.0},\n \"protocolVersion\" : \"2025-11-25\", \"serverInfo\":{}, \"z\":0}";
        let other = InitializeResult::with_version(text, "2024-11-05").unwrap();
        assert_eq!(other, text.replace("2025-11-25", "2024-11-05"));
        assert!(InitializeResult::with_version("{}", "2024-11-05").is_err());
    }

    #[test]
    fn results_are_read_and_written() {
        let text = InitializeResult::write("2025-06-18", "{}", r#"{"name":"s"}"#, Some(r#""be nice""#));
        let result = InitializeResult::read(&text).unwrap();
        assert_eq!(result.protocol_version, "2025-06-18");
        assert_eq!(result.server_info.get(), r#"{"name":"s"}"#);
        assert_eq!(result.instructions.map(RawValue::get), Some(r#""be nice""#));
        assert!(
            InitializeResult::read(&InitializeResult::write("x", "{}", "{}", None)).unwrap().instructions.is_none()
        );
    }
}
