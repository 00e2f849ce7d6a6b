//! Ways through an HTTP proxy.

use mcp_transport::{NotSent, Transport};
use mcp_transport_http::{HttpClient, HttpSettings, ProxySettings, Remote, ServerUrl, StreamableHttp};

use crate::fake::{CALL, Fake, call, caller};

fn through(proxy: ProxySettings, url: &str) -> StreamableHttp {
    let mut settings = HttpSettings::default();
    settings.proxy = proxy;
    StreamableHttp::new(Remote::new(ServerUrl::parse(url).unwrap(), HttpClient::new(&settings)))
}

#[tokio::test]
async fn a_plain_request_names_its_server_to_the_proxy() {
    let mut proxy = Fake::start().await;
    let settings = ProxySettings::new(&format!("http://user:pass@{}", proxy.address), "", "");
    let connection = through(settings, "http://server.test/mcp").connect(&caller()).await.unwrap();
    let reply = call(&connection, CALL);
    let exchange = proxy.expect("POST http://server.test/mcp").await;
    assert_eq!(exchange.header("host"), Some("server.test"));
    assert_eq!(exchange.header("proxy-authorization"), Some("Basic dXNlcjpwYXNz"));
    exchange.result("{}").await;
    reply.await.unwrap().response().await.unwrap();
}

#[tokio::test]
async fn exceptions_are_reached_directly() {
    let proxy = Fake::start().await;
    let mut server = Fake::start().await;
    let settings = ProxySettings::new(&format!("http://{}", proxy.address), "", "example.com, 127.0.0.1");
    let connection = through(settings, &format!("http://{}/mcp", server.address)).connect(&caller()).await.unwrap();
    let reply = call(&connection, CALL);
    let exchange = server.expect("POST /mcp").await;
    assert_eq!(exchange.header("proxy-authorization"), None);
    exchange.result("{}").await;
    reply.await.unwrap().response().await.unwrap();
}

#[tokio::test]
async fn a_proxy_that_refuses_means_not_sent() {
    let mut proxy = Fake::start().await;
    let settings = ProxySettings::new("", &format!("http://user:hunter2@{}", proxy.address), "");
    assert!(!format!("{settings:?}").contains("hunter2"));
    let connection = through(settings, "https://server.test/mcp").connect(&caller()).await.unwrap();
    let calling = tokio::spawn(async move { connection.call(crate::fake::request(CALL)).await.map(drop).unwrap_err() });
    if cfg!(feature = "tls") {
        let exchange = proxy.expect("CONNECT server.test:443").await;
        assert_eq!(exchange.header("proxy-authorization"), Some("Basic dXNlcjpodW50ZXIy"));
        exchange.answer("407 Proxy Authentication Required", "").await;
    }
    let error = calling.await.unwrap();
    assert!(matches!(error.reason, NotSent::Connect(_)));
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
}

#[tokio::test]
async fn a_proxy_of_another_kind_is_a_clear_error() {
    let settings = ProxySettings::new("socks5://127.0.0.1:1", "", "");
    let connection = through(settings, "http://server.test/mcp").connect(&caller()).await.unwrap();
    let error = connection.call(crate::fake::request(CALL)).await.map(drop).unwrap_err();
    assert!(format!("{error:?}").contains("ProxyScheme"), "{error:?}");
}
