//! One server and how to reach it.

use std::{sync::Arc, time::Duration};

use mcp_transport::{Budget, Credentials, Fixed, NoteLimits};

use super::{http_client::HttpClient, server_url::ServerUrl};

/// One server, how to reach it and how much to take from it: what every HTTP transport is made from.
#[derive(Clone, Debug)]
pub struct Remote {
    pub(crate) url: ServerUrl,
    pub(crate) client: HttpClient,
    pub(crate) credentials: Arc<dyn Credentials>,
    pub(crate) limits: HttpLimits,
}

/// How much is taken from one server.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HttpLimits {
    /// Bytes of one JSON answer. Default: 16 MiB.
    pub body: usize,
    /// Bytes of one event. Default: 16 MiB. A longer one is skipped and the stream lives on.
    pub event: usize,
    /// Calls in flight on one connection. Default: 256. Calls that may take for ever have as many places of their own.
    pub in_flight: usize,
    /// Events that wait for their consumer.
    pub notes: NoteLimits,
    /// How long posting what has no response may take. Default: 30 s.
    pub post_wait: Duration,
    /// The budget for large messages, shared by all connections of a proxy.
    pub budget: Budget,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            body: 16 << 20,
            event: 16 << 20,
            in_flight: 256,
            notes: NoteLimits::default(),
            post_wait: Duration::from_secs(30),
            budget: Budget::default(),
        }
    }
}

impl Remote {
    /// The server at `url`, without credentials and with the default limits.
    #[must_use]
    pub fn new(url: ServerUrl, client: HttpClient) -> Self {
        Self { url, client, credentials: Arc::new(Fixed::default()), limits: HttpLimits::default() }
    }

    /// Asks `credentials` for headers, for each request anew.
    #[must_use]
    pub fn credentials(self, credentials: Arc<dyn Credentials>) -> Self {
        Self { credentials, ..self }
    }

    /// Takes this much from the server.
    #[must_use]
    pub fn limits(self, limits: HttpLimits) -> Self {
        Self { limits, ..self }
    }
}
