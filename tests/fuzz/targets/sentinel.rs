//! Header values: every text fits a header and comes back, and reading never panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mcp_protocol::sentinel;

fuzz_target!(|input: &[u8]| {
    if let Ok(text) = sentinel::decode(input) {
        there_and_back(&text);
    }
    if let Ok(text) = sentinel::plain(input) {
        assert!(fits(text.as_bytes()));
        there_and_back(text);
    }
    if let Ok(text) = std::str::from_utf8(input) {
        there_and_back(text);
    }
});

fn there_and_back(text: &str) {
    let value = sentinel::encode(text);
    assert!(!value.is_empty() && fits(value.as_bytes()));
    assert_eq!(value.trim_matches([' ', '\t']), value, "space at the edges would be lost");
    assert_eq!(sentinel::decode(value.as_bytes()).as_deref(), Ok(text));
    assert_eq!(sentinel::plain(value.as_bytes()), Ok(&*value));
}

/// Whether the bytes may stand in a header, so that they neither end the line nor begin another.
fn fits(value: &[u8]) -> bool {
    value.iter().all(|byte| (b' '..=b'~').contains(byte) || *byte == b'\t')
}
