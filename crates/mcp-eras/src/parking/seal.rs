//! Tokens that only we can read, and only where they belong.

use std::time::SystemTime;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use mcp_transport::Principal;

use super::{Purpose, ResumeError, SealError, table::Key, token::Expiry};

/// Makes and reads tokens: base64url of a random nonce, then kind, expiry and content under AES-256-GCM.
///
/// A token is bound to a principal and a purpose, which are not in it: whoever reads it must bring the same. One key is
/// good for 2³² tokens, as many as a million an hour make in half a year.
///
/// Random numbers come from the system: the library's own generator takes 40 ms to gather its first ones, which is more than
/// all the rest of a start.
#[derive(Debug)]
pub(super) struct Seal(LessSafeKey);

/// What a token carries.
#[cfg_attr(test, derive(Debug, PartialEq, Eq))]
pub(super) enum Content {
    /// A call that waits in the table of one process.
    Parked {
        /// Which process.
        node: [u8; NODE_LENGTH],
        key: Key,
    },
    /// A server's own state, if it gave any.
    State(Option<String>),
}

/// The length of a key in bytes.
pub(super) const KEY_LENGTH: usize = 32;
/// The length in bytes of the name of a process.
pub(super) const NODE_LENGTH: usize = 8;
/// The greatest length in bytes of a server's state.
pub(super) const MAX_STATE: usize = 64 << 10;
/// The greatest length of a token; a longer one is not even decoded.
const MAX_TOKEN: usize = ((NONCE_LEN + HEAD_LENGTH + MAX_STATE + TAG_LENGTH) * 4).div_ceil(3);
/// Kind and expiry.
const HEAD_LENGTH: usize = 1 + 8;
const TAG_LENGTH: usize = 16;

const PARKED: u8 = 1;
const NO_STATE: u8 = 2;
const STATE: u8 = 3;

/// Keeps tokens apart from whatever else may be sealed with a key that was given to us.
const CONTEXT: &[u8] = b"mcp-eras parking 1\0";

impl Seal {
    pub(super) fn new(key: &[u8; KEY_LENGTH]) -> Result<Self, SealError> {
        Ok(Self(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key)?)))
    }

    /// A token of `content`, good until `expiry` for `owner` and `purpose`.
    pub(super) fn seal(
        &self,
        content: &Content,
        expiry: Expiry,
        owner: &Principal,
        purpose: &Purpose,
    ) -> Result<String, SealError> {
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce).map_err(|_| SealError)?;
        let mut sealed = content.write(expiry);
        let bound = Aad::from(bound_to(owner, purpose));
        self.0.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), bound, &mut sealed)?;
        Ok(URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat()))
    }

    /// What `token` carries, if it was made for `owner` and `purpose` and has not expired at `now`. What is wrong with
    /// a wrong one is not said, for whoever tries them out.
    pub(super) fn open(
        &self,
        token: &str,
        owner: &Principal,
        purpose: &Purpose,
        now: SystemTime,
    ) -> Result<Content, ResumeError> {
        let (expiry, content) = self.read(token, owner, purpose).ok_or(ResumeError::Invalid)?;
        if expiry <= Expiry::at(now) { Err(ResumeError::Expired) } else { Ok(content) }
    }

    fn read(&self, token: &str, owner: &Principal, purpose: &Purpose) -> Option<(Expiry, Content)> {
        if MAX_TOKEN < token.len() {
            return None;
        }
        let mut sealed = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (nonce, sealed) = sealed.split_first_chunk_mut::<NONCE_LEN>()?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        Content::read(self.0.open_in_place(nonce, Aad::from(bound_to(owner, purpose)), sealed).ok()?)
    }
}

impl Content {
    fn write(&self, expiry: Expiry) -> Vec<u8> {
        let (kind, rest) = match self {
            Self::Parked { node, key: Key(number) } => (PARKED, [&node[..], &number.to_be_bytes()].concat()),
            Self::State(None) => (NO_STATE, Vec::new()),
            Self::State(Some(state)) => (STATE, state.as_bytes().to_vec()),
        };
        [&[kind][..], &expiry.0.to_be_bytes(), &rest].concat()
    }

    fn read(plain: &[u8]) -> Option<(Expiry, Self)> {
        let (&kind, plain) = plain.split_first()?;
        let (expiry, rest) = plain.split_first_chunk()?;
        let content = match kind {
            PARKED => {
                let (node, key) = rest.split_first_chunk()?;
                Self::Parked { node: *node, key: Key(u64::from_be_bytes(key.try_into().ok()?)) }
            }
            NO_STATE => Self::State(None),
            STATE => Self::State(Some(String::from_utf8(rest.to_vec()).ok()?)),
            _ => return None,
        };
        Some((Expiry(u64::from_be_bytes(*expiry)), content))
    }
}

/// What a token is bound to without saying so. Only the name, at its end, has no fixed length.
fn bound_to(owner: &Principal, purpose: &Purpose) -> Vec<u8> {
    let (kind, name) = match owner {
        Principal::Proxy => (0, ""),
        Principal::Anonymous => (1, ""),
        Principal::Named(name) => (2, &**name),
    };
    [CONTEXT, purpose.as_bytes(), &[kind], name.as_bytes()].concat()
}

#[cfg(test)]
mod tests;
