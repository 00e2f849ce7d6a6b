//! The grammar of JSON, checked in one pass that remembers where it is and builds nothing.

pub(crate) mod envelope;
mod string;

use std::ops::Range;

use crate::{MAX_DEPTH, Reason};

/// A position in a text, moved forward over whole tokens and values.
#[derive(Debug)]
pub(crate) struct Scanner<'a> {
    pub(crate) text: &'a [u8],
    pub(crate) at: usize,
    /// Whether a raw newline stood between two tokens. Inside strings the grammar forbids them.
    pub(crate) multiline: bool,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0, multiline: false }
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// Steps over white space.
    #[inline]
    pub(crate) fn space(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' => {}
                b'\n' | b'\r' => self.multiline = true,
                _ => return,
            }
            self.at += 1;
        }
    }

    /// Steps over `byte`, which must be next.
    #[inline]
    pub(crate) fn expect(&mut self, byte: u8) -> Result<(), Reason> {
        if self.peek() == Some(byte) {
            self.at += 1;
            return Ok(());
        }
        Err(Reason::Syntax)
    }

    /// Steps over one member's key and its colon; returns where the key's text lies, without the quotes.
    #[inline]
    pub(crate) fn key(&mut self) -> Result<Range<usize>, Reason> {
        let start = self.at + 1;
        self.string()?;
        self.colon(start)
    }

    /// The same in a text that is known to be JSON.
    #[inline]
    pub(crate) fn known_key(&mut self) -> Result<Range<usize>, Reason> {
        let start = self.at + 1;
        self.known_string()?;
        self.colon(start)
    }

    #[inline]
    fn colon(&mut self, start: usize) -> Result<Range<usize>, Reason> {
        let key = start..self.at - 1;
        self.space();
        self.expect(b':')?;
        Ok(key)
    }

    /// Steps over one value that lies `outer` levels deep.
    pub(crate) fn value(&mut self, outer: usize) -> Result<(), Reason> {
        // One bit a level, 1 for an object: enough to know what a comma or a bracket means.
        let mut objects: u128 = 0;
        let mut depth = 0;
        loop {
            self.space();
            let opened = match self.peek().ok_or(Reason::Syntax)? {
                open @ (b'{' | b'[') => {
                    depth += 1;
                    if outer + depth > MAX_DEPTH {
                        return Err(Reason::Depth);
                    }
                    objects = objects << 1 | u128::from(open == b'{');
                    self.at += 1;
                    self.space();
                    true
                }
                b'"' => {
                    self.string()?;
                    false
                }
                _ => {
                    self.scalar()?;
                    false
                }
            };
            if opened {
                let (close, in_object) = if objects & 1 == 1 { (b'}', true) } else { (b']', false) };
                if self.peek() != Some(close) {
                    if in_object {
                        self.key()?;
                    }
                    continue;
                }
            }
            // A value has ended, or the one just opened is empty: close what closes here.
            loop {
                if depth == 0 {
                    return Ok(());
                }
                self.space();
                let in_object = objects & 1 == 1;
                match self.peek() {
                    Some(b',') => {
                        self.at += 1;
                        if in_object {
                            self.space();
                            self.key()?;
                        }
                        break;
                    }
                    Some(b'}') if in_object => {}
                    Some(b']') if !in_object => {}
                    _ => return Err(Reason::Syntax),
                }
                self.at += 1;
                objects >>= 1;
                depth -= 1;
            }
        }
    }

    /// Steps over one value of a text that is known to be JSON: brackets are counted and not compared, which takes a third of
    /// the instructions of [`value`](Self::value).
    pub(crate) fn known_value(&mut self) -> Result<(), Reason> {
        let mut depth = 0_usize;
        loop {
            match self.peek().ok_or(Reason::Syntax)? {
                b'"' => self.known_string()?,
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1).ok_or(Reason::Syntax)?;
                    self.at += 1;
                }
                _ if depth == 0 => self.scalar()?,
                _ => {
                    self.at += 1;
                    continue;
                }
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }

    /// Steps over a number, `true`, `false` or `null`.
    fn scalar(&mut self) -> Result<(), Reason> {
        let rest = &self.text[self.at..];
        let length = match rest.first() {
            Some(b't') if rest.starts_with(b"true") => 4,
            Some(b'f') if rest.starts_with(b"false") => 5,
            Some(b'n') if rest.starts_with(b"null") => 4,
            _ => number(rest).ok_or(Reason::Syntax)?.0,
        };
        self.at += length;
        Ok(())
    }
}

/// Whether `raw` is the text of an id, with nothing around it.
pub(crate) fn is_id(raw: &[u8]) -> bool {
    if raw.first() == Some(&b'"') {
        let mut scanner = Scanner::new(raw);
        return scanner.string().is_ok() && scanner.at == raw.len();
    }
    number(raw) == Some((raw.len(), true))
}

/// The length of the number that `text` starts with, and whether it is written as an integer.
fn number(text: &[u8]) -> Option<(usize, bool)> {
    let digits = |from: usize| {
        let mut at = from;
        while text.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at - from
    };
    let mut at = usize::from(text.first() == Some(&b'-'));
    let whole = digits(at);
    if whole == 0 || (text[at] == b'0' && whole > 1) {
        return None;
    }
    at += whole;
    let mut integer = true;
    if text.get(at) == Some(&b'.') {
        integer = false;
        let fraction = digits(at + 1);
        if fraction == 0 {
            return None;
        }
        at += 1 + fraction;
    }
    if matches!(text.get(at), Some(b'e' | b'E')) {
        integer = false;
        at += 1 + usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at);
        if exponent == 0 {
            return None;
        }
        at += exponent;
    }
    Some((at, integer))
}

#[cfg(test)]
mod tests;
