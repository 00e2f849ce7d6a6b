//! What kind of result a result is.

use std::borrow::Cow;

use serde::Deserialize;

use super::{ShapeError, read};

/// The discriminator of modern results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResultType {
    /// The answer itself. Results of legacy servers do not say it and are it.
    Complete,
    /// The server needs input first: see [`InputRequired`](crate::InputRequired).
    InputRequired,
    /// The server will have the answer later (tasks extension).
    Task,
    /// A word that is not known here; the specification calls it invalid unless an extension defines it.
    Other,
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow, default, rename = "resultType")]
    kind: Option<Cow<'a, str>>,
}

impl ResultType {
    const COMPLETE: &'static str = "complete";

    /// Reads it from a result (JSON text).
    ///
    /// # Errors
    ///
    /// Fails if the result is no object, or says its type twice or not by a string.
    pub fn of(result: &str) -> Result<Self, ShapeError> {
        let wire: Wire<'_> = read("result", result)?;
        let kind = wire.kind.as_deref().unwrap_or(Self::COMPLETE);
        let known = [Self::Complete, Self::InputRequired, Self::Task];
        Ok(known.into_iter().find(|known| known.as_str() == Some(kind)).unwrap_or(Self::Other))
    }

    /// How it is written on the wire; `None` for [`Other`](Self::Other).
    #[must_use]
    pub const fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Complete => Some(Self::COMPLETE),
            Self::InputRequired => Some("input_required"),
            Self::Task => Some("task"),
            Self::Other => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Option<ResultType>) {
        assert_eq!(ResultType::of(text).ok(), expect, "{text}");
    }

    #[test]
    fn a_result_without_a_type_is_complete() {
        check("{}", Some(ResultType::Complete));
        check(r#"{"resultType":"complete"}"#, Some(ResultType::Complete));
        check(r#"{"x":[1],"resultType":"input_required"}"#, Some(ResultType::InputRequired));
        check(r#"{"resultType":"task"}"#, Some(ResultType::Task));
        check(r#"{"resultType":"Complete"}"#, Some(ResultType::Other));
        check(r#"{"resultType":7}"#, None);
        check(r#"{"resultType":"task","resultType":"complete"}"#, None);
        check("[]", None);
    }
}
