//! Ids as their exact text.

use std::{
    fmt,
    hash::{Hash, Hasher},
    ops::Range,
};

use bytes::Bytes;

/// The id of a request: the JSON text of a string (with its quotes) or of an integer, exactly as it was written.
///
/// Two ids are equal when their texts are: `1` and `"1"` differ, and integers of any size keep every digit.
#[derive(Clone)]
pub struct Id(Text);

/// Nearly all ids are short, and each is copied a few times on its way: those have no memory of their own and nothing to count.
#[derive(Clone)]
enum Text {
    Short { length: u8, bytes: [u8; SHORT] },
    Long(Bytes),
}

/// As many bytes as fit beside the length into what a [`Bytes`] takes.
const SHORT: usize = 22;

const _: () = assert!(size_of::<Id>() == size_of::<Bytes>());

impl Id {
    /// Reads an id from JSON text; nothing but a string or an integer is one.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let raw = raw.as_bytes();
        crate::scan::is_id(raw)
            .then(|| Self::short(raw).unwrap_or_else(|| Self(Text::Long(Bytes::copy_from_slice(raw)))))
    }

    /// An id that is known to stand at `place`.
    pub(crate) fn at(text: &Bytes, place: Range<usize>) -> Self {
        Self::short(&text[place.clone()]).unwrap_or_else(|| Self(Text::Long(text.slice(place))))
    }

    fn short(raw: &[u8]) -> Option<Self> {
        let mut bytes = [0; SHORT];
        bytes.get_mut(..raw.len())?.copy_from_slice(raw);
        Some(Self(Text::Short { length: u8::try_from(raw.len()).ok()?, bytes }))
    }

    /// The JSON text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or("null")
    }

    /// The JSON text as bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Text::Short { length, bytes } => &bytes[..usize::from(*length)],
            Text::Long(bytes) => bytes,
        }
    }

    /// The JSON text as bytes that can be shared.
    pub(crate) fn to_bytes(&self) -> Bytes {
        match &self.0 {
            Text::Short { .. } => Bytes::copy_from_slice(self.as_bytes()),
            Text::Long(bytes) => bytes.clone(),
        }
    }

    /// The value, if it is a number that fits: how a table of our own ids finds its row.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        let digits = self.as_bytes();
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
        let (mut length, mut bytes) = (0, [0; SHORT]);
        let mut rest = number;
        loop {
            bytes[usize::from(length)] = b'0' + (rest % 10) as u8;
            length += 1;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        bytes[..usize::from(length)].reverse();
        Self(Text::Short { length, bytes })
    }
}

impl PartialEq for Id {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Id {}

impl Hash for Id {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
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
            assert_eq!(Id::at(&Bytes::from_static(foreign.as_bytes()), 0..foreign.len()).as_u64(), None);
        }
    }
}
