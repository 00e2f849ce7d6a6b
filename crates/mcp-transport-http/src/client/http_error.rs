//! Why no connection came about.

use std::{error::Error as StdError, time::Duration};

/// Why a server could not be reached over HTTP. Found as the source of
/// [`ConnectError::Other`](mcp_transport::ConnectError::Other).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// No connection came about.
    #[error("no connection to {url}")]
    Unreachable {
        /// Where to, without the query.
        url: String,
        /// What stood in the way.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// Nobody accepts connections there.
    #[error("could not connect; check the address, and whether the server runs")]
    Connect(#[source] Box<dyn StdError + Send + Sync>),
    /// The proxy did not let us through.
    #[error("the HTTP proxy opened no way to the server; check `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`")]
    Proxy(#[source] Box<dyn StdError + Send + Sync>),
    /// The proxy's address is of a kind that is not spoken here.
    #[error("only `http` and `https` proxies can be used; check `HTTPS_PROXY`, `HTTP_PROXY` and `ALL_PROXY`")]
    ProxyScheme,
    /// TLS failed.
    #[error("no TLS connection; for a private certificate authority, set `SSL_CERT_FILE`")]
    Tls(#[source] Box<dyn StdError + Send + Sync>),
    /// Nobody is trusted, so no server can be.
    #[error("no root certificates were found; install the system's or set `SSL_CERT_FILE`")]
    NoRoots,
    /// An `https` URL, in a build that cannot speak TLS.
    #[error("https is not part of this build; build it with the feature `tls`")]
    NoTls,
    /// It took too long.
    #[error("no connection within {} s; check the address and the network", .0.as_secs())]
    Timeout(Duration),
    /// The stream did not begin as the protocol says.
    #[error("the event stream did not begin with the event `endpoint`; is this an HTTP+SSE server?")]
    NoEndpoint,
    /// The stream sends us to an address that must not be used.
    #[error("the server's `endpoint` cannot be used")]
    Endpoint(#[source] super::server_url::UrlError),
    /// The URL does not speak MCP in any way known here.
    #[error("{url} speaks neither streamable HTTP nor HTTP+SSE; check the path (often `/mcp` or `/sse`)")]
    NotMcp {
        /// What was asked, without the query.
        url: String,
    },
}
