//! The echo server on streamable HTTP.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};

use super::{BARE, EVENT, Echo};
use crate::ask::Ask;
use crate::serve::serve as listen;

static SESSIONS: AtomicU64 = AtomicU64::new(1);

/// Serves until it is killed; says its port on a line of stdout.
pub(crate) fn serve(echo: Echo, port: u16) -> Result<(), String> {
    let echo = Arc::new(echo);
    listen(port, async || Ok(move |request| answer(Arc::clone(&echo), request)))
}

async fn answer(echo: Arc<Echo>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.method() != Method::POST {
        let is_end = request.method() == Method::DELETE;
        return Ok(empty(if is_end { StatusCode::OK } else { StatusCode::METHOD_NOT_ALLOWED }));
    }
    let Ok(body) = request.into_body().collect().await else { return Ok(empty(StatusCode::BAD_REQUEST)) };
    let body = body.to_bytes();
    let Ok(ask) = serde_json::from_slice::<Ask<'_>>(&body) else { return Ok(empty(StatusCode::BAD_REQUEST)) };
    if ask.id.is_none() {
        return Ok(empty(StatusCode::ACCEPTED));
    }
    let delay = echo.delay(&ask.params.arguments);
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let (frame, kind) = if echo.notes(&ask) > 0 { (EVENT, "text/event-stream") } else { (BARE, "application/json") };
    let mut out = Vec::with_capacity(256 + ask.params.arguments.size.unwrap_or(echo.size));
    echo.answer(&ask, frame, &mut out);
    let mut response = Response::new(Full::new(Bytes::from(out)));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    if ask.method == "initialize" {
        let session = HeaderValue::from(SESSIONS.fetch_add(1, Ordering::Relaxed));
        response.headers_mut().insert("mcp-session-id", session);
    }
    Ok(response)
}

fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}
