//! Ids as their exact text.

use std::fmt;

use bytes::Bytes;

/// The id of a request: the JSON text of a string (with its quotes) or of an integer, exactly as it was written.
///
/// Two ids are equal when their texts are: `1` and `"1"` differ, and integers of any size keep every digit.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Id(Bytes);

impl Id {
    /// Reads an id from JSON text; nothing but a string or an integer is one.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        crate::scan::is_id(raw.as_bytes()).then(|| Self(Bytes::copy_from_slice(raw.as_bytes())))
    }

    /// An id that is known to be one.
    pub(crate) fn trusted(raw: Bytes) -> Self {
        Self(raw)
    }

    /// The JSON text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("null")
    }

    /// The JSON text as shared bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &Bytes {
        &self.0
    }

    /// The value, if it is a number that fits: how a table of our own ids finds its row.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        let digits = &self.0[..];
        if digits.is_empty() || digits.len() > 20 || (digits[0] == b'0' && digits.len() > 1) {
            return None;
        }
        digits.iter().try_fold(0u64, |sum, digit| {
            let digit = digit.wrapping_sub(b'0');
            (digit < 10).then(|| sum.checked_mul(10)?.checked_add(u64::from(digit)))?
        })
    }
}

impl From<u64> for Id {
    fn from(number: u64) -> Self {
        let mut text = [0; 20];
        let mut at = text.len();
        let mut rest = number;
        loop {
            at -= 1;
            let digit = (rest % 10) as u8;
            text[at] = b'0' + digit;
            rest /= 10;
            if rest == 0 {
                return Self(Bytes::copy_from_slice(&text[at..]));
            }
        }
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_and_integers_are_ids_and_nothing_else_is() {
        for good in ["1", "-7", "0", "\"\"", "\"a\\u0041\"", "123456789012345678901234567890"] {
            assert_eq!(Id::parse(good).expect(good).as_str(), good);
        }
        for bad in ["", "null", "1.5", "1e3", "01", "-", "\"a", "{}", "[1]", "true", "1 ", "\"a\"\"b\""] {
            assert_eq!(Id::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_number_and_the_string_of_it_differ() {
        assert_ne!(Id::parse("1"), Id::parse("\"1\""));
    }

    #[test]
    fn numbers_go_there_and_back() {
        for number in [0, 1, 9, 10, 1_048_576, u64::MAX] {
            let id = Id::from(number);
            assert_eq!(id.as_str(), number.to_string());
            assert_eq!(id.as_u64(), Some(number));
        }
        for foreign in ["18446744073709551616", "\"7\"", "-1", "007"] {
            assert_eq!(Id::trusted(Bytes::copy_from_slice(foreign.as_bytes())).as_u64(), None);
        }
    }
}
