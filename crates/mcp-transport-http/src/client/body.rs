//! Reads a response body into memory, up to a limit.

use bytes::{Bytes, BytesMut};
use http::Response;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};

/// Why a body could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyError {
    TooLarge,
    /// The connection broke before the end.
    Cut,
}

/// The whole body, if it is not longer than `limit` bytes.
pub(crate) async fn collect(response: Response<Incoming>, limit: usize) -> Result<Bytes, BodyError> {
    let mut body = response.into_body();
    if body.size_hint().lower() > limit as u64 {
        return Err(BodyError::TooLarge);
    }
    let Some(first) = data(&mut body).await? else { return Ok(Bytes::new()) };
    let mut whole = BytesMut::new();
    let mut next = Some(first);
    while let Some(frame) = next {
        if limit < whole.len() + frame.len() {
            return Err(BodyError::TooLarge);
        }
        if whole.is_empty() && body.is_end_stream() {
            return Ok(frame);
        }
        if whole.is_empty() {
            // Both are within the limit: the hint was checked above.
            whole.reserve(frame.len() + usize::try_from(body.size_hint().lower()).unwrap_or_default());
        }
        whole.extend_from_slice(&frame);
        next = data(&mut body).await?;
    }
    Ok(whole.freeze())
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
