//! How a transport asks for the headers that prove who we are.

use std::fmt;

use async_trait::async_trait;
use http::HeaderMap;

use crate::Caller;

/// Gives the headers that authorize us towards one server.
#[async_trait]
pub trait Credentials: fmt::Debug + Send + Sync + 'static {
    /// The headers for a request on behalf of `caller`. After a refusal it is asked once more, with the server's
    /// `WWW-Authenticate` challenge, and may come up with better ones.
    ///
    /// # Errors
    ///
    /// Says why there are none to be had.
    ///
    /// # Cancel safety
    ///
    /// Must be safe to drop at any await.
    async fn headers(&self, caller: &Caller, challenge: Option<&str>) -> Result<HeaderMap, CredentialsError>;
}

/// Why there are no credentials.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// The server refused the only ones we have.
    #[error("the server refused the configured credentials; check its `headers` in the configuration")]
    Refused,
}

/// The same headers for every request, whoever the caller is.
#[derive(Clone, Default)]
pub struct Fixed(HeaderMap);

impl Fixed {
    /// Sends these headers. Mark secret values as [sensitive](http::HeaderValue::set_sensitive).
    #[must_use]
    pub fn new(headers: HeaderMap) -> Self {
        Self(headers)
    }
}

#[async_trait]
impl Credentials for Fixed {
    async fn headers(&self, _: &Caller, challenge: Option<&str>) -> Result<HeaderMap, CredentialsError> {
        if challenge.is_some() { Err(CredentialsError::Refused) } else { Ok(self.0.clone()) }
    }
}

impl fmt::Debug for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}
