//! Which hosts and which pages a server answers to: the check before every route.

use std::sync::OnceLock;

use http::{
    HeaderValue, Uri, Version,
    header::{HOST, ORIGIN},
    request::Parts,
};

use super::{
    Refusal,
    authority::{Authority, Origin},
    cors::Pass,
};

/// What a server answers to besides addresses and `localhost`.
#[derive(Clone, Debug, Default)]
pub struct Allowed {
    /// Names the server is reached by: `NAME` for any port, `NAME:PORT` for that one.
    pub hosts: Vec<String>,
    /// The URL that clients know the server by, where a reverse proxy stands before it.
    pub public_url: Option<String>,
    /// Origins of pages that may use the server: `https://app.example`, `http://localhost:6274`.
    pub origins: Vec<String>,
}

/// Checks `Host` and `Origin`, against pages that reach for a server on the visitor's own machine or network.
///
/// A name that an attacker controls can be made to lead here (DNS rebinding), so a host must be a literal address, which no
/// name service has a say in, `localhost`, or a name from [`Allowed`]. The port in it does not matter for the former two: a
/// mapped port or a tunnel changes it. An origin must be that of the requested host itself, or one from [`Allowed`]; no
/// other page is answered, not even one of another port of this machine. Requests without an origin come from no page.
#[derive(Clone, Debug)]
pub struct Guard {
    hosts: Vec<Authority<'static>>,
    public: Option<Origin<'static>>,
    origins: Vec<Origin<'static>>,
    /// The first `Host` that was let through: nearly always the only one there is.
    usual: OnceLock<HeaderValue>,
}

/// Why the settings of a [`Guard`] make no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GuardError {
    /// This is no host.
    #[error("`{0}` is no host; write NAME or NAME:PORT, without a scheme or a path")]
    Host(String),
    /// This is no origin.
    #[error("`{0}` is no origin; write SCHEME://NAME or SCHEME://NAME:PORT, without a path")]
    Origin(String),
    /// Every origin was to be allowed.
    #[error("`*` would let every web page use this server; list the origins that may")]
    AnyOrigin,
    /// The public URL is none. It is not quoted, for it may hold a password.
    #[error(
        "the public URL cannot be read; write http://NAME or https://NAME, with a port and a path if there are any"
    )]
    PublicUrl,
}

impl Guard {
    /// A guard that lets through what `allowed` names, and nothing else but addresses and `localhost`.
    ///
    /// # Errors
    ///
    /// Fails if an entry is no host, no origin or no URL; `*` is none of them.
    pub fn new(allowed: &Allowed) -> Result<Self, GuardError> {
        let host = |text: &String| {
            Authority::parse(text).map(Authority::into_owned).ok_or_else(|| GuardError::Host(text.clone()))
        };
        let origin = |text: &String| match Origin::parse(text.strip_suffix('/').unwrap_or(text)) {
            _ if text == "*" => Err(GuardError::AnyOrigin),
            found => found.map(Origin::into_owned).ok_or_else(|| GuardError::Origin(text.clone())),
        };
        Ok(Self {
            hosts: allowed.hosts.iter().map(host).collect::<Result<_, _>>()?,
            public: allowed.public_url.as_deref().map(public_origin).transpose()?,
            origins: allowed.origins.iter().map(origin).collect::<Result<_, _>>()?,
            usual: OnceLock::new(),
        })
    }

    /// Lets a request through, or not. The pass goes with the answer: see [`Pass::stamp`].
    ///
    /// # Errors
    ///
    /// [`Refusal::Host`], [`Refusal::UnclearHost`], [`Refusal::Origin`] or [`Refusal::UnclearOrigin`].
    pub fn check(&self, head: &Parts) -> Result<Pass, Refusal> {
        let varies = !self.origins.is_empty();
        if self.is_usual(head) {
            return Ok(Pass { origin: None, varies });
        }
        let host = self.host(head)?;
        let origin = self.origin(head, host.as_ref())?;
        if let Some(host) = head.headers.get(HOST).filter(|_| head.uri.authority().is_none()) {
            self.usual.get_or_init(|| host.clone());
        }
        Ok(Pass { origin, varies })
    }

    /// Whether the request comes from no page, and is for a host that was let through before: the text alone decides, so
    /// there is nothing to read again.
    fn is_usual(&self, head: &Parts) -> bool {
        let mut hosts = head.headers.get_all(HOST).iter();
        let host = hosts.next().filter(|_| hosts.next().is_none());
        host.is_some_and(|host| self.usual.get() == Some(host))
            && head.uri.authority().is_none()
            && !head.headers.contains_key(ORIGIN)
    }

    /// The host the request is for. The target of HTTP/2, or of a request to a proxy, names one beside the header: both
    /// have to be ours, and the target counts.
    fn host<'a>(&self, head: &'a Parts) -> Result<Option<Authority<'a>>, Refusal> {
        let target = head.uri.authority().map(|authority| self.own(authority.as_str())).transpose()?;
        let mut values = head.headers.get_all(HOST).iter();
        let header = values.next().map(|value| self.own(text(value).ok_or(Refusal::UnclearHost)?)).transpose()?;
        if values.next().is_some() {
            return Err(Refusal::UnclearHost);
        }
        match target.or(header) {
            // No browser speaks so old a version, in which the header did not exist yet.
            None if head.version > Version::HTTP_10 => Err(Refusal::UnclearHost),
            host => Ok(host),
        }
    }

    fn own<'a>(&self, text: &'a str) -> Result<Authority<'a>, Refusal> {
        let asked = Authority::parse(text).ok_or(Refusal::UnclearHost)?;
        let is_same = |ours: &Authority<'_>| ours.host == asked.host && is_port(ours.port, asked.port);
        let is_public = |ours: &Origin<'_>| ours.authority.host == asked.host;
        if asked.host.is_fixed() || self.hosts.iter().any(is_same) || self.public.as_ref().is_some_and(is_public) {
            return Ok(asked);
        }
        Err(Refusal::Host { host: asked.to_string() })
    }

    /// The origin to name in the answer: that of a page that is not ours and may use us.
    fn origin(&self, head: &Parts, host: Option<&Authority<'_>>) -> Result<Option<HeaderValue>, Refusal> {
        let mut values = head.headers.get_all(ORIGIN).iter();
        let Some(value) = values.next() else { return Ok(None) };
        let origin = text(value).and_then(Origin::parse).filter(|_| values.next().is_none());
        let origin = origin.ok_or(Refusal::UnclearOrigin)?;
        if self.origins.contains(&origin) {
            return Ok(Some(value.clone()));
        }
        if host.is_some_and(|host| self.is_own_page(&origin, host)) {
            return Ok(None);
        }
        Err(Refusal::Origin { origin: origin.to_string() })
    }

    /// Whether the page came from this server, reached by `host`.
    fn is_own_page(&self, origin: &Origin<'_>, host: &Authority<'_>) -> bool {
        if let Some(public) = self.public.as_ref().filter(|public| public.authority.host == host.host) {
            return public == origin;
        }
        let is_web = ["http", "https"].iter().any(|scheme| origin.scheme.eq_ignore_ascii_case(scheme));
        // Before whom a reverse proxy speaks TLS is not to be seen from here: the scheme only says which port is meant.
        let port = host.port.or_else(|| Origin { authority: host.clone(), scheme: origin.scheme.clone() }.port());
        is_web && origin.authority.host == host.host && origin.port() == port
    }
}

/// Whether a port that was asked for is the one allowed; without one, either side means the usual ones.
fn is_port(ours: Option<u16>, asked: Option<u16>) -> bool {
    match (ours, asked) {
        (None, _) | (Some(80 | 443), None) => true,
        (ours, asked) => ours == asked,
    }
}

fn public_origin(url: &str) -> Result<Origin<'static>, GuardError> {
    let url: Uri = url.parse().map_err(|_| GuardError::PublicUrl)?;
    let (Some(scheme @ ("http" | "https")), Some(authority)) = (url.scheme_str(), url.authority()) else {
        return Err(GuardError::PublicUrl);
    };
    let authority = Authority::parse(authority.as_str()).ok_or(GuardError::PublicUrl)?;
    Ok(Origin { scheme: scheme.into(), authority }.into_owned())
}

fn text(value: &HeaderValue) -> Option<&str> {
    value.to_str().ok()
}

#[cfg(test)]
mod tests;
