//! The newest bytes of an output, each with its place in the whole.

use std::collections::VecDeque;

use bytes::Bytes;

/// Bytes that are read at once.
const CHUNK: usize = 32 * 1024;

/// Up to a number of bytes.
#[derive(Debug)]
pub(super) struct Scrollback {
    most: usize,
    kept: VecDeque<u8>,
    /// How many bytes there were in all.
    total: u64,
}

impl Scrollback {
    /// Keeps up to `most` bytes.
    pub(super) fn new(most: usize) -> Self {
        Self { most, kept: VecDeque::new(), total: 0 }
    }

    /// Adds bytes at the end.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let newest = &bytes[bytes.len().saturating_sub(self.most)..];
        let excess = (self.kept.len() + newest.len()).saturating_sub(self.most);
        self.kept.drain(..excess);
        self.kept.extend(newest);
    }

    /// How many bytes there were in all: the place of the next one.
    pub(super) fn end(&self) -> u64 {
        self.total
    }

    /// The place from which a screen is best drawn: the first byte kept, or a whole line soon after it if there was more
    /// before, for a control sequence or a character may be torn there.
    pub(super) fn beginning(&self) -> u64 {
        let first = self.first();
        if first == 0 {
            return first;
        }
        // Not at any price: what comes next may be one long line.
        let soon = self.kept.len() / 4;
        let line = self.kept.iter().take(soon).position(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
        first + line as u64
    }

    /// Some bytes from the place `at` on, none at the end; `None` if they are not kept any more.
    pub(super) fn read(&self, at: u64) -> Option<Bytes> {
        let skipped = usize::try_from(at.checked_sub(self.first())?).ok()?;
        let (front, back) = self.kept.as_slices();
        let rest = match front.get(skipped..) {
            Some(rest) if !rest.is_empty() => rest,
            _ => back.get(skipped - front.len()..)?,
        };
        Some(Bytes::copy_from_slice(&rest[..rest.len().min(CHUNK)]))
    }

    fn first(&self) -> u64 {
        self.total - self.kept.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(scrollback: &Scrollback, mut at: u64) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        loop {
            let chunk = scrollback.read(at)?;
            if chunk.is_empty() {
                return Some(bytes);
            }
            at += chunk.len() as u64;
            bytes.extend(chunk);
        }
    }

    #[test]
    fn the_newest_bytes_are_kept_and_found_by_their_place() {
        let mut scrollback = Scrollback::new(6);
        assert_eq!(all(&scrollback, 0).unwrap(), b"");
        scrollback.push(b"abcd");
        assert_eq!(all(&scrollback, 1).unwrap(), b"bcd");
        scrollback.push(b"efgh");
        assert_eq!((scrollback.end(), scrollback.read(1)), (8, None));
        assert_eq!(all(&scrollback, 2).unwrap(), b"cdefgh");
        scrollback.push(b"0123456789");
        assert_eq!(all(&scrollback, 12).unwrap(), b"456789");
        assert_eq!(scrollback.read(18).unwrap().len(), 0);
        assert_eq!(scrollback.read(19), None);
    }

    #[test]
    fn a_screen_is_drawn_from_a_whole_line_on() {
        let mut scrollback = Scrollback::new(8);
        scrollback.push(b"a\nb\n");
        assert_eq!(scrollback.beginning(), 0);
        scrollback.push(b"c\nd\ne\n");
        assert_eq!(all(&scrollback, scrollback.beginning()).unwrap(), b"c\nd\ne\n");
        scrollback.push(b"no line here");
        assert_eq!(all(&scrollback, scrollback.beginning()).unwrap(), b"ine here");
        scrollback.push(b"long$\n");
        assert_eq!(all(&scrollback, scrollback.beginning()).unwrap(), b"relong$\n");
    }
}
