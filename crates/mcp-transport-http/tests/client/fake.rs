//! A server whose every byte is the test's.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use mcp_jsonrpc::Message;
use mcp_protocol::Revision;
use mcp_transport::{Caller, Connection, Principal, Reply, Request, Transport};
use mcp_transport_http::{HttpClient, Remote, ServerUrl, StreamableHttp};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
    sync::{mpsc, oneshot},
    time::timeout,
};

pub(crate) trait Io: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// A listening server.
pub(crate) struct Fake {
    pub(crate) address: String,
    exchanges: mpsc::Receiver<Exchange>,
    accepted: Arc<AtomicUsize>,
}

/// A request that waits for its response. Dropping it cuts the connection.
pub(crate) struct Exchange {
    /// Method and path.
    pub(crate) line: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
    io: Box<dyn Io>,
    back: oneshot::Sender<Box<dyn Io>>,
}

/// Long enough for a slow machine: a test fails by it, none passes by it.
const PATIENCE: Duration = Duration::from_secs(20);

impl Fake {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (sender, exchanges) = mpsc::channel(16);
        let accepted = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&accepted);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(serve(Box::new(socket), sender.clone()));
            }
        });
        Self { address, exchanges, accepted }
    }

    pub(crate) fn url(&self, path: &str) -> ServerUrl {
        ServerUrl::parse(&format!("http://{}{path}", self.address)).unwrap()
    }

    pub(crate) fn remote(&self, path: &str) -> Remote {
        Remote::new(self.url(path), HttpClient::default())
    }

    pub(crate) async fn connect(&self) -> Arc<dyn Connection> {
        StreamableHttp::new(self.remote("/mcp")).connect(&caller()).await.unwrap()
    }

    /// How many connections were made.
    pub(crate) fn connections(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }

    /// The next request.
    pub(crate) async fn next(&mut self) -> Exchange {
        timeout(PATIENCE, self.exchanges.recv()).await.expect("a request was expected").unwrap()
    }

    /// The next request, which must be this one.
    pub(crate) async fn expect(&mut self, line: &str) -> Exchange {
        let exchange = self.next().await;
        assert_eq!(exchange.line, line, "with body {}", exchange.body);
        exchange
    }
}

/// Reads the requests of one connection.
pub(crate) async fn serve(mut io: Box<dyn Io>, exchanges: mpsc::Sender<Exchange>) {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let Ok(byte) = io.read_u8().await else { return };
            head.push(byte);
        }
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let line = lines.next().unwrap().trim_end_matches(" HTTP/1.1").to_owned();
        let headers: HashMap<_, _> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        io.read_exact(&mut body).await.unwrap();
        let (back, returned) = oneshot::channel();
        let exchange = Exchange { line, headers, body: String::from_utf8(body).unwrap(), io, back };
        if exchanges.send(exchange).await.is_err() {
            return;
        }
        let Ok(returned) = returned.await else { return };
        io = returned;
    }
}

impl Exchange {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    pub(crate) fn message(&self) -> Message {
        Message::parse(Bytes::from(self.body.clone())).unwrap()
    }

    /// The id under which the request was sent.
    pub(crate) fn id(&self) -> String {
        self.message().id().unwrap().to_string()
    }

    pub(crate) async fn write(&mut self, text: &str) {
        self.io.write_all(text.as_bytes()).await.unwrap();
        self.io.flush().await.unwrap();
    }

    /// Answers in full and goes on with the connection. `head` is the status and, with `\r\n` between, headers.
    pub(crate) async fn answer(mut self, head: &str, body: &str) {
        self.write(&format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n{body}", body.len())).await;
        let _ = self.back.send(self.io);
    }

    pub(crate) async fn json(self, body: &str) {
        self.answer("200 OK\r\ncontent-type: application/json", body).await;
    }

    /// Answers with a result of this request.
    pub(crate) async fn result(self, result: &str) {
        let body = format!(r#"{{"jsonrpc":"2.0","id":{},"result":{result}}}"#, self.id());
        self.json(&body).await;
    }

    pub(crate) async fn accepted(self) {
        self.answer("202 Accepted", "").await;
    }

    /// Begins a stream of unknown length.
    pub(crate) async fn stream(&mut self) {
        self.write("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n").await;
    }

    /// Sends a part of a stream.
    pub(crate) async fn part(&mut self, text: &str) {
        self.write(&format!("{:x}\r\n{text}\r\n", text.len())).await;
    }

    /// Ends a stream in order and goes on with the connection.
    pub(crate) async fn end(mut self) {
        self.write("0\r\n\r\n").await;
        let _ = self.back.send(self.io);
    }

    /// Waits until the other side has closed the connection.
    pub(crate) async fn gone(mut self) {
        let read = timeout(PATIENCE, self.io.read_u8()).await.expect("the connection was to be closed");
        assert!(read.is_err(), "nothing more was to be sent");
    }
}

pub(crate) fn caller() -> Arc<Caller> {
    Arc::new(Caller::new(Principal::Anonymous, Revision::LATEST_LEGACY))
}

pub(crate) fn request(text: &str) -> Request {
    Request::new(message(text), caller()).unwrap()
}

pub(crate) fn message(text: &str) -> Message {
    Message::parse(Bytes::copy_from_slice(text.as_bytes())).unwrap()
}

pub(crate) const CALL: &str = r#"{"jsonrpc":"2.0","id":"mine","method":"tools/call","params":{"name":"t"}}"#;

/// Calls in the background: the answer waits for what the test has the server say.
pub(crate) fn call(connection: &Arc<dyn Connection>, text: &str) -> tokio::task::JoinHandle<Reply> {
    let (connection, request) = (Arc::clone(connection), request(text));
    tokio::spawn(async move { connection.call(request).await.unwrap() })
}

pub(crate) fn text(message: &Message) -> String {
    String::from_utf8(message.to_bytes().to_vec()).unwrap()
}

/// A connection whose handshake is done: session `s1`, no stream of the server's own.
pub(crate) async fn introduced(server: &mut Fake) -> Arc<dyn Connection> {
    let connection = server.connect().await;
    let initialize = call(&connection, r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}"#);
    let exchange = server.expect("POST /mcp").await;
    let head = "200 OK\r\ncontent-type: application/json\r\nmcp-session-id: s1";
    let result = r#"{"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"s","version":"1"}}"#;
    let body = format!(r#"{{"jsonrpc":"2.0","id":{},"result":{result}}}"#, exchange.id());
    exchange.answer(head, &body).await;
    initialize.await.unwrap().response().await.unwrap();
    connection
}

/// Says that the handshake is done.
pub(crate) fn initialized(connection: &Arc<dyn Connection>) -> tokio::task::JoinHandle<()> {
    let connection = Arc::clone(connection);
    tokio::spawn(async move {
        let note = message(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
        connection.tell(note, &caller()).await.unwrap();
    })
}
