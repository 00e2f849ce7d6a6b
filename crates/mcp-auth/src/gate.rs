//! Who may come in.

use http::HeaderMap;
use mcp_transport::Principal;

use crate::{Keys, Presented, Repeated};

/// Lets requests in that present one of the keys, and all of them if there are none. The default has none.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    keys: Keys,
}

/// Why a request is not let in. Nothing of what was sent is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Denied {
    /// No key was presented.
    #[error("a key is needed: send it as `Authorization: Bearer …`, as `X-API-Key`, or as `?auth_key=…`")]
    Missing,
    /// What was presented is no key of ours.
    #[error("the key is not one of this server's; check it for typing errors, or ask whoever runs the server for one")]
    Wrong,
    /// It is unclear what was presented.
    #[error(transparent)]
    Unclear(#[from] Repeated),
}

impl Gate {
    /// A gate for the holders of these keys; without keys it is open.
    #[must_use]
    pub fn new(keys: Keys) -> Self {
        Self { keys }
    }

    /// Whether it lets only holders of keys in.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        !self.keys.is_empty()
    }

    /// The keys that open it.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Who sends a request with these headers and this query: the name of the key, or nobody in particular if the gate is
    /// open.
    ///
    /// # Errors
    ///
    /// Fails if a key is needed and was not presented, or is wrong, or stands there more than once.
    pub fn admit(&self, headers: &HeaderMap, query: Option<&str>) -> Result<Principal, Denied> {
        if self.keys.is_empty() {
            return Ok(Principal::Anonymous);
        }
        let presented = Presented::read(headers, query)?.ok_or(Denied::Missing)?;
        let name = presented.candidates().find_map(|candidate| self.keys.check(candidate));
        name.map(|name| Principal::Named(name.clone())).ok_or(Denied::Wrong)
    }
}

#[cfg(test)]
mod tests {
    use mcp_transport::Secret;

    use super::*;

    fn gate() -> Gate {
        let keys = [("alice", "k-alice"), ("bob", "k-bob")];
        Gate::new(Keys::new(keys.map(|(name, key)| (name.into(), Secret::new(key)))).unwrap())
    }

    fn headers(list: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for &(name, value) in list {
            headers.append(name, value.parse().unwrap());
        }
        headers
    }

    #[track_caller]
    fn check(list: &[(&'static str, &'static str)], query: Option<&str>, expected: Result<&str, Denied>) {
        let expected = expected.map(|name| Principal::Named(name.into()));
        assert_eq!(gate().admit(&headers(list), query), expected, "{list:?} {query:?}");
    }

    #[test]
    fn a_key_opens_wherever_it_stands() {
        check(&[("authorization", "bearer k-bob")], None, Ok("bob"));
        check(&[("x-api-key", "k-alice")], None, Ok("alice"));
        check(&[], Some("auth_key=k-alice"), Ok("alice"));
        check(&[], Some("a=b&key=k%2Dbob"), Ok("bob"));
    }

    #[test]
    fn a_token_that_is_not_ours_leaves_the_rest_to_decide() {
        let token = ("authorization", "Bearer of-another-server");
        check(&[token, ("x-api-key", "k-bob")], None, Ok("bob"));
        check(&[token], Some("key=k-bob"), Ok("bob"));
        check(&[token], None, Err(Denied::Wrong));
        check(&[("authorization", "Bearer k-alice"), ("x-api-key", "k-bob")], None, Ok("alice"));
    }

    #[test]
    fn any_other_key_decides_alone() {
        check(&[("x-api-key", "wrong")], Some("auth_key=k-bob"), Err(Denied::Wrong));
        check(&[], Some("key=k-bob&auth_key=wrong"), Err(Denied::Wrong));
    }

    #[test]
    fn without_a_key_nobody_comes_in() {
        check(&[], None, Err(Denied::Missing));
        check(&[("authorization", "Basic k-bob")], Some("auth_key=&session_id=1"), Err(Denied::Missing));
        let twice = gate().admit(&headers(&[("x-api-key", "k-bob"), ("x-api-key", "k-bob")]), None);
        assert!(matches!(twice, Err(Denied::Unclear(_))), "{twice:?}");
    }

    #[test]
    fn an_open_gate_asks_nobody() {
        let twice = headers(&[("authorization", "Bearer a"), ("authorization", "Bearer b")]);
        for headers in [HeaderMap::new(), twice] {
            assert_eq!(Gate::default().admit(&headers, Some("key=x")), Ok(Principal::Anonymous));
        }
    }
}
