//! Hosts, origins and what browsers are told, on the way through the endpoint.

use http::Method;
use mcp_proxy_core::{Allowed, Proxy};
use mcp_testkit::Script;

use crate::client::{Client, ask, call, get, initialize, post};

const APP: &str = "https://app.example";

fn client() -> Client {
    let allowed =
        Allowed { origins: vec![APP.to_owned()], hosts: vec!["mcp.example".to_owned()], ..Allowed::default() };
    Client::build(Proxy::builder().server("lab", Script::new().transport()).allowed(allowed))
}

#[tokio::test]
async fn unknown_hosts_are_refused_on_every_route_and_told_the_flag() {
    let client = client();
    for path in ["/mcp", "/sse", "/messages", "/health", "/nothing"] {
        let got = client.ask(get(path).header("host", "evil.example")).await;
        got.expect(403, -32600, "null");
        assert!(got.text.contains("--allow-host evil.example"), "{}", got.text);
    }
    for host in ["localhost:1", "127.0.0.1:8000", "[::1]:80", "mcp.example", "mcp.example:99"] {
        let got = client.ask(post(initialize("2025-06-18")).header("host", host)).await;
        assert_eq!(got.status, 200, "{host}");
    }
    client.ask(get("/health").without("host")).await.expect(403, -32600, "null");
}

#[tokio::test]
async fn unknown_origins_are_refused_before_anything_is_read() {
    let client = client();
    let got = client.ask(post("{").header("origin", "https://evil.example")).await;
    got.expect(403, -32600, "null");
    assert!(got.text.contains("--allow-origin https://evil.example"), "{}", got.text);
    assert_eq!(got.header("access-control-allow-origin"), None);
    client.ask(post("{").header("origin", "null")).await.expect(403, -32600, "null");
    let preflight = ask(Method::OPTIONS, "/mcp")
        .header("origin", "https://evil.example")
        .header("access-control-request-method", "POST");
    client.ask(preflight).await.expect(403, -32600, "null");
}

#[tokio::test]
async fn a_page_that_may_is_told_what_it_may() {
    let client = client();
    let preflight = ask(Method::OPTIONS, "/mcp")
        .header("origin", APP)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type,mcp-protocol-version");
    let got = client.ask(preflight).await;
    assert_eq!((got.status, &*got.text), (204, ""));
    assert_eq!(got.header("access-control-allow-origin"), Some(APP));
    assert_eq!(got.header("access-control-allow-methods"), Some("GET, POST, DELETE"));
    let headers = got.header("access-control-allow-headers").unwrap();
    for name in ["content-type", "accept", "mcp-session-id", "mcp-protocol-version", "last-event-id"] {
        assert!(headers.contains(name), "{headers}");
    }
}

#[tokio::test]
async fn a_page_may_read_answers_and_errors() {
    let client = client();
    for (ask, status) in [
        (post(initialize("2025-06-18")), 200),
        (post(call(1)), 400),
        (post(call(1)).session("unknown"), 404),
        (post("{"), 400),
        (get("/nothing"), 404),
        (get("/health"), 200),
    ] {
        let got = client.ask(ask.header("origin", APP)).await;
        assert_eq!(got.status, status);
        assert_eq!(got.header("access-control-allow-origin"), Some(APP));
        assert_eq!(got.header("vary"), Some("origin"));
        let exposed = got.header("access-control-expose-headers").unwrap();
        for name in ["mcp-session-id", "mcp-protocol-version", "www-authenticate"] {
            assert!(exposed.contains(name), "{exposed}");
        }
    }
}

#[tokio::test]
async fn without_origins_to_allow_nothing_is_said_of_them() {
    let client = Client::build(Proxy::builder().server("lab", Script::new().transport()));
    let got = client.ask(post(initialize("2025-06-18"))).await;
    assert_eq!(got.status, 200);
    assert_eq!((got.header("vary"), got.header("access-control-allow-origin")), (None, None));
}
