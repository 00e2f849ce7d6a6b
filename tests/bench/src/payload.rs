//! The bytes of large results.

/// The largest result.
pub(crate) const LARGEST: usize = 4 << 20;

const PLAIN: &[u8] = b"The quick brown fox jumps over the lazy dog, and nothing here has to be escaped. ";
const ESCAPED: &[u8] =
    br#"{\"id\":4711,\"name\":\"a \\\"quoted\\\" one\",\"tags\":[\"x\",\"y\"],\"note\":\"line\\nline\"},\n"#;

/// Text of both kinds, made once.
#[derive(Debug)]
pub(crate) struct Payload {
    plain: Vec<u8>,
    escaped: Vec<u8>,
}

impl Payload {
    pub(crate) fn new() -> Self {
        Self { plain: repeat(PLAIN), escaped: repeat(ESCAPED) }
    }

    /// About `size` bytes; escapes are left whole.
    pub(crate) fn take(&self, size: usize, escaped: bool) -> &[u8] {
        if escaped {
            let whole = size.min(LARGEST) / ESCAPED.len() * ESCAPED.len();
            &self.escaped[..whole]
        } else {
            &self.plain[..size.min(LARGEST)]
        }
    }
}

fn repeat(pattern: &[u8]) -> Vec<u8> {
    pattern.iter().copied().cycle().take(LARGEST).collect()
}
