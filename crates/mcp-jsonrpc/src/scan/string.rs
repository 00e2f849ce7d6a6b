//! Strings: the bulk of every large message.

use super::Scanner;
use crate::Reason;

impl Scanner<'_> {
    /// Steps over one string, quotes included.
    ///
    /// Most strings are keys and short words: those that end within a word of the machine take a third of the instructions
    /// that the loops need to begin.
    #[inline]
    pub(crate) fn string(&mut self) -> Result<(), Reason> {
        if self.short_string() { Ok(()) } else { self.any_string() }
    }

    /// Steps over a string of plain ASCII that ends within a word, if that is what comes.
    #[inline]
    fn short_string(&mut self) -> bool {
        if let Some([b'"', rest @ ..]) = self.text.get(self.at..)
            && let Some(word) = rest.first_chunk()
            && let Some(length) = short_word(u64::from_le_bytes(*word))
        {
            self.at += length + 2;
            return true;
        }
        false
    }

    /// Steps over one string of a text that is known to be JSON.
    #[inline]
    pub(crate) fn known_string(&mut self) -> Result<(), Reason> {
        if self.short_string() { Ok(()) } else { self.any_known_string() }
    }

    fn any_known_string(&mut self) -> Result<(), Reason> {
        self.expect(b'"')?;
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let length = memchr::memchr2(b'"', b'\\', rest).ok_or(Reason::Syntax)?;
            self.at += length;
            if rest[length] == b'"' {
                self.at += 1;
                return Ok(());
            }
            self.at += 2;
        }
    }

    fn any_string(&mut self) -> Result<(), Reason> {
        let start = self.at;
        self.expect(b'"')?;
        let mut seen = 0;
        loop {
            seen |= self.run();
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    break;
                }
                Some(b'\\') => seen |= self.escapes()?,
                _ => return Err(Reason::Syntax),
            }
        }
        // Only strings may hold bytes beyond ASCII, so checking them here checks the whole text.
        if seen & HIGH != 0 && std::str::from_utf8(&self.text[start..self.at]).is_err() {
            self.at = start;
            return Err(Reason::Encoding);
        }
        Ok(())
    }

    /// Steps over the bytes that need no decision (no quote, backslash or control character); gives all of them in one word.
    ///
    /// Most runs end within a few words; what is longer is mostly much longer.
    #[inline]
    fn run(&mut self) -> u64 {
        const NEAR: usize = 4;
        let (mut seen, mut words) = (0, 0);
        while let Some(word) = self.text.get(self.at..).and_then(<[u8]>::first_chunk) {
            let word = u64::from_le_bytes(*word);
            let stop = stops(word);
            if stop != 0 {
                let (length, bytes) = before(word, stop);
                self.at += length;
                return seen | bytes;
            }
            seen |= word;
            self.at += size_of_val(&word);
            words += 1;
            if words == NEAR {
                let (length, bytes) = chunks(&self.text[self.at..]);
                self.at += length;
                seen |= u64::from(bytes);
            }
        }
        while let Some(byte) = self.peek().filter(|byte| IS_PLAIN[usize::from(*byte)]) {
            seen |= u64::from(byte);
            self.at += 1;
        }
        seen
    }

    /// Steps over an escape, and over those that follow within a few bytes; gives all bytes between them in one word.
    ///
    /// JSON within a string has one every few bytes. Byte by byte a short run takes half of the instructions that a word takes.
    #[inline]
    fn escapes(&mut self) -> Result<u64, Reason> {
        const SHORT: usize = 4;
        let mut seen = 0;
        loop {
            self.escape()?;
            let mut left = SHORT;
            loop {
                match self.peek() {
                    Some(b'\\') => break,
                    Some(byte) if left > 0 && IS_PLAIN[usize::from(byte)] => seen |= u64::from(byte),
                    _ => return Ok(seen),
                }
                self.at += 1;
                left -= 1;
            }
        }
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

/// How many bytes of `word` come before the first that `stop` marks, and those bytes.
#[inline]
fn before(word: u64, stop: u64) -> (usize, u64) {
    let bits = stop.trailing_zeros() & !7;
    (bits as usize / 8, word & ((1 << bits) - 1))
}

/// The length of the run of plain ASCII that a quote ends within `word`.
#[inline]
fn short_word(word: u64) -> Option<usize> {
    let stop = stops(word);
    if stop == 0 {
        return None;
    }
    let (length, bytes) = before(word, stop);
    let is_quote = word.to_le_bytes()[length] == b'"';
    (is_quote && bytes & HIGH == 0).then_some(length)
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
    fn bytes_between_escapes_are_checked_wherever_they_stand() {
        for filling in ["", "a", "abc", "abcd", "abcdefgh", "abcdefghijklmnopqrstuvwxyz0123456789"] {
            let string = |foreign: &[u8]| [b"\"\\n", filling.as_bytes(), foreign, b"\\n\""].concat();
            let read = |text: &[u8]| Scanner::new(text).string();
            assert_eq!(read(&string("é".as_bytes())), Ok(()), "{filling}");
            assert_eq!(read(&string(b"\xff")), Err(Reason::Encoding), "{filling}");
            assert_eq!(read(&string(b"\x01")), Err(Reason::Syntax), "{filling}");
            let text = string("é".as_bytes());
            let mut known = Scanner::new(&text);
            assert_eq!((known.known_string(), known.at), (Ok(()), text.len()), "{filling}");
        }
    }

    #[test]
    fn every_byte_ends_a_run_or_does_not_wherever_it_stands() {
        let run = |text: &[u8]| {
            let mut scanner = Scanner::new(text);
            let seen = scanner.run();
            (scanner.at, seen & HIGH != 0)
        };
        for length in (0..=40).chain([63, 64, 95, 96, 97, 128, 160, 300]) {
            for byte in 0..=255u8 {
                let mut text = vec![b'a'; length];
                text.push(byte);
                // What comes after must not matter.
                text.extend(b"\"\x01\xff~ aaaaaaaaaaaa");
                let stops = byte < 0x20 || byte == b'"' || byte == b'\\';
                let expect = if stops { (length, false) } else { (length + 1, byte >= 0x80) };
                assert_eq!(run(&text), expect, "{byte:#x} after {length}");
                text.truncate(length + 1);
                assert_eq!(run(&text), expect, "{byte:#x} after {length}, at the end");
            }
        }
    }
}
