//! What can go wrong on the way to a token and back.

use aws_lc_rs::error::Unspecified;

/// Why a call was not parked. It has been cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParkError {
    /// As many calls wait as there may be.
    #[error("{limit} calls wait for an answer of their clients, which is the limit; try again later, or raise it")]
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// As many calls of the principal wait as there may be.
    #[error("{limit} calls wait for an answer of this client, which is the limit; answer one, or raise it")]
    TooManyOfPrincipal {
        /// The limit.
        limit: usize,
    },
    /// There is no token to find it by.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// Why the state of a server is not in a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WrapError {
    /// The state is too long to travel, in bytes.
    #[error("the server's state has {length} bytes, the limit is {limit}")]
    TooLong {
        /// Its length in bytes.
        length: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// There is no token to put it in.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// Why a token leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResumeError {
    /// It is none of ours, was changed, or was given to somebody else or for another request.
    #[error("the token is not valid here; send it as it was given, by the same client, for the same request")]
    Invalid,
    /// It came too late.
    #[error("the token has expired; make the call again")]
    Expired,
    /// It was used before, or the call it led to is over.
    #[error("no call waits for this token any more; make the call again")]
    Gone,
}

/// Nothing can be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random numbers, so no token can be sealed")]
pub struct SealError;

impl From<Unspecified> for SealError {
    fn from(_: Unspecified) -> Self {
        Self
    }
}
