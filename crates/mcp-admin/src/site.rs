//! By which names the pages are reached, and whether that is safe.

use std::net::{IpAddr, SocketAddr};

use http::{
    HeaderMap, Uri,
    header::{HOST, ORIGIN},
};

use crate::{AdminError, answer::Refusal};

/// Where the pages are, as browsers see it.
#[derive(Debug, Default)]
pub(crate) struct Site {
    /// The URL that people know it by, where TLS stands in front.
    public: Option<Origin>,
}

/// By which name a request has reached us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// As the header `Origin` has it.
    pub(crate) origin: String,
    /// Whether the browser speaks TLS.
    pub(crate) is_secure: bool,
}

#[derive(Debug, PartialEq, Eq)]
struct Origin {
    scheme: &'static str,
    /// With the port, unless that is the scheme's own.
    authority: String,
}

/// What whoever comes from another machine without TLS is told.
pub(crate) const EXPOSED: &str = "this page is not served over plain http to other machines, for a password would travel in \
    the clear. Let a reverse proxy with TLS stand in front and start with `--admin-url https://NAME`, or open a tunnel, \
    `ssh -L 3664:127.0.0.1:3664 HOST`, and go to http://127.0.0.1:3664";

impl Site {
    /// The site with this URL of its own, if there is one.
    ///
    /// # Errors
    ///
    /// Fails unless it is `https`, or `http` on this machine.
    pub(crate) fn new(url: Option<&str>) -> Result<Self, AdminError> {
        let Some(url) = url else { return Ok(Self::default()) };
        let uri: Uri = url.trim_end_matches('/').parse().map_err(|_| AdminError::Url)?;
        let authority = uri.authority().ok_or(AdminError::Url)?;
        let is_bare = matches!(uri.path(), "" | "/") && uri.query().is_none() && !authority.as_str().contains('@');
        let scheme = match uri.scheme_str() {
            Some("https") => "https",
            Some("http") if is_here(authority.host()) => "http",
            _ => return Err(AdminError::Url),
        };
        if !is_bare {
            return Err(AdminError::Url);
        }
        Ok(Self { public: Some(Origin { scheme, authority: normal(scheme, authority.as_str()) }) })
    }

    /// By which name a request of `peer` has reached us.
    ///
    /// # Errors
    ///
    /// Refused if the name is not ours, which an attacker's page could have made lead here, or if passwords would travel in
    /// the clear.
    pub(crate) fn place(&self, headers: &HeaderMap, uri: &Uri, peer: IpAddr) -> Result<Place, Refusal> {
        let mut values = headers.get_all(HOST).iter();
        let host = values.next().and_then(|value| value.to_str().ok()).filter(|_| values.next().is_none());
        let unclear = || Refusal::bad("the request has no clear `Host`");
        let host = host.ok_or_else(unclear)?;
        // A target with an authority of its own is for proxies, and we are none.
        if uri.authority().is_some_and(|authority| !authority.as_str().eq_ignore_ascii_case(host)) {
            return Err(unclear());
        }
        if let Some(public) = &self.public
            && public.authority == normal(public.scheme, host)
        {
            let is_secure = public.scheme == "https";
            return Ok(Place { origin: format!("{}://{}", public.scheme, public.authority), is_secure });
        }
        if is_here(host_of(host)) {
            if peer.to_canonical().is_loopback() {
                return Ok(Place { origin: format!("http://{}", normal("http", host)), is_secure: false });
            }
            return Err(Refusal::forbidden(EXPOSED));
        }
        if host_of(host).trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
            return Err(Refusal::forbidden(EXPOSED));
        }
        Err(Refusal::forbidden(
            "the request is for a host that is not ours; start with `--admin-url https://NAME` if it is to be",
        ))
    }
}

impl Place {
    /// Whether the request comes from a page of ours, as far as it says.
    ///
    /// # Errors
    ///
    /// Refused if it names another origin; one that names none passes unless `is_needed`.
    pub(crate) fn check_origin(&self, headers: &HeaderMap, is_needed: bool) -> Result<(), Refusal> {
        let mut values = headers.get_all(ORIGIN).iter();
        match (values.next(), values.next()) {
            (None, _) if !is_needed => Ok(()),
            (Some(origin), None) if origin.as_bytes() == self.origin.as_bytes() => Ok(()),
            (None, _) => Err(Refusal::forbidden(format!("send the header `Origin: {}`", self.origin))),
            _ => Err(Refusal::forbidden("requests from other pages are not answered")),
        }
    }
}

/// The address to give to a person whose browser runs on this machine.
pub(crate) fn local_url(address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        return format!("http://127.0.0.1:{}", address.port());
    }
    format!("http://{address}")
}

/// Whether the name is one of this machine that no name service has a say in.
fn is_here(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.to_canonical().is_loopback())
}

fn host_of(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

/// In lower case, without the port that goes without saying.
fn normal(scheme: &str, authority: &str) -> String {
    let usual = if scheme == "https" { ":443" } else { ":80" };
    let authority = authority.to_ascii_lowercase();
    authority.strip_suffix(usual).map(str::to_owned).unwrap_or(authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(url: Option<&str>, host: &str, peer: &str) -> Result<Place, u16> {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, host.parse().unwrap());
        let site = Site::new(url).unwrap();
        site.place(&headers, &"/".parse().unwrap(), peer.parse().unwrap()).map_err(|refusal| refusal.status.as_u16())
    }

    #[test]
    fn this_machine_is_reached_by_its_own_names() {
        for host in ["127.0.0.1:3664", "localhost:3664", "[::1]:3664", "127.0.0.2", "LOCALHOST"] {
            let found = place(None, host, "127.0.0.1").unwrap();
            assert_eq!(found, Place { origin: format!("http://{}", host.to_lowercase()), is_secure: false });
        }
        assert_eq!(place(None, "localhost:80", "::1").unwrap().origin, "http://localhost");
    }

    #[test]
    fn other_names_and_other_machines_are_refused() {
        for host in
            ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:3664", "a@localhost", "hub.example"]
        {
            assert_eq!(place(None, host, "127.0.0.1"), Err(403), "{host}");
        }
        for (host, peer) in
            [("192.0.2.7:3664", "192.0.2.1"), ("localhost:3664", "192.0.2.1"), ("192.0.2.7", "127.0.0.1")]
        {
            assert_eq!(place(None, host, peer), Err(403), "{host}");
            assert_eq!(place(Some("https://hub.example"), host, peer), Err(403), "{host}");
        }
    }

    #[test]
    fn a_url_of_its_own_is_a_name_more() {
        let url = Some("https://Hub.example:443/");
        for host in ["hub.example", "hub.example:443", "HUB.example"] {
            let found = place(url, host, "192.0.2.1").unwrap();
            assert_eq!(found, Place { origin: "https://hub.example".to_owned(), is_secure: true });
        }
        assert!(place(url, "hub.example:8443", "192.0.2.1").is_err());
        assert!(!place(url, "localhost:1", "127.0.0.1").unwrap().is_secure, "a tunnel still works");
        for wrong in ["http://hub.example", "hub.example", "https://a@b", "https://a/b", "ftp://a", "https://a?b"] {
            assert!(matches!(Site::new(Some(wrong)), Err(AdminError::Url)), "{wrong}");
        }
        assert!(Site::new(Some("http://localhost:9000")).is_ok());
    }

    #[test]
    fn an_origin_is_ours_or_none() {
        let place = Place { origin: "http://localhost:1".to_owned(), is_secure: false };
        let check = |origins: &[&str], is_needed| {
            let mut headers = HeaderMap::new();
            for origin in origins {
                headers.append(ORIGIN, origin.parse().unwrap());
            }
            place.check_origin(&headers, is_needed).is_ok()
        };
        assert!(check(&["http://localhost:1"], true) && check(&[], false) && !check(&[], true));
        for wrong in [&["http://localhost:2"][..], &["null"], &["https://localhost:1"], &["http://localhost:1"; 2]] {
            assert!(!check(wrong, false), "{wrong:?}");
        }
    }
}
