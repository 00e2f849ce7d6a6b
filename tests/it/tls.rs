//! https, without a reverse proxy.

use http::{Method, StatusCode};
use mcp_testkit::bin;
use serde_json::json;

use crate::client::{Http, Pair, Session, text};
use crate::folder::{Folder, entry};
use crate::proxy::{Launch, Proxy};

const NONE: [&str; 0] = [];

/// A certificate and its key as files, and what to trust.
fn certificate(folder: &Folder) -> rustls::pki_types::CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    folder.write("cert.pem", made.cert.pem());
    folder.write("key.pem", made.signing_key.serialize_pem());
    made.cert.der().clone()
}

async fn is_served(proxy: Proxy, http: &Http) {
    assert!(proxy.base.starts_with("https://127.0.0.1:"), "{}", proxy.base);
    let (mcp, sse) = (proxy.mcp.replace("NAME", "a"), proxy.sse.replace("NAME", "a"));
    let session = Session::open(http, &mcp, json!({})).await;
    assert_eq!(text(&session.echo(1, "sealed").await), "sealed");
    let mut pair = Pair::open(http, &sse, json!({})).await;
    pair.start(1, "echo", json!({"text": "sealed"})).await;
    assert_eq!(text(&pair.next().await), "sealed");
    let (status, _) = http.json(Method::GET, &proxy.at("/api/servers"), &[], String::new()).await;
    assert_eq!(status, StatusCode::OK);
    proxy.stop();
}

#[tokio::test]
async fn calls_go_over_https() {
    let folder = Folder::new();
    let http = Http::trusting_only(certificate(&folder));
    let launch = Launch::any_port(&["--tls-cert", "cert.pem", "--tls-key", "key.pem", "--"]).at(folder.path());
    is_served(launch.args(&[bin("echo-server")]).start(), &http).await;
    let [cert, key] = ["cert.pem", "key.pem"].map(|name| folder.path().join(name));
    let config = json!({"tlsCert": cert, "tlsKey": key, "mcpServers": {"a": entry("echo-server", &[])}});
    folder.edit(config.to_string());
    is_served(folder.start(&NONE), &http).await;
}

#[tokio::test]
async fn nobody_is_served_in_the_clear_or_without_trust() {
    let folder = Folder::new();
    certificate(&folder);
    let launch = Launch::any_port(&["--tls-cert", "cert.pem", "--tls-key", "key.pem", "--"]).at(folder.path());
    let proxy = launch.args(&[bin("echo-server")]).start();
    for url in [proxy.at("/health"), proxy.at("/health").replace("https", "http")] {
        let request = http::Request::get(&url).body(http_body_util::Full::default()).unwrap();
        assert!(Http::new().try_send(request).await.is_err(), "{url}");
    }
    proxy.stop();
}

#[test]
fn what_is_no_certificate_is_refused_at_the_start() {
    let folder = Folder::with(r#"{"tlsCert": "cert.pem", "mcpServers": {}}"#);
    certificate(&folder);
    folder.write("no.pem", "no certificate");
    let with = |cert, key| Launch::any_port(&["--tls-cert", cert, "--tls-key", key]).at(folder.path()).run();
    with("no.pem", "key.pem").with(78, &["certificate"]);
    with("cert.pem", "no.pem").with(78, &["key"]);
    with("not-there.pem", "key.pem").with(78, &["not-there.pem cannot be read"]);
    Launch::any_port(&["--tls-cert", "cert.pem"]).run().with(2, &["--tls-key"]);
    folder.launch(&NONE).run().with(78, &["`tlsCert` and `tlsKey` belong together"]);
}
