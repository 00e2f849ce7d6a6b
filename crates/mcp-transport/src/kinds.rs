//! The register that makes a `type` word of a configuration file a transport.

use std::{collections::BTreeMap, error::Error as StdError, fmt, sync::Arc};

use serde_json::value::RawValue;

use crate::Transport;

type Constructor = dyn Fn(&RawValue) -> Result<Arc<dyn Transport>, Box<dyn StdError + Send + Sync>> + Send + Sync;

/// The kinds of transport that a configuration file may name.
#[derive(Clone, Default)]
pub struct Kinds(BTreeMap<String, Arc<Constructor>>);

/// Why a configured server has no transport.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KindError {
    /// The word is not registered.
    #[error("unknown server type `{kind}`; known are: {known}")]
    Unknown {
        /// The word.
        kind: String,
        /// The registered words.
        known: String,
    },
    /// The constructor refused the options.
    #[error("the options of a server of type `{kind}` are not right")]
    Options {
        /// The word.
        kind: String,
        /// The constructor's reason.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
}

impl Kinds {
    /// Adds a kind, or replaces the one of that name. `open` gets the server's whole entry as JSON text.
    #[must_use]
    pub fn with<T, E>(
        mut self,
        kind: impl Into<String>,
        open: impl Fn(&RawValue) -> Result<T, E> + Send + Sync + 'static,
    ) -> Self
    where
        T: Transport,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        let open = move |options: &RawValue| match open(options) {
            Ok(transport) => Ok(Arc::new(transport) as Arc<dyn Transport>),
            Err(error) => Err(error.into()),
        };
        self.0.insert(kind.into(), Arc::new(open));
        self
    }

    /// The transport for a server entry of the given kind.
    ///
    /// # Errors
    ///
    /// Fails if the kind is not registered (the error lists those that are) or its constructor refuses the options.
    pub fn open(&self, kind: &str, options: &RawValue) -> Result<Arc<dyn Transport>, KindError> {
        let Some(open) = self.0.get(kind) else {
            let known = self.0.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            return Err(KindError::Unknown { kind: kind.to_owned(), known });
        };
        open(options).map_err(|source| KindError::Options { kind: kind.to_owned(), source })
    }
}

impl fmt::Debug for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Memory;

    #[test]
    fn a_word_becomes_a_transport_or_an_error_that_says_why() {
        let kinds = Kinds::default()
            .with("lab", |_| Ok::<_, fmt::Error>(Memory::new(|_| async {})))
            .with("bad", |_| Err::<Memory, _>("no url"));
        let options = RawValue::from_string("{}".to_owned()).unwrap();
        assert!(kinds.open("lab", &options).is_ok());
        let unknown = kinds.open("x", &options).unwrap_err();
        assert_eq!(unknown.to_string(), "unknown server type `x`; known are: bad, lab");
        assert!(matches!(kinds.open("bad", &options), Err(KindError::Options { .. })));
    }
}
