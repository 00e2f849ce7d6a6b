//! Short names for texts that do not change from run to run.

use sha2::{Digest, Sha256};

/// SHA-256 as lower-case hexadecimal digits of the parts, each but the last followed by a NUL.
pub(crate) fn hex<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for (at, part) in parts.into_iter().enumerate() {
        if at > 0 {
            hash.update([0]);
        }
        hash.update(part);
    }
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
    hash.finalize().iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_sha_256_and_knows_where_parts_end() {
        assert_eq!(hex(["abc"]), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(hex(["a", "bc"]), hex(["a\0bc"]));
        assert_ne!(hex(["a", "bc"]), hex(["ab", "c"]));
    }
}
