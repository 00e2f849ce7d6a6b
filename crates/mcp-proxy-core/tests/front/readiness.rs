//! Whether there is all there is to be had.

use std::time::Duration;

use http::Method;
use mcp_proxy_core::{Builder, Proxy, ServerOptions, Slot, Supervision, auth::Keys, transport::Secret};
use mcp_testkit::Script;
use tokio::time::sleep;

use crate::{
    client::{Client, Got, ask, dedicated, get, initialize, named, post},
    noted::{Log, Noted},
    server::slow_stage,
};

fn client<const N: usize>(servers: [ServerOptions; N]) -> Client {
    Client::build(servers.into_iter().fold(Proxy::builder(), Builder::server_with))
}

async fn ready(client: &Client) -> Got {
    client.ask(get("/health/ready").accept("*/*")).await
}

/// Starts what is to be started, and goes on.
async fn launch(client: &Client) {
    let proxy = client.proxy.clone();
    tokio::spawn(async move { drop(proxy.start().await) });
    sleep(Duration::from_millis(100)).await;
}

fn failing(name: &'static str, supervision: Supervision) -> ServerOptions {
    let server = Noted::new(name, Script::new().transport(), &Log::default());
    server.down().set(true);
    named(name, server).supervision(supervision)
}

#[tokio::test(start_paused = true)]
async fn it_is_there_once_every_server_that_is_launched_has_been_tried() {
    let (slow, _stage) = slow_stage(Duration::from_secs(3));
    let once = Supervision { auto_restart: false, ..Supervision::default() };
    let client = client([
        named("slow", slow),
        named("quick", Script::new().transport()),
        named("later", Script::new().transport()).on_demand(),
        failing("down", once),
        failing("restarting", Supervision::default()),
        ServerOptions::disabled("off"),
    ]);
    launch(&client).await;
    let got = ready(&client).await;
    assert_eq!((got.status, got.header("retry-after")), (503, Some("1")));
    assert!(got.text.starts_with(r#"{"status":"starting","#), "{}", got.text);
    let counts = r#""ready":false,"servers":{"total":5,"running":1,"failed":2}}"#;
    assert!(got.text.ends_with(counts), "{}", got.text);
    let whole = client.ask(get("/health")).await;
    assert!(whole.status == 200 && whole.text.starts_with(r#"{"status":"ok","#), "{}", whole.text);
    assert!(whole.text.contains(r#","version":""#) && whole.text.ends_with(counts), "{}", whole.text);
    sleep(Duration::from_secs(4)).await;
    let got = ready(&client).await;
    assert_eq!((got.status, got.header("retry-after")), (200, None));
    let counts = r#""ready":true,"servers":{"total":5,"running":2,"failed":2}}"#;
    assert!(got.text.starts_with(r#"{"status":"ok","#) && got.text.ends_with(counts), "{}", got.text);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_idle_or_stopped_by_hand_is_not_waited_for() {
    let idle = Supervision { idle: Some(Duration::from_secs(1)), ..Supervision::default() };
    let client = client([
        named("idle", Script::new().transport()).supervision(idle),
        named("stopped", slow_stage(Duration::from_hours(1)).0),
        dedicated(Script::new().transport()),
    ]);
    launch(&client).await;
    client.proxy.stop_server("stopped").await.unwrap();
    sleep(Duration::from_secs(5)).await;
    let got = ready(&client).await;
    assert_eq!(got.status, 200);
    assert!(got.text.ends_with(r#""servers":{"total":3,"running":0,"failed":0}}"#), "{}", got.text);
}

#[tokio::test(start_paused = true)]
async fn a_first_use_is_a_try_too() {
    let client = client([named("lab", Script::new().transport())]);
    assert_eq!(ready(&client).await.status, 503);
    client.ask(post(initialize("2025-06-18"))).await;
    assert_eq!(ready(&client).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_comes_later_sends_nobody_away() {
    let client = client([]);
    assert_eq!(ready(&client).await.status, 200);
    let (slow, _stage) = slow_stage(Duration::from_secs(3));
    client.proxy.set_servers(vec![Slot::Put(Box::new(named("slow", slow)))]).unwrap();
    assert_eq!(ready(&client).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_sign_of_life_is_given_to_the_end() {
    let client = client([named("lab", Script::new().transport())]);
    for _ in 0..2 {
        let got = client.ask(get("/health/live")).await;
        assert_eq!((got.status, &*got.text), (200, r#"{"status":"ok"}"#));
        client.proxy.close().await;
    }
    for path in ["/health", "/health/ready"] {
        client.ask(get(path)).await.expect(503, -32000, "null");
    }
}

#[tokio::test]
async fn none_of_it_needs_a_key_and_there_is_no_more_of_it() {
    let keys = Keys::new([("it".into(), Secret::new("0123456789abcdef0123456789abcdef"))]).unwrap();
    let client = Client::build(Proxy::builder().server("lab", Script::new().transport()).keys(keys));
    for (path, status) in [("/health", 200), ("/health/", 200), ("/health/live", 200), ("/health/ready", 503)] {
        assert_eq!(client.ask(ask(Method::GET, path)).await.status, status, "{path}");
        assert_eq!(client.ask(ask(Method::HEAD, path)).await.status, status, "{path}");
        assert_eq!(client.ask(ask(Method::POST, path)).await.status, 405, "{path}");
    }
    for path in ["/health/x", "/health/ready/x", "/lab/ready"] {
        assert_eq!(client.ask(ask(Method::GET, path)).await.status, 401, "{path}");
    }
}
