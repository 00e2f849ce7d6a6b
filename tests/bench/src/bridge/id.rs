//! Where the id of a message stands.

use std::ops::Range;

use memchr::memchr2;
use serde::Deserialize;
use serde_json::value::RawValue;

/// How nearly everybody begins.
const USUAL: &[u8] = br#"{"jsonrpc":"2.0","id":"#;

#[derive(Deserialize)]
struct Labelled<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
}

/// The bytes of the id, or `None` where there is none.
pub(super) fn find(text: &[u8]) -> Option<Range<usize>> {
    if text.starts_with(USUAL) {
        let length = memchr2(b',', b'}', &text[USUAL.len()..])?;
        return Some(USUAL.len()..USUAL.len() + length);
    }
    let id = serde_json::from_slice::<Labelled<'_>>(text).ok()?.id?.get();
    let start = id.as_ptr().addr() - text.as_ptr().addr();
    Some(start..start + id.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_found_wherever_it_stands() {
        for text in [r#"{"jsonrpc":"2.0","id":7,"result":{}}"#, r#"{"result":{"id":1}, "id": 7 ,"jsonrpc":"2.0"}"#] {
            assert_eq!(&text[find(text.as_bytes()).unwrap()], "7");
        }
        assert_eq!(find(br#"{"jsonrpc":"2.0","method":"a"}"#), None);
    }
}
