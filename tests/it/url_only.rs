//! Clients that can set a URL and nothing else: the official ones, with the key in the query.

use mcp_testkit::bin;

use crate::peers::installed::Installed;
use crate::peers::run;
use crate::proxy::{Launch, Proxy};
use crate::rmcp;

const KEY: &str = "canary-0a1b2c3d4e5f60718293a4b5c6d7e8f9";

fn start() -> Proxy {
    let launch = Launch::any_port(&["--era", "legacy", "--log-level", "trace", "--"]).args(&[bin("echo-server")]);
    launch.env("AUTH_KEY", KEY).start()
}

/// The key is in no line of the log, at its most verbose.
fn end(mut proxy: Proxy) {
    let said = proxy.said();
    let shown: Vec<_> = said.lines().filter(|line| line.contains(KEY)).collect();
    assert!(shown.is_empty(), "{shown:#?}");
    proxy.stop();
}

#[track_caller]
fn check(client: &str, wire: &str) {
    let Some(installed) = Installed::find() else { return };
    let mut proxy = start();
    let url = if wire == "http" { &proxy.mcp } else { &proxy.sse };
    let url = format!("{url}?auth_key={KEY}");
    let mut driver = installed.driver(client);
    driver.args(["--server", "echo", "--transport", wire, "--url", &url]);
    let (passed, output) = run(driver);
    assert!(passed, "{output}\n--- mcp-stdio said:\n{}", proxy.said());
    end(proxy);
}

macro_rules! clients {
    ($($client:ident)*) => {$(
        mod $client {
            #[test]
            fn over_streamable_http() {
                super::check(stringify!($client), "http");
            }

            #[test]
            fn over_http_and_sse() {
                super::check(stringify!($client), "sse");
            }
        }
    )*};
}

clients! { sdk1 client2 py1 py2 }

#[tokio::test]
async fn of_the_rust_client() {
    let proxy = start();
    let (client, _inbox) = rmcp::connect(&format!("{}?auth_key={KEY}", proxy.mcp)).await;
    assert_eq!(rmcp::text(&client, "echo", r#"{"text":"hello"}"#).await, "hello");
    client.cancel().await.unwrap();
    end(proxy);
}
