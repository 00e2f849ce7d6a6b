//! The password: given, kept, or made at the first start.

use std::sync::Arc;

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use mcp_proxy_core::transport::{Secret, Store};
use serde::{Deserialize, Serialize};
use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::AdminError;

/// What it is kept under.
const KEY: &str = "admin-password";
/// A password of fewer characters is refused.
pub(crate) const SHORTEST: usize = 8;
/// Passwords that come with other systems, and that everyone knows.
const KNOWN: [&str; 6] = ["password", "admin", "administrator", "changeme", "12345678", "mcp-admin"];
/// Passwords that are checked at a time; each takes 19 MiB.
const AT_ONCE: usize = 2;
/// Characters of a password of ours: none that looks like another one.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
const MADE: usize = 24;

/// A password, of which only a hash is known.
pub(crate) struct Password {
    hash: Arc<str>,
    /// Stays the same as long as the password does.
    seed: Secret,
    places: Arc<Semaphore>,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    hash: String,
}

impl Password {
    /// The password `given`, else the one that is kept, else a new one, which is kept and given back.
    ///
    /// # Errors
    ///
    /// Fails if `given` is weak or known, or if the store cannot be used.
    pub(crate) async fn open(
        given: Option<&Secret>,
        store: Option<&Arc<dyn Store>>,
        is_cheap: bool,
    ) -> Result<(Self, Option<Secret>), AdminError> {
        if let Some(given) = given {
            check(given.expose())?;
            return Ok((Self::of(hash(given.clone(), is_cheap).await?, given.clone()), None));
        }
        let kept = match store {
            Some(store) => store.load(KEY).await.map_err(AdminError::Store)?,
            None => None,
        };
        if let Some(kept) = kept.as_deref() {
            let kept: Kept = serde_json::from_str(kept).map_err(|_| AdminError::Kept)?;
            PasswordHash::new(&kept.hash).map_err(|_| AdminError::Kept)?;
            let seed = Secret::new(kept.hash.clone());
            return Ok((Self::of(kept.hash, seed), None));
        }
        let made = Secret::new(make()?);
        let hash = hash(made.clone(), is_cheap).await?;
        if let Some(store) = store {
            let kept = serde_json::to_string(&Kept { hash: hash.clone() }).map_err(|_| AdminError::Kept)?;
            store.save(KEY, &kept).await.map_err(AdminError::Store)?;
        }
        let seed = Secret::new(hash.clone());
        Ok((Self::of(hash, seed), Some(made)))
    }

    fn of(hash: String, seed: Secret) -> Self {
        Self { hash: hash.into(), seed, places: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Whether it is that.
    ///
    /// # Errors
    ///
    /// Fails if the runtime ends meanwhile.
    pub(crate) async fn is(&self, text: String) -> Result<bool, tokio::task::JoinError> {
        let place = Arc::clone(&self.places).acquire_owned().await;
        let hash = Arc::clone(&self.hash);
        spawn_blocking(move || {
            let is_it = PasswordHash::new(&hash)
                .is_ok_and(|hash| Argon2::default().verify_password(text.as_bytes(), &hash).is_ok());
            drop(place);
            is_it
        })
        .await
    }

    /// Changes whenever the password does, so that no login outlives it.
    pub(crate) fn seed(&self) -> &str {
        self.seed.expose()
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

fn check(text: &str) -> Result<(), AdminError> {
    let is_known = KNOWN.iter().any(|known| text.eq_ignore_ascii_case(known));
    if is_known || text.chars().count() < SHORTEST { Err(AdminError::WeakPassword) } else { Ok(()) }
}

async fn hash(password: Secret, is_cheap: bool) -> Result<String, AdminError> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|_| AdminError::Random)?;
    let params =
        if is_cheap { Params::new(Params::MIN_M_COST, 1, 1, None).unwrap_or_default() } else { Params::default() };
    let hashing = spawn_blocking(move || {
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon2.hash_password_with_salt(password.expose().as_bytes(), &salt).map(|hash: PasswordHash| hash.to_string())
    });
    hashing.await.map_err(|_| AdminError::Hash)?.map_err(|_| AdminError::Hash)
}

fn make() -> Result<String, AdminError> {
    let mut bytes = [0; MADE];
    getrandom::fill(&mut bytes).map_err(|_| AdminError::Random)?;
    // 32 letters, so that each is as likely as the others.
    Ok(bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect())
}

#[cfg(test)]
mod tests {
    use mcp_config::FileStore;
    use tempfile::TempDir;

    use super::*;

    #[tokio::test]
    async fn one_is_made_once_and_kept_as_a_hash() {
        let directory = TempDir::new().unwrap();
        let store: Arc<dyn Store> = Arc::new(FileStore::new(directory.path()));
        let (password, made) = Password::open(None, Some(&store), true).await.unwrap();
        let made = made.unwrap();
        assert_eq!(made.expose().len(), MADE);
        assert!(password.is(made.expose().to_owned()).await.unwrap());
        assert!(!password.is("wrong".to_owned()).await.unwrap());
        let kept = store.load(KEY).await.unwrap().unwrap();
        assert!(kept.contains("$argon2id$") && !kept.contains(made.expose()), "{kept}");

        let (again, none) = Password::open(None, Some(&store), true).await.unwrap();
        assert!(none.is_none() && again.is(made.expose().to_owned()).await.unwrap());
        let given = Secret::new("correct horse");
        let (other, none) = Password::open(Some(&given), Some(&store), true).await.unwrap();
        assert!(none.is_none() && other.is("correct horse".to_owned()).await.unwrap(), "a given one wins");
        assert_eq!(store.load(KEY).await.unwrap().unwrap(), kept, "and is not kept");
    }

    #[tokio::test]
    async fn weak_ones_and_broken_files_are_refused() {
        for weak in ["", "short", "Password", "admin", "12345678"] {
            let opened = Password::open(Some(&Secret::new(weak)), None, true).await;
            assert!(matches!(opened, Err(AdminError::WeakPassword)), "{weak}");
        }
        let directory = TempDir::new().unwrap();
        let store: Arc<dyn Store> = Arc::new(FileStore::new(directory.path()));
        for broken in ["", "{}", r#"{"hash": "x"}"#] {
            store.save(KEY, broken).await.unwrap();
            let opened = Password::open(None, Some(&store), true).await;
            assert!(matches!(opened, Err(AdminError::Kept)), "{broken}: nobody gets in by breaking a file");
        }
    }
}
