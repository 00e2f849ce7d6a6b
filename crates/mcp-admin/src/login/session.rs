//! Logins: signed tokens, of which nothing is kept but which were ended.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign, verify};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use mcp_proxy_core::transport::Secret;
use tokio::sync::watch;

use crate::AdminError;

/// A secret of fewer characters can be guessed.
const SHORTEST_SECRET: usize = 32;
/// Logins that are remembered to have been ended. Past it the oldest are forgotten, which matters only where somebody has
/// kept a token and logs out a thousand times in its life.
const REVOKED: usize = 1024;

/// What tokens are made and checked with.
pub(crate) struct Sessions {
    key: Key,
    life: Duration,
    ended: Mutex<VecDeque<Box<str>>>,
    /// Grows with each login that is ended.
    news: watch::Sender<u64>,
}

/// A login.
#[derive(Clone)]
pub(crate) struct Session {
    who: Arc<str>,
    token: Box<str>,
    nonce: Box<str>,
    expires: SystemTime,
    sessions: Arc<Sessions>,
}

impl Sessions {
    /// Logins that hold for `life`. With a `secret` they outlive the process, but never a change of the password, whose hash
    /// or text is `seed`.
    ///
    /// # Errors
    ///
    /// Fails if the secret is too short, or if there is none and the system gives no random numbers.
    pub(crate) fn new(secret: Option<&Secret>, seed: &str, life: Duration) -> Result<Self, AdminError> {
        let mut random = [0; 32];
        let bytes = match secret {
            Some(secret) if secret.expose().len() < SHORTEST_SECRET => return Err(AdminError::ShortSecret),
            Some(secret) => secret.expose().as_bytes(),
            None => {
                getrandom::fill(&mut random).map_err(|_| AdminError::Random)?;
                &random
            }
        };
        let derived = sign(&Key::new(HMAC_SHA256, bytes), seed.as_bytes());
        let key = Key::new(HMAC_SHA256, derived.as_ref());
        Ok(Self { key, life, ended: Mutex::default(), news: watch::Sender::new(0) })
    }

    /// How long a login holds.
    pub(crate) fn life(&self) -> Duration {
        self.life
    }

    /// A new login.
    ///
    /// # Errors
    ///
    /// Fails if the system gives no random numbers.
    pub(crate) fn begin(self: &Arc<Self>, who: &str) -> Result<Session, AdminError> {
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce).map_err(|_| AdminError::Random)?;
        let nonce = URL_SAFE_NO_PAD.encode(nonce);
        // To the second, as the token has it.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let seconds = (since + self.life).as_secs();
        let who_text = URL_SAFE_NO_PAD.encode(who);
        let signed = format!("{seconds}.{nonce}.{who_text}");
        let tag = sign(&self.key, signed.as_bytes());
        Ok(Session {
            who: who.into(),
            token: format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag)).into(),
            nonce: nonce.into(),
            expires: UNIX_EPOCH + Duration::from_secs(seconds),
            sessions: Arc::clone(self),
        })
    }

    /// The login of a token, if it is one of ours and holds.
    pub(crate) fn find(self: &Arc<Self>, token: &str) -> Option<Session> {
        let (signed, tag) = token.rsplit_once('.')?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        verify(&self.key, signed.as_bytes(), &tag).ok()?;
        let mut parts = signed.split('.');
        let (seconds, nonce, who) = (parts.next()?.parse().ok()?, parts.next()?, parts.next()?);
        let expires = UNIX_EPOCH + Duration::from_secs(seconds);
        let who = String::from_utf8(URL_SAFE_NO_PAD.decode(who).ok()?).ok()?;
        if expires <= SystemTime::now() || self.is_ended(nonce) {
            return None;
        }
        let (token, nonce, sessions) = (token.into(), nonce.into(), Arc::clone(self));
        Some(Session { who: who.into(), token, nonce, expires, sessions })
    }

    /// Ends a login.
    pub(crate) fn revoke(&self, session: &Session) {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        if REVOKED <= ended.len() {
            ended.pop_front();
        }
        ended.push_back(session.nonce.clone());
        drop(ended);
        self.news.send_modify(|count| *count += 1);
    }

    fn is_ended(&self, nonce: &str) -> bool {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|ended| **ended == *nonce)
    }
}

impl Session {
    /// The name of whoever has logged in.
    pub(crate) fn who(&self) -> &str {
        &self.who
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// The token against forged requests: it goes with this login and no other.
    pub(crate) fn csrf(&self) -> String {
        URL_SAFE_NO_PAD.encode(sign(&self.sessions.key, self.csrf_text().as_bytes()))
    }

    /// Whether `token` is [`csrf`](Self::csrf).
    pub(crate) fn is_csrf(&self, token: &str) -> bool {
        let Ok(tag) = URL_SAFE_NO_PAD.decode(token) else { return false };
        verify(&self.sessions.key, self.csrf_text().as_bytes(), &tag).is_ok()
    }

    fn csrf_text(&self) -> String {
        format!("csrf {}", self.nonce)
    }

    /// Resolves when the login holds no longer.
    ///
    /// # Cancel safety
    ///
    /// Safe: it only watches.
    pub(crate) async fn over(&self) {
        let mut news = self.sessions.news.subscribe();
        let left = self.expires.duration_since(SystemTime::now()).unwrap_or_default();
        let ended = async {
            while !self.sessions.is_ended(&self.nonce) {
                if news.changed().await.is_err() {
                    return;
                }
            }
        };
        let _ = tokio::time::timeout(left, ended).await;
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").field("life", &self.life).finish_non_exhaustive()
    }
}

/// Without the token, which is a credential.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("who", &self.who).field("expires", &self.expires).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    const HOUR: Duration = Duration::from_hours(1);
    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn sessions(secret: &str, seed: &str) -> Arc<Sessions> {
        Arc::new(Sessions::new(Some(&Secret::new(secret)), seed, HOUR).unwrap())
    }

    #[tokio::test]
    async fn a_login_holds_until_it_is_ended_and_no_other_one_ends_with_it() {
        let all = sessions(SECRET, "");
        let (one, other) = (all.begin("admin").unwrap(), all.begin("admin").unwrap());
        assert_eq!(all.find(one.token()).unwrap().who(), "admin");
        assert!(one.over().now_or_never().is_none());
        all.revoke(&one);
        assert!(all.find(one.token()).is_none() && all.find(other.token()).is_some());
        assert!(one.over().now_or_never().is_some() && other.over().now_or_never().is_none());
    }

    #[test]
    fn a_token_is_ours_or_none() {
        let all = sessions(SECRET, "hash");
        let token = all.begin("admin").unwrap().token().to_owned();
        assert!(sessions(SECRET, "hash").find(&token).is_some(), "with a secret it outlives the process");
        for (secret, seed) in [(SECRET, "other hash"), ("another secret, and a long one too", "hash")] {
            assert!(sessions(secret, seed).find(&token).is_none());
        }
        for at in 0..token.len() {
            let mut wrong = token.clone().into_bytes();
            wrong[at] = if wrong[at] == b'9' { b'8' } else { b'9' };
            assert!(all.find(std::str::from_utf8(&wrong).unwrap()).is_none(), "{at}");
        }
        for wrong in ["", ".", "...", &token[1..], &format!("{token}.")] {
            assert!(all.find(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn one_that_is_over_is_none() {
        let none = Arc::new(Sessions::new(None, "", Duration::ZERO).unwrap());
        let session = none.begin("admin").unwrap();
        assert!(none.find(session.token()).is_none());
    }

    #[test]
    fn the_token_against_forgery_belongs_to_one_login() {
        let all = sessions(SECRET, "");
        let (one, other) = (all.begin("admin").unwrap(), all.begin("admin").unwrap());
        assert!(one.is_csrf(&one.csrf()) && all.find(one.token()).unwrap().is_csrf(&one.csrf()));
        assert!(!one.is_csrf(&other.csrf()) && !one.is_csrf("") && !one.is_csrf(one.token()));
    }

    #[test]
    fn the_last_ones_that_were_ended_are_remembered() {
        let all = sessions(SECRET, "");
        let last: Vec<_> = (0..=REVOKED).map(|_| all.begin("admin").unwrap()).collect();
        for session in &last {
            all.revoke(session);
        }
        assert_eq!(all.ended.lock().unwrap().len(), REVOKED);
        assert!(all.find(last[REVOKED].token()).is_none());
    }

    #[test]
    fn a_short_secret_is_refused_and_nothing_shows() {
        let short = Sessions::new(Some(&Secret::new("short")), "", HOUR);
        assert!(matches!(short, Err(AdminError::ShortSecret)));
        let session = sessions(SECRET, "").begin("admin").unwrap();
        let shown = format!("{session:?} {:?}", session.sessions);
        assert!(!shown.contains(&*session.nonce) && !shown.contains(SECRET), "{shown}");
    }
}
