//! Which logs are wanted, and how grave one is.

use mcp_jsonrpc::{field, quote};

use super::{ShapeError, member};
use crate::LogLevel;

/// The `level` in params (JSON text) of `logging/setLevel` and of `notifications/message`.
///
/// # Errors
///
/// Fails without a level that MCP knows.
pub fn level_of(params: &str) -> Result<LogLevel, ShapeError> {
    let shape = "params about a log level";
    let unknown = ShapeError::Rule { shape, rule: "level must be one of the eight levels" };
    let level = member(shape, params, &["level"])?.and_then(field::unescape).ok_or(unknown)?;
    level.parse().map_err(|_| unknown)
}

/// Writes params of `logging/setLevel`.
#[must_use]
pub fn set_level_params(level: LogLevel) -> String {
    format!(r#"{{"level":{}}}"#, quote(level.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_read_and_written() {
        for level in LogLevel::ALL {
            assert_eq!(level_of(&set_level_params(level)), Ok(level));
        }
        assert_eq!(level_of(r#"{"data":{"level":"debug"},"level":"error"}"#), Ok(LogLevel::Error));
        for text in ["{}", r#"{"level":"loud"}"#, r#"{"level":1}"#, r#"{"level":"info","level":"debug"}"#] {
            assert!(level_of(text).is_err(), "{text}");
        }
    }
}
