//! Services beside the proxy's own paths.

use std::{convert::Infallible, fmt, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use mcp_transport::Principal;

use crate::Proxy;

/// A service at a path of its own, behind the same checks of host, origin and keys as everything else.
#[async_trait]
pub trait Service: fmt::Debug + Send + Sync + 'static {
    /// Answers a request to `proxy` whose path begins with the segment this is mounted at. The body is within
    /// [`Limits::body`].
    ///
    /// [`Limits::body`]: crate::Limits::body
    ///
    /// # Cancel safety
    ///
    /// Must be safe to drop at any await; that means the client has gone.
    async fn answer(&self, proxy: &Proxy, request: Request<Bytes>, who: &Principal) -> Response<ServiceBody>;
}

/// The body of a service's response. One that has no end of its own is ended when the proxy stops.
pub type ServiceBody = UnsyncBoxBody<Bytes, Infallible>;

/// Where a service is.
#[derive(Debug)]
pub(crate) struct Mount {
    /// The first segment of the paths.
    pub(crate) segment: Box<str>,
    pub(crate) service: Arc<dyn Service>,
}
