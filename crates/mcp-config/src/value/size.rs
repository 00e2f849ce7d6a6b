//! Sizes: `512B`, `64KiB`, `8MiB`, `1GiB`.

use super::time::digits;

/// A text that is no size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a size with its unit, such as `512KiB`, `8MiB` or `1GiB`")]
pub struct SizeError;

/// What a size looks like, for the JSON Schema.
pub(crate) const SIZE_PATTERN: &str = "^[0-9]+ *(B|KiB|MiB|GiB)$";

/// In this order, so that `KiB` is not read as `B`.
const UNITS: [(&str, u32); 4] = [("GiB", 30), ("MiB", 20), ("KiB", 10), ("B", 0)];

/// Reads a size from 1 byte on.
///
/// # Errors
///
/// Fails without a unit, for nought, and for anything else.
pub fn parse_size(text: &str) -> Result<usize, SizeError> {
    let size = || {
        let (number, shift) = UNITS.iter().find_map(|(unit, shift)| Some((text.strip_suffix(unit)?, *shift)))?;
        let number = usize::try_from(digits(number.trim_end())?).ok()?;
        number.checked_mul(1 << shift).filter(|bytes| 0 < *bytes)
    };
    size().ok_or(SizeError)
}

/// Writes a size in the largest unit that needs no fraction.
pub(crate) fn write_size(bytes: usize) -> String {
    let whole = UNITS.iter().find(|(_, shift)| bytes.is_multiple_of(1 << shift));
    let (unit, shift) = whole.unwrap_or(&UNITS[3]);
    format!("{}{unit}", bytes >> shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_written_as_it_is_read() {
        for (text, bytes) in [("1B", 1), ("1000B", 1000), ("512KiB", 512 << 10), ("8MiB", 8 << 20), ("1GiB", 1 << 30)] {
            assert_eq!(parse_size(text), Ok(bytes));
            assert_eq!(write_size(bytes), text);
        }
        assert_eq!(parse_size("512 KiB"), Ok(512 << 10));
        assert_eq!(write_size(1024 << 10), "1MiB");
    }

    #[test]
    fn a_size_has_a_unit_and_is_not_nought() {
        for text in ["", "8", "MiB", "0B", "-1B", "+1B", "1.5MiB", "8MB", "8 mib", "99999999999999999999B"] {
            assert_eq!(parse_size(text), Err(SizeError), "{text:?}");
        }
    }
}
