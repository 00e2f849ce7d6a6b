//! Credentials, redirects, and headers that are not ours to pass on.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use http::{HeaderMap, HeaderValue, header};
use mcp_transport::{Caller, Credentials, CredentialsError, Fixed, Lost, Transport};
use mcp_transport_http::StreamableHttp;

use crate::fake::{CALL, Fake, call, caller, message, request};

#[derive(Debug, Default)]
struct Renewing(Mutex<Vec<Option<String>>>);

#[async_trait]
impl Credentials for Renewing {
    async fn headers(&self, _: &Caller, challenge: Option<&str>) -> Result<HeaderMap, CredentialsError> {
        self.0.lock().unwrap().push(challenge.map(str::to_owned));
        let token = if challenge.is_some() { "Bearer new" } else { "Bearer old" };
        Ok(HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(token))]))
    }
}

#[tokio::test]
async fn a_challenge_is_met_once_with_better_credentials() {
    let mut server = Fake::start().await;
    let credentials = Arc::new(Renewing::default());
    let remote = server.remote("/mcp").credentials(Arc::clone(&credentials) as Arc<dyn Credentials>);
    let connection = StreamableHttp::new(remote).connect(&caller()).await.unwrap();
    let reply = call(&connection, CALL);
    let exchange = server.next().await;
    assert_eq!(exchange.header("authorization"), Some("Bearer old"));
    let head = "401 Unauthorized\r\nwww-authenticate: Bearer scope=\"x\"";
    exchange.answer(head, "{}").await;
    let exchange = server.next().await;
    assert_eq!(exchange.header("authorization"), Some("Bearer new"));
    assert_eq!(exchange.message().method(), Some("tools/call"));
    exchange.answer(head, "{}").await;
    let lost = reply.await.unwrap().response().await.unwrap_err();
    let Lost::Http { status: 401, challenge: Some(challenge), .. } = lost else { panic!("{lost:?}") };
    assert_eq!(&*challenge, "Bearer scope=\"x\"");
    assert_eq!(*credentials.0.lock().unwrap(), [None, Some("Bearer scope=\"x\"".to_owned())]);
}

#[tokio::test]
async fn fixed_credentials_are_not_tried_twice() {
    let mut server = Fake::start().await;
    let connection = server.connect().await;
    for status in ["401 Unauthorized", "403 Forbidden\r\nwww-authenticate: Bearer"] {
        let reply = call(&connection, CALL);
        let body = r#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"}}"#;
        server.next().await.answer(status, body).await;
        assert!(matches!(reply.await.unwrap().response().await, Err(Lost::Http { status: 401 | 403, .. })));
    }
}

#[tokio::test]
async fn a_redirect_on_the_server_keeps_method_and_body() {
    let mut server = Fake::start().await;
    let connection = server.connect().await;
    for status in [301, 302, 307, 308] {
        let reply = call(&connection, CALL);
        server.expect("POST /mcp").await.answer(&format!("{status} Moved\r\nlocation: /mcp/"), "").await;
        let exchange = server.expect("POST /mcp/").await;
        assert_eq!(exchange.message().method(), Some("tools/call"));
        exchange.result("{}").await;
        reply.await.unwrap().response().await.unwrap();
    }
}

#[tokio::test]
async fn a_redirect_elsewhere_is_not_followed() {
    let mut server = Fake::start().await;
    let other = Fake::start().await;
    let connection = server.connect().await;
    for location in
        [format!("http://{}/mcp", other.address), "https://example.com/".to_owned(), "//evil.test/".to_owned()]
    {
        let reply = call(&connection, CALL);
        server.next().await.answer(&format!("307 Moved\r\nlocation: {location}"), "").await;
        assert!(matches!(reply.await.unwrap().response().await, Err(Lost::Http { status: 307, .. })));
    }
    let reply = call(&connection, CALL);
    server.next().await.answer("303 See Other\r\nlocation: /mcp", "").await;
    assert!(matches!(reply.await.unwrap().response().await, Err(Lost::Http { status: 303, .. })));
}

#[tokio::test]
async fn redirects_in_a_circle_end() {
    let mut server = Fake::start().await;
    let connection = server.connect().await;
    let reply = call(&connection, CALL);
    for _ in 0..6 {
        server.next().await.answer("307 Moved\r\nlocation: /mcp", "").await;
    }
    assert!(matches!(reply.await.unwrap().response().await, Err(Lost::Http { status: 307, .. })));
}

#[tokio::test]
async fn headers_of_one_hop_and_of_the_protocol_are_nobodys_to_set() {
    let mut server = Fake::start().await;
    let mut mine = HeaderMap::new();
    for name in
        ["host", "connection", "content-length", "transfer-encoding", "mcp-session-id", "last-event-id", "accept"]
    {
        mine.insert(name, HeaderValue::from_static("evil"));
    }
    mine.insert("x-tenant", HeaderValue::from_static("caller"));
    mine.insert("mcp-param-region", HeaderValue::from_static("eu"));
    let fixed = HeaderMap::from_iter([(http::HeaderName::from_static("x-tenant"), HeaderValue::from_static("config"))]);
    let remote = server.remote("/mcp").credentials(Arc::new(Fixed::new(fixed)));
    let connection = StreamableHttp::new(remote).connect(&caller()).await.unwrap();
    let mut from = Caller::clone(&caller());
    from.headers = mine;
    let request = request(CALL).with_message(message(CALL));
    let request = mcp_transport::Request::new(request.into_parts().0, Arc::new(from)).unwrap();
    let calling = tokio::spawn(async move { connection.call(request).await.unwrap().response().await.unwrap() });
    let exchange = server.next().await;
    assert!(!exchange.headers.values().any(|value| value == "evil"), "{:?}", exchange.headers);
    assert_eq!(exchange.header("x-tenant"), Some("config"), "the configuration wins over a caller");
    assert_eq!(exchange.header("mcp-param-region"), Some("eu"));
    exchange.result("{}").await;
    calling.await.unwrap();
}
