//! Calls that wait for their clients, and the tokens that these come back with.

mod error;
mod parked;
mod purpose;
mod questions;
mod seal;
mod table;
mod token;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use mcp_transport::Principal;

use self::{
    seal::{Content, KEY_LENGTH, MAX_STATE, NODE_LENGTH, Seal},
    table::Table,
    token::Expiry,
};

pub use self::{
    error::{ParkError, ResumeError, SealError, WrapError},
    parked::{ParkedCall, Step},
    purpose::Purpose,
    questions::{AnswerError, Question},
    token::Token,
};

/// Sets calls aside while their clients are asked something, and finds them again by sealed tokens.
///
/// A token is bound to a principal, a [`Purpose`] and a time, and nobody can read or change it. The state of a modern
/// server, which keeps no call waiting, travels in one too, so that a client sees one kind of token whichever era the
/// server is of. A parked call lives in this process alone and is found once; state is in the token itself, and the
/// token is good until it expires.
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

/// How many calls of one server may be parked: of more, the oldest gives way. A call to a shared server that asks keeps an
/// instance of it to itself, and people forget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// The server.
    pub server: Arc<str>,
    /// How many; 0 counts as 1.
    pub most: usize,
}

/// What a token has led to.
pub enum Resumed {
    /// The call that was parked. It is in the caller's hands alone now; dropping it cancels it.
    Parked(ParkedCall),
    /// The state that a modern server gave, byte for byte; `None` if it gave none.
    State(Option<String>),
}

impl Parking {
    /// The greatest length in bytes of a server's state: 64 KiB.
    pub const MAX_STATE: usize = MAX_STATE;

    /// With nothing parked, under a key that is drawn now and dies with it.
    ///
    /// # Errors
    ///
    /// Fails if the system gives no random numbers.
    pub fn new(limits: ParkingLimits) -> Result<Self, SealError> {
        let mut key = [0; KEY_LENGTH];
        getrandom::fill(&mut key).map_err(|_| SealError)?;
        Self::with_key(limits, &key)
    }

    /// With nothing parked, under a secret key of 32 random bytes.
    ///
    /// Whoever has the same key can go on with the state of a modern server; a parked call is found here alone all the
    /// same.
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new).
    pub fn with_key(limits: ParkingLimits, key: &[u8; 32]) -> Result<Self, SealError> {
        let mut node = [0; NODE_LENGTH];
        getrandom::fill(&mut node).map_err(|_| SealError)?;
        Ok(Self { table: Mutex::new(Table::new(limits)), seal: Seal::new(key)?, node, life: limits.life })
    }

    /// Sets `call` aside until `owner` comes back with the token.
    ///
    /// # Errors
    ///
    /// Fails if as many calls are parked as there may be. The call is cancelled then.
    pub fn park(&self, call: ParkedCall, purpose: &Purpose, owner: &Principal) -> Result<Token, ParkError> {
        let room = call.room().cloned();
        let parked = self.table().park(call, owner, room, now());
        // The call comes back so that it is cancelled here, where no lock is held.
        let (key, over) = parked.map_err(|(_call, error)| error)?;
        for call in over {
            call.cancel(Some("too many calls wait for their clients, and this one has waited for longest"));
        }
        let token = self.token(&Content::Parked { node: self.node, key }, purpose, owner);
        if token.is_err() {
            let call = self.table().take(key, owner, now());
            drop(call);
        }
        Ok(token?)
    }

    /// Puts into a token what a modern server wants to have back; `None` if it gave nothing.
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

    /// What `owner` gets for a token that it was given for `purpose`. A parked call is taken out: whoever comes second,
    /// at the same time or later, finds it gone.
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
        Ok(Token::new(self.seal.seal(content, expiry, owner, purpose)?, expiry))
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

/// Without the state, which is between the server and itself.
impl fmt::Debug for Resumed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parked(call) => f.debug_tuple("Parked").field(call).finish(),
            Self::State(state) => f.debug_tuple("State").field(&state.as_ref().map(String::len)).finish(),
        }
    }
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

#[cfg(test)]
mod tests;
