//! The bytes of large results.

use std::sync::OnceLock;

/// The largest result.
pub(crate) const LARGEST: usize = 4 << 20;

const PLAIN: &[u8] = b"The quick brown fox jumps over the lazy dog, and nothing here has to be escaped. ";
const ESCAPED: &[u8] =
    br#"{\"id\":4711,\"name\":\"a \\\"quoted\\\" one\",\"tags\":[\"x\",\"y\"],\"note\":\"line\\nline\"},\n"#;

/// Text of both kinds, made with its first use.
#[derive(Debug, Default)]
pub(crate) struct Payload {
    plain: OnceLock<Vec<u8>>,
    escaped: OnceLock<Vec<u8>>,
}

impl Payload {
    /// About `size` bytes; escapes are left whole.
    pub(crate) fn take(&self, size: usize, escaped: bool) -> &[u8] {
        if size == 0 {
            &[]
        } else if escaped {
            let whole = size.min(LARGEST) / ESCAPED.len() * ESCAPED.len();
            &self.escaped.get_or_init(|| repeat(ESCAPED))[..whole]
        } else {
            &self.plain.get_or_init(|| repeat(PLAIN))[..size.min(LARGEST)]
        }
    }
}

fn repeat(pattern: &[u8]) -> Vec<u8> {
    pattern.iter().copied().cycle().take(LARGEST).collect()
}
