//! A message that stays text.

use std::{fmt, ops::Range, sync::Arc};

use bytes::Bytes;

use crate::{
    Edit, FieldError, Id, ParseError, field,
    scan::envelope::{self, Envelope, Member},
    splice,
};

/// One JSON-RPC message, byte for byte as it arrived, with its envelope already read.
///
/// Parsing checks the grammar of the whole text once and copies none of it. Cloning costs a few reference counts;
/// [`with_id`](Self::with_id) puts another id in front of the payload without touching it.
#[derive(Clone)]
pub struct Message {
    text: Bytes,
    envelope: Envelope,
    /// Stands in for the id of `text`.
    label: Option<Id>,
    /// The method, where it is written with escapes (some encoders write `tools\/call`).
    unescaped: Option<Arc<Box<str>>>,
}

/// What is larger is moved by a call, and a message is moved often.
const _: () = assert!(size_of::<Message>() <= 128);

/// What a message asks of whoever receives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Wants a response.
    Request,
    /// Wants none.
    Notification,
    /// Is one, a result or an error.
    Response,
}

impl Message {
    /// Reads the envelope of `text`. White space around it and a byte order mark before it are left off.
    ///
    /// # Errors
    ///
    /// Fails unless `text` is exactly one JSON-RPC 2.0 object: broken grammar, a second value, nesting deeper than
    /// [`MAX_DEPTH`](crate::MAX_DEPTH), a `null` or fractional id, duplicate envelope members and keys that differ from
    /// one only in case or escapes each have a [`Reason`](crate::Reason) of their own.
    pub fn parse(text: Bytes) -> Result<Self, ParseError> {
        let text = trimmed(text);
        match envelope::read(&text) {
            Ok(envelope) => Ok(Self::new(text, envelope)),
            Err(failure) => {
                let id = failure.id.map(|id| Id::at(&text, id.range()));
                Err(ParseError { reason: failure.reason, at: failure.at, id })
            }
        }
    }

    fn new(text: Bytes, envelope: Envelope) -> Self {
        let unescaped = envelope.method.and_then(|span| {
            let raw = &text[span.range()];
            if !raw.contains(&b'\\') {
                return None;
            }
            field::unescape(std::str::from_utf8(raw).ok()?).map(|method| Arc::new(method.into()))
        });
        Self { text, envelope, label: None, unescaped }
    }

    /// A message whose members stand at known places.
    pub(crate) fn assembled(text: Bytes, places: &[(Member, Range<usize>)]) -> Self {
        let multiline = memchr::memchr2(b'\n', b'\r', &text).is_some();
        let mut envelope = Envelope { multiline, ..Envelope::default() };
        for (member, at) in places {
            envelope.place(*member, at);
        }
        Self::new(text, envelope)
    }

    /// What this message is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match (self.envelope.method, self.envelope.id) {
            (Some(_), Some(_)) => Kind::Request,
            (Some(_), None) => Kind::Notification,
            (None, _) => Kind::Response,
        }
    }

    /// Whether this is a response that says `error`.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.envelope.error.is_some()
    }

    /// The id. A notification has none, and an error response may have none (`null` counts as none).
    #[must_use]
    pub fn id(&self) -> Option<Id> {
        if self.label.is_some() {
            return self.label.clone();
        }
        let place = self.envelope.id?.range();
        (self.text[place.start] != b'n').then(|| Id::at(&self.text, place))
    }

    /// The method, unescaped; `None` for a response.
    #[must_use]
    pub fn method(&self) -> Option<&str> {
        if let Some(method) = &self.unescaped {
            return Some(method);
        }
        let quoted = self.raw(self.envelope.method)?;
        Some(&quoted[1..quoted.len() - 1])
    }

    /// Whether [`method`](Self::method) is `name`. Every layer asks this of every message, so bytes are compared and not
    /// first checked for being text.
    #[must_use]
    pub fn is_method(&self, name: &str) -> bool {
        if let Some(method) = &self.unescaped {
            return ***method == *name;
        }
        self.envelope.method.is_some_and(|quoted| {
            let quoted = &self.text[quoted.range()];
            quoted.len() == name.len() + 2 && quoted[1..quoted.len() - 1] == *name.as_bytes()
        })
    }

    /// The JSON text of `params`.
    #[must_use]
    pub fn params(&self) -> Option<&str> {
        self.raw(self.envelope.params)
    }

    /// The JSON text of `result`.
    #[must_use]
    pub fn result(&self) -> Option<&str> {
        self.raw(self.envelope.result)
    }

    /// The JSON text of `error`.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        self.raw(self.envelope.error)
    }

    fn raw(&self, span: Option<envelope::Span>) -> Option<&str> {
        std::str::from_utf8(&self.text[span?.range()]).ok()
    }

    /// The length in bytes of what [`chunks`](Self::chunks) gives.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a message is never empty")]
    pub fn len(&self) -> usize {
        match (&self.label, self.envelope.id) {
            (Some(label), Some(old)) => self.text.len() - old.range().len() + label.as_bytes().len(),
            _ => self.text.len(),
        }
    }

    /// The same message under another id; the payload is not copied. A notification stays as it is.
    #[must_use]
    pub fn with_id(self, id: Id) -> Self {
        if self.envelope.id.is_some() {
            return Self { label: Some(id), ..self };
        }
        if self.kind() != Kind::Response {
            return self;
        }
        // A refusal without an id: the member has to be made.
        let member = format!("\"id\":{id},");
        let edited = self.spliced(&[Edit { at: 1..1, with: &member }]);
        let start = 1 + "\"id\":".len();
        let mut envelope = edited.envelope;
        envelope.place(Member::Id, &(start..start + id.as_bytes().len()));
        Self { envelope, ..edited }
    }

    /// The text in at most three parts: what comes before the id, the id, what comes after it. Empty parts are possible.
    #[must_use]
    pub fn chunks(&self) -> [Bytes; 3] {
        match (&self.label, self.envelope.id) {
            (Some(label), Some(old)) => {
                let old = old.range();
                [self.text.slice(..old.start), label.to_bytes(), self.text.slice(old.end..)]
            }
            _ => [self.text.clone(), Bytes::new(), Bytes::new()],
        }
    }

    /// The text in one piece: copied if the message was relabelled, shared if not.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        if self.label.is_none() {
            return self.text.clone();
        }
        let mut whole = Vec::with_capacity(self.len());
        self.append_to(&mut whole);
        whole.into()
    }

    /// Appends the text to `out`.
    pub fn append_to(&self, out: &mut Vec<u8>) {
        match (&self.label, self.envelope.id) {
            (Some(label), Some(old)) => {
                let old = old.range();
                out.extend_from_slice(&self.text[..old.start]);
                out.extend_from_slice(label.as_bytes());
                out.extend_from_slice(&self.text[old.end..]);
            }
            _ => out.extend_from_slice(&self.text),
        }
    }

    /// Whether the text holds no raw newline, as line framing and event streams need it.
    #[must_use]
    pub fn is_single_line(&self) -> bool {
        !self.envelope.multiline
    }

    /// The same message without raw newlines: shared if there were none.
    ///
    /// A raw newline in valid JSON is only ever white space between tokens, so a space may stand for it.
    #[must_use]
    pub fn single_line(self) -> Self {
        if self.is_single_line() {
            return self;
        }
        let text = self.text.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte });
        let text = text.collect::<Vec<_>>().into();
        Self { text, envelope: Envelope { multiline: false, ..self.envelope }, ..self }
    }

    /// The same text in other hands, for instance charged to a budget: `own` gives back bytes equal to those it gets, as an
    /// error if it cannot take them.
    ///
    /// # Errors
    ///
    /// The message as it was, if `own` fails.
    ///
    /// # Panics
    ///
    /// If `own` gives bytes of another length: no place in the message would be right any more.
    pub fn reowned(self, own: impl FnOnce(Bytes) -> Result<Bytes, Bytes>) -> Result<Self, Self> {
        let length = self.text.len();
        let owned = own(self.text);
        let (Ok(text) | Err(text)) = &owned;
        assert_eq!(text.len(), length, "the text is another one");
        match owned {
            Ok(text) => Ok(Self { text, ..self }),
            Err(text) => Err(Self { text, ..self }),
        }
    }

    /// The text as it was parsed: under its own id, whatever label the message has now.
    #[must_use]
    pub fn text(&self) -> &Bytes {
        &self.text
    }

    /// Where the value at `path` stands in [`text`](Self::text); the path starts at the top, as in
    /// `["params", "name"]`.
    ///
    /// # Errors
    ///
    /// A key on the way that stands twice in its object is [`FieldError::Duplicate`].
    pub fn find(&self, path: &[&str]) -> Result<Option<Range<usize>>, FieldError> {
        match self.top(path) {
            Some((place, rest)) => field::find_in(&self.text, place, rest),
            None => Ok(None),
        }
    }

    /// Where a path begins that is known without a look, and what is left of it; `None` if there is no such member.
    fn top<'p, 'n>(&self, path: &'p [&'n str]) -> Option<(Range<usize>, &'p [&'n str])> {
        let whole = 0..self.text.len();
        let Some((top, rest)) = path.split_first() else { return Some((whole, path)) };
        let span = match *top {
            "id" => self.envelope.id,
            "method" => self.envelope.method,
            "params" => self.envelope.params,
            "result" => self.envelope.result,
            "error" => self.envelope.error,
            _ => return Some((whole, path)),
        };
        Some((span?.range(), rest))
    }

    /// Whether no object in it can have a key of that name, seen without a look at its grammar.
    #[must_use]
    pub fn lacks(&self, name: &str) -> bool {
        field::is_missing(&self.text, name)
    }

    /// Where the values of several members of the object at `path` stand, found in one go; `None` if there is nothing at `path`.
    ///
    /// Where [`find`](Self::find) first looks whether there is anything to be found, this reads at once: it is for what is there.
    ///
    /// # Errors
    ///
    /// A key on the way, or one of `names`, that stands twice in its object is [`FieldError::Duplicate`].
    pub fn pick<const N: usize>(
        &self,
        path: &[&str],
        names: [&str; N],
    ) -> Result<Option<[Option<Range<usize>>; N]>, FieldError> {
        let Some((mut object, path)) = self.top(path) else { return Ok(None) };
        for name in path {
            let [Some(inner)] = field::pick_in(&self.text, object, [name])? else { return Ok(None) };
            object = inner;
        }
        field::pick_in(&self.text, object, names).map(Some)
    }

    /// The same in the object at `place`, as one of these functions has given it.
    ///
    /// # Errors
    ///
    /// As with [`pick`](Self::pick). A place that is none of a value may give any error or answer.
    pub fn pick_at<const N: usize>(
        &self,
        place: Range<usize>,
        names: [&str; N],
    ) -> Result<[Option<Range<usize>>; N], FieldError> {
        if place.end < place.start || self.text.len() < place.end {
            return Err(FieldError::Malformed);
        }
        field::pick_in(&self.text, place, names)
    }

    /// The JSON text of the value at `path`, if there is exactly one.
    #[must_use]
    pub fn value(&self, path: &[&str]) -> Option<&str> {
        std::str::from_utf8(&self.text[self.find(path).ok()??]).ok()
    }

    /// The same message with parts of [`text`](Self::text) replaced; it keeps its label.
    ///
    /// The edits must be in order and apart, must keep the text valid JSON, and must not touch envelope keys.
    #[must_use]
    pub fn spliced(&self, edits: &[Edit<'_>]) -> Self {
        let text = splice::splice(&self.text, edits);
        let moved = |at| splice::moved(self.text.len(), edits, at);
        let Some(mut envelope) = self.envelope.moved(moved) else { return self.clone() };
        envelope.multiline |= edits.iter().any(|edit| memchr::memchr2(b'\n', b'\r', edit.with.as_bytes()).is_some());
        Self { label: self.label.clone(), ..Self::new(text, envelope) }
    }
}

/// Without the payload, which is nobody's business who reads a log.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("kind", &self.kind())
            .field("method", &self.method())
            .field("id", &self.id())
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

/// `text` without the white space around it and the byte order mark before it.
fn trimmed(text: Bytes) -> Bytes {
    let start = if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    let start = start + text[start..].iter().take_while(|byte| space(byte)).count();
    let end = text.len() - text[start..].iter().rev().take_while(|byte| space(byte)).count();
    if start == 0 && end == text.len() {
        return text;
    }
    text.slice(start..end)
}

#[cfg(test)]
mod tests;
