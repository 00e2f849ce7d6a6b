//! The HTTP side of the Rust client over plain hyper: its own brings a second HTTP stack along.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::TokioExecutor;
use rmcp::model::ClientJsonRpcMessage;
use rmcp::transport::streamable_http_client::{
    SseError, StreamableHttpClient, StreamableHttpError, StreamableHttpPostResponse,
};
use sse_stream::{Sse, SseStream};

type Failed = StreamableHttpError<Error>;
type Headers = HashMap<HeaderName, HeaderValue>;

const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";
const SESSION_ID: &str = "mcp-session-id";

/// A client for plain HTTP/1.1 with kept connections.
#[derive(Clone, Debug)]
pub(crate) struct Hyper(Client<HttpConnector, Full<Bytes>>);

impl Hyper {
    pub(crate) fn new() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }

    async fn send(
        &self,
        method: Method,
        uri: &str,
        headers: impl IntoIterator<Item = (HeaderName, String)>,
        custom: Headers,
        body: Bytes,
    ) -> Result<Response<Incoming>, Failed> {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let mut request = request.body(Full::new(body)).expect("the client makes valid headers");
        request.headers_mut().extend(custom);
        self.0.request(request).await.map_err(StreamableHttpError::Client)
    }
}

impl StreamableHttpClient for Hyper {
    type Error = Error;

    async fn post_message(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session_id: Option<Arc<str>>,
        _auth: Option<String>,
        custom: Headers,
    ) -> Result<StreamableHttpPostResponse, Failed> {
        let body = serde_json::to_vec(&message).expect("a message is JSON");
        let in_session = session_id.is_some();
        let headers =
            session(session_id).chain([(ACCEPT, format!("{JSON}, {EVENTS}")), (CONTENT_TYPE, JSON.to_owned())]);
        let response = self.send(Method::POST, &uri, headers, custom, body.into()).await?;
        match response.status() {
            StatusCode::ACCEPTED | StatusCode::NO_CONTENT => return Ok(StreamableHttpPostResponse::Accepted),
            StatusCode::NOT_FOUND if in_session => return Err(StreamableHttpError::SessionExpired),
            _ => {}
        }
        let status = response.status();
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let session_id = header(SESSION_ID);
        if header("content-type").is_some_and(|kind| kind.starts_with(EVENTS)) {
            return Ok(StreamableHttpPostResponse::Sse(SseStream::new(response.into_body()).boxed(), session_id));
        }
        let body = response.into_body().collect().await.map_err(|error| unexpected(&error))?.to_bytes();
        // An error answer has a body of its own, whatever its status is.
        let answer = serde_json::from_slice(&body)
            .map_err(|error| unexpected(&format!("{status}: {error} in {}", String::from_utf8_lossy(&body))))?;
        Ok(StreamableHttpPostResponse::Json(answer, session_id))
    }

    async fn delete_session(
        &self,
        uri: Arc<str>,
        session_id: Arc<str>,
        _auth: Option<String>,
        custom: Headers,
    ) -> Result<(), Failed> {
        let response = self.send(Method::DELETE, &uri, session(Some(session_id)), custom, Bytes::new()).await?;
        if response.status().is_success() { Ok(()) } else { Err(unexpected(&response.status())) }
    }

    async fn get_stream(
        &self,
        uri: Arc<str>,
        session_id: Option<Arc<str>>,
        last_event_id: Option<String>,
        _auth: Option<String>,
        custom: Headers,
    ) -> Result<BoxStream<'static, Result<Sse, SseError>>, Failed> {
        let resume = last_event_id.map(|id| (HeaderName::from_static("last-event-id"), id));
        let headers = session(session_id).chain(resume).chain([(ACCEPT, EVENTS.to_owned())]);
        let response = self.send(Method::GET, &uri, headers, custom, Bytes::new()).await?;
        match response.status() {
            StatusCode::OK => Ok(SseStream::new(response.into_body()).boxed()),
            StatusCode::METHOD_NOT_ALLOWED => Err(StreamableHttpError::ServerDoesNotSupportSse),
            status => Err(unexpected(&status)),
        }
    }
}

fn session(id: Option<Arc<str>>) -> impl Iterator<Item = (HeaderName, String)> {
    id.map(|id| (HeaderName::from_static(SESSION_ID), id.to_string())).into_iter()
}

fn unexpected(what: &impl ToString) -> Failed {
    StreamableHttpError::UnexpectedServerResponse(what.to_string().into())
}
