//! How far a request has come.

use mcp_jsonrpc::Id;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{ShapeError, read};

/// The params of `notifications/progress`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProgressParams<'a> {
    /// The token of the request; a string or an integer, as an id is.
    pub token: Id,
    /// JSON text of the number so far.
    pub progress: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    #[serde(borrow)]
    progress_token: &'a RawValue,
    #[serde(borrow)]
    progress: &'a RawValue,
}

impl<'a> ProgressParams<'a> {
    /// Where a progress notification names its token, to be rewritten on the way.
    pub const TOKEN_PATH: [&'static str; 2] = ["params", "progressToken"];

    /// Reads JSON text.
    ///
    /// # Errors
    ///
    /// Fails without a token that is a string or an integer, or without a number.
    pub fn read(raw: &'a str) -> Result<Self, ShapeError> {
        let shape = "params of a progress notification";
        let wire: Wire<'a> = read(shape, raw)?;
        let progress = wire.progress.get();
        if !progress.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
            return Err(ShapeError::Rule { shape, rule: "progress must be a number" });
        }
        let no_token = ShapeError::Rule { shape, rule: "progressToken must be a string or an integer" };
        Ok(Self { token: Id::parse(wire.progress_token.get()).ok_or(no_token)?, progress })
    }

    /// The number so far, as near as a double comes: good for telling whether it has grown.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.progress.parse().unwrap_or(f64::NAN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_and_number_are_read_as_written() {
        let params = ProgressParams::read(r#"{"progress":0.50,"total":1,"progressToken":"a","message":"m"}"#).unwrap();
        assert_eq!(params.token.as_str(), "\"a\"");
        assert_eq!(params.progress, "0.50");
        assert!((params.value() - 0.5).abs() < f64::EPSILON);
    }

    #[test]
    fn what_is_incomplete_is_refused() {
        for text in [
            r#"{"progressToken":1}"#,
            r#"{"progress":1}"#,
            r#"{"progressToken":null,"progress":1}"#,
            r#"{"progressToken":1,"progress":"1"}"#,
            r#"{"progressToken":1,"progressToken":2,"progress":1}"#,
        ] {
            assert!(ProgressParams::read(text).is_err(), "{text}");
        }
    }
}
