//! Why a modern message is refused at the door.

use std::borrow::Cow;

use mcp_jsonrpc::quote;

use crate::{ClaimError, Revision, UnsupportedVersion, code};

/// Why a modern message is refused before anything is done with it. Over HTTP each of them is status 400.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MirrorError {
    /// The envelope is there but broken.
    #[error(transparent)]
    Envelope(#[from] ClaimError),
    /// Required keys of the envelope are not there.
    #[error("`params._meta` lacks {}", listed(keys))]
    MissingKeys {
        /// The keys.
        keys: Vec<&'static str>,
    },
    /// The revision is not served here.
    #[error("this revision of MCP is not served here; use one of those in `data.supported`")]
    UnsupportedVersion {
        /// The revision asked for, in the words of the client.
        requested: String,
        /// The revisions served.
        supported: Vec<Revision>,
    },
    /// A required header is not there.
    #[error("the header `{header}` is missing; it must repeat what the body says")]
    Missing {
        /// Its name in lower case.
        header: Cow<'static, str>,
    },
    /// A header says something else than the body.
    #[error("the header `{header}` says something else than the body")]
    Mismatch {
        /// Its name in lower case.
        header: Cow<'static, str>,
    },
    /// A header stands more than once.
    #[error("the header `{header}` stands more than once; send it once")]
    Repeated {
        /// Its name in lower case.
        header: Cow<'static, str>,
    },
    /// The value of a header is not a header value, or not encoded as it should be.
    #[error("the header `{header}` has a value that cannot be read; encode it as `=?base64?…?=`")]
    Malformed {
        /// Its name in lower case.
        header: Cow<'static, str>,
    },
}

impl MirrorError {
    /// The JSON-RPC error code to answer with.
    #[must_use]
    pub fn code(&self) -> i64 {
        match self {
            Self::Envelope(error) => error.code(),
            Self::MissingKeys { .. } => code::INVALID_PARAMS,
            Self::UnsupportedVersion { .. } => code::UNSUPPORTED_VERSION,
            Self::Missing { .. } | Self::Mismatch { .. } | Self::Repeated { .. } | Self::Malformed { .. } => {
                code::HEADER_MISMATCH
            }
        }
    }

    /// The JSON text for `data` of the error, where there is something to say.
    #[must_use]
    pub fn data(&self) -> Option<String> {
        match self {
            Self::UnsupportedVersion { requested, supported } => {
                Some(UnsupportedVersion::write(supported.iter().map(|revision| revision.as_str()), requested))
            }
            Self::MissingKeys { keys } => {
                let keys: Vec<_> = keys.iter().map(|key| quote(key)).collect();
                Some(format!(r#"{{"missing":[{}]}}"#, keys.join(",")))
            }
            Self::Missing { header }
            | Self::Mismatch { header }
            | Self::Repeated { header }
            | Self::Malformed { header } => Some(format!(r#"{{"header":{}}}"#, quote(header))),
            Self::Envelope(_) => None,
        }
    }
}

fn listed(keys: &[&str]) -> String {
    keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" and ")
}
