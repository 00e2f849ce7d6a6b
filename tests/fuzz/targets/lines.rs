//! Lines in any portions against a plain splitter.
//!
//! Input: one byte for the limit, then the stream, in portions that `|` separates.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mcp_fuzz::portions;
use mcp_jsonrpc::{Line, Lines};

fuzz_target!(|input: &[u8]| {
    let Some((limit, stream)) = input.split_first() else { return };
    let limit = usize::from(limit % 32);
    let (portions, whole) = portions(stream);

    let mut lines = Lines::new(limit);
    let mut found = Vec::new();
    for portion in portions {
        lines.buffer().extend_from_slice(portion);
        found.extend(std::iter::from_fn(|| lines.next_line()));
        assert!(lines.buffer().len() <= limit + 1, "the buffer is bounded");
    }
    found.extend(lines.finish());
    assert!(lines.finish().is_none() && lines.next_line().is_none(), "nothing comes after the end");

    let expected = whole.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let expected: Vec<_> = expected.filter(|line| !line.is_empty()).collect();
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        match found {
            Line::Text(line) => {
                assert_eq!(line, expected);
                assert!(line.len() <= limit);
            }
            Line::TooLong(skipped) => {
                let length = skipped.length();
                assert!(limit < expected.len());
                // While a line is skipped, the `\r` of its end is counted.
                assert!((expected.len()..=expected.len() + 1).contains(&length), "{length} for {}", expected.len());
            }
        }
    }
});
