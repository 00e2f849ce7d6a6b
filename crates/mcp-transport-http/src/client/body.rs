//! Reads a response body into memory, up to a limit.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use http::Response;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming};

/// Why a body could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyError {
    TooLarge,
    /// The connection broke before the end.
    Cut,
}

/// A response of which the body is being read.
#[derive(Debug)]
pub(crate) struct Collecting {
    response: Response<Incoming>,
    limit: usize,
    whole: BytesMut,
}

impl Collecting {
    /// Reads a body that is not longer than `limit` bytes.
    pub(crate) fn new(response: Response<Incoming>, limit: usize) -> Self {
        Self { response, limit, whole: BytesMut::new() }
    }

    pub(crate) fn response(&self) -> &Response<Incoming> {
        &self.response
    }

    /// The whole body, once it is there. A body that comes in one piece is not copied.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Bytes, BodyError>> {
        let Self { response, limit, whole } = self;
        let body = response.body_mut();
        if body.size_hint().lower() > limit.saturating_sub(whole.len()) as u64 {
            return Poll::Ready(Err(BodyError::TooLarge));
        }
        while let Some(frame) = ready!(Pin::new(&mut *body).poll_frame(context)) {
            let frame = match frame.map(Frame::into_data) {
                Ok(Ok(data)) => data,
                // Trailers.
                Ok(Err(_)) => continue,
                Err(_) => return Poll::Ready(Err(BodyError::Cut)),
            };
            if *limit < whole.len() + frame.len() {
                return Poll::Ready(Err(BodyError::TooLarge));
            }
            if whole.is_empty() && body.is_end_stream() {
                return Poll::Ready(Ok(frame));
            }
            if whole.is_empty() {
                // Both are within the limit: the hint was checked above.
                whole.reserve(frame.len() + usize::try_from(body.size_hint().lower()).unwrap_or_default());
            }
            whole.extend_from_slice(&frame);
        }
        Poll::Ready(Ok(std::mem::take(whole).freeze()))
    }
}

/// The whole body, if it is not longer than `limit` bytes.
pub(crate) async fn collect(response: Response<Incoming>, limit: usize) -> Result<Bytes, BodyError> {
    let mut collecting = Collecting::new(response, limit);
    poll_fn(|context| collecting.poll(context)).await
}

/// Reads what nobody wants of a short body, so that its connection can be used again. A long or slow one is not worth it.
pub(crate) async fn discard(response: Response<Incoming>) {
    const LIMIT: usize = 64 * 1024;
    const WAIT: std::time::Duration = std::time::Duration::from_secs(1);
    // Failing means that the connection is dropped.
    let _ = tokio::time::timeout(WAIT, collect(response, LIMIT)).await;
}

/// The next data of a body; `None` at its end.
pub(crate) async fn data(body: &mut Incoming) -> Result<Option<Bytes>, BodyError> {
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame.map_err(|_| BodyError::Cut)?.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}
