//! The listener behind TLS.

#![cfg(feature = "tls")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what breaks here fails its test")]

use std::{io, sync::Arc, time::Duration};

use mcp_proxy_core::{Limits, Proxy, ServerOptions, Tls, protocol::Era};
use mcp_testkit::Script;
use rustls::{
    ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion,
    crypto::aws_lc_rs,
    pki_types::CertificateDer,
    version::{TLS12, TLS13},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::oneshot,
    task::JoinHandle,
    time::{Instant, timeout},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

const PATIENCE: Duration = Duration::from_secs(20);

/// A proxy that listens, and what to trust it by.
struct Site {
    port: u16,
    root: CertificateDer<'static>,
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

async fn site(server: Script, limits: Limits) -> Site {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let tls = Tls::from_pem(made.cert.pem().as_bytes(), made.signing_key.serialize_pem().as_bytes()).unwrap();
    let server = ServerOptions::new("lab", server.transport()).era(Era::Legacy);
    let proxy = Proxy::builder().server_with(server).limits(limits).build().unwrap();
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(async move {
        let stopped = async {
            let _ = stopped.await;
        };
        proxy.run_tls(listener, tls, stopped).await;
    });
    Site { port, root: made.cert.der().clone(), stop, running }
}

impl Site {
    async fn dial(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).await.unwrap()
    }

    async fn shake_hands(
        &self,
        version: &'static SupportedProtocolVersion,
        protocols: &[&str],
    ) -> io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.clone()).unwrap();
        let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        let connector = TlsConnector::from(Arc::new(config));
        connector.connect("localhost".try_into().unwrap(), self.dial().await).await
    }

    async fn client(&self) -> TlsStream<TcpStream> {
        self.shake_hands(&TLS13, &[]).await.unwrap()
    }
}

async fn post(client: &mut TlsStream<TcpStream>, headers: &str, body: &str) {
    let length = body.len();
    let text = format!(
        "POST /mcp HTTP/1.1\r\nhost: localhost\r\naccept: application/json, text/event-stream\r\n\
         content-type: application/json\r\n{headers}content-length: {length}\r\n\r\n{body}"
    );
    client.write_all(text.as_bytes()).await.unwrap();
}

async fn until(client: &mut TlsStream<TcpStream>, end: &str) -> String {
    let mut read = Vec::new();
    while !read.ends_with(end.as_bytes()) {
        read.push(timeout(PATIENCE, client.read_u8()).await.unwrap().unwrap());
    }
    String::from_utf8(read).unwrap()
}

/// Opens a session and gives its header.
async fn session(client: &mut TlsStream<TcpStream>) -> String {
    let params = r#"{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"c","version":"1"}}"#;
    post(client, "", &format!(r#"{{"jsonrpc":"2.0","id":0,"method":"initialize","params":{params}}}"#)).await;
    let head = until(client, "\r\n\r\n").await;
    until(client, "}}}").await;
    let session = head.lines().find(|line| line.starts_with("mcp-session-id: ")).expect("a session");
    let session = format!("{session}\r\n");
    post(client, &session, r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
    assert!(until(client, "\r\n\r\n").await.starts_with("HTTP/1.1 202"));
    session
}

const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t"}}"#;

/// All that comes before the other end closes, and when it does.
async fn rest(socket: &mut TcpStream) -> (Vec<u8>, Duration) {
    let start = Instant::now();
    let mut read = Vec::new();
    // What was sent and not read makes the end a reset.
    while let Ok(1..) = socket.read_buf(&mut read).await {}
    (read, start.elapsed())
}

#[tokio::test]
async fn a_call_goes_over_both_versions_of_tls() {
    let site = site(Script::new().answer("tools/call", r#"{"n":1}"#), Limits::default()).await;
    for (version, expected) in [(&TLS12, ProtocolVersion::TLSv1_2), (&TLS13, ProtocolVersion::TLSv1_3)] {
        let mut client = site.shake_hands(version, &["h2", "http/1.1"]).await.unwrap();
        assert_eq!(client.get_ref().1.protocol_version(), Some(expected));
        assert_eq!(client.get_ref().1.alpn_protocol(), Some(b"http/1.1".as_slice()));
        let session = session(&mut client).await;
        post(&mut client, &format!("{session}connection: close\r\n"), CALL).await;
        let mut answer = String::new();
        // Fails if TLS does not say that this is the end.
        timeout(PATIENCE, client.read_to_string(&mut answer)).await.unwrap().unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains(r#""id":1,"result":{"n":1}}"#), "{answer}");
    }
}

#[tokio::test]
async fn the_addresses_that_clients_are_told_are_those_of_https() {
    let site = site(Script::new(), Limits::default()).await;
    let mut client = site.client().await;
    let ask = "GET /lab/sse?dialect=prompty HTTP/1.1\r\nhost: localhost:7\r\naccept: text/event-stream\r\n\r\n";
    client.write_all(ask.as_bytes()).await.unwrap();
    let answer = until(&mut client, "}").await;
    assert!(answer.ends_with(r#"data: {"uri":"https://localhost:7/lab/message?dialect=prompty"}"#), "{answer}");
}

#[tokio::test]
async fn a_client_that_speaks_no_http_1_is_refused() {
    let site = site(Script::new(), Limits::default()).await;
    let error = site.shake_hands(&TLS13, &["h2"]).await.unwrap_err();
    assert!(error.to_string().contains("NoApplicationProtocol"), "{error}");
}

#[tokio::test]
async fn a_client_without_tls_is_closed_and_gets_no_http() {
    let site = site(Script::new(), Limits::default()).await;
    let mut plain = site.dial().await;
    plain.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let (read, _) = timeout(PATIENCE, rest(&mut plain)).await.unwrap();
    // An alert of TLS is all there may be: seven bytes, the first of them 21.
    assert!(read.is_empty() || (read.len() == 7 && read[0] == 21), "{read:?}");
    session(&mut site.client().await).await;
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_does_not_come_is_not_waited_for() {
    let limits = Limits { head_time: Duration::from_secs(10), ..Limits::default() };
    let site = site(Script::new(), limits).await;
    // The head of a record that promises 512 bytes.
    for begun in [b"".as_slice(), &[22, 3, 1, 2, 0]] {
        let mut silent = site.dial().await;
        silent.write_all(begun).await.unwrap();
        let (read, waited) = timeout(Duration::from_mins(1), rest(&mut silent)).await.unwrap();
        assert_eq!(read, [0; 0]);
        assert!(Duration::from_secs(10) <= waited, "{waited:?}");
    }
}

#[tokio::test]
async fn a_handshake_counts_as_a_connection() {
    let site = site(Script::new(), Limits { connections: 1, ..Limits::default() }).await;
    let silent = site.dial().await;
    let mut second = Box::pin(site.client());
    assert!(timeout(Duration::from_millis(300), &mut second).await.is_err(), "there is no place");
    drop(silent);
    timeout(PATIENCE, second).await.unwrap();
}

#[tokio::test]
async fn shutdown_does_not_wait_for_handshakes() {
    let site = site(Script::new(), Limits::default()).await;
    let mut silent = site.dial().await;
    // Connections are accepted in order, so the silent one has been when this one has.
    drop(site.client().await);
    let start = Instant::now();
    site.stop.send(()).unwrap();
    timeout(PATIENCE, rest(&mut silent)).await.unwrap();
    timeout(PATIENCE, site.running).await.unwrap().unwrap();
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_run_that_is_dropped_takes_its_handshakes_along() {
    let site = site(Script::new(), Limits { head_time: Duration::from_hours(1), ..Limits::default() }).await;
    let mut silent = site.dial().await;
    drop(site.client().await);
    site.running.abort();
    timeout(PATIENCE, rest(&mut silent)).await.unwrap();
}

#[tokio::test]
async fn who_does_not_read_loses_the_connection() {
    // More than the system and TLS take while nobody reads.
    let large = format!("\"{}\"", "x".repeat(16 << 20));
    let limits =
        Limits { write_stall: Duration::from_millis(300), head_time: Duration::from_hours(1), ..Limits::default() };
    let site = site(Script::new().answer("tools/call", &large), limits).await;
    let mut client = site.client().await;
    let session = session(&mut client).await;
    post(&mut client, &session, CALL).await;
    until(&mut client, "HTTP/1.1 200").await;
    let (socket, _) = client.get_mut();
    // What the other end has closed can be written to no more.
    timeout(PATIENCE, async { while socket.write_all(b"x").await.is_ok() {} }).await.unwrap();
}
