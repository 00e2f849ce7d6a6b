//! One header of a request, with the ways it can be wrong.

use std::borrow::Cow;

use crate::sentinel::{self, SentinelError};

/// What a request has under one header name.
///
/// Collect it from the values in the order they came; a name that stands twice is never a list here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderField<'a> {
    /// No such header.
    Absent,
    /// One value, as it came.
    Once(&'a [u8]),
    /// The name stands more than once, so that two readers could see two values.
    Repeated,
}

/// Why a header cannot be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Repeated,
    Malformed,
}

impl<'a> HeaderField<'a> {
    /// The value of a header that is never encoded.
    pub(crate) fn plain(self) -> Result<Option<&'a str>, Fault> {
        self.read(sentinel::plain)
    }

    /// The value of a header that may be encoded.
    pub(crate) fn decoded(self) -> Result<Option<Cow<'a, str>>, Fault> {
        self.read(sentinel::decode)
    }

    fn read<T>(self, by: impl FnOnce(&'a [u8]) -> Result<T, SentinelError>) -> Result<Option<T>, Fault> {
        match self {
            Self::Absent => Ok(None),
            Self::Once(value) => by(value).map(Some).map_err(|_| Fault::Malformed),
            Self::Repeated => Err(Fault::Repeated),
        }
    }
}

impl<'a> FromIterator<&'a [u8]> for HeaderField<'a> {
    fn from_iter<I: IntoIterator<Item = &'a [u8]>>(values: I) -> Self {
        let mut values = values.into_iter();
        match (values.next(), values.next()) {
            (None, _) => Self::Absent,
            (Some(value), None) => Self::Once(value),
            (Some(_), Some(_)) => Self::Repeated,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_header_is_no_value_even_if_both_agree() {
        assert_eq!(HeaderField::from_iter([&b"a"[..], b"a"]), HeaderField::Repeated);
        assert_eq!(HeaderField::from_iter([&b"a"[..]]).plain(), Ok(Some("a")));
        assert_eq!([].into_iter().collect::<HeaderField<'_>>().decoded(), Ok(None));
        assert_eq!(HeaderField::Once(b"=?base64?x?=").decoded(), Err(Fault::Malformed));
        assert_eq!(HeaderField::Once(b"=?base64?x?=").plain(), Ok(Some("=?base64?x?=")));
    }
}
