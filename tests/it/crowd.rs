//! Many clients at once, all with the same ids: every answer reaches the call it is for.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use futures::StreamExt as _;
use futures::future::join_all;
use futures::stream;
use mcp_testkit::bin;
use serde_json::json;

use crate::client::{Http, Pair, Session, text};
use crate::proxy::Proxy;

const CLIENTS: usize = 50;
const CALLS: usize = 20;
/// Calls of one client at a time.
const AT_ONCE: usize = 5;
const ID: u64 = 1;

/// A text that is nobody else's.
fn nonce() -> String {
    let random = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", random(), random())
}

fn start() -> Proxy {
    Proxy::start(&["--session", "shared"], &[bin("echo-server")])
}

async fn echoes(session: &Session) {
    let nonce = nonce();
    assert_eq!(text(&session.echo(ID, &nonce).await), nonce);
}

fn same<T: Ord + Debug>(sent: impl IntoIterator<Item = T>, got: impl IntoIterator<Item = T>) {
    let (sent, got): (BTreeSet<_>, BTreeSet<_>) = (sent.into_iter().collect(), got.into_iter().collect());
    assert_eq!(sent, got);
}

#[tokio::test]
async fn many_sessions_of_one_child_with_one_id() {
    let proxy = start();
    let crowd = (0..CLIENTS).map(async |_| {
        let session = Session::open(&Http::new(), &proxy.mcp, json!({})).await;
        stream::iter(0..CALLS).for_each_concurrent(AT_ONCE, async |_| echoes(&session).await).await;
        session.end().await;
    });
    join_all(crowd).await;
    proxy.stop();
}

#[tokio::test]
async fn many_calls_of_one_session_with_one_id() {
    let proxy = start();
    let session = Session::open(&Http::new(), &proxy.mcp, json!({})).await;
    for _ in 0..4 {
        join_all((0..CLIENTS).map(async |_| echoes(&session).await)).await;
    }
    proxy.stop();
}

#[tokio::test]
async fn answers_that_overtake_each_other_stay_with_their_calls() {
    let proxy = start();
    let session = Session::open(&Http::new(), &proxy.mcp, json!({})).await;
    let calls = (0..CLIENTS).map(async |n| {
        let nonce = nonce();
        // The later ones are answered first, and each says how far it is.
        let arguments = json!({"text": nonce, "delay": 4 * (CLIENTS - n), "progress": 2});
        let mut messages = session.start(ID, "echo", arguments).await;
        let mut steps = Vec::new();
        while let Some(message) = messages.next().await {
            if message["method"] == "notifications/progress" {
                assert_eq!(message["params"]["progressToken"], ID);
                steps.push(message["params"]["progress"].as_u64().unwrap());
            } else {
                assert_eq!((text(&message), message["id"].as_u64()), (nonce.as_str(), Some(ID)));
            }
        }
        assert_eq!(steps, [1, 2]);
    });
    join_all(calls).await;
    proxy.stop();
}

#[tokio::test]
async fn many_streams_of_one_child_with_one_id() {
    let proxy = start();
    let crowd = (0..CLIENTS).map(async |_| {
        let mut pair = Pair::open(&Http::new(), &proxy.sse, json!({})).await;
        // The answers all have one id, so the stream must bring exactly the texts that were sent on it.
        let nonces: Vec<_> = (0..CALLS).map(|_| nonce()).collect();
        for some in nonces.chunks(AT_ONCE) {
            join_all(some.iter().map(|nonce| pair.start(ID, "echo", json!({"text": nonce})))).await;
        }
        let mut answers = Vec::new();
        for _ in 0..CALLS {
            let answer = pair.next().await;
            assert_eq!(answer["id"], ID);
            answers.push(text(&answer).to_owned());
        }
        same(nonces, answers);
    });
    join_all(crowd).await;
    proxy.stop();
}

#[tokio::test]
async fn many_calls_of_one_stream_with_one_id() {
    let proxy = start();
    let mut pair = Pair::open(&Http::new(), &proxy.sse, json!({})).await;
    let nonces: Vec<_> = (0..CLIENTS).map(|_| nonce()).collect();
    join_all(nonces.iter().map(|nonce| pair.start(ID, "echo", json!({"text": nonce})))).await;
    let mut answers = Vec::new();
    for _ in 0..CLIENTS {
        answers.push(text(&pair.next().await).to_owned());
    }
    same(nonces, answers);
    proxy.stop();
}

#[tokio::test]
async fn both_transports_and_the_plain_form_share_a_child() {
    let proxy = start();
    let http = Http::new();
    let session = Session::open(&http, &proxy.mcp, json!({})).await;
    let mut pair = Pair::open(&http, &proxy.sse, json!({})).await;
    let streamable = async { join_all((0..CLIENTS).map(async |_| echoes(&session).await)).await };
    let streamed = async {
        for _ in 0..CLIENTS {
            let nonce = nonce();
            pair.start(ID, "echo", json!({"text": nonce})).await;
            assert_eq!(text(&pair.next().await), nonce);
        }
    };
    let plain = async {
        for _ in 0..CLIENTS {
            let nonce = nonce();
            let params = json!({"name": "echo", "arguments": {"text": nonce}});
            let call = json!({"jsonrpc": "2.0", "id": ID, "method": "tools/call", "params": params});
            let (status, answer) = http.plain(&proxy.mcp, &call).await;
            assert!(status.is_success() && text(&answer) == nonce, "{status}: {answer}");
        }
    };
    futures::join!(streamable, streamed, plain);
    proxy.stop();
}
