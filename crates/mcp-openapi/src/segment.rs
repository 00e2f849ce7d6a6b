//! Names as segments of a path, and back.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What is encoded: all but the unreserved characters of RFC 3986.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Marks a name that cannot be a segment by itself.
const MARK: char = '~';

/// The segment that stands for `name` in a path; [`decode`] gives the name back, whatever it is.
///
/// All but letters, digits, `-`, `.`, `_` and `~` is percent-encoded. That does not help the names `.`, `..` and the empty
/// one, which clients take out of a path in either form: a `~` is put before them, and before names that look like that.
#[must_use]
pub fn encode(name: &str) -> String {
    let mark = if is_lost(name) { "~" } else { "" };
    format!("{mark}{}", utf8_percent_encode(name, ENCODED))
}

/// The name that a segment stands for; `None` if its escapes are broken or do not make UTF-8, and for segments that
/// [`encode`] never gives.
#[must_use]
pub fn decode(segment: &str) -> Option<String> {
    let name = percent_decoded(segment)?;
    match name.strip_prefix(MARK) {
        Some(marked) if is_lost(marked) => Some(marked.to_owned()),
        None if is_lost(&name) => None,
        _ => Some(name),
    }
}

/// Undoes percent-encoding; `None` if an escape has not two hexadecimal digits, or what comes out is not UTF-8.
pub(crate) fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let mut digit = || char::from(bytes.next()?).to_digit(16);
        let (high, low) = (digit()?, digit()?);
        decoded.push(u8::try_from(high << 4 | low).ok()?);
    }
    String::from_utf8(decoded).ok()
}

/// Whether clients would lose this segment, or it is such a one with marks before it.
fn is_lost(name: &str) -> bool {
    matches!(name.trim_start_matches(MARK), "" | "." | "..")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_written_so_that_every_client_sends_them_unchanged() {
        for (name, segment) in [
            ("echo", "echo"),
            ("read-file_v1.2~x", "read-file_v1.2~x"),
            ("Snowflake MCP Server", "Snowflake%20MCP%20Server"),
            ("a/b?c#d%", "a%2Fb%3Fc%23d%25"),
            ("{tool}", "%7Btool%7D"),
            ("größe", "gr%C3%B6%C3%9Fe"),
            ("", "~"),
            (".", "~."),
            ("..", "~.."),
            ("~", "~~"),
            ("~..", "~~.."),
            ("~home", "~home"),
            ("...", "..."),
        ] {
            assert_eq!(encode(name), segment);
            assert_eq!(decode(segment).as_deref(), Some(name));
        }
    }

    #[test]
    fn segments_that_stand_for_nothing_are_refused() {
        for segment in ["", ".", "..", "%2e", "%2E.", "%", "a%4", "%zz", "%+1", "%FF", "%C3"] {
            assert_eq!(decode(segment), None, "{segment}");
        }
    }

    #[test]
    fn what_a_client_encodes_too_much_is_the_same() {
        assert_eq!(decode("%65cho").as_deref(), Some("echo"));
        assert_eq!(decode("%7e%2e").as_deref(), Some("."));
        assert_eq!(decode("a+b ü").as_deref(), Some("a+b ü"));
    }

    proptest! {
        #[test]
        fn every_name_comes_back(name in ".*") {
            let segment = encode(&name);
            prop_assert!(segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte)));
            prop_assert_eq!(decode(&segment), Some(name));
        }

        #[test]
        fn names_of_dots_and_marks_come_back(name in "[~.%]{0,6}") {
            prop_assert_eq!(decode(&encode(&name)), Some(name));
        }

        #[test]
        fn two_names_never_share_a_segment(a in "[~.a/]{0,4}", b in "[~.a/]{0,4}") {
            prop_assert_eq!(encode(&a) == encode(&b), a == b);
        }
    }
}
