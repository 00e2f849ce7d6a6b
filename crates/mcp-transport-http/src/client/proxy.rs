//! Which HTTP proxy a request goes through.

use std::{fmt, sync::Arc};

use http::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

/// The HTTP proxies to go through. Default: none.
#[derive(Clone)]
pub struct ProxySettings(Arc<Matcher>);

impl ProxySettings {
    /// What `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` say, in upper or lower case, read as curl does.
    #[must_use]
    pub fn from_env() -> Self {
        Self(Arc::new(Matcher::from_env()))
    }

    /// Goes through the proxy `http` to `http` URLs and through `https` to `https` URLs; an empty text is none. They
    /// may hold a user name and a password.
    ///
    /// `except` are the hosts reached directly, separated by commas: names (subdomains included), IP addresses,
    /// networks, or `*`.
    #[must_use]
    pub fn new(http: &str, https: &str, except: &str) -> Self {
        let matcher = Matcher::builder().http(http.to_owned()).https(https.to_owned()).no(except.to_owned());
        Self(Arc::new(matcher.build()))
    }

    pub(crate) fn intercept(&self, target: &Uri) -> Option<Intercept> {
        self.0.intercept(target)
    }
}

impl Default for ProxySettings {
    fn default() -> Self {
        Self::new("", "", "")
    }
}

impl fmt::Debug for ProxySettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The addresses of proxies may hold passwords.
        f.write_str("ProxySettings(…)")
    }
}
