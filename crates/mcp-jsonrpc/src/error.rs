//! Why a text is not a message.

use crate::Id;

/// Why a text is not a JSON-RPC message, where, and whom to tell.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason} (at byte {at})")]
pub struct ParseError {
    /// What is wrong.
    pub reason: Reason,
    /// Offset in bytes at which it was noticed.
    pub at: usize,
    /// The id the sender gave, where one could be read, so that the refusal reaches its caller.
    pub id: Option<Id>,
}

/// What is wrong with a text that should be a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// A byte sequence inside a string is not UTF-8.
    #[error("the text is not valid UTF-8")]
    Encoding,
    /// The text breaks the grammar of JSON, ends early, or holds more than one value.
    #[error("the text is not exactly one valid JSON value")]
    Syntax,
    /// Objects and arrays nest deeper than [`MAX_DEPTH`](crate::MAX_DEPTH).
    #[error("the JSON nests deeper than 128 levels")]
    Depth,
    /// The text is longer than 4 GiB.
    #[error("the text is longer than 4 GiB")]
    Size,
    /// The text is JSON, but no object.
    #[error("a JSON-RPC message must be an object")]
    NotAnObject,
    /// The member `jsonrpc` is missing or is not `"2.0"`.
    #[error("the member `jsonrpc` must be \"2.0\"")]
    Version,
    /// The members make neither a request, a notification nor a response.
    #[error("the members make neither a request, a notification nor a response")]
    Shape,
    /// The id is `null`, a fraction, or no string or number at all.
    #[error("the member `id` must be a string or an integer")]
    Id,
    /// The member `method` is not a string.
    #[error("the member `method` must be a string")]
    Method,
    /// The member `params` is neither an object nor an array.
    #[error("the member `params` must be an object or an array")]
    Params,
    /// An envelope member stands twice, so two readers could see two messages.
    #[error("an envelope member stands twice")]
    DuplicateKey,
    /// A key reads as an envelope member to some parsers and not to others.
    #[error("a key differs from an envelope member only in case or escapes")]
    VariantKey,
}

impl Reason {
    /// Whether the text is no JSON at all (a parse error), rather than JSON that is no message (an invalid request).
    #[must_use]
    pub fn is_grammar(self) -> bool {
        matches!(self, Self::Encoding | Self::Syntax | Self::Depth | Self::Size)
    }
}
