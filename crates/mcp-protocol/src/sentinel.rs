//! Header values that mirror the body: plain where HTTP allows it, else Base64 between two markers.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::STANDARD};

const PREFIX: &str = "=?base64?";
const SUFFIX: &str = "?=";

/// Why a header value cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SentinelError {
    /// A byte that a header value must not have.
    #[error("the value holds a byte other than visible ASCII, space and tab; encode it as `=?base64?…?=`")]
    Characters,
    /// What stands between the markers is not Base64 with canonical padding.
    #[error("the value between `=?base64?` and `?=` is not Base64 with its padding")]
    Base64,
    /// The Base64 stands for bytes that are not UTF-8.
    #[error("the value between `=?base64?` and `?=` does not decode to UTF-8")]
    Utf8,
}

/// Writes a value of the body for a header (2026-07-28, streamable HTTP, value encoding).
///
/// Whatever the text, the outcome is visible ASCII with inner spaces and tabs, and [`decode`] gives the text back. An
/// empty text is encoded as well: empty header values get lost on the way.
#[must_use]
pub fn encode(text: &str) -> Cow<'_, str> {
    let edge = |byte: Option<&u8>| byte.is_none_or(|byte| is_space(*byte));
    let bytes = text.as_bytes();
    let marked = text.starts_with(PREFIX) && text.ends_with(SUFFIX);
    if marked || edge(bytes.first()) || edge(bytes.last()) || !is_plain(bytes) {
        return Cow::Owned(format!("{PREFIX}{}{SUFFIX}", STANDARD.encode(bytes)));
    }
    Cow::Borrowed(text)
}

/// Reads a header value; spaces and tabs around it are not part of it.
///
/// The markers count only exactly as written, in lower case. A value that has just one of them is plain.
///
/// # Errors
///
/// Fails if the value holds a byte that header values must not have, or if what stands between the markers is not
/// canonical Base64 of UTF-8.
pub fn decode(value: &[u8]) -> Result<Cow<'_, str>, SentinelError> {
    let text = plain(value)?;
    match text.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX)) {
        None => Ok(Cow::Borrowed(text)),
        Some(inner) => {
            let bytes = STANDARD.decode(inner).map_err(|_| SentinelError::Base64)?;
            String::from_utf8(bytes).map(Cow::Owned).map_err(|_| SentinelError::Utf8)
        }
    }
}

/// Reads a header value that is never encoded.
///
/// # Errors
///
/// [`SentinelError::Characters`], as for [`decode`].
pub fn plain(value: &[u8]) -> Result<&str, SentinelError> {
    let from = value.iter().position(|byte| !is_space(*byte)).unwrap_or(value.len());
    let to = value.iter().rposition(|byte| !is_space(*byte)).map_or(from, |last| last + 1);
    let trimmed = &value[from..to];
    if !is_plain(trimmed) {
        return Err(SentinelError::Characters);
    }
    std::str::from_utf8(trimmed).map_err(|_| SentinelError::Characters)
}

/// Whether bytes may stand in a header as they are: no way to end the line or to begin another.
pub(crate) fn is_plain(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t'))
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, header: &str) {
        assert_eq!(encode(text), header);
        assert_eq!(decode(header.as_bytes()).as_deref(), Ok(text));
    }

    #[test]
    fn the_examples_of_the_specification_hold() {
        check("us-west1", "us-west1");
        check("Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?=");
        check(" padded ", "=?base64?IHBhZGRlZCA=?=");
        check("line1\nline2", "=?base64?bGluZTEKbGluZTI=?=");
        check("=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=");
    }

    #[test]
    fn edges_of_the_rule() {
        check("", "=?base64??=");
        check("a\tb c", "a\tb c");
        check("a\r\nset-cookie: x", "=?base64?YQ0Kc2V0LWNvb2tpZTogeA==?=");
        check("\u{7f}", "=?base64?fw==?=");
        check("=?BASE64?SGVsbG8=?=", "=?BASE64?SGVsbG8=?=");
        check("=?base64?SGVsbG8=", "=?base64?SGVsbG8=");
        check("=?base64?=", "=?base64?PT9iYXNlNjQ/PQ==?=");
    }

    #[test]
    fn what_is_not_canonical_is_refused() {
        for (value, error) in [
            (&b"=?base64?SGVsbG8?="[..], SentinelError::Base64),
            (b"=?base64?SGVs!!!bG8=?=", SentinelError::Base64),
            (b"=?base64?SGVsbG9=?=", SentinelError::Base64),
            (b"=?base64?SGVs bG8=?=", SentinelError::Base64),
            (b"=?base64?-_-_?=", SentinelError::Base64),
            (b"=?base64?/w==?=", SentinelError::Utf8),
            (b"a\rb", SentinelError::Characters),
            (b"a\0b", SentinelError::Characters),
            ("ä".as_bytes(), SentinelError::Characters),
        ] {
            assert_eq!(decode(value), Err(error), "{value:?}");
        }
    }

    #[test]
    fn space_around_a_value_is_not_part_of_it() {
        assert_eq!(decode(b" \t a b \t").as_deref(), Ok("a b"));
        assert_eq!(decode(b" =?base64?IHg=?= ").as_deref(), Ok(" x"));
        assert_eq!(decode(b" \t ").as_deref(), Ok(""));
    }

    proptest! {
        #[test]
        fn every_text_comes_back_and_none_leaves_its_line(text in any::<String>()) {
            let header = encode(&text);
            prop_assert!(is_plain(header.as_bytes()));
            prop_assert_eq!(decode(header.as_bytes()), Ok(Cow::Borrowed(text.as_str())));
        }

        #[test]
        fn sentinel_lookalikes_come_back(inner in "[A-Za-z0-9+/=?]{0,12}") {
            let text = format!("=?base64?{inner}?=");
            let header = encode(&text);
            let back = decode(header.as_bytes());
            prop_assert_eq!(back.as_deref(), Ok(text.as_str()));
        }

        #[test]
        fn no_value_makes_reading_panic(value in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(text) = decode(&value) {
                let header = encode(&text);
                let back = decode(header.as_bytes());
                prop_assert_eq!(back.as_deref(), Ok(&*text));
            }
        }
    }
}
