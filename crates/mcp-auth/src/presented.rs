//! What a request presents to show who sends it.

use http::HeaderMap;
use mcp_transport::Secret;
use percent_encoding::percent_decode_str;

use crate::query::parameters;

/// What a request presents. Not all of it has to be meant for us: many clients send every server a bearer token, so a wrong
/// one does not keep the key beside it from being looked at.
#[derive(Debug)]
pub struct Presented {
    bearer: Option<Secret>,
    key: Option<Secret>,
}

/// Something stands more than once in a request, and who reads it first could read another one than we do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` stands more than once in the request; send one key, once")]
pub struct Repeated(&'static str);

/// Headers and parameters that carry keys, in the order in which they are looked at.
pub(crate) const HEADERS: [&str; 2] = ["authorization", "x-api-key"];
pub(crate) const PARAMETERS: [&str; 2] = ["auth_key", "key"];

impl Presented {
    /// Reads `Authorization: Bearer …`, `X-API-Key`, and `auth_key` or `key` of the query; what is empty counts as absent.
    ///
    /// # Errors
    ///
    /// Fails if one of them stands there more than once.
    pub fn read(headers: &HeaderMap, query: Option<&str>) -> Result<Option<Self>, Repeated> {
        let ([authorization, api_key], [auth_key, key]) = (HEADERS, PARAMETERS);
        let bearer = header(headers, authorization)?.as_deref().and_then(bearer).map(Secret::new);
        let keys = [header(headers, api_key)?, parameter(query, auth_key)?, parameter(query, key)?];
        let key = keys.into_iter().flatten().next().map(Secret::new);
        Ok((bearer.is_some() || key.is_some()).then_some(Self { bearer, key }))
    }

    /// What to compare with the keys, in this order: the bearer token, then the first of the others that was there.
    pub fn candidates(&self) -> impl Iterator<Item = &str> {
        self.bearer.iter().chain(&self.key).map(Secret::expose)
    }
}

/// The token of an `Authorization` in the scheme `Bearer`.
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once([' ', '\t'])?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

fn header(headers: &HeaderMap, name: &'static str) -> Result<Option<String>, Repeated> {
    let value = only(headers.get_all(name).iter(), name)?;
    // No key of ours has anything but visible ASCII in it, so it does not matter what the rest is read as.
    let value = value.map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_owned());
    Ok(value.filter(|value| !value.is_empty()))
}

/// Without the rule of forms that `+` is a space: no key has a space in it, and some have a `+`.
fn parameter(query: Option<&str>, name: &'static str) -> Result<Option<String>, Repeated> {
    let value = only(parameters(query).filter(|(found, _)| found == name), name)?;
    let value = value.map(|(_, value)| percent_decode_str(value).decode_utf8_lossy().into_owned());
    Ok(value.filter(|value| !value.is_empty()))
}

fn only<T>(mut values: impl Iterator<Item = T>, name: &'static str) -> Result<Option<T>, Repeated> {
    let value = values.next();
    if values.next().is_some() { Err(Repeated(name)) } else { Ok(value) }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(list: &[(&'static str, &str)]) -> HeaderMap {
        let value = |value: &str| HeaderValue::from_bytes(value.as_bytes()).unwrap();
        list.iter().map(|&(name, text)| (HeaderName::from_static(name), value(text))).collect()
    }

    fn candidates(list: &[(&'static str, &str)], query: &str) -> Vec<String> {
        let presented = Presented::read(&headers(list), Some(query)).unwrap();
        presented.iter().flat_map(Presented::candidates).map(str::to_owned).collect()
    }

    #[test]
    fn a_token_comes_first_and_then_the_first_key() {
        let all = [("authorization", "Bearer t"), ("x-api-key", "h")];
        assert_eq!(candidates(&all, "key=k&auth_key=a"), ["t", "h"]);
        assert_eq!(candidates(&all[..1], "key=k&auth_key=a"), ["t", "a"]);
        assert_eq!(candidates(&all[1..], "key=k&auth_key=a"), ["h"]);
        assert_eq!(candidates(&[], "x=1&key=k&auth_key=a"), ["a"]);
        assert_eq!(candidates(&[], "key=k"), ["k"]);
    }

    #[test]
    fn a_token_is_one_of_the_scheme_bearer() {
        for value in ["Bearer t", "bearer t", "BEARER \t t  ", "Bearer\tt"] {
            assert_eq!(candidates(&[("authorization", value)], ""), ["t"], "{value:?}");
        }
        for value in ["Basic dDp0", "Bearer", "Bearer  ", "t", "", "Bearert"] {
            assert_eq!(candidates(&[("authorization", value)], ""), [""; 0], "{value:?}");
        }
    }

    #[test]
    fn nothing_presented_is_nothing() {
        let read = |headers: &HeaderMap, query| Presented::read(headers, query).unwrap().is_none();
        assert!(read(&HeaderMap::new(), None));
        assert!(read(&headers(&[("x-api-key", " "), ("cookie", "key=k")]), Some("auth_key=&key&Key=k&keys=k")));
        assert_eq!(candidates(&[("x-api-key", "")], "key=k"), ["k"], "what is empty decides nothing");
    }

    #[test]
    fn a_query_is_decoded_and_a_plus_stays() {
        assert_eq!(candidates(&[], "auth_key=a%2Bb+c%26%3D"), ["a+b+c&="]);
        assert_eq!(candidates(&[], "auth%5fkey=a"), ["a"]);
    }

    #[test]
    fn bytes_that_no_key_has_are_presented_all_the_same() {
        assert_eq!(candidates(&[("x-api-key", "ä")], "key=k"), ["ä"]);
        assert_eq!(candidates(&[], "key=%ff"), ["\u{fffd}"]);
    }

    #[test]
    fn what_stands_twice_is_refused() {
        let twice = |list: &[_], query| Presented::read(&headers(list), Some(query)).unwrap_err();
        let authorization = [("authorization", "Bearer a"), ("authorization", "Basic b")];
        assert_eq!(twice(&authorization, ""), Repeated("authorization"));
        assert_eq!(twice(&[("x-api-key", "a"), ("x-api-key", "a")], ""), Repeated("x-api-key"));
        assert_eq!(twice(&[], "auth_key=a&auth_key=b"), Repeated("auth_key"));
        assert_eq!(twice(&[("x-api-key", "a")], "key=a&x=1&k%65y=b"), Repeated("key"));
    }

    #[test]
    fn what_was_presented_does_not_show() {
        let presented = Presented::read(&headers(&[("authorization", "Bearer s3cret")]), Some("key=s3cret"));
        assert!(!format!("{presented:?}").contains("s3cret"));
    }
}
