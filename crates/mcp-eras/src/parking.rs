//! Calls that wait for their clients, and the tokens that these come back with.

mod parked;
mod purpose;
mod questions;
mod seal;
mod table;

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use aws_lc_rs::rand;
use mcp_transport::Principal;

use self::{
    seal::{Content, Expiry, KEY_LENGTH, MAX_STATE, NODE_LENGTH, Seal, Unopened},
    table::Table,
};

pub use self::{
    parked::{ParkedCall, Step},
    purpose::Purpose,
    questions::{AnswerError, Question},
    seal::SealError,
};

/// Sets calls aside while their clients are asked something, and finds them again by sealed tokens.
///
/// A token is bound to a principal, a [`Purpose`] and a time, and nobody can read or change it. The state of a modern
/// server, which keeps no call waiting, travels in one too, so that a client sees one kind of token whichever era the server
/// is of. A parked call lives in this process alone and is found once; state is in the token itself, and the token is good
/// until it expires.
///
/// It has no task: somebody calls [`sweep`](Self::sweep), about once a second.
///
/// ```
/// use mcp_eras::{Parking, ParkingLimits, Purpose, Resumed};
/// use mcp_transport::Principal;
///
/// let parking = Parking::new(ParkingLimits::default())?;
/// let purpose = Purpose::answer("calendar");
/// let token = parking.wrap(Some("what the server wants back"), &purpose, &Principal::Anonymous)?;
///
/// let resumed = parking.resume(token.expose(), &purpose, &Principal::Anonymous)?;
/// assert!(matches!(resumed, Resumed::State(Some(state)) if state == "what the server wants back"));
/// assert!(parking.resume(token.expose(), &Purpose::answer("mail"), &Principal::Anonymous).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Parking {
    table: Mutex<Table<ParkedCall>>,
    seal: Seal,
    /// Whose calls these are: under a key that was given, tokens of other processes can be read, too.
    node: [u8; NODE_LENGTH],
    life: Duration,
}

/// How many calls may be parked, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct ParkingLimits {
    /// Parked calls in all. Default: 1000.
    pub total: usize,
    /// Parked calls of one named principal; the anonymous one has no bound of its own. Default: 100.
    pub per_principal: usize,
    /// A client that is not back after this finds the call cancelled; a token is good as long. Default: 10 minutes.
    pub life: Duration,
}

/// What a client comes back with: a text of base64url, at most 87 436 characters, 71 for a parked call.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    text: String,
    expiry: Expiry,
}

/// What a token has led to.
pub enum Resumed {
    /// The call that was parked. It is in the caller's hands alone now; dropping it cancels it.
    Parked(ParkedCall),
    /// The state that a modern server gave, byte for byte; `None` if it gave none.
    State(Option<String>),
}

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

/// Why a server's state is not in a token.
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

impl Parking {
    /// The greatest length in bytes of a server's state: 64 KiB.
    pub const MAX_STATE: usize = MAX_STATE;

    /// Nothing parked, under a key that is drawn now and dies with it.
    ///
    /// # Errors
    ///
    /// Fails if the system gives no random numbers.
    pub fn new(limits: ParkingLimits) -> Result<Self, SealError> {
        let mut key = [0; KEY_LENGTH];
        rand::fill(&mut key)?;
        Self::with_key(limits, &key)
    }

    /// Nothing parked, under a secret key of 32 random bytes. Whoever has the same key can read the state of a modern server in
    /// these tokens; a parked call is found by nobody else all the same.
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new).
    pub fn with_key(limits: ParkingLimits, key: &[u8; KEY_LENGTH]) -> Result<Self, SealError> {
        let mut node = [0; NODE_LENGTH];
        rand::fill(&mut node)?;
        Ok(Self { table: Mutex::new(Table::new(limits)), seal: Seal::new(key)?, node, life: limits.life })
    }

    /// Sets `call` aside until `owner` comes back with the token.
    ///
    /// # Errors
    ///
    /// Fails if as many calls are parked as there may be. The call is cancelled then.
    pub fn park(&self, call: ParkedCall, purpose: &Purpose, owner: &Principal) -> Result<Token, ParkError> {
        let parked = self.table().park(call, owner, now());
        // The call comes back so that it is cancelled here, where no lock is held.
        let key = parked.map_err(|(_call, error)| error)?;
        let token = self.token(&Content::Parked { node: self.node, key }, purpose, owner);
        if token.is_err() {
            drop(self.table().take(key, owner, now()));
        }
        Ok(token?)
    }

    /// Puts what a modern server wants to have back into a token; `None` if it gave nothing.
    ///
    /// # Errors
    ///
    /// Fails if the state is longer than [`MAX_STATE`](Self::MAX_STATE).
    pub fn wrap(&self, state: Option<&str>, purpose: &Purpose, owner: &Principal) -> Result<Token, WrapError> {
        let length = state.map_or(0, str::len);
        if MAX_STATE < length {
            return Err(WrapError::TooLong { length, limit: MAX_STATE });
        }
        Ok(self.token(&Content::State(state.map(str::to_owned)), purpose, owner)?)
    }

    /// What `owner` gets for a token that it was given for `purpose`. A parked call is taken out: whoever comes second, at the
    /// same time or later, finds it gone.
    ///
    /// # Errors
    ///
    /// Fails if the token is not valid here, has expired, or leads to no parked call.
    pub fn resume(&self, token: &str, purpose: &Purpose, owner: &Principal) -> Result<Resumed, ResumeError> {
        match self.seal.open(token, owner, purpose, SystemTime::now())? {
            Content::State(state) => Ok(Resumed::State(state)),
            Content::Parked { node, key } if node == self.node => {
                self.table().take(key, owner, now()).map(Resumed::Parked).ok_or(ResumeError::Gone)
            }
            Content::Parked { .. } => Err(ResumeError::Gone),
        }
    }

    /// Cancels the calls whose clients have not come back in time. `now` is by tokio's clock, as everything here is.
    pub fn sweep(&self, now: Instant) {
        let expired = self.table().expire(now);
        for call in expired {
            call.cancel(Some("the client did not answer in time"));
        }
    }

    fn token(&self, content: &Content, purpose: &Purpose, owner: &Principal) -> Result<Token, SealError> {
        let expiry = Expiry::after(SystemTime::now(), self.life);
        Ok(Token { text: self.seal.seal(content, expiry, owner, purpose)?, expiry })
    }

    fn table(&self) -> MutexGuard<'_, Table<ParkedCall>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for ParkingLimits {
    fn default() -> Self {
        Self { total: 1000, per_principal: 100, life: Duration::from_mins(10) }
    }
}

impl Token {
    /// The text, for the client it is given to, and for nothing that is logged.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Until when it is good.
    #[must_use]
    pub fn expires_at(&self) -> SystemTime {
        self.expiry.time()
    }
}

/// Without the text: whoever has it can go on with the call.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("expires_at", &self.expires_at()).finish_non_exhaustive()
    }
}

/// Without the state, which is between the server and itself.
impl fmt::Debug for Resumed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parked(call) => f.debug_tuple("Parked").field(call).finish(),
            Self::State(state) => f.debug_tuple("State").field(&state.as_ref().map(String::len)).finish(),
        }
    }
}

impl From<Unopened> for ResumeError {
    fn from(unopened: Unopened) -> Self {
        match unopened {
            Unopened::Invalid => Self::Invalid,
            Unopened::Expired => Self::Expired,
        }
    }
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

#[cfg(test)]
mod tests;
