//! TLS, with a certificate made for the test.

use std::sync::Arc;

use mcp_transport::{NotSent, Transport};
use mcp_transport_http::{HttpClient, HttpSettings, ProxySettings, Remote, ServerUrl, StreamableHttp};
use rustls::{ServerConfig, crypto::aws_lc_rs, pki_types::PrivateKeyDer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tokio_rustls::TlsAcceptor;

use crate::fake::{CALL, Exchange, call, caller, request, serve};

/// A server for `localhost`: its port, its certificate, its requests.
async fn start() -> (u16, Vec<u8>, mpsc::Receiver<Exchange>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, exchanges) = mpsc::channel(4);
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let (acceptor, sender) = (acceptor.clone(), sender.clone());
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(socket).await {
                    serve(Box::new(stream), sender).await;
                }
            });
        }
    });
    (port, certificate.to_vec(), exchanges)
}

fn transport(url: &str, roots: Vec<Vec<u8>>, proxy: ProxySettings) -> StreamableHttp {
    let mut settings = HttpSettings::default();
    (settings.roots, settings.proxy) = (roots, proxy);
    StreamableHttp::new(Remote::new(ServerUrl::parse(url).unwrap(), HttpClient::new(&settings)))
}

#[tokio::test]
async fn a_trusted_certificate_is_accepted() {
    let (port, root, mut exchanges) = start().await;
    let transport = transport(&format!("https://localhost:{port}/mcp"), vec![root], ProxySettings::default());
    let connection = transport.connect(&caller()).await.unwrap();
    let reply = call(&connection, CALL);
    exchanges.recv().await.unwrap().result("{}").await;
    reply.await.unwrap().response().await.unwrap();
}

#[tokio::test]
async fn an_unknown_certificate_means_not_sent() {
    let (port, _, _exchanges) = start().await;
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert.der().to_vec();
    let transport = transport(&format!("https://localhost:{port}/mcp"), vec![other], ProxySettings::default());
    let connection = transport.connect(&caller()).await.unwrap();
    let error = connection.call(request(CALL)).await.map(drop).unwrap_err();
    assert!(matches!(error.reason, NotSent::Connect(_)));
    assert!(format!("{error:?}").contains("Tls("), "{error:?}");
}

#[tokio::test]
async fn a_name_that_the_certificate_does_not_hold_is_refused() {
    let (port, root, _exchanges) = start().await;
    let transport = transport(&format!("https://127.0.0.1:{port}/mcp"), vec![root], ProxySettings::default());
    let connection = transport.connect(&caller()).await.unwrap();
    connection.call(request(CALL)).await.map(drop).unwrap_err();
}

#[tokio::test]
async fn a_tunnel_leads_through_the_proxy() {
    let (port, root, mut exchanges) = start().await;
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = proxy.local_addr().unwrap();
    let asked = tokio::spawn(async move {
        let (mut socket, _) = proxy.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(socket.read_u8().await.unwrap());
        }
        socket.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        let mut server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        tokio::spawn(async move { copy_bidirectional(&mut socket, &mut server).await });
        String::from_utf8(head).unwrap()
    });
    let settings = ProxySettings::new("", &format!("http://{address}"), "");
    let transport = transport(&format!("https://localhost:{port}/mcp"), vec![root], settings);
    let connection = transport.connect(&caller()).await.unwrap();
    let reply = call(&connection, CALL);
    let exchange = exchanges.recv().await.unwrap();
    assert_eq!(exchange.line, "POST /mcp", "what is tunnelled has no absolute form");
    exchange.result("{}").await;
    reply.await.unwrap().response().await.unwrap();
    assert!(asked.await.unwrap().starts_with(&format!("CONNECT localhost:{port} HTTP/1.1\r\n")));
}
