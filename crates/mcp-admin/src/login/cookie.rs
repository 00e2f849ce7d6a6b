//! The cookie of a login.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, header::COOKIE};

use crate::site::Place;

/// Over TLS a browser takes a name with this beginning from nobody but the host itself, and only by TLS.
const SECURE: &str = "__Host-mcp-admin";
/// Over plain http, which is served on this machine only.
const PLAIN: &str = "mcp-admin";

/// The token that a request brings.
pub(crate) fn read<'a>(place: &Place, headers: &'a HeaderMap) -> Option<&'a str> {
    let pairs = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|all| all.split(';'));
    let mut named = pairs.filter_map(|pair| pair.trim().split_once('=')).filter(|(known, _)| *known == name(place));
    named.next().map(|(_, value)| value)
}

/// The header that has the browser bring the token from now on.
pub(crate) fn written(place: &Place, token: &str, life: Duration) -> HeaderValue {
    header(place, token, life.as_secs())
}

/// The header that has the browser forget it.
pub(crate) fn removed(place: &Place) -> HeaderValue {
    header(place, "", 0)
}

fn header(place: &Place, token: &str, seconds: u64) -> HeaderValue {
    let secure = if place.is_secure { "; Secure" } else { "" };
    let text = format!("{}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}", name(place));
    // Tokens are made of letters, digits, `.`, `-` and `_`.
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
}

fn name(place: &Place) -> &'static str {
    if place.is_secure { SECURE } else { PLAIN }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_tls_the_browser_keeps_it_to_the_host() {
        let place = |is_secure| Place { origin: String::new(), is_secure };
        let hour = Duration::from_hours(1);
        assert_eq!(
            written(&place(true), "t", hour),
            "__Host-mcp-admin=t; Path=/; HttpOnly; SameSite=Strict; Max-Age=3600; Secure"
        );
        assert_eq!(removed(&place(false)), "mcp-admin=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, HeaderValue::from_static("a=b; mcp-admin=plain; __Host-mcp-admin=safe"));
        assert_eq!((read(&place(true), &headers), read(&place(false), &headers)), (Some("safe"), Some("plain")));
    }
}
