//! What a server may be called.

use mcp_proxy_core::RESERVED_NAMES;

/// A name that no server can have, for it is part of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// It is empty.
    #[error("a server needs a name")]
    Empty,
    /// It is longer than 128 bytes.
    #[error("the name of a server has at most {LONGEST} bytes")]
    TooLong,
    /// It is a path of the proxy's own.
    #[error("a server cannot be called that, for it is a path of the proxy's own; give it another name")]
    Reserved,
    /// It is `.` or `..`, or has a character that means something in a path, or a control character.
    #[error(
        "the name of a server cannot be `.` or `..`, nor have `/`, `?`, `#`, `%`, `\\` or control characters in it"
    )]
    Unfit,
}

/// Bytes of a name.
const LONGEST: usize = 128;

/// Whether a server can be called that. Spaces and letters of any language are fine.
///
/// # Errors
///
/// Says what is wrong with the name.
pub fn check_name(name: &str) -> Result<(), NameError> {
    let unfit = |c: char| c.is_control() || matches!(c, '/' | '?' | '#' | '%' | '\\');
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if LONGEST < name.len() {
        return Err(NameError::TooLong);
    }
    if matches!(name, "." | "..") || name.contains(unfit) {
        return Err(NameError::Unfit);
    }
    if RESERVED_NAMES.contains(&name) { Err(NameError::Reserved) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use mcp_proxy_core::{BuildError, Proxy, transport::Memory};

    use super::*;

    #[test]
    fn names_that_a_path_can_hold_are_fine() {
        for name in ["everything", "Snowflake MCP Server", "größe", "a.b", "API", "mcp2", &"x".repeat(LONGEST)] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn other_names_are_refused() {
        for name in [".", "..", "a/b", "a?b", "a#b", "a%20b", "a\\b", "a\nb", "\u{85}"] {
            assert_eq!(check_name(name), Err(NameError::Unfit), "{name:?}");
        }
        assert_eq!(check_name(""), Err(NameError::Empty));
        assert_eq!(check_name(&"x".repeat(LONGEST + 1)), Err(NameError::TooLong));
    }

    #[test]
    fn the_builder_refuses_the_same_paths() {
        for name in RESERVED_NAMES {
            assert_eq!(check_name(name), Err(NameError::Reserved), "{name}");
            let built = Proxy::builder().server(name, Memory::new(|_| async {})).build();
            assert!(matches!(built, Err(BuildError::ReservedName(_))), "{name}");
        }
    }
}
