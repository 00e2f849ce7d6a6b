//! Requests without a session: a connection is kept warm for them, and made again when it has gone.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use http::HeaderName;
use mcp_jsonrpc::Message;
use mcp_proxy_core::{
    ServerOptions,
    transport::{
        Caller, Closed, ConnectError, Connection, Events, Memory, NotSent, Peer, Reply, Request, SendError, Transport,
    },
};
use tokio::time::{Instant, sleep};

use crate::{
    asked::{ALICE, BOB, CALL, RESULT, TOOLS, call, fetch, keyed, rest, script, send},
    client::{dedicated, legacy},
    noted::{Log, Noted},
    server::stage,
};

#[tokio::test]
async fn the_connection_is_made_once_and_nobody_needs_a_session() {
    let log = Log::default();
    let script = script();
    let client = keyed(legacy(Noted::new("lab", script.transport(), &log)));
    for key in [ALICE, BOB, ALICE] {
        client.ask(call().key(key)).await.is(200, RESULT);
        client.ask(fetch("/api/mcp/lab/tools").key(key)).await.is(200, TOOLS);
        client.ask(send("/lab/t", "").key(key)).await.is(200, r#""hi""#);
    }
    assert_eq!(log.lines(), ["lab opens"]);
    assert_eq!(script.heard_of("initialize").len(), 1);
    assert_eq!(script.heard_of("notifications/initialized").len(), 1);
}

#[tokio::test]
async fn where_callers_share_nothing_each_has_a_connection_that_is_kept() {
    let log = Log::default();
    let client = keyed(dedicated(Noted::new("lab", script().transport(), &log)));
    for key in [ALICE, BOB, ALICE, BOB] {
        client.ask(call().key(key)).await.is(200, RESULT);
    }
    assert_eq!(log.lines(), ["lab opens", "lab opens"]);
}

/// A server that notes which token each connection is opened with, and lets nobody in without one.
#[derive(Debug)]
struct Tokens {
    inner: Memory,
    seen: Arc<Mutex<Vec<String>>>,
}

#[async_trait]
impl Transport for Tokens {
    async fn connect(&self, caller: &Arc<Caller>) -> Result<Arc<dyn Connection>, ConnectError> {
        let token = caller.headers.get("x-token").map(|value| value.to_str().unwrap().to_owned());
        let token = token.ok_or(ConnectError::Http { status: 401, challenge: None })?;
        assert_eq!(caller.headers.len(), 1, "nothing else is handed on");
        self.seen.lock().unwrap().push(token);
        self.inner.connect(caller).await
    }
}

#[tokio::test]
async fn a_header_that_is_handed_on_never_shares_a_connection_with_another_value() {
    let seen = Arc::default();
    let script = script();
    let server = Tokens { inner: script.transport(), seen: Arc::clone(&seen) };
    let token = HeaderName::from_static("x-token");
    let client = rest(legacy(server).forward_headers(vec![token]));
    let with = |token: &str| call().header("x-token", token).header("x-other", "1");
    for token in ["a", "b", "a", "b"] {
        client.ask(with(token)).await.is(200, RESULT);
    }
    client.ask(call()).await.fails(401, "Authentication failed");
    let opened = || seen.lock().unwrap().join(",");
    assert_eq!(opened(), "a,b");
    // A session is its caller's own, too.
    let id = client.ask(send("/api/mcp/lab/initialize", "").header("x-token", "c")).await.text_of("sessionId");
    assert_eq!(opened(), "a,b,c");
    client.ask(call().session(&id)).await.is(200, RESULT);
    client.ask(with("d").query("init=true")).await.is(200, RESULT);
    assert_eq!(opened(), "a,b,c,d");
}

#[tokio::test(start_paused = true)]
async fn a_call_after_the_server_has_gone_does_not_notice() {
    let (server, mut stage) = stage();
    let client = rest(legacy(server));
    for _ in 0..3 {
        let asked = client.begin(call());
        let mut server = stage.server().await;
        let request = server.hear_call().await;
        server.answer(&request, RESULT).await;
        asked.await.unwrap().is(200, RESULT);
        drop(server);
        // It is up again after a minute, so that this is no row of failures.
        sleep(Duration::from_secs(61)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_only_reads_is_asked_again_when_the_server_goes_and_a_tool_is_not_called_twice() {
    let (server, mut stage) = stage();
    let client = rest(legacy(server));
    let asked = client.begin(fetch("/api/mcp/lab/tools"));
    let mut first = stage.server().await;
    first.hear("tools/list").await;
    drop(first);
    let mut second = stage.server().await;
    let request = second.hear("tools/list").await;
    second.answer(&request, TOOLS).await;
    asked.await.unwrap().is(200, TOOLS);
    let asked = client.begin(call());
    second.hear_call().await;
    drop(second);
    asked.await.unwrap().fails(502, "Server unreachable");
    let asked = client.begin(fetch("/api/mcp/lab/prompts"));
    let mut third = stage.server().await;
    third.hear("prompts/list").await;
    drop(third);
    let mut fourth = stage.server().await;
    fourth.hear("prompts/list").await;
    drop(fourth);
    asked.await.unwrap().fails(502, "Server unreachable");
}

#[tokio::test]
async fn the_era_is_found_out_on_behalf_of_the_caller() {
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let server = Tokens { inner: script().transport(), seen: Arc::clone(&seen) };
    let server = ServerOptions::new("lab", server).forward_headers(vec![HeaderName::from_static("x-token")]);
    let client = rest(server.on_demand());
    for _ in 0..3 {
        let got = client.ask(call().header("x-token", "a")).await;
        assert_eq!(got.status, 200, "{}", got.text);
    }
    let seen = seen.lock().unwrap().len();
    assert!(seen <= 3, "{seen}");
}

/// A server whose connections take so many calls and then know their session no more.
#[derive(Debug)]
struct Forgetful {
    inner: Memory,
    opened: Arc<AtomicUsize>,
    takes: usize,
}

#[derive(Debug)]
struct Forgetting {
    inner: Arc<dyn Connection>,
    left: AtomicUsize,
}

#[async_trait]
impl Transport for Forgetful {
    async fn connect(&self, caller: &Arc<Caller>) -> Result<Arc<dyn Connection>, ConnectError> {
        self.opened.fetch_add(1, Ordering::Relaxed);
        let inner = self.inner.connect(caller).await?;
        Ok(Arc::new(Forgetting { inner, left: self.takes.into() }))
    }
}

#[async_trait]
impl Connection for Forgetting {
    fn peer(&self) -> Arc<Peer> {
        self.inner.peer()
    }

    async fn call(&self, request: Request) -> Result<Reply, SendError> {
        let is_handshake = request.message().method() == Some("initialize");
        let left = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if left.is_err() && !is_handshake {
            return Err(SendError::new(request.into_parts().0, NotSent::Forgotten));
        }
        self.inner.call(request).await
    }

    async fn tell(&self, message: Message, caller: &Arc<Caller>) -> Result<(), SendError> {
        self.inner.tell(message, caller).await
    }

    fn events(&self) -> Option<Events> {
        self.inner.events()
    }

    async fn closed(&self) -> Arc<Closed> {
        self.inner.closed().await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_has_forgotten_the_session_is_reached_anew() {
    let script = script();
    let opened = Arc::default();
    let server = Forgetful { inner: script.transport(), opened: Arc::clone(&opened), takes: 4 };
    let client = rest(legacy(server));
    for _ in 0..10 {
        client.ask(call()).await.is(200, RESULT);
    }
    assert!(2 <= opened.load(Ordering::Relaxed), "{opened:?}");
    assert_eq!(script.heard_of("tools/call").len(), 10);
}

#[tokio::test(start_paused = true)]
async fn one_that_forgets_every_session_at_once_is_not_asked_for_ever() {
    let opened: Arc<AtomicUsize> = Arc::default();
    let server = Forgetful { inner: script().transport(), opened: Arc::clone(&opened), takes: 0 };
    let client = rest(legacy(server));
    let since = Instant::now();
    client.ask(send(CALL, "")).await.fails(502, "Server unreachable");
    assert!(since.elapsed() < Duration::from_secs(12), "{:?}", since.elapsed());
    assert!(opened.load(Ordering::Relaxed) < 100, "{opened:?}");
}
