//! Lines with a limit, from bytes in any portions.

use bytes::{Buf, Bytes, BytesMut};

use crate::{Id, field};

/// Cuts a stream of bytes into lines.
///
/// A line longer than the limit is reported once and skipped up to its end (*discard mode*), so one bad line costs
/// neither memory nor the lines after it. Lines end with `\n`; a `\r` before it is left off, empty lines are skipped.
#[derive(Debug)]
pub struct Lines {
    buffer: BytesMut,
    /// How much of the buffer is known to hold no line end.
    searched: usize,
    limit: usize,
    /// The line being skipped, as far as it was seen.
    skipping: Option<Skipped>,
}

/// A line of which only the ends are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    length: usize,
    head: Vec<u8>,
    tail: Vec<u8>,
}

/// One cut of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// A line, without its end.
    Text(Bytes),
    /// A line was skipped because it is longer than the limit.
    TooLong(Skipped),
}

/// How much of each end of a skipped line is kept: enough for the members around a large payload.
const END: usize = 256;

impl Lines {
    /// Lines of at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { buffer: BytesMut::new(), searched: 0, limit, skipping: None }
    }

    /// Where the next bytes of the stream are to be appended.
    ///
    /// Call [`next_line`](Self::next_line) until it gives `None` after each portion, or the buffer grows past the limit.
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// The next whole line, if there is one.
    pub fn next_line(&mut self) -> Option<Line> {
        loop {
            let Some(end) = memchr::memchr(b'\n', &self.buffer[self.searched..]) else {
                self.hold_back();
                return None;
            };
            let line = self.buffer.split_to(self.searched + end).freeze();
            self.buffer.advance(1);
            self.searched = 0;
            if let Some(line) = self.cut(line) {
                return Some(line);
            }
        }
    }

    /// What is left when the stream has ended: a last line needs no line end.
    pub fn finish(&mut self) -> Option<Line> {
        let rest = self.buffer.split().freeze();
        self.searched = 0;
        self.cut(rest)
    }

    fn cut(&mut self, line: Bytes) -> Option<Line> {
        if let Some(mut skipped) = self.skipping.take() {
            skipped.add(&line);
            return Some(Line::TooLong(skipped));
        }
        let line = if line.ends_with(b"\r") { line.slice(..line.len() - 1) } else { line };
        match line.len() {
            0 => None,
            length if self.limit < length => {
                let mut skipped = Skipped::default();
                skipped.add(&line);
                Some(Line::TooLong(skipped))
            }
            _ => Some(Line::Text(line)),
        }
    }

    /// Keeps what may become a line and lets go of what cannot.
    fn hold_back(&mut self) {
        // One byte more than the limit may be the `\r` of a line end.
        if self.skipping.is_some() || self.limit.saturating_add(1) < self.buffer.len() {
            self.skipping.get_or_insert_default().add(&self.buffer);
            self.buffer = BytesMut::new();
        }
        self.searched = self.buffer.len();
    }
}

impl Skipped {
    /// Length in bytes of the line, as far as it was seen.
    #[must_use]
    pub fn length(&self) -> usize {
        self.length
    }

    /// The id of the response that the line probably was, if it stands at either end of it: then its caller can be told.
    ///
    /// The text between the ends is not known, so this is a guess; use it only for what fails anyway.
    #[must_use]
    pub fn response_id(&self) -> Option<Id> {
        field::leading_id(&self.head).or_else(|| field::trailing_id(&self.tail))
    }

    fn add(&mut self, part: &[u8]) {
        self.length += part.len();
        let room = END - self.head.len();
        self.head.extend_from_slice(&part[..part.len().min(room)]);
        self.tail.extend_from_slice(&part[part.len().saturating_sub(END)..]);
        self.tail.drain(..self.tail.len().saturating_sub(END));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(portions: &[&[u8]], limit: usize) -> Vec<Line> {
        let mut lines = Lines::new(limit);
        let mut cut = Vec::new();
        for portion in portions {
            lines.buffer().extend_from_slice(portion);
            cut.extend(std::iter::from_fn(|| lines.next_line()));
            assert!(lines.buffer().len() <= limit + 1, "the buffer is bounded");
        }
        cut.extend(lines.finish());
        cut
    }

    fn too_long(line: &[u8]) -> Line {
        let mut skipped = Skipped::default();
        skipped.add(line);
        Line::TooLong(skipped)
    }

    fn text(line: &'static str) -> Line {
        Line::Text(Bytes::from_static(line.as_bytes()))
    }

    #[test]
    fn lines_end_with_a_newline_or_with_the_stream() {
        assert_eq!(cut(&[b"a\nb\r\n\n\r\nc"], 10), [text("a"), text("b"), text("c")]);
        assert_eq!(cut(&[b"a", b"b\r", b"\nc", b"\n"], 10), [text("ab"), text("c")]);
    }

    #[test]
    fn a_line_at_the_limit_passes_and_one_past_it_is_skipped() {
        assert_eq!(cut(&[b"abcd\nabcde\nok\n"], 4), [text("abcd"), too_long(b"abcde"), text("ok")]);
        assert_eq!(cut(&[b"abcd\r\nok\n"], 4), [text("abcd"), text("ok")]);
    }

    #[test]
    fn a_long_line_is_skipped_while_it_arrives() {
        let portions: Vec<&[u8]> = std::iter::repeat_n(&b"xxxxxxxx"[..], 100).chain([&b"x\nok\n"[..]]).collect();
        assert_eq!(cut(&portions, 16), [too_long(&[b'x'; 801]), text("ok")]);
        assert_eq!(cut(&portions[..100], 16), [too_long(&[b'x'; 800])]);
    }

    #[test]
    fn the_id_of_a_skipped_response_is_found_at_either_end() {
        let big = "y".repeat(5000);
        for (line, id) in [
            (format!(r#"{{"jsonrpc":"2.0","id":7,"result":"{big}"}}"#), Some("7")),
            (format!(r#"{{"result":{{"id":1,"a":"{big}"}},"jsonrpc":"2.0","id": "x" }}"#), Some("\"x\"")),
            (format!(r#"{{"jsonrpc":"2.0","result":{{"a":"{big}","id":7}}}}"#), None),
            (format!(r#"{{"jsonrpc":"2.0","method":"m","params":"{big}"}}"#), None),
            (format!(r#"{{"result":"{big}\",\"id\":7}}"}}"#), None),
            (format!(r#"{{"x":{{"id":7,"y":"{big}"}}}}"#), None),
            (format!("[{{\"id\":7,\"y\":\"{big}\"}}]"), None),
            (big.clone(), None),
        ] {
            let Some(Line::TooLong(skipped)) = cut(&[line.as_bytes()], 1000).pop() else { panic!() };
            assert_eq!(skipped.response_id().as_ref().map(Id::as_str), id, "{line}");
            assert_eq!(skipped.length(), line.len());
        }
    }

    proptest! {
        #[test]
        fn any_portioning_gives_the_lines_of_a_plain_splitter(
            bytes in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b'x')], 0..60),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
            limit in 1usize..8,
        ) {
            let expected: Vec<_> = bytes
                .split(|byte| *byte == b'\n')
                .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
                .filter(|line| !line.is_empty())
                .map(|line| if line.len() <= limit { Some(line.to_vec()) } else { None })
                .collect();
            let mut at: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            at.extend([0, bytes.len()]);
            at.sort_unstable();
            let portions: Vec<_> = at.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            let found: Vec<_> = cut(&portions, limit)
                .into_iter()
                .map(|line| match line { Line::Text(line) => Some(line.to_vec()), Line::TooLong(_) => None })
                .collect();
            prop_assert_eq!(found, expected);
        }
    }
}
