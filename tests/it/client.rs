//! A small MCP client of our own, over both transports: it says what a test wants said, and hides nothing of what comes.

#![expect(clippy::disallowed_types, reason = "a test reads whole answers")]

use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::TokioExecutor;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use serde_json::json;
use sse_stream::SseStream;
use tokio::time::timeout;

pub(crate) type Json = serde_json::Value;

/// For anything that comes at all: a hang is a failure.
const PATIENCE: Duration = Duration::from_secs(20);
const BOTH: &str = "application/json, text/event-stream";
const EVENTS: &str = "text/event-stream";
const SESSION_ID: &str = "mcp-session-id";

/// Connections to one or more servers, kept open between requests.
#[derive(Clone, Debug)]
pub(crate) struct Http(Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

impl Http {
    pub(crate) fn new() -> Self {
        Self::trusting(RootCertStore::empty())
    }

    /// For https too, to servers with this certificate.
    pub(crate) fn trusting_only(certificate: CertificateDer<'static>) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(certificate).unwrap();
        Self::trusting(roots)
    }

    fn trusting(roots: RootCertStore) -> Self {
        let tls = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into());
        let tls = tls.with_safe_default_protocol_versions().unwrap();
        let tls = tls.with_root_certificates(roots).with_no_client_auth();
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().build();
        Self(Client::builder(TokioExecutor::new()).build(connector))
    }

    /// Sends a request and waits for the head of the answer.
    pub(crate) async fn send(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Response<Incoming> {
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        self.try_send(request).await.expect("the connection holds")
    }

    /// The same, where there may be no answer.
    pub(crate) async fn try_send(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Error> {
        timeout(PATIENCE, self.0.request(request)).await.expect("the answer begins in time")
    }

    /// Sends JSON; status and JSON come back.
    pub(crate) async fn json(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> (StatusCode, Json) {
        let fixed = [(ACCEPT.as_str(), "application/json"), (CONTENT_TYPE.as_str(), "application/json")];
        let headers: Vec<_> = fixed.iter().chain(headers).copied().collect();
        let response = self.send(method, url, &headers, body).await;
        let status = response.status();
        (status, self::body(response).await)
    }

    /// Posts a message that belongs to no session, in the plain form: status and JSON come back.
    pub(crate) async fn plain(&self, url: &str, message: &Json) -> (StatusCode, Json) {
        self.json(Method::POST, url, &[], message.to_string()).await
    }
}

/// A call of a tool, as a message.
pub(crate) fn tool(name: &str, arguments: Json) -> Json {
    let mut message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name}});
    message["params"]["arguments"] = arguments;
    message
}

/// A session of streamable HTTP.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    http: Http,
    url: String,
    /// What its client sends with every request.
    headers: Vec<(String, String)>,
    id: String,
}

impl Session {
    /// Opens a session for a client that declares `capabilities`.
    pub(crate) async fn open(http: &Http, url: &str, capabilities: Json) -> Self {
        Self::try_open(http, url, capabilities).await.unwrap_or_else(|(status, said)| panic!("{status}: {said}"))
    }

    /// The same, where it may be refused: then with this status and error.
    pub(crate) async fn try_open(http: &Http, url: &str, capabilities: Json) -> Result<Self, (StatusCode, Json)> {
        Self::try_open_with(http, url, &[], capabilities).await
    }

    /// The same, for a client that sends these headers with every request.
    pub(crate) async fn try_open_with(
        http: &Http,
        url: &str,
        headers: &[(&str, &str)],
        capabilities: Json,
    ) -> Result<Self, (StatusCode, Json)> {
        let fixed = [(ACCEPT.as_str(), BOTH), (CONTENT_TYPE.as_str(), "application/json")];
        let all: Vec<_> = fixed.iter().chain(headers).copied().collect();
        let response = http.send(Method::POST, url, &all, initialize(capabilities).to_string()).await;
        let status = response.status();
        let id = header(response.headers(), SESSION_ID).map(str::to_owned);
        let said = body(response).await;
        let Some(id) = id.filter(|_| said["result"]["serverInfo"].is_object()) else { return Err((status, said)) };
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let session = Self { http: http.clone(), url: url.to_owned(), headers, id };
        session.tell(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
        Ok(session)
    }

    async fn send(&self, method: Method, accept: &str, body: String) -> Response<Incoming> {
        let headers = [
            (ACCEPT.as_str(), accept),
            (CONTENT_TYPE.as_str(), "application/json"),
            (SESSION_ID, &self.id),
            ("mcp-protocol-version", "2025-11-25"),
        ];
        let own = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let headers: Vec<_> = headers.into_iter().chain(own).collect();
        self.http.send(method, &self.url, &headers, body).await
    }

    /// Sends a message that has no answer.
    pub(crate) async fn tell(&self, message: &Json) {
        let response = self.send(Method::POST, BOTH, message.to_string()).await;
        assert_eq!(response.status(), StatusCode::ACCEPTED, "{message}");
    }

    /// Sends a request; gives what comes back as it comes.
    pub(crate) async fn request(&self, id: u64, method: &str, params: Json) -> Messages {
        let message = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        Messages::of(self.send(Method::POST, BOTH, message.to_string()).await).await
    }

    /// Calls a tool; gives what comes back as it comes.
    pub(crate) async fn start(&self, id: u64, tool: &str, arguments: Json) -> Messages {
        let params = json!({"name": tool, "arguments": arguments, "_meta": {"progressToken": id}});
        self.request(id, "tools/call", params).await
    }

    /// Calls a tool; gives its response.
    pub(crate) async fn call(&self, id: u64, tool: &str, arguments: Json) -> Json {
        let response = self.start(id, tool, arguments).await.response().await;
        assert_eq!(response["id"], id, "{response}");
        response
    }

    /// Calls the tool `echo`; gives its response.
    pub(crate) async fn echo(&self, id: u64, text: &str) -> Json {
        self.call(id, "echo", json!({"text": text})).await
    }

    /// Opens the session's own stream.
    pub(crate) async fn listen(&self) -> Messages {
        let response = self.send(Method::GET, EVENTS, String::new()).await;
        assert_eq!(response.status(), StatusCode::OK);
        Messages::of(response).await
    }

    /// The id of the session, which only its client may know.
    pub(crate) fn secret(&self) -> &str {
        &self.id
    }

    /// Ends the session; gives the status.
    pub(crate) async fn end(&self) -> StatusCode {
        self.send(Method::DELETE, BOTH, String::new()).await.status()
    }
}

/// A session of HTTP+SSE.
pub(crate) struct Pair {
    http: Http,
    post: String,
    messages: Messages,
}

impl Pair {
    /// Opens the stream and introduces a client that declares `capabilities`.
    pub(crate) async fn open(http: &Http, url: &str, capabilities: Json) -> Self {
        Self::open_with(http, url, &[], capabilities).await
    }

    /// The same, for a client that sends these headers with the request for the stream.
    pub(crate) async fn open_with(http: &Http, url: &str, headers: &[(&str, &str)], capabilities: Json) -> Self {
        let headers: Vec<_> = [(ACCEPT.as_str(), EVENTS)].iter().chain(headers).copied().collect();
        let response = http.send(Method::GET, url, &headers, String::new()).await;
        assert_eq!(response.status(), StatusCode::OK);
        let mut stream = SseStream::new(response.into_body());
        let first = timeout(PATIENCE, stream.next()).await.expect("it comes in time").expect("there is one").unwrap();
        assert_eq!(first.event.as_deref(), Some("endpoint"));
        let origin = url.parse::<Uri>().unwrap();
        let origin = format!("{}://{}", origin.scheme_str().unwrap(), origin.authority().unwrap());
        let post = format!("{origin}{}", first.data.unwrap());
        let mut pair = Self { http: http.clone(), post, messages: Messages::Events(Box::pin(stream)) };
        pair.send(&initialize(capabilities)).await;
        assert!(pair.next().await["result"]["serverInfo"].is_object());
        pair.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
        pair
    }

    pub(crate) async fn send(&self, message: &Json) {
        let headers = [(CONTENT_TYPE.as_str(), "application/json")];
        let response = self.http.send(Method::POST, &self.post, &headers, message.to_string()).await;
        assert_eq!(response.status(), StatusCode::ACCEPTED, "{message}");
    }

    /// Calls a tool; its response comes on the stream.
    pub(crate) async fn start(&self, id: u64, tool: &str, arguments: Json) {
        let params = json!({"name": tool, "arguments": arguments});
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params})).await;
    }

    pub(crate) async fn next(&mut self) -> Json {
        self.messages.next().await.expect("the stream is open")
    }

    /// Where it posts to.
    pub(crate) fn address(&self) -> &str {
        &self.post
    }

    /// The stream alone.
    pub(crate) fn into_messages(self) -> Messages {
        self.messages
    }
}

/// What comes back for a request, or on a stream.
pub(crate) enum Messages {
    /// One answer, with its status.
    One(StatusCode, Option<Json>),
    /// A stream of events.
    Events(std::pin::Pin<Box<SseStream<Incoming>>>),
}

impl Messages {
    async fn of(response: Response<Incoming>) -> Self {
        if header(response.headers(), CONTENT_TYPE.as_str()).is_some_and(|kind| kind.starts_with(EVENTS)) {
            return Self::Events(Box::pin(SseStream::new(response.into_body())));
        }
        let status = response.status();
        Self::One(status, Some(body(response).await))
    }

    /// The status of the answer.
    pub(crate) fn status(&self) -> StatusCode {
        if let Self::One(status, _) = self { *status } else { StatusCode::OK }
    }

    /// The next message; `None` when there are no more.
    pub(crate) async fn next(&mut self) -> Option<Json> {
        let stream = match self {
            Self::One(_, message) => return message.take(),
            Self::Events(stream) => stream,
        };
        loop {
            let event = timeout(PATIENCE, stream.next()).await.expect("the next message comes in time")?;
            // A stream that is cut off is over, too.
            let data = event.ok()?.data.unwrap_or_default();
            // The first event of a stream that can be resumed says nothing.
            if !data.is_empty() {
                return Some(serde_json::from_str(&data).unwrap_or_else(|error| panic!("{error}: {data}")));
            }
        }
    }

    /// Reads on to the response.
    pub(crate) async fn response(mut self) -> Json {
        loop {
            let message = self.next().await.expect("every request has a response");
            if message.get("method").is_none() {
                return message;
            }
        }
    }
}

/// The text that a tool has answered with.
pub(crate) fn text(response: &Json) -> &str {
    response["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("no text: {response}"))
}

/// The words of an error.
pub(crate) fn error(response: &Json) -> &str {
    response["error"]["message"].as_str().unwrap_or_else(|| panic!("no error: {response}"))
}

fn initialize(capabilities: Json) -> Json {
    let mut message = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "clientInfo": {"name": "test", "version": "1"},
    }});
    message["params"]["capabilities"] = capabilities;
    message
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// A body as JSON; none is null.
pub(crate) async fn body(response: Response<Incoming>) -> Json {
    let body = timeout(PATIENCE, response.into_body().collect()).await.expect("the body comes in time");
    let body = body.expect("the body is whole").to_bytes();
    if body.is_empty() {
        return Json::Null;
    }
    serde_json::from_slice(&body).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&body)))
}
