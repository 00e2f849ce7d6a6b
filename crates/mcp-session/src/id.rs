//! What a session is called on the wire, and how it may be shown.

use std::{
    borrow::Borrow,
    fmt,
    hash::{BuildHasher, RandomState},
    sync::{Arc, LazyLock},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// The id of a session: a credential, so it shows itself only as a hash that means nothing outside this process.
///
/// Ours are 256 random bits in 43 characters of base64url. Ids are looked up in hash tables with a random key: where two of
/// them first differ does not show in the time a lookup takes, so no comparison has to be constant-time.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SessionId(Arc<str>);

impl SessionId {
    /// Draws a new one from the random numbers of the operating system.
    ///
    /// # Errors
    ///
    /// Fails if the system has none to give.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bits = [0; 32];
        getrandom::fill(&mut bits)?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bits).into()))
    }

    /// What a person may see and name it by: the first 16 hexadecimal digits of the SHA-256 of the text. It opens nothing.
    #[must_use]
    pub fn handle(&self) -> String {
        let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
        let digest = Sha256::digest(&*self.0);
        digest.iter().take(8).flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
    }

    /// The text, for the header that hands it to its client, and for nothing that is logged.
    #[must_use]
    pub fn expose(&self) -> &Arc<str> {
        &self.0
    }
}

/// Found by its text, with nothing copied.
impl Borrow<str> for SessionId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        write!(f, "session-{:016x}", KEY.hash_one(&self.0))
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_id_is_visible_ascii_of_256_bits_and_unlike_any_other() {
        let id = SessionId::random().unwrap();
        assert_eq!(URL_SAFE_NO_PAD.decode(&**id.expose()).unwrap().len(), 32);
        assert!(id.expose().bytes().all(|byte| byte.is_ascii_graphic()));
        assert_ne!(SessionId::random().unwrap(), id);
    }

    #[test]
    fn its_handle_is_the_beginning_of_its_digest() {
        assert_eq!(SessionId("abc".into()).handle(), "ba7816bf8f01cfea");
    }

    #[test]
    fn it_shows_the_same_hash_each_time_and_nothing_of_itself() {
        let (id, other) = (SessionId("abcdefgh".into()), SessionId("abcdefgi".into()));
        let shown = format!("{id} {id:?}");
        assert!(shown.starts_with("session-") && shown.len() == 2 * 24 + 1, "{shown}");
        assert!(!shown.contains("abcd"));
        assert_eq!(shown[..24], shown[25..]);
        assert_ne!(id.to_string(), other.to_string());
    }
}
