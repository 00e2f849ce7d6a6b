//! Strings: the bulk of every large message.

use super::Scanner;
use crate::Reason;

impl Scanner<'_> {
    /// Steps over one string, quotes included.
    pub(crate) fn string(&mut self) -> Result<(), Reason> {
        let start = self.at;
        self.expect(b'"')?;
        let mut foreign = false;
        loop {
            let (length, high) = plain(&self.text[self.at..]);
            self.at += length;
            foreign |= high;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    break;
                }
                Some(b'\\') => self.escape()?,
                _ => return Err(Reason::Syntax),
            }
        }
        // Only strings may hold bytes beyond ASCII, so checking them here checks the whole text.
        if foreign && std::str::from_utf8(&self.text[start..self.at]).is_err() {
            self.at = start;
            return Err(Reason::Encoding);
        }
        Ok(())
    }

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
/// The loop over whole chunks has no branch per byte, so the compiler makes vector instructions of it.
#[inline]
#[expect(clippy::needless_bitwise_bool, reason = "a lazy operator would put the branch back")]
fn plain(text: &[u8]) -> (usize, bool) {
    const CHUNK: usize = 32;
    let stops = |byte: u8| (byte < 0x20) | (byte == b'"') | (byte == b'\\');
    let mut length = 0;
    let mut seen = 0;
    for chunk in text.chunks_exact(CHUNK) {
        let (mut stop, mut high) = (false, 0);
        for &byte in chunk {
            stop |= stops(byte);
            high |= byte;
        }
        if stop {
            break;
        }
        seen |= high;
        length += CHUNK;
    }
    for &byte in &text[length..] {
        if stops(byte) {
            break;
        }
        seen |= byte;
        length += 1;
    }
    (length, seen >= 0x80)
}
