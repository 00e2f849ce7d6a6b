//! The bare bridge: streamable HTTP before one server on pipes, and nothing that makes a proxy of it.
//!
//! No session is known, nothing is checked, limited or cancelled, and notes are dropped. What it costs is what HTTP, two pipes and a
//! changed id cost, so it is the bound that a bridge can come near to.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};

use crate::serve::serve as listen;

mod child;
mod id;
mod waiting;

use child::Child;

static SESSIONS: AtomicU64 = AtomicU64::new(1);
const SESSION: &str = "mcp-session-id";

/// Serves the command until it is killed; says its port on a line of stdout.
pub(crate) fn serve(command: &[String], port: u16) -> Result<(), String> {
    listen(port, async || {
        let child = Arc::new(Child::start(command)?);
        Ok(move |request| answer(Arc::clone(&child), request))
    })
}

async fn answer(child: Arc<Child>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let is_first = !request.headers().contains_key(SESSION);
    match *request.method() {
        Method::POST => {}
        Method::DELETE => return Ok(empty(StatusCode::OK)),
        _ => return Ok(empty(StatusCode::METHOD_NOT_ALLOWED)),
    }
    let Ok(body) = request.into_body().collect().await else { return Ok(empty(StatusCode::BAD_REQUEST)) };
    let body = body.to_bytes();
    let Some(id) = id::find(&body) else {
        let told = child.tell(&body).await;
        return Ok(empty(if told { StatusCode::ACCEPTED } else { StatusCode::BAD_GATEWAY }));
    };
    let Some(line) = child.call(&body, id.clone()).await else { return Ok(empty(StatusCode::BAD_GATEWAY)) };
    let Some(ours) = id::find(&line) else { return Ok(empty(StatusCode::BAD_GATEWAY)) };
    let mut text = BytesMut::with_capacity(line.len() + id.len());
    text.extend_from_slice(&line[..ours.start]);
    text.extend_from_slice(&body[id]);
    text.extend_from_slice(&line[ours.end..]);
    let mut response = Response::new(Full::new(text.freeze()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if is_first {
        response.headers_mut().insert(SESSION, HeaderValue::from(SESSIONS.fetch_add(1, Ordering::Relaxed)));
    }
    Ok(response)
}

fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}
