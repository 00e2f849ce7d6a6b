//! Fuzz targets: the parsers held against plain models.
//!
//! What several targets need: a JSON object as `serde_json` sees it, and inputs that can be written by hand.

mod tree;

pub use tree::{Member, depth, is_json, members, span};

/// Between two portions of an input that arrives in several.
pub const CUT: u8 = b'|';

/// The portions of an input, and the same bytes in one piece.
#[must_use]
pub fn portions(input: &[u8]) -> (Vec<&[u8]>, Vec<u8>) {
    let portions: Vec<_> = input.split(|byte| *byte == CUT).collect();
    let whole = portions.concat();
    (portions, whole)
}
