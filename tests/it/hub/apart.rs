//! Many clients of one hub: each has its own answers, and none notices another.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use mcp_testkit::living;
use rustix::process::Signal;
use serde_json::json;

use super::{NONE, bad, echo, get, hub, launch, session, tools, with};
use crate::client::{Http, Pair, Session, text, tool};
use crate::folder::{Folder, marked, servers};
use crate::marked::Mark;
use crate::peers::installed::{Installed, Server};

#[tokio::test]
async fn of_two_event_streams_each_has_its_own_answers_and_one_may_leave() {
    let (_folder, proxy) = hub(&json!({"a": echo(), "b": echo()}));
    let http = Http::new();
    let mut first = Pair::open(&http, &proxy.sse, json!({})).await;
    let mut last = Pair::open(&http, &proxy.sse, json!({})).await;
    for n in 1..10 {
        first.start(n, "a__echo", json!({"text": format!("first {n}"), "delay": 30})).await;
        last.start(n, "a__echo", json!({"text": format!("last {n}")})).await;
    }
    for (who, pair) in [("first", &mut first), ("last", &mut last)] {
        let mut answered = BTreeSet::new();
        for _ in 1..10 {
            let answer = pair.next().await;
            assert_eq!(text(&answer), format!("{who} {}", answer["id"]));
            answered.insert(answer["id"].as_u64().unwrap());
        }
        assert_eq!(answered, (1..10).collect());
    }
    first.start(10, "a__echo", json!({"text": "under way", "delay": 200})).await;
    drop(last);
    assert_eq!(text(&first.next().await), "under way");
    first.start(11, "b__echo", json!({"text": "still here"})).await;
    assert_eq!(text(&first.next().await), "still here");
    proxy.stop();
}

#[tokio::test]
async fn slow_and_fast_calls_of_two_sessions_with_equal_ids_do_not_meet() {
    let (_folder, proxy) = hub(&json!({"a": echo(), "b": echo()}));
    let (one, other) = (session(&proxy).await, session(&proxy).await);
    let call = async |session: &Session, who: &str, id: u64| {
        let server = if id.is_multiple_of(2) { "a" } else { "b" };
        let delay = if id.is_multiple_of(3) { 300 } else { 0 };
        let said = format!("{who} {id}");
        let answer = session.call(id, &format!("{server}__echo"), json!({"text": said, "delay": delay})).await;
        assert_eq!(text(&answer), said);
    };
    let calls = (1..25).flat_map(|id| [call(&one, "one", id), call(&other, "other", id)]);
    futures::future::join_all(calls).await;
    // One leaves in the middle of the other's call.
    let mut under_way = one.start(1, "a__echo", json!({"text": "mine", "delay": 300, "progress": 2})).await;
    assert_eq!(under_way.next().await.unwrap()["params"]["progressToken"], 1);
    assert!(other.end().await.is_success());
    assert_eq!(text(&under_way.response().await), "mine");
    call(&one, "one", 2).await;
    proxy.stop();
}

#[tokio::test]
async fn requests_that_belong_to_no_session_disturb_none() {
    let (_folder, proxy) = hub(&json!({"a": echo()}));
    let session = session(&proxy).await;
    let mut call = session.start(1, "a__echo", json!({"text": "mine", "delay": 500, "progress": 4})).await;
    call.next().await.unwrap();
    let http = Http::new();
    for headers in [&[("accept", "text/event-stream")][..], &[("accept", "text/event-stream"), ("mcp-session-id", "x")]]
    {
        let stray = http.send(Method::GET, &proxy.mcp, headers, String::new()).await;
        assert!(stray.status().is_client_error(), "{}", stray.status());
    }
    let (status, said) = http.json(Method::POST, &proxy.mcp, &[], "{\"jsonrpc\"".to_owned()).await;
    assert_eq!((status, &said["error"]["code"]), (StatusCode::BAD_REQUEST, &json!(-32700)), "{said}");
    assert_eq!(text(&call.response().await), "mine");
    proxy.stop();
}

#[tokio::test]
async fn long_arguments_pass_and_too_long_ones_are_refused_in_json() {
    let (_folder, proxy) = hub(&json!({"a": echo()}));
    let session = session(&proxy).await;
    for length in [150_000, 3_900_000] {
        let long = "x".repeat(length);
        let answer = session.call(1, "a__echo", json!({"text": long})).await;
        assert!(text(&answer) == long, "{length} bytes come back");
    }
    let (status, said) = Http::new().plain(&proxy.mcp, &tool("a__echo", json!({"text": "x".repeat(5_000_000)}))).await;
    assert_eq!((status, &said["jsonrpc"]), (StatusCode::PAYLOAD_TOO_LARGE, &json!("2.0")), "{said}");
    assert!(said["error"]["message"].is_string(), "{said}");
    proxy.stop();
}

#[tokio::test]
async fn progress_comes_to_its_call_and_a_cancelled_call_ends_at_the_server() {
    let Some(installed) = Installed::find() else { return };
    let folder = Folder::new();
    let log = folder.path().join("heard");
    let line = installed.server(Server::Everything, folder.path());
    let line: Vec<_> = line.iter().map(|word| word.to_str().unwrap()).collect();
    let script = format!("tee '{}' | exec \"$@\"", log.display());
    let args: Vec<_> = ["-c", &*script, "sh"].into_iter().chain(line).collect();
    let (_folder, proxy) = hub(&json!({"every": {"command": "sh", "args": args}, "echo": echo()}));
    let session = session(&proxy).await;
    let slow = json!({"duration": 20, "steps": 40});
    let mut call = session.start(7, "every__trigger-long-running-operation", slow).await;
    // The server logs as well.
    let note = loop {
        let note = call.next().await.unwrap();
        if note["method"] == "notifications/progress" {
            break note;
        }
    };
    assert_eq!(note["params"]["progressToken"], 7);
    session
        .tell(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 7, "reason": "enough"}}))
        .await;
    let cancelled = || std::fs::read_to_string(&log).unwrap().contains("notifications/cancelled");
    crate::marked::until("the server hears of it", crate::marked::PATIENCE, cancelled).await;
    assert_eq!(text(&session.call(8, "echo__echo", json!({"text": "on"})).await), "on");
    proxy.stop();
}

#[tokio::test]
async fn servers_that_are_not_well_hold_up_nobody() {
    let folder = Folder::with(servers(with(json!({"a": echo()}), &bad())));
    let proxy = launch(&folder, &NONE).start();
    let since = Instant::now();
    let session = session(&proxy).await;
    let names = tools(&session).await;
    assert!(names.contains(&"a__echo".to_owned()), "{names:?}");
    assert!(since.elapsed() < Duration::from_secs(8), "{:?}", since.elapsed());
    let since = Instant::now();
    for n in 0..20 {
        assert_eq!(text(&session.call(n, "a__echo", json!({"text": "fast"})).await), "fast");
    }
    assert!(since.elapsed() < Duration::from_secs(1), "{:?}", since.elapsed());
    let (status, health) = get(&proxy, "/health").await;
    assert_eq!((status, &health["status"], &health["ready"]), (StatusCode::OK, &json!("ok"), &json!(false)));
    assert_eq!(get(&proxy, "/health/ready").await.0, StatusCode::SERVICE_UNAVAILABLE);
    let metrics = Http::new().send(Method::GET, &proxy.at("/metrics"), &[], String::new()).await;
    assert_eq!(metrics.status(), StatusCode::OK);
    let metrics = http_body_util::BodyExt::collect(metrics.into_body()).await.unwrap().to_bytes();
    let metrics = String::from_utf8(metrics.to_vec()).unwrap();
    for line in
        [r#"mcp_server_up{server="a"} 1"#, r#"mcp_server_up{server="missing"} 0"#, "server=\"a\",method=\"tools/call\""]
    {
        assert!(metrics.contains(line), "no `{line}` in {metrics}");
    }
    proxy.stop();
}

#[tokio::test]
async fn five_open_streams_end_at_once_and_nobody_is_left() {
    let mark = Mark::new();
    let list = json!({"a": marked(&mark, "echo-server", &[]), "b": marked(&mark, "echo-server", &[])});
    let folder = Folder::with(servers(list));
    let mut proxy = launch(&folder, &NONE).start();
    let http = Http::new();
    let mut pairs = Vec::new();
    for _ in 0..3 {
        pairs.push(Pair::open(&http, &proxy.sse, json!({})).await);
    }
    let sessions = [session(&proxy).await, session(&proxy).await];
    let streams = [sessions[0].listen().await, sessions[1].listen().await];
    assert_eq!(text(&sessions[0].call(1, "b__echo", json!({"text": "up"})).await), "up");
    proxy.signal(Signal::TERM);
    assert_eq!(proxy.ended(Duration::from_secs(2)).code(), Some(0), "{}", proxy.said());
    assert!(living(mark.variable()).is_empty());
    drop((pairs, streams));
}
