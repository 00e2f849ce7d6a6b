//! Strings: the bulk of every large message.

use super::Scanner;
use crate::Reason;

impl Scanner<'_> {
    /// Steps over one string, quotes included.
    pub(crate) fn string(&mut self) -> Result<(), Reason> {
        let start = self.at;
        self.expect(b'"')?;
        let (length, mut foreign) = plain(&self.text[self.at..]);
        self.at += length;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    break;
                }
                Some(b'\\') => self.escape()?,
                _ => return Err(Reason::Syntax),
            }
            foreign |= self.short_run();
        }
        // Only strings may hold bytes beyond ASCII, so checking them here checks the whole text.
        if foreign && std::str::from_utf8(&self.text[start..self.at]).is_err() {
            self.at = start;
            return Err(Reason::Encoding);
        }
        Ok(())
    }

    /// Steps over a plain run; says whether any byte of it lies beyond ASCII.
    ///
    /// Behind one escape the next is seldom far: JSON within a string has one every few bytes. Byte by byte that takes a fifth of
    /// the instructions that words take to begin and end.
    #[inline]
    fn short_run(&mut self) -> bool {
        const SHORT: usize = 16;
        let rest = &self.text[self.at..];
        let mut seen = 0;
        let short = rest.iter().take(SHORT).take_while(|byte| {
            let is_plain = IS_PLAIN[usize::from(**byte)];
            seen |= if is_plain { **byte } else { 0 };
            is_plain
        });
        let length = short.count();
        self.at += length;
        let mut foreign = 0x80 <= seen;
        if length == SHORT {
            let (more, high) = plain(&rest[SHORT..]);
            self.at += more;
            foreign |= high;
        }
        foreign
    }

    #[inline]
    fn escape(&mut self) -> Result<(), Reason> {
        let length = match self.text.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
            Some(b'u') => {
                let digits = self.text.get(self.at + 2..self.at + 6).ok_or(Reason::Syntax)?;
                if !digits.iter().all(u8::is_ascii_hexdigit) {
                    return Err(Reason::Syntax);
                }
                6
            }
            _ => return Err(Reason::Syntax),
        };
        self.at += length;
        Ok(())
    }
}

/// The length of the run that needs no decision (no quote, backslash or control character), and whether any byte of it
/// lies beyond ASCII.
///
/// Most strings are keys and short values, which end within a few words; what is longer is mostly much longer.
#[inline]
fn plain(text: &[u8]) -> (usize, bool) {
    const NEAR: usize = 32;
    let (near, far) = text.split_at(text.len().min(NEAR));
    let (mut length, mut seen) = words(near);
    if length == NEAR {
        let (run, bytes) = chunks(far);
        let (rest, last) = words(&far[run..]);
        length += run + rest;
        seen |= u64::from(bytes) | last;
    }
    (length, seen & HIGH != 0)
}

/// The plain run at the start of `text` in whole chunks, and all its bytes in one.
///
/// The loop over a chunk has no branch per byte, so the compiler makes vector instructions of it.
#[inline]
fn chunks(text: &[u8]) -> (usize, u8) {
    const CHUNK: usize = 64;
    let (mut length, mut seen) = (0, 0);
    for chunk in text.as_chunks::<CHUNK>().0 {
        let (mut stop, mut bytes) = (0, 0);
        for &byte in chunk {
            stop |= u8::from(byte < 0x20) | u8::from(byte == b'"') | u8::from(byte == b'\\');
            bytes |= byte;
        }
        if stop != 0 {
            break;
        }
        seen |= bytes;
        length += CHUNK;
    }
    (length, seen)
}

/// Which bytes need no decision.
const IS_PLAIN: [bool; 256] = {
    let mut plain = [true; 256];
    let mut byte = 0;
    while byte < 0x20 {
        plain[byte] = false;
        byte += 1;
    }
    plain[b'"' as usize] = false;
    plain[b'\\' as usize] = false;
    plain
};

const ONES: u64 = u64::from_ne_bytes([1; 8]);
const HIGH: u64 = ONES << 7;

/// The plain run at the start of `text`, eight bytes at a time, and all its bytes in one word.
#[inline]
fn words(text: &[u8]) -> (usize, u64) {
    let (words, tail) = text.as_chunks::<8>();
    let (mut length, mut seen) = (0, 0);
    for word in words {
        let word = u64::from_le_bytes(*word);
        let stop = stops(word);
        if stop != 0 {
            let bits = stop.trailing_zeros() & !7;
            return (length + bits as usize / 8, seen | word & ((1 << bits) - 1));
        }
        seen |= word;
        length += 8;
    }
    for &byte in tail {
        if byte < 0x20 || byte == b'"' || byte == b'\\' {
            break;
        }
        seen |= u64::from(byte);
        length += 1;
    }
    (length, seen)
}

/// Marks the high bit of each byte of `word` that ends a plain run. Above the first mark there may be wrong ones.
#[inline]
fn stops(word: u64) -> u64 {
    let below = |word: u64, bound: u8| word.wrapping_sub(ONES * u64::from(bound)) & !word;
    let equal = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    (below(word, 0x20) | equal(b'"') | equal(b'\\')) & HIGH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_ends_a_run_or_does_not_wherever_it_stands() {
        for length in (0..=40).chain([63, 64, 95, 96, 97, 128, 160, 300]) {
            for byte in 0..=255u8 {
                let mut text = vec![b'a'; length];
                text.push(byte);
                // What comes after must not matter.
                text.extend(b"\"\x01\xff~ aaaaaaaaaaaa");
                let stops = byte < 0x20 || byte == b'"' || byte == b'\\';
                let expect = if stops { (length, false) } else { (length + 1, byte >= 0x80) };
                assert_eq!(plain(&text), expect, "{byte:#x} after {length}");
                text.truncate(length + 1);
                assert_eq!(plain(&text), expect, "{byte:#x} after {length}, at the end");
            }
        }
    }
}
