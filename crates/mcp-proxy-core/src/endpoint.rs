//! The proxy as an HTTP service.

use std::{
    convert::Infallible,
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use mcp_transport_http::server::Answer;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::{
    ServiceBody,
    front::{Front, Outgoing, Used},
};

/// The proxy as an HTTP service: `/mcp`, `/sse`, `/messages` and `/health` for a single server, `/NAME/mcp` and so on for
/// each of several.
///
/// It never fails: every error is a response. Host and origin are checked here, wherever the service is mounted.
#[derive(Clone, Debug)]
pub struct Endpoint {
    front: Arc<Front>,
    used: Arc<Used>,
}

/// The body of a response.
pub struct ResponseBody(Source);

enum Source {
    /// The proxy's own.
    Own(Answer<Outgoing>),
    /// A service's; it ends when the proxy stops, if it has not before.
    Service { body: ServiceBody, stopping: Pin<Box<WaitForCancellationFutureOwned>> },
}

type Answering = Pin<Box<dyn Future<Output = Result<Response<ResponseBody>, Infallible>> + Send>>;

impl Endpoint {
    pub(crate) fn new(front: Arc<Front>) -> Self {
        Self { front, used: Arc::new(Used::new("http")) }
    }

    /// Answers one request.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future means that the client has gone: a call of the modern era is cancelled, one of a legacy session
    /// goes on.
    pub async fn answer<B>(&self, request: Request<B>) -> Response<ResponseBody>
    where
        B: Body<Data = Bytes>,
    {
        self.front.serve(request, &self.used).await
    }
}

impl<B> hyper::service::Service<Request<B>> for Endpoint
where
    B: Body<Data = Bytes, Error: Send> + Send + 'static,
{
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = Answering;

    fn call(&self, request: Request<B>) -> Answering {
        let endpoint = self.clone();
        Box::pin(async move { Ok(endpoint.answer(request).await) })
    }
}

#[cfg(feature = "tower")]
impl<B> tower_service::Service<Request<B>> for Endpoint
where
    B: Body<Data = Bytes, Error: Send> + Send + 'static,
{
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = Answering;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Answering {
        hyper::service::Service::call(self, request)
    }
}

impl ResponseBody {
    pub(crate) fn own(answer: Answer<Outgoing>) -> Self {
        Self(Source::Own(answer))
    }

    pub(crate) fn of_service(body: ServiceBody, stopping: &CancellationToken) -> Self {
        Self(Source::Service { body, stopping: Box::pin(stopping.clone().cancelled_owned()) })
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut self.0 {
            Source::Own(answer) => Pin::new(answer).poll_frame(context),
            Source::Service { body, stopping } => match Pin::new(&mut *body).poll_frame(context) {
                // One whose length is known has an end of its own, and would be cut off here.
                Poll::Pending if body.size_hint().exact().is_none() && stopping.as_mut().poll(context).is_ready() => {
                    Poll::Ready(None)
                }
                next => next,
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Source::Own(answer) => answer.is_end_stream(),
            Source::Service { body, .. } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Source::Own(answer) => answer.size_hint(),
            Source::Service { body, .. } => body.size_hint(),
        }
    }
}

impl fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ResponseBody").finish_non_exhaustive()
    }
}
