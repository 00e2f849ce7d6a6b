//! Hosts and origins, as headers name them.

use std::{
    borrow::Cow,
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// A host with or without a port (RFC 3986, authority; user information is refused).
#[derive(Clone, Debug)]
pub(super) struct Authority<'a> {
    pub(super) host: Host<'a>,
    pub(super) port: Option<u16>,
}

/// A host: a literal address or a name.
#[derive(Clone, Debug)]
pub(super) enum Host<'a> {
    Ip(IpAddr),
    /// Without the dot that may end it.
    Name(Cow<'a, str>),
}

/// Where a page came from (RFC 6454), as text: scheme, host, port.
#[derive(Clone, Debug)]
pub(super) struct Origin<'a> {
    pub(super) scheme: Cow<'a, str>,
    pub(super) authority: Authority<'a>,
}

/// The longest name of a host in DNS.
const MAX_NAME: usize = 253;
/// Schemes are short words; what is longer is none.
const MAX_SCHEME: usize = 32;

impl<'a> Authority<'a> {
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (host, port) = if let Some(rest) = text.strip_prefix('[') {
            let (address, rest) = rest.split_once(']')?;
            (Host::Ip(address.parse::<Ipv6Addr>().ok()?.into()), rest)
        } else {
            let end = text.find(':').unwrap_or(text.len());
            (Host::name_or_ipv4(&text[..end])?, &text[end..])
        };
        let digits = match port.strip_prefix(':') {
            Some(digits) => digits,
            None if port.is_empty() => "",
            None => return None,
        };
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let port = if digits.is_empty() { None } else { Some(digits.parse().ok()?) };
        Some(Self { host, port })
    }

    pub(super) fn into_owned(self) -> Authority<'static> {
        let host = match self.host {
            Host::Ip(address) => Host::Ip(address),
            Host::Name(name) => Host::Name(name.into_owned().into()),
        };
        Authority { host, port: self.port }
    }
}

impl<'a> Host<'a> {
    fn name_or_ipv4(text: &'a str) -> Option<Self> {
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Some(Self::Ip(address.into()));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        let sound = (1..=MAX_NAME).contains(&name.len())
            && !name.starts_with('.')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
        sound.then_some(Self::Name(name.into()))
    }

    /// Whether no name service has a say in where it leads: such hosts cannot be rebound to us.
    pub(super) fn is_fixed(&self) -> bool {
        match self {
            Self::Ip(_) => true,
            Self::Name(name) => name.eq_ignore_ascii_case("localhost"),
        }
    }
}

impl PartialEq<Host<'_>> for Host<'_> {
    fn eq(&self, other: &Host<'_>) -> bool {
        match (self, other) {
            (Self::Ip(one), Host::Ip(other)) => one == other,
            (Self::Name(one), Host::Name(other)) => one.eq_ignore_ascii_case(other),
            _ => false,
        }
    }
}

impl<'a> Origin<'a> {
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (scheme, authority) = text.split_once("://")?;
        let sound = (1..=MAX_SCHEME).contains(&scheme.len())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
        let authority = Authority::parse(authority)?;
        sound.then_some(Self { scheme: scheme.into(), authority })
    }

    /// The port it means, if it says one or its scheme has one.
    pub(super) fn port(&self) -> Option<u16> {
        self.authority.port.or_else(|| {
            let is = |scheme| self.scheme.eq_ignore_ascii_case(scheme);
            if is("http") {
                Some(80)
            } else if is("https") {
                Some(443)
            } else {
                None
            }
        })
    }

    pub(super) fn into_owned(self) -> Origin<'static> {
        Origin { scheme: self.scheme.into_owned().into(), authority: self.authority.into_owned() }
    }
}

impl PartialEq<Origin<'_>> for Origin<'_> {
    fn eq(&self, other: &Origin<'_>) -> bool {
        self.scheme.eq_ignore_ascii_case(&other.scheme)
            && self.authority.host == other.authority.host
            && self.port() == other.port()
    }
}

impl fmt::Display for Authority<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Ip(IpAddr::V6(address)) => write!(f, "[{address}]")?,
            Host::Ip(address) => write!(f, "{address}")?,
            Host::Name(name) => f.write_str(name)?,
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl fmt::Display for Origin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Option<&str>, fixed: bool) {
        let found = Authority::parse(text);
        assert_eq!(found.as_ref().map(ToString::to_string).as_deref(), expect, "{text}");
        assert_eq!(found.is_some_and(|found| found.host.is_fixed()), fixed, "{text}");
    }

    #[test]
    fn names_and_addresses_are_told_apart() {
        check("localhost", Some("localhost"), true);
        check("LocalHost.:8000", Some("LocalHost:8000"), true);
        check("127.0.0.1:80", Some("127.0.0.1:80"), true);
        check("[::1]", Some("[::1]"), true);
        check("[0:0::1]:8000", Some("[::1]:8000"), true);
        check("my_server-1.example:", Some("my_server-1.example"), false);
        for name in ["localhost.evil.example", "127.0.0.1.evil.example", "0x7f.1", "2130706433", "127.1", "010.0.0.1"] {
            check(name, Some(name), false);
        }
    }

    #[test]
    fn what_is_no_host_is_none() {
        let long = "x".repeat(254);
        for text in [
            "",
            ":80",
            ".",
            "..",
            "a b",
            "a/b",
            "a@b",
            "user@127.0.0.1",
            "a:b",
            "a:+1",
            "a:65536",
            "a:1:2",
            "::1",
            "[::1",
            "[::1]x",
            "[a]",
            "[127.0.0.1]",
            "[fe80::1%eth0]",
            "ä",
            "a\u{0}",
            "`id`",
            "$(id)",
            "a,b",
            &long,
        ] {
            check(text, None, false);
        }
    }

    #[test]
    fn origins_are_equal_if_scheme_host_and_meant_port_are() {
        let origin = |text| Origin::parse(text).unwrap();
        assert_eq!(origin("http://a"), origin("HTTP://A:80"));
        assert_eq!(origin("https://a.:443"), origin("https://a"));
        assert_eq!(origin("app://x"), origin("app://x"));
        for (one, other) in [("http://a", "https://a"), ("http://a", "http://a:8080"), ("http://a", "http://b")] {
            assert_ne!(origin(one), origin(other));
        }
        for text in ["null", "a", "http://", "://a", "http://a/", "http://a b", "ht tp://a", "http://u@a"] {
            assert!(Origin::parse(text).is_none(), "{text}");
        }
    }
}
