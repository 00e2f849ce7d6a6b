//! Roots, where there are none to tell of.

/// The result of `roots/list` that names none: what a proxy answers where no client can be asked.
pub const EMPTY_ROOTS: &str = r#"{"roots":[]}"#;
