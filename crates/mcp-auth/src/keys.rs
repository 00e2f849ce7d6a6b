//! The keys that clients are known by.

use std::{collections::BTreeSet, fmt, io, sync::Arc};

use mcp_transport::Secret;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

/// Named keys, as digests: the keys themselves are not kept. The default is none.
#[derive(Clone, Default)]
pub struct Keys(Vec<Key>);

#[derive(Clone)]
struct Key {
    name: Arc<str>,
    digest: [u8; 32],
}

/// Why a key cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// There is nothing in it, so whoever sends nothing would have it.
    #[error("the key of `{0}` is empty; give it a long random value, or take it out")]
    Empty(Arc<str>),
    /// It cannot be sent in a header.
    #[error("the key of `{0}` has characters other than visible ASCII; use letters, digits and signs, and no spaces")]
    NotVisible(Arc<str>),
    /// It begins as a digest does and is none.
    #[error(
        "the key of `{0}` begins with `sha256:`; 64 hexadecimal digits have to follow, the SHA-256 digest of the key"
    )]
    NotADigest(Arc<str>),
    /// Nobody could tell the two apart.
    #[error("two keys are called `{0}`; give one of them another name")]
    DuplicateName(Arc<str>),
}

/// Bytes of a key that nobody guesses.
const STRONG: usize = 16;
/// What the digest of a key begins with, which can stand for the key where it is kept.
const DIGEST: &str = "sha256:";
/// What a key that we make begins with, so that tools which look for lost secrets know it.
const OURS: &str = "mcp_";

impl Keys {
    /// Keys by their names. The names are no secrets: logs and errors show them. Of two names with one key the first counts.
    /// Instead of a key there may be its digest: `sha256:` and 64 hexadecimal digits, which nobody can present.
    ///
    /// # Errors
    ///
    /// Fails if a key is empty or holds anything but visible ASCII, if it only begins as a digest does, or if two names are
    /// alike.
    pub fn new(keys: impl IntoIterator<Item = (Arc<str>, Secret)>) -> Result<Self, KeysError> {
        let mut names = BTreeSet::new();
        let digested = keys.into_iter().map(|(name, key)| {
            if !names.insert(Arc::clone(&name)) {
                return Err(KeysError::DuplicateName(name));
            }
            match key.expose() {
                "" => Err(KeysError::Empty(name)),
                key if !key.bytes().all(|byte| byte.is_ascii_graphic()) => Err(KeysError::NotVisible(name)),
                key => match key.strip_prefix(DIGEST) {
                    Some(hex) => match read(hex) {
                        Some(digest) => Ok(Key { name, digest }),
                        None => Err(KeysError::NotADigest(name)),
                    },
                    None => Ok(Key { name, digest: digest(key) }),
                },
            }
        });
        digested.collect::<Result<_, _>>().map(Self)
    }

    /// A new key that nobody guesses (256 random bits), and its digest as [`new`](Self::new) takes it.
    ///
    /// # Errors
    ///
    /// Fails if the system has no random numbers.
    pub fn generate() -> io::Result<(Secret, String)> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
        let key = format!("{OURS}{}", write(&bytes));
        let digest = format!("{DIGEST}{}", write(&digest(&key)));
        Ok((Secret::new(key), digest))
    }

    /// Whether it is the digest of a key instead of one.
    #[must_use]
    pub fn is_digest(key: &Secret) -> bool {
        key.expose().starts_with(DIGEST)
    }

    /// Whether a key has fewer than 16 bytes and is worth a warning. Of a digest nobody knows.
    #[must_use]
    pub fn is_weak(key: &Secret) -> bool {
        key.expose().len() < STRONG
    }

    /// Whether there is no key at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names of the keys.
    pub fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.0.iter().map(|key| &key.name)
    }

    /// Whether both have a key of that name, and it is the same one.
    #[must_use]
    pub fn agree(&self, other: &Self, name: &str) -> bool {
        let find = |keys: &Self| keys.0.iter().find(|key| *key.name == *name).map(|key| key.digest);
        find(self).is_some_and(|own| find(other) == Some(own))
    }

    /// The name of the key that was presented. How long the look takes depends on how many keys there are and on how long
    /// `presented` is, and on nothing else.
    #[must_use]
    pub fn check(&self, presented: &str) -> Option<&Arc<str>> {
        let presented = digest(presented);
        let mut found = Choice::from(0);
        let mut at = 0;
        for (index, key) in (0_u64..).zip(&self.0) {
            let is_first = key.digest.ct_eq(&presented) & !found;
            at.conditional_assign(&index, is_first);
            found |= is_first;
        }
        let key = usize::try_from(at).ok().and_then(|at| self.0.get(at));
        key.filter(|_| found.into()).map(|key| &key.name)
    }
}

/// Digests have one length and tell nothing about the key, not even where two of them first differ.
fn digest(key: &str) -> [u8; 32] {
    Sha256::digest(key).into()
}

fn write(bytes: &[u8; 32]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

fn read(hex: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if hex.len() != 64 || !hex.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(&hex[at..at + 2], 16).ok()?;
    }
    Some(bytes)
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.iter().map(|key| &key.name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(pairs: &[(&str, &str)]) -> Result<Keys, KeysError> {
        Keys::new(pairs.iter().map(|&(name, key)| (name.into(), Secret::new(key))))
    }

    #[test]
    fn a_key_is_known_by_its_name() {
        let keys = keys(&[("alice", "k1"), ("bob", "k2"), ("carol", "k3")]).unwrap();
        for (presented, name) in [("k1", Some("alice")), ("k2", Some("bob")), ("k3", Some("carol"))] {
            assert_eq!(keys.check(presented).map(|name| &**name), name);
        }
        for wrong in ["", "k", "k11", "K1", "k4", "alice"] {
            assert_eq!(keys.check(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn of_two_names_with_one_key_the_first_counts() {
        let keys = keys(&[("alice", "other"), ("bob", "same"), ("carol", "same")]).unwrap();
        assert_eq!(keys.check("same").map(|name| &**name), Some("bob"));
    }

    #[test]
    fn without_keys_nothing_is_right() {
        let none = Keys::default();
        assert!(none.is_empty());
        assert_eq!(none.check(""), None);
    }

    #[test]
    fn what_cannot_be_presented_or_told_apart_is_no_key() {
        let refused = |pairs: &[(&str, &str)]| keys(pairs).unwrap_err();
        assert_eq!(refused(&[("a", "fine"), ("b", "")]), KeysError::Empty("b".into()));
        for key in ["a b", "a\tb", "a\n", "\0", "schlüssel", " a"] {
            assert_eq!(refused(&[("a", key)]), KeysError::NotVisible("a".into()), "{key:?}");
        }
        assert_eq!(refused(&[("a", "k1"), ("a", "k2")]), KeysError::DuplicateName("a".into()));
        assert!(keys(&[("a", "!"), ("b", "~")]).is_ok(), "short ones are allowed");
    }

    #[test]
    fn a_digest_stands_for_its_key_and_is_none_itself() {
        let (key, digest) = Keys::generate().unwrap();
        let known = keys(&[("alice", &digest), ("bob", &digest.to_uppercase().replace("SHA", "sha"))]).unwrap();
        assert_eq!(known.check(key.expose()).map(|name| &**name), Some("alice"));
        assert_eq!(known.check(&digest), None);
        assert_ne!(Keys::generate().unwrap().1, digest);
        assert!(Keys::is_digest(&Secret::new(digest.as_str())) && !Keys::is_digest(&key) && !Keys::is_weak(&key));
        // Of "abc", as the standard says.
        let abc = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert!(keys(&[("a", abc)]).unwrap().check("abc").is_some());
        for wrong in ["sha256:", &abc[..70], &format!("{abc}0"), &abc.replace('b', "g"), &abc.replace("ba", "é")] {
            let refused = keys(&[("a", wrong)]).unwrap_err();
            let is_told = matches!(refused, KeysError::NotADigest(_) | KeysError::NotVisible(_));
            assert!(is_told, "{wrong}: {refused}");
        }
    }

    #[test]
    fn keys_agree_on_a_name_that_both_have_with_the_same_key() {
        let (one, other) = (keys(&[("alice", "k1"), ("bob", "k2")]).unwrap(), keys(&[("alice", "k1"), ("bob", "k3")]));
        let other = other.unwrap();
        assert!(one.agree(&other, "alice") && !one.agree(&other, "bob") && !one.agree(&other, "carol"));
        assert!(!one.agree(&Keys::default(), "alice"));
        assert!(one.names().map(|name| &**name).eq(["alice", "bob"]));
    }

    #[test]
    fn a_short_key_is_weak() {
        assert!(Keys::is_weak(&Secret::new("x".repeat(15))));
        assert!(!Keys::is_weak(&Secret::new("x".repeat(16))));
    }

    #[test]
    fn names_show_and_keys_do_not() {
        let known = keys(&[("alice", "s3cret")]).unwrap();
        assert_eq!(format!("{known:?}"), r#"{"alice"}"#);
        let error = keys(&[("alice", "s3cret"), ("bob", "s3cret\n")]).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3cret"));
    }
}
