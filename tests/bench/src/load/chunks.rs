//! The chunked coding, piece by piece.

use memchr::memchr;

/// Where in a body in chunks one stands.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    /// Bytes of the current chunk that are still to come, its line end included.
    left: usize,
}

const LINE_END: usize = 2;

impl Chunks {
    /// Appends what `raw` has of the body: how much of it was used, and whether the body is over.
    pub(super) fn decode(&mut self, raw: &[u8], body: &mut Vec<u8>) -> (usize, bool) {
        let mut at = 0;
        loop {
            if self.left > 0 {
                let taken = self.left.min(raw.len() - at);
                let text = taken.min(self.left.saturating_sub(LINE_END));
                body.extend_from_slice(&raw[at..at + text]);
                at += taken;
                self.left -= taken;
                if self.left > 0 {
                    return (at, false);
                }
            }
            let Some(length) = memchr(b'\n', &raw[at..]) else { return (at, false) };
            let size = str::from_utf8(&raw[at..at + length]).unwrap_or_default();
            let size = size.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(size, 16).unwrap_or(0);
            if size == 0 {
                // The empty line after the last chunk comes with it; no server here has trailers.
                let end = at + length + 1 + LINE_END;
                return if raw.len() < end { (at, false) } else { (end, true) };
            }
            at += length + 1;
            self.left = size + LINE_END;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_joined_wherever_it_was_torn() {
        let raw = b"3\r\nabc\r\n10;x=y\r\n0123456789abcdef\r\n0\r\n\r\n";
        for torn in 0..raw.len() {
            let (mut chunks, mut body) = (Chunks::default(), Vec::new());
            let (used, is_end) = chunks.decode(&raw[..torn], &mut body);
            assert!(!is_end);
            assert_eq!(chunks.decode(&raw[used..], &mut body), (raw.len() - used, true));
            assert_eq!(body, b"abc0123456789abcdef");
        }
    }
}
