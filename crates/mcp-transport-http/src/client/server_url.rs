//! Where a server is.

use std::fmt;

use http::{HeaderValue, Uri};
use url::{Host, Url};

/// The address of a server: `http` or `https`, without credentials in it.
///
/// Printing leaves the query out, which is where keys tend to be.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerUrl {
    url: Url,
    uri: Uri,
    /// What the `host` header says.
    host: HeaderValue,
}

/// Why a text is no address of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// It is no absolute URL.
    #[error("the URL cannot be read; write it in full, as in `https://example.com/mcp`")]
    Syntax,
    /// It begins with something else than `http` or `https`.
    #[error("the URL must begin with `http://` or `https://`")]
    Scheme,
    /// It has a user name or a password in it.
    #[error("the URL must not hold a user name or password; put them into `headers`")]
    Credentials,
    /// It leads to another scheme, host or port.
    #[error("the URL leads to another origin")]
    Origin,
}

impl ServerUrl {
    /// Reads an address. A fragment is left off.
    ///
    /// # Errors
    ///
    /// Says what a usable one looks like.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        Self::new(Url::parse(text).map_err(|_| UrlError::Syntax)?)
    }

    /// The address that `reference` means when it stands in an answer from this one.
    ///
    /// # Errors
    ///
    /// [`UrlError::Origin`] if it leads anywhere else: nothing of ours is sent to whom the server names.
    pub fn join(&self, reference: &str) -> Result<Self, UrlError> {
        let url = self.url.join(reference).map_err(|_| UrlError::Syntax)?;
        if url.origin() == self.url.origin() { Self::new(url) } else { Err(UrlError::Origin) }
    }

    fn new(mut url: Url) -> Result<Self, UrlError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(UrlError::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(UrlError::Credentials);
        }
        url.set_fragment(None);
        let uri: Uri = url.as_str().parse().map_err(|_| UrlError::Syntax)?;
        let host = uri.authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
        let host = host.ok_or(UrlError::Syntax)?;
        Ok(Self { url, uri, host })
    }

    /// The host, and the port if it is not the usual one.
    pub(crate) fn host(&self) -> &HeaderValue {
        &self.host
    }

    pub(crate) fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Whether what is sent there stays on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match self.url.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.url.origin().ascii_serialization(), self.url.path())
    }
}

impl fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_holds_no_secret() {
        let url = ServerUrl::parse("https://example.com/mcp?key=hunter2#x").unwrap();
        assert_eq!(url.to_string(), "https://example.com/mcp");
        assert_eq!(format!("{url:?}"), "https://example.com/mcp");
        assert_eq!(url.uri(), "https://example.com/mcp?key=hunter2");
    }

    #[test]
    fn only_plain_http_addresses_are_taken() {
        for (text, error) in [
            ("example.com/mcp", UrlError::Syntax),
            ("/mcp", UrlError::Syntax),
            ("file:///etc/passwd", UrlError::Scheme),
            ("ws://example.com", UrlError::Scheme),
            ("https://a:b@example.com", UrlError::Credentials),
        ] {
            assert_eq!(ServerUrl::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn a_reference_stays_on_its_origin() {
        let url = ServerUrl::parse("http://example.com/a/sse").unwrap();
        for (reference, expect) in [
            ("/messages?id=1", "http://example.com/messages?id=1"),
            ("messages", "http://example.com/a/messages"),
            ("?id=2", "http://example.com/a/sse?id=2"),
            ("http://example.com:80/x", "http://example.com/x"),
        ] {
            assert_eq!(url.join(reference).unwrap().uri(), expect, "{reference}");
        }
        assert_eq!(url.join("http://example.com:80/x").unwrap().host(), "example.com");
        assert_eq!(ServerUrl::parse("http://[::1]:8080/x").unwrap().host(), "[::1]:8080");
        for elsewhere in ["//evil.test/x", "https://example.com/x", "http://example.com:81/", "http://evil.test/"] {
            assert_eq!(url.join(elsewhere), Err(UrlError::Origin), "{elsewhere}");
        }
        assert_eq!(url.join("http://a:b@example.com/"), Err(UrlError::Credentials));
    }
}
