//! A client that asks the endpoint itself.

use std::{pin::Pin, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use mcp_jsonrpc::Message;
use mcp_protocol::Era;
use mcp_proxy_core::{Builder, Endpoint, Limits, Proxy, ResponseBody, ServerOptions, Sharing, transport::Transport};
use tokio::task::JoinHandle;

pub(crate) const BOTH: &str = "application/json, text/event-stream";

/// The client, and the proxy it talks to.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) proxy: Proxy,
    endpoint: Endpoint,
}

/// A request that is being put together.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: String,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

/// An answer whose body is read event by event.
pub(crate) struct Events {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    body: Pin<Box<ResponseBody>>,
    read: String,
}

/// One event: the lines up to the empty one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Event(pub(crate) String);

pub(crate) fn legacy(transport: impl Transport) -> ServerOptions {
    named("lab", transport)
}

pub(crate) fn named(name: &str, transport: impl Transport) -> ServerOptions {
    ServerOptions::new(name, transport).era(Era::Legacy)
}

pub(crate) fn dedicated(transport: impl Transport) -> ServerOptions {
    legacy(transport).sharing(Sharing::Dedicated)
}

pub(crate) fn modern(transport: impl Transport) -> ServerOptions {
    ServerOptions::new("lab", transport).era(Era::Modern)
}

impl Client {
    /// A client of a proxy of one server.
    pub(crate) fn of(server: ServerOptions) -> Self {
        Self::with(server, Limits::default())
    }

    pub(crate) fn with(server: ServerOptions, limits: Limits) -> Self {
        Self::build(Proxy::builder().server_with(server).limits(limits))
    }

    pub(crate) fn build(builder: Builder) -> Self {
        let proxy = builder.build().unwrap();
        Self { endpoint: proxy.endpoint(), proxy }
    }

    /// Asks and reads the whole answer.
    pub(crate) async fn ask(&self, ask: Ask) -> Got {
        self.ask_with(ask.request()).await
    }

    /// The same, with a body of any kind.
    pub(crate) async fn ask_with<B: Body<Data = Bytes>>(&self, request: Request<B>) -> Got {
        let answer = self.endpoint.answer(request).await;
        let (head, body) = answer.into_parts();
        let text = body.collect().await.unwrap().to_bytes();
        Got { status: head.status.as_u16(), headers: head.headers, text: String::from_utf8(text.to_vec()).unwrap() }
    }

    /// Asks and goes on; the answer is read meanwhile.
    pub(crate) fn begin(&self, ask: Ask) -> JoinHandle<Got> {
        let client = self.clone();
        tokio::spawn(async move { client.ask(ask).await })
    }

    /// Asks, and leaves the body to be read.
    pub(crate) async fn open(&self, ask: Ask) -> Events {
        let answer = self.endpoint.answer(ask.request()).await;
        let (head, body) = answer.into_parts();
        Events { status: head.status.as_u16(), headers: head.headers, body: Box::pin(body), read: String::new() }
    }

    /// Begins a session of this revision and completes the handshake.
    pub(crate) async fn session(&self, revision: &str) -> Arc<str> {
        let id = self.hello(revision).await;
        let got = self.ask(post(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).session(&id)).await;
        assert_eq!((got.status, &*got.text), (202, ""));
        id
    }

    /// Begins a session and does not say that it has begun.
    pub(crate) async fn hello(&self, revision: &str) -> Arc<str> {
        let got = self.ask(post(initialize(revision))).await;
        assert_eq!(got.status, 200, "{}", got.text);
        got.header("mcp-session-id").unwrap().into()
    }
}

/// The text of an `initialize` with id 0, from a client that can be asked everything.
pub(crate) fn initialize(revision: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":0,"method":"initialize","params":{{"protocolVersion":"{revision}","capabilities":{{"roots":{{}},"sampling":{{}},"elicitation":{{}}}},"clientInfo":{{"name":"c","version":"1"}}}}}}"#
    )
}

pub(crate) fn call(id: u64) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"t","_meta":{{"progressToken":{id}}}}}}}"#
    )
}

pub(crate) fn cancelled(id: u64) -> String {
    format!(r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{id},"reason":"bored"}}}}"#)
}

/// A POST of JSON to `/mcp` by a client that takes both forms of an answer.
pub(crate) fn post(body: impl Into<String>) -> Ask {
    let ask = Ask { body: body.into(), ..ask(Method::POST, "/mcp") };
    ask.header("content-type", "application/json").header("accept", BOTH)
}

/// A POST of JSON to `/mcp` by a client that takes JSON alone.
pub(crate) fn plain(body: impl Into<String>) -> Ask {
    post(body).accept("application/json")
}

/// A GET of an event stream.
pub(crate) fn get(path: &str) -> Ask {
    ask(Method::GET, path).header("accept", "text/event-stream")
}

pub(crate) fn ask(method: Method, path: &str) -> Ask {
    Ask { method, path: path.to_owned(), headers: Vec::new(), body: String::new() }.header("host", "localhost")
}

impl Ask {
    /// With this header, in place of the one there was.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    pub(crate) fn accept(self, value: &str) -> Self {
        self.header("accept", value)
    }

    pub(crate) fn session(self, id: &str) -> Self {
        self.header("mcp-session-id", id)
    }

    pub(crate) fn last_event(self, id: &str) -> Self {
        self.header("last-event-id", id)
    }

    pub(crate) fn at(self, path: &str) -> Self {
        Self { path: path.to_owned(), ..self }
    }

    /// With this in its query, beside what is there.
    pub(crate) fn query(mut self, text: &str) -> Self {
        self.path.push(if self.path.contains('?') { '&' } else { '?' });
        self.path.push_str(text);
        self
    }

    pub(crate) fn key(self, key: &str) -> Self {
        self.header("x-api-key", key)
    }

    pub(crate) fn request(self) -> Request<Full<Bytes>> {
        let mut request = Request::builder().method(self.method).uri(self.path);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        request.body(Full::from(self.body)).unwrap()
    }
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn message(&self) -> Message {
        Message::parse(Bytes::from(self.text.clone())).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The code of the error that the body is.
    pub(crate) fn code(&self) -> i64 {
        mcp_protocol::code::of(&self.message()).unwrap_or_else(|| panic!("no error: {}", self.text))
    }

    /// Status, code of the error, and raw id (`null` without one).
    #[track_caller]
    pub(crate) fn expect(&self, status: u16, code: i64, id: &str) {
        let found = self.message().id().map_or("null".to_owned(), |id| id.to_string());
        assert_eq!((self.status, self.code(), &*found), (status, code, id), "{}", self.text);
        assert_eq!(self.header("content-type"), Some("application/json"));
    }

    /// The result, with status 200, as JSON.
    #[track_caller]
    pub(crate) fn result(&self) -> String {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        assert_eq!(self.header("content-type"), Some("application/json"), "{}", self.text);
        self.message().result().unwrap_or_else(|| panic!("no result: {}", self.text)).to_owned()
    }
}

impl Events {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    #[track_caller]
    pub(crate) fn expect_stream(&self) {
        assert_eq!((self.status, self.header("content-type")), (200, Some("text/event-stream")));
    }

    /// The next event or comment; `None` at the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((event, rest)) = self.read.split_once("\n\n") {
                let event = Event(event.to_owned());
                self.read = String::from(rest);
                return Some(event);
            }
            let frame = self.body.frame().await?.unwrap();
            self.read.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
        }
    }

    /// The next event that carries a message.
    pub(crate) async fn message(&mut self) -> Event {
        loop {
            let event = self.next().await.expect("the stream has not ended");
            if !event.is_comment() && !event.data().is_empty() {
                return event;
            }
        }
    }

    /// All that is left.
    pub(crate) async fn rest(mut self) -> Vec<Event> {
        let mut rest = Vec::new();
        while let Some(event) = self.next().await {
            rest.push(event);
        }
        rest
    }
}

impl Event {
    pub(crate) fn is_comment(&self) -> bool {
        self.0.starts_with(':')
    }

    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.0.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim_start)
    }

    pub(crate) fn data(&self) -> &str {
        self.field("data").unwrap_or_else(|| panic!("no data: {self:?}"))
    }

    pub(crate) fn id(&self) -> Option<&str> {
        self.field("id")
    }

    pub(crate) fn message(&self) -> Message {
        Message::parse(Bytes::copy_from_slice(self.data().as_bytes())).unwrap()
    }
}
