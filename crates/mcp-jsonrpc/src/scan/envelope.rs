//! Where the members of the envelope stand.

use std::{num::NonZeroU32, ops::Range};

use super::{Scanner, is_id};
use crate::Reason;

/// A place in the text, never empty. An `Option` of it is half the size of a `Range<usize>`: every message carries five, and one
/// of at most 128 bytes is moved without a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    end: NonZeroU32,
}

impl Span {
    pub(crate) fn range(self) -> Range<usize> {
        self.start as usize..self.end.get() as usize
    }

    fn of(range: &Range<usize>) -> Option<Self> {
        let end = u32::try_from(range.end).ok().and_then(NonZeroU32::new)?;
        Some(Self { start: u32::try_from(range.start).ok()?, end })
    }

    /// The same place after the text has changed; `moved` says where an offset went.
    pub(crate) fn moved(self, moved: impl Fn(usize) -> usize) -> Option<Self> {
        let Range { start, end } = self.range();
        Self::of(&(moved(start)..moved(end)))
    }
}

/// The places of all envelope members, values only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Envelope {
    pub(crate) id: Option<Span>,
    pub(crate) method: Option<Span>,
    pub(crate) params: Option<Span>,
    pub(crate) result: Option<Span>,
    pub(crate) error: Option<Span>,
    pub(crate) multiline: bool,
}

impl Envelope {
    pub(crate) fn place(&mut self, member: Member, at: &Range<usize>) {
        let place = match member {
            Member::Id => &mut self.id,
            Member::Method => &mut self.method,
            Member::Params => &mut self.params,
            Member::Result => &mut self.result,
            Member::Error => &mut self.error,
        };
        *place = Span::of(at);
    }

    /// The same places after the text has changed.
    pub(crate) fn moved(self, moved: impl Fn(usize) -> usize) -> Option<Self> {
        let place = |span: Option<Span>| match span {
            Some(span) => span.moved(&moved).map(Some),
            None => Some(None),
        };
        Some(Self {
            id: place(self.id)?,
            method: place(self.method)?,
            params: place(self.params)?,
            result: place(self.result)?,
            error: place(self.error)?,
            multiline: self.multiline,
        })
    }
}

/// A member of the envelope, `jsonrpc` aside.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Member {
    Id,
    Method,
    Params,
    Result,
    Error,
}

impl Member {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Method => "method",
            Self::Params => "params",
            Self::Result => "result",
            Self::Error => "error",
        }
    }
}

/// How most messages begin; known by a look, it takes a tenth off the reading of a short one.
const USUAL: &[u8] = br#"{"jsonrpc":"2.0","#;
const VERSION: &[u8] = br#""2.0""#;

/// What was read before reading failed, so that a refusal can name the id.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) reason: Reason,
    pub(crate) at: usize,
    pub(crate) id: Option<Span>,
}

/// Reads a text that must be exactly one JSON-RPC object.
pub(crate) fn read(text: &[u8]) -> Result<Envelope, Failure> {
    if u32::try_from(text.len()).is_err() {
        return Err(Failure { reason: Reason::Size, at: 0, id: None });
    }
    let mut reading = Reading { scanner: Scanner::new(text), ..Reading::default() };
    let outcome = reading.object().and_then(|()| reading.judge());
    let envelope = reading.envelope;
    outcome.map(|()| Envelope { multiline: reading.scanner.multiline, ..envelope }).map_err(|reason| {
        let id = envelope.id.filter(|id| is_id(&text[id.range()]));
        Failure { reason, at: reading.scanner.at, id }
    })
}

#[derive(Debug, Default)]
struct Reading<'a> {
    scanner: Scanner<'a>,
    envelope: Envelope,
    version: Option<Span>,
    /// A fault in the members. Reading goes on after it, because broken grammar outweighs it and the id may follow.
    fault: Option<Reason>,
}

impl Default for Scanner<'_> {
    fn default() -> Self {
        Scanner::new(&[])
    }
}

impl Reading<'_> {
    fn object(&mut self) -> Result<(), Reason> {
        let scanner = &mut self.scanner;
        scanner.space();
        if scanner.peek() != Some(b'{') {
            scanner.value(0)?;
            self.end()?;
            return Err(Reason::NotAnObject);
        }
        if scanner.text[scanner.at..].starts_with(USUAL) {
            let start = scanner.at + USUAL.len() - VERSION.len() - 1;
            self.version = Span::of(&(start..start + VERSION.len()));
            scanner.at += USUAL.len();
        } else {
            scanner.at += 1;
            scanner.space();
            if scanner.peek() == Some(b'}') {
                scanner.at += 1;
                return self.end();
            }
        }
        loop {
            self.scanner.space();
            self.member()?;
            match self.scanner.peek() {
                Some(b',') => self.scanner.at += 1,
                Some(b'}') => {
                    self.scanner.at += 1;
                    return self.end();
                }
                _ => return Err(Reason::Syntax),
            }
        }
    }

    /// One value and nothing after it: a second value would be a second message in one body.
    fn end(&mut self) -> Result<(), Reason> {
        self.scanner.space();
        if self.scanner.at == self.scanner.text.len() { Ok(()) } else { Err(Reason::Syntax) }
    }

    fn member(&mut self) -> Result<(), Reason> {
        let key = self.scanner.key()?;
        self.scanner.space();
        let start = self.scanner.at;
        self.scanner.value(1)?;
        let value = Span::of(&(start..self.scanner.at));
        self.scanner.space();
        let envelope = &mut self.envelope;
        let place = match &self.scanner.text[key.clone()] {
            b"jsonrpc" => &mut self.version,
            b"id" => &mut envelope.id,
            b"method" => &mut envelope.method,
            b"params" => &mut envelope.params,
            b"result" => &mut envelope.result,
            b"error" => &mut envelope.error,
            other => {
                if is_variant(other) {
                    self.fault.get_or_insert(Reason::VariantKey);
                }
                return Ok(());
            }
        };
        if place.is_some() {
            self.fault.get_or_insert(Reason::DuplicateKey);
        }
        *place = value;
        Ok(())
    }

    /// Whether the members found make a message.
    fn judge(&self) -> Result<(), Reason> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let text = |span: Option<Span>| span.map(|span| &self.scanner.text[span.range()]);
        let Envelope { id, method, params, result, error, .. } = self.envelope;
        if text(self.version) != Some(VERSION) {
            return Err(Reason::Version);
        }
        let asks = match (method, result, error) {
            (Some(_), None, None) => true,
            (None, Some(_), None) | (None, None, Some(_)) => false,
            _ => return Err(Reason::Shape),
        };
        if text(method).is_some_and(|method| method[0] != b'"') {
            return Err(Reason::Method);
        }
        if text(params).is_some_and(|params| !matches!(params[0], b'{' | b'[' | b'n')) {
            return Err(Reason::Params);
        }
        match text(id) {
            Some(id) if is_id(id) => Ok(()),
            // A peer that could not read the id of what it refuses answers with `null` or with none.
            Some(b"null") | None if error.is_some() => Ok(()),
            None if asks => Ok(()),
            None => Err(Reason::Shape),
            Some(_) => Err(Reason::Id),
        }
    }
}

/// Whether some parser would take `key` for an envelope member although it is none by its bytes.
fn is_variant(key: &[u8]) -> bool {
    const MEMBERS: [&str; 6] = ["jsonrpc", "id", "method", "params", "result", "error"];
    // Plain keys of other lengths cannot be one, and they are nearly all there are.
    if key.is_ascii() && !key.contains(&b'\\') {
        return MEMBERS.iter().any(|member| key.eq_ignore_ascii_case(member.as_bytes()));
    }
    let Ok(key) = std::str::from_utf8(key) else { return false };
    let Some(key) = crate::field::unescape(&format!("\"{key}\"")).map(std::borrow::Cow::into_owned) else {
        return false;
    };
    // U+017F and U+212A fold to `s` and `k` in parsers that compare keys by Unicode case folding.
    let folded: String = key.chars().map(|c| if c == '\u{17f}' { 's' } else { c.to_ascii_lowercase() }).collect();
    MEMBERS.contains(&folded.as_str())
}
