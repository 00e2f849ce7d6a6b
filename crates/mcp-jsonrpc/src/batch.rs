//! Batches, which exist only at the rim: split on the way in, joined on the way out.

use bytes::Bytes;

use crate::{Message, ParseError, Reason, field};

/// What one body, line or event holds.
#[derive(Clone, Debug)]
pub enum Incoming {
    /// One message.
    One(Message),
    /// A batch, its elements judged one by one. Never empty.
    Many(Vec<Result<Message, ParseError>>),
}

/// Why a text is neither a message nor a batch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BatchError {
    /// It is no batch, and no message either.
    #[error(transparent)]
    Message(#[from] ParseError),
    /// It is an array without elements, which asks for nothing.
    #[error("a batch must hold at least one message")]
    Empty,
    /// It is an array of more elements than allowed.
    #[error("the batch holds more than {limit} messages")]
    TooMany {
        /// How many there may be.
        limit: usize,
    },
}

impl Incoming {
    /// Reads a text that may be one message or an array of at most `limit` of them.
    ///
    /// # Errors
    ///
    /// Fails if the text is broken, is neither of the two, or is an empty or too large array. A broken element of a
    /// sound array is no error here: it is that element's outcome.
    pub fn parse(text: Bytes, limit: usize) -> Result<Self, BatchError> {
        if text.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) != Some(&b'[') {
            return Ok(Self::One(Message::parse(text)?));
        }
        let broken = |reason| ParseError { reason, at: 0, id: None };
        let json = std::str::from_utf8(&text).map_err(|_| broken(Reason::Encoding))?;
        // A batch adds one level around its messages, and their own limit is checked with each of them.
        let places = field::elements(json, limit).map_err(|_| broken(Reason::Syntax))?;
        match places.len() {
            0 => Err(BatchError::Empty),
            count if limit < count => Err(BatchError::TooMany { limit }),
            _ => Ok(Self::Many(places.into_iter().map(|place| Message::parse(text.slice(place))).collect())),
        }
    }
}

/// The array of `messages`.
#[must_use]
pub fn join(messages: &[Message]) -> Bytes {
    let mut text = Vec::with_capacity(2 + messages.iter().map(|message| message.len() + 1).sum::<usize>());
    text.push(b'[');
    for (n, message) in messages.iter().enumerate() {
        if n != 0 {
            text.push(b',');
        }
        message.append_to(&mut text);
    }
    text.push(b']');
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Id;

    const A: &str = r#"{"jsonrpc":"2.0","id":1,"method":"a"}"#;
    const B: &str = r#"{"jsonrpc":"2.0","method":"b"}"#;

    fn parse(text: &str) -> Result<Incoming, BatchError> {
        Incoming::parse(Bytes::copy_from_slice(text.as_bytes()), 3)
    }

    #[test]
    fn a_batch_splits_into_its_messages_and_joins_again() {
        let text = format!("[{A},{B}]");
        let Ok(Incoming::Many(parts)) = parse(&format!(" {text}\n")) else { panic!() };
        let parts: Vec<_> = parts.into_iter().map(Result::unwrap).collect();
        assert_eq!(&join(&parts)[..], text.as_bytes());
        assert_eq!(&join(&[parts[0].clone().with_id(Id::from(7))])[..], br#"[{"jsonrpc":"2.0","id":7,"method":"a"}]"#);
    }

    #[test]
    fn one_broken_element_does_not_spoil_the_others() {
        let Ok(Incoming::Many(parts)) = parse(&format!("[{A},7,{B}]")) else { panic!() };
        assert!(parts[0].is_ok() && parts[2].is_ok());
        assert_eq!(parts[1].as_ref().unwrap_err().reason, Reason::NotAnObject);
    }

    #[test]
    fn a_batch_has_at_least_one_message_and_at_most_the_limit() {
        assert_eq!(parse("[]").unwrap_err(), BatchError::Empty);
        assert!(matches!(parse("[1,2,3]"), Ok(Incoming::Many(_))));
        assert_eq!(parse("[1,2,3,4]").unwrap_err(), BatchError::TooMany { limit: 3 });
    }

    #[test]
    fn broken_text_is_neither() {
        for text in ["[1,]", "[1] 2", "[", "7", ""] {
            assert!(matches!(parse(text), Err(BatchError::Message(_))), "{text}");
        }
        assert!(matches!(parse(B), Ok(Incoming::One(_))));
    }
}
