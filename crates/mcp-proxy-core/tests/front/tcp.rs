//! Real sockets: slow and idle connections, how many there may be, and how they end.

use std::time::Duration;

use mcp_proxy_core::Limits;
use mcp_testkit::Script;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::{Instant, timeout},
};

use crate::{
    client::{BOTH, Client, call, initialize, legacy},
    server::stage,
};

const PATIENCE: Duration = Duration::from_secs(20);

/// More than the system takes while nobody reads.
const LARGE: usize = 16 << 20;

fn large() -> String {
    format!("\"{}\"", "x".repeat(LARGE))
}

/// A proxy that listens.
struct Site {
    port: u16,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<()>,
    client: Client,
}

/// One connection of a client.
struct Wire {
    socket: TcpStream,
    read: Vec<u8>,
}

async fn site(client: Client) -> Site {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (stop, stopped) = oneshot::channel::<()>();
    let proxy = client.proxy.clone();
    let running = tokio::spawn(async move {
        proxy
            .run(listener, async {
                let _ = stopped.await;
            })
            .await;
    });
    Site { port, stop: Some(stop), running, client }
}

async fn with(limits: Limits) -> Site {
    site(Client::with(legacy(Script::new().transport()), limits)).await
}

impl Site {
    async fn dial(&self) -> Wire {
        Wire { socket: TcpStream::connect(("127.0.0.1", self.port)).await.unwrap(), read: Vec::new() }
    }

    /// Begins to stop.
    fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    async fn stopped(self) {
        timeout(PATIENCE, self.running).await.unwrap().unwrap();
    }
}

impl Wire {
    async fn send(&mut self, text: &str) {
        self.socket.write_all(text.as_bytes()).await.unwrap();
    }

    async fn ask(&mut self, method: &str, path: &str, session: &str, body: &str) {
        let session = if session.is_empty() { String::new() } else { format!("mcp-session-id: {session}\r\n") };
        let length = body.len();
        self.send(&format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\naccept: {BOTH}\r\ncontent-type: application/json\r\n\
             {session}content-length: {length}\r\n\r\n{body}"
        ))
        .await;
    }

    /// Reads until `end` has come, and takes all up to it.
    async fn until(&mut self, end: &str) -> String {
        loop {
            let text = String::from_utf8_lossy(&self.read).into_owned();
            if let Some(at) = text.find(end) {
                self.read.drain(..at + end.len());
                return text[..at + end.len()].to_owned();
            }
            let count = timeout(PATIENCE, self.socket.read_buf(&mut self.read)).await.unwrap().unwrap();
            assert_ne!(count, 0, "the connection was closed after {text}");
        }
    }

    /// Opens a session on this connection.
    async fn session(&mut self) -> String {
        self.ask("POST", "/mcp", "", &initialize("2025-06-18")).await;
        let head = self.until("\r\n\r\n").await;
        self.until("}}}").await;
        let session = head.lines().find_map(|line| line.strip_prefix("mcp-session-id: ")).unwrap().to_owned();
        self.ask("POST", "/mcp", &session, r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
        assert!(self.until("\r\n\r\n").await.starts_with("HTTP/1.1 202"));
        session
    }

    async fn ping(&mut self, session: &str) -> String {
        self.ask("POST", "/mcp", session, r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#).await;
        self.until(r#""result":{}}"#).await
    }

    async fn health(&mut self) {
        self.ask("GET", "/health", "", "").await;
        assert!(self.until("}}").await.starts_with("HTTP/1.1 200"));
    }

    /// Waits for the other end to close; what came before is thrown away.
    async fn closed(&mut self) -> Duration {
        let start = Instant::now();
        let mut rest = [0; 1024];
        while timeout(PATIENCE, self.socket.read(&mut rest)).await.unwrap().is_ok_and(|count| count != 0) {}
        start.elapsed()
    }

    /// Checks that the other end gives up although nothing is read; `LARGE` bytes were to be sent.
    async fn until_cut_off_unread(mut self) {
        // What the other end has closed can be written to no more.
        timeout(PATIENCE, async { while self.socket.write_all(b"x").await.is_ok() {} }).await.unwrap();
        let mut length = self.read.len();
        let mut portion = vec![0; 1 << 16];
        while let Ok(count @ 1..) = self.socket.read(&mut portion).await {
            length += count;
        }
        assert!(length < LARGE, "{length}");
    }

    async fn is_open_for(&mut self, time: Duration) -> bool {
        timeout(time, self.socket.read_buf(&mut self.read)).await.is_err()
    }
}

#[tokio::test]
async fn a_head_that_comes_slowly_is_not_waited_for() {
    let site = with(Limits { head_time: Duration::from_secs(1), ..Limits::default() }).await;
    let mut silent = site.dial().await;
    let mut slow = site.dial().await;
    slow.send("POST /mcp HTTP/1.1\r\nhost: local").await;
    let mut second = site.dial().await;
    second.health().await;
    second.send("GET /health HTTP/1.1\r\nhost").await;
    for wire in [&mut silent, &mut slow, &mut second] {
        let waited = wire.closed().await;
        assert!(waited < Duration::from_secs(4), "{waited:?}");
    }
    let mut quick = site.dial().await;
    quick.send("GET /health HTTP/1.1\r\n").await;
    quick.send("host: localhost\r\n\r\n").await;
    quick.until("\"status\":\"ok\"").await;
}

#[tokio::test]
async fn a_connection_idles_for_as_long_as_its_session_lives() {
    let limits = Limits { keep_alive: Duration::from_secs(1), ..Limits::default() };
    let site = with(limits).await;
    let (mut plain, mut wire) = (site.dial().await, site.dial().await);
    plain.health().await;
    let session = wire.session().await;
    assert!(plain.closed().await < Duration::from_secs(4));
    assert!(wire.is_open_for(Duration::from_secs(2)).await);
    wire.ping(&session).await;
    wire.ask("DELETE", "/mcp", &session, "").await;
    assert!(wire.until("\r\n\r\n").await.starts_with("HTTP/1.1 200"));
    assert!(wire.closed().await < Duration::from_secs(4), "the session is over");
}

#[tokio::test]
async fn a_connection_that_posts_for_a_stream_idles_too() {
    let limits = Limits { keep_alive: Duration::from_secs(1), ..Limits::default() };
    let site = with(limits).await;
    let (mut stream, mut posts) = (site.dial().await, site.dial().await);
    stream.ask("GET", "/sse", "", "").await;
    stream.until("data: ").await;
    let endpoint = stream.until("\n").await.trim().to_owned();
    posts.ask("POST", &endpoint, "", &initialize("2024-11-05")).await;
    assert!(posts.until("\r\n\r\n").await.starts_with("HTTP/1.1 202"));
    assert!(posts.is_open_for(Duration::from_secs(3)).await);
    drop(stream);
    assert!(posts.closed().await < Duration::from_secs(5));
}

#[tokio::test]
async fn one_connection_more_than_the_limit_waits() {
    let site = with(Limits { connections: 2, ..Limits::default() }).await;
    let (mut one, mut two) = (site.dial().await, site.dial().await);
    one.health().await;
    two.health().await;
    let mut three = site.dial().await;
    three.ask("GET", "/health", "", "").await;
    assert!(three.is_open_for(Duration::from_millis(300)).await, "nobody answers yet");
    assert!(site.client.proxy.metrics().contains("\nmcp_client_connections 2\n"));
    drop(one);
    three.until("\"status\":\"ok\"").await;
}

#[tokio::test]
async fn a_head_has_a_size_and_a_number_of_lines() {
    let limits = Limits { head_bytes: 10_000, headers: 20, ..Limits::default() };
    let site = with(limits).await;
    let ask = async |extra: String| {
        let mut wire = site.dial().await;
        wire.send(&format!("GET /health HTTP/1.1\r\nhost: localhost\r\n{extra}\r\n")).await;
        wire.until("\r\n").await
    };
    let long = |length: usize| {
        let rest = "GET /health HTTP/1.1\r\nhost: localhost\r\nx: \r\n\r\n".len();
        format!("x: {}\r\n", "a".repeat(length - rest))
    };
    assert!(ask(long(10_000)).await.contains(" 200 "));
    assert!(ask(long(10_001)).await.contains(" 431 "));
    let many = |count: usize| "x: a\r\n".repeat(count - 1);
    assert!(ask(many(20)).await.contains(" 200 "));
    assert!(ask(many(21)).await.contains(" 431 "));
}

#[tokio::test]
async fn who_does_not_read_loses_the_connection_and_not_the_call() {
    let (server, mut stage) = stage();
    let limits =
        Limits { write_stall: Duration::from_millis(300), head_time: Duration::from_hours(1), ..Limits::default() };
    let site = site(Client::with(legacy(server), limits)).await;
    let mut wire = site.dial().await;
    let session = wire.session().await;
    let mut server = stage.server().await;
    wire.ask("POST", "/mcp", &session, &call(1)).await;
    let request = server.hear("tools/call").await;
    server.answer(&request, &large()).await;
    wire.until("HTTP/1.1 200").await;
    wire.until_cut_off_unread().await;
    let mut wire = site.dial().await;
    wire.ask("POST", "/mcp", &session, &call(2)).await;
    let request = server.hear("tools/call").await;
    server.answer(&request, r#"{"n":2}"#).await;
    wire.until(r#""id":2,"result":{"n":2}}"#).await;
}

#[tokio::test]
async fn shutdown_lets_calls_finish_and_ends_streams() {
    let (server, mut stage) = stage();
    let mut site = site(Client::of(legacy(server))).await;
    let (mut listening, mut calling, mut idle) = (site.dial().await, site.dial().await, site.dial().await);
    idle.health().await;
    let session = calling.session().await;
    let mut server = stage.server().await;
    listening.ask("GET", "/mcp", &session, "").await;
    assert!(listening.until("\r\n\r\n").await.starts_with("HTTP/1.1 200"));
    calling.ask("POST", "/mcp", &session, &call(1)).await;
    let request = server.hear("tools/call").await;
    site.stop();
    listening.until("0\r\n\r\n").await;
    idle.closed().await;
    assert!(TcpStream::connect(("127.0.0.1", site.port)).await.is_err(), "nobody listens any more");
    server.answer(&request, "{}").await;
    let answer = calling.until(r#""result":{}}"#).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("connection: close"), "{answer}");
    calling.closed().await;
    site.stopped().await;
    while server.next().await.is_some() {}
}

#[tokio::test]
async fn shutdown_waits_for_calls_as_long_as_the_limit_says() {
    let (server, mut stage) = stage();
    let limits = Limits { drain: Duration::from_millis(500), ..Limits::default() };
    let mut site = site(Client::with(legacy(server), limits)).await;
    let mut wire = site.dial().await;
    let session = wire.session().await;
    let mut server = stage.server().await;
    wire.ask("POST", "/mcp", &session, &call(1)).await;
    server.hear("tools/call").await;
    let start = Instant::now();
    site.stop();
    let answer = wire.until("}}").await;
    assert!(answer.contains(r#""id":1,"error""#) && answer.contains("shutting down"), "{answer}");
    assert!(Duration::from_millis(500) <= start.elapsed());
    site.stopped().await;
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
}

#[tokio::test]
async fn shutdown_does_not_wait_for_who_does_not_read() {
    let (server, mut stage) = stage();
    let limits =
        Limits { drain: Duration::from_millis(200), shutdown: Duration::from_millis(600), ..Limits::default() };
    let mut site = site(Client::with(legacy(server), limits)).await;
    let mut wire = site.dial().await;
    let session = wire.session().await;
    let mut server = stage.server().await;
    wire.ask("POST", "/mcp", &session, &call(1)).await;
    let request = server.hear("tools/call").await;
    server.answer(&request, &large()).await;
    wire.until("HTTP/1.1 200").await;
    let start = Instant::now();
    site.stop();
    site.stopped().await;
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    wire.until_cut_off_unread().await;
}

#[tokio::test]
async fn a_run_that_is_dropped_takes_its_connections_along() {
    let (server, mut stage) = stage();
    let site = site(Client::of(legacy(server))).await;
    let mut wire = site.dial().await;
    let session = wire.session().await;
    let mut server = stage.server().await;
    wire.ask("POST", "/mcp", &session, &call(1)).await;
    let request = server.hear("tools/call").await;
    site.running.abort();
    wire.closed().await;
    // The proxy itself is still there.
    server.answer(&request, "{}").await;
    let asked = site.client.begin(crate::client::post(call(2)).session(&session));
    let request = server.hear("tools/call").await;
    server.answer(&request, "{}").await;
    assert_eq!(asked.await.unwrap().result(), "{}");
}
