//! What servers do, as `/api/servers` tells it to those who watch: starting, failing, being idle, being told what to do.

use futures::future::join_all;
use http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tokio::time::timeout;

use crate::client::{Http, Json, Session, error, text, tool};
use crate::folder::{Folder, and, entry, marked, servers};
use crate::marked::{Mark, PATIENCE};
use crate::proxy::Proxy;
use crate::status::{Watcher, course, order, status};

const NONE: [&str; 0] = [];

/// The one process that bears the mark.
fn only(mark: &Mark) -> u32 {
    let ids = mark.ids();
    assert_eq!(ids.len(), 1, "{ids:?}");
    ids[0]
}

fn kill(process: u32) {
    kill_process(Pid::from_raw(i32::try_from(process).unwrap()).unwrap(), Signal::KILL).unwrap();
}

/// One server, called `a`.
fn one(server: &Json) -> Proxy {
    Folder::with(servers(json!({"a": server}))).start(&NONE)
}

fn is_time(value: &Json) -> bool {
    value.as_str().is_some_and(|text| text.len() == "2024-01-01T00:00:00.000Z".len() && text.ends_with('Z'))
}

#[tokio::test]
async fn first_everything_and_then_whatever_changes_whole() {
    let config = json!({"a": entry("echo-server", &[]), "b": entry("echo-server", &[])});
    let proxy = Folder::with(servers(config)).start(&NONE);
    let http = Http::new();
    let session = Session::open(&http, &proxy.at("/a/mcp"), json!({})).await;
    Session::open(&http, &proxy.at("/b/mcp"), json!({})).await;
    let mut watcher = Watcher::open(&http, &proxy).await;
    let (kind, all) = watcher.next().await.unwrap();
    assert_eq!(kind, "status");
    for name in ["a", "b"] {
        assert!(all[name]["status"] == "running" && is_time(&all[name]["lastUsed"]), "{all}");
        assert_eq!(all[name].as_object().unwrap().len(), 4, "what there is nothing to say about is left out: {all}");
    }
    let _call = session.start(1, "echo", json!({"text": "a", "delay": 60_000, "progress": 599})).await;
    let (kind, changed) = watcher.next().await.unwrap();
    assert_eq!(kind, "delta");
    assert_eq!(changed.as_object().unwrap().keys().collect::<Vec<_>>(), ["a"]);
    assert_eq!((&changed["a"]["status"], &changed["a"]["pendingRequests"]), (&json!("running"), &json!(1)));
    assert!(changed["a"]["lastUsed"].as_str() > all["a"]["lastUsed"].as_str(), "{all} {changed}");
    session.tell(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}})).await;
    watcher.until("a", |a| a["pendingRequests"] == 0).await;
    proxy.stop();
    while watcher.next().await.is_some() {}
}

#[tokio::test]
async fn whoever_does_not_ask_for_events_gets_json() {
    let proxy = one(&entry("echo-server", &[]));
    let http = Http::new();
    let url = proxy.at("/api/servers");
    for accept in ["application/json", "*/*"] {
        let answer = http.send(Method::GET, &url, &[("accept", accept)], String::new()).await;
        assert_eq!(answer.headers()["content-type"], "application/json");
        let said = crate::client::body(answer).await;
        assert!(said["a"]["status"].is_string(), "{said}");
    }
    let answer = http.send(Method::GET, &format!("{url}?dialect=prompty"), &[], String::new()).await;
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    assert_eq!(answer.headers()["x-accel-buffering"], "no");
    proxy.stop();
}

#[tokio::test]
async fn a_crash_is_told_and_so_is_the_restart() {
    let mark = Mark::new();
    let proxy = one(&marked(&mark, "echo-server", &[]));
    let http = Http::new();
    let session = Session::open(&http, &proxy.at("/a/mcp"), json!({})).await;
    let mut watcher = Watcher::open(&http, &proxy).await;
    for count in 1..=2 {
        let before = only(&mark);
        let mut call = session.start(1, "echo", json!({"text": "a", "delay": 60_000, "progress": 599})).await;
        assert_eq!(call.next().await.unwrap()["method"], "notifications/progress");
        kill(before);
        assert!(error(&call.response().await).contains("signal 9"));
        let told = watcher.until("a", |a| a["status"] == "running" && a["restartCount"] == count).await;
        assert!(course(&told).ends_with(&["restarting", "running"]), "{told:?}");
        let crashed = told.iter().find(|a| a["status"] == "restarting").unwrap();
        assert!(crashed["error"].as_str().unwrap().contains("signal 9") && is_time(&crashed["errorAt"]), "{crashed}");
        assert_eq!(crashed["restartCount"], count);
        assert!(told.last().unwrap()["error"].is_null(), "it is well again: {told:?}");
        assert_eq!(text(&session.echo(1, "the same session").await), "the same session");
        assert_ne!(only(&mark), before);
    }
    proxy.stop();
}

#[tokio::test]
async fn what_fails_too_often_is_given_up_until_somebody_restarts_it() {
    let folder = Folder::new();
    let (works, runs) = (folder.path().join("works"), folder.path().join("runs"));
    let server = mcp_testkit::bin("echo-server");
    let script = format!(
        "echo run >> '{runs}'; test -e '{works}' && exec '{server}'; echo 'nothing works' >&2; exit 3",
        runs = runs.display(),
        works = works.display(),
        server = server.display()
    );
    let server = json!({"command": "sh", "args": ["-c", script], "era": "legacy", "maxRestarts": 1});
    let proxy = one(&server);
    let http = Http::new();
    let mut watcher = Watcher::open(&http, &proxy).await;
    let told = watcher.until_it_is("a", "error").await;
    let given_up = told.last().unwrap();
    assert!(given_up["error"].as_str().unwrap().contains("nothing works"), "{given_up}");
    assert!(is_time(&given_up["errorAt"]) && given_up["restartCount"] == 1, "{given_up}");
    for _ in 0..3 {
        let (refused, said) = http.plain(&proxy.at("/a/mcp"), &tool("echo", json!({"text": "a"}))).await;
        assert_eq!(refused, StatusCode::BAD_GATEWAY);
        assert!(error(&said).contains("nothing works"), "{said}");
    }
    let runs = || std::fs::read_to_string(&runs).unwrap().lines().count();
    assert_eq!(runs(), 2, "once, and one restart");
    let (failed, said) = order(&http, &proxy, "a", "start").await;
    assert!(failed == StatusCode::BAD_GATEWAY && said["message"].as_str().unwrap().contains("nothing works"), "{said}");
    std::fs::write(works, "").unwrap();
    let (restarted, said) = order(&http, &proxy, "a", "restart").await;
    assert_eq!((restarted, &said["status"]), (StatusCode::OK, &json!("running")));
    assert!(said["error"].is_null() && said["restartCount"].is_null(), "{said}");
    assert_eq!(text(&http.plain(&proxy.at("/a/mcp"), &tool("echo", json!({"text": "a"}))).await.1), "a");
    proxy.stop();
}

#[tokio::test]
async fn a_later_call_tries_once_more() {
    let folder = Folder::new();
    let works = folder.path().join("works");
    let server = mcp_testkit::bin("echo-server");
    let script = format!("test -e '{}' && exec '{}'; exit 3", works.display(), server.display());
    let entry =
        json!({"command": "sh", "args": ["-c", script], "era": "legacy", "maxRestarts": 0, "retryAfter": "200ms"});
    let proxy = one(&entry);
    let http = Http::new();
    Watcher::open(&http, &proxy).await.until_it_is("a", "error").await;
    std::fs::write(works, "").unwrap();
    // Until it is later, the failure is told.
    let tried = async {
        loop {
            let (status, said) = http.plain(&proxy.at("/a/mcp"), &tool("echo", json!({"text": "a"}))).await;
            if status == StatusCode::OK {
                return assert_eq!(text(&said), "a");
            }
            assert!(status == StatusCode::BAD_GATEWAY && error(&said).contains("code 3"), "{said}");
        }
    };
    timeout(PATIENCE, tried).await.expect("it is tried again");
    assert_eq!(status(&http, &proxy, "a").await["status"], "running");
    proxy.stop();
}

#[tokio::test]
async fn without_automatic_restarts_a_crash_is_an_error() {
    let mark = Mark::new();
    let proxy = one(&and(marked(&mark, "echo-server", &[]), "autoRestart", false));
    let http = Http::new();
    let session = Session::open(&http, &proxy.at("/a/mcp"), json!({})).await;
    let mut watcher = Watcher::open(&http, &proxy).await;
    kill(only(&mark));
    let told = watcher.until_it_is("a", "error").await;
    assert_eq!(course(&told), ["running", "error"]);
    assert!(error(&session.echo(1, "a").await).contains("signal 9"));
    assert_eq!(mark.living(), 0);
    proxy.stop();
}

#[tokio::test]
async fn a_restart_by_hand_keeps_the_sessions_of_a_shared_server() {
    let mark = Mark::new();
    let proxy = one(&marked(&mark, "echo-server", &[]));
    let http = Http::new();
    let session = Session::open(&http, &proxy.at("/a/mcp"), json!({})).await;
    let mut call = session.start(1, "echo", json!({"text": "a", "delay": 60_000, "progress": 599})).await;
    assert_eq!(call.next().await.unwrap()["method"], "notifications/progress");
    let before = only(&mark);
    let (done, said) = order(&http, &proxy, "a", "restart").await;
    assert_eq!((done, &said["status"]), (StatusCode::OK, &json!("running")));
    assert!(!error(&call.response().await).is_empty());
    assert_ne!(only(&mark), before);
    assert_eq!(text(&session.echo(2, "still here").await), "still here");
    proxy.stop();
}

#[tokio::test]
async fn what_was_stopped_by_hand_stays_so_until_it_is_started_by_hand() {
    let mark = Mark::new();
    let proxy = one(&marked(&mark, "echo-server", &[]));
    let http = Http::new();
    let session = Session::open(&http, &proxy.at("/a/mcp"), json!({})).await;
    let (done, said) = order(&http, &proxy, "a", "stop").await;
    assert_eq!((done, &said["status"]), (StatusCode::OK, &json!("stopped")));
    mark.until(0).await;
    let (refused, said) = http.plain(&proxy.at("/a/mcp"), &tool("echo", json!({"text": "a"}))).await;
    assert_eq!(refused, StatusCode::SERVICE_UNAVAILABLE);
    assert!(error(&said).contains("stopped by hand"), "{said}");
    assert!(error(&session.echo(1, "a").await).contains("stopped by hand"));
    assert_eq!(mark.living(), 0);
    let (done, said) = order(&http, &proxy, "a", "start").await;
    assert_eq!((done, &said["status"]), (StatusCode::OK, &json!("running")));
    assert_eq!(text(&session.echo(2, "again").await), "again");
    proxy.stop();
}

#[tokio::test]
async fn orders_that_cannot_be_carried_out_are_refused() {
    let config =
        json!({"off": and(entry("echo-server", &[]), "disabled", true), "missing": {"command": "no-such-program"}});
    let proxy = Folder::with(servers(config)).start(&NONE);
    let http = Http::new();
    for (name, status, word) in [
        ("nobody", StatusCode::NOT_FOUND, "`nobody`"),
        ("off", StatusCode::CONFLICT, "disabled"),
        ("missing", StatusCode::BAD_GATEWAY, "no-such-program"),
    ] {
        for what in ["restart", "start"] {
            let (refused, said) = order(&http, &proxy, name, what).await;
            assert_eq!(refused, status, "{name} {what}: {said}");
            assert!(said["message"].as_str().unwrap().contains(word), "{said}");
        }
    }
    let known = status(&http, &proxy, "off").await;
    assert_eq!((&known["status"], &known["disabled"]), (&json!("stopped"), &json!(true)));
    proxy.stop();
}

#[tokio::test]
async fn an_idle_server_is_stopped_and_its_next_caller_does_not_notice() {
    let mark = Mark::new();
    let proxy = one(&and(marked(&mark, "echo-server", &[]), "idleTimeout", "300ms"));
    let http = Http::new();
    let session = Session::open(&http, &proxy.at("/a/mcp"), json!({})).await;
    let mut watcher = Watcher::open(&http, &proxy).await;
    for n in 0..3 {
        // A call that takes longer than that is use all the time.
        let busy = session.call(n, "echo", json!({"text": "busy", "delay": 900})).await;
        assert_eq!(text(&busy), "busy");
        let told = watcher.until_it_is("a", "stopped").await;
        let resting = told.last().unwrap();
        assert!(resting["error"].is_null() && resting["restartCount"].is_null(), "{resting}");
        mark.until(0).await;
    }
    assert_eq!(text(&session.echo(9, "again").await), "again");
    proxy.stop();
}

#[tokio::test]
async fn a_server_on_demand_is_started_by_its_first_call() {
    let mark = Mark::new();
    let config =
        json!({"a": and(marked(&mark, "echo-server", &[]), "start", "demand"), "b": entry("echo-server", &[])});
    let proxy = Folder::with(servers(config)).start(&NONE);
    let http = Http::new();
    let mut watcher = Watcher::open(&http, &proxy).await;
    watcher.until_it_is("b", "running").await;
    assert_eq!(status(&http, &proxy, "a").await["status"], "stopped");
    assert_eq!(mark.living(), 0);
    assert_eq!(text(&http.plain(&proxy.at("/a/mcp"), &tool("echo", json!({"text": "a"}))).await.1), "a");
    assert_eq!(status(&http, &proxy, "a").await["status"], "running");
    proxy.stop();
}

#[tokio::test]
async fn a_stream_without_news_is_kept_alive() {
    let folder = Folder::with(servers(json!({"a": entry("echo-server", &[])})));
    let proxy = folder.start(&["--limit", "stream_comment=200ms"]);
    let headers = [("accept", "text/event-stream")];
    let mut stream = Http::new().send(Method::GET, &proxy.at("/api/servers"), &headers, String::new()).await;
    let mut comments = 0;
    while comments < 2 {
        let frame = timeout(PATIENCE, stream.frame()).await.expect("it comes in time").unwrap().unwrap();
        comments += usize::from(frame.into_data().unwrap() == ": keep-alive\n\n");
    }
    proxy.stop();
}

#[tokio::test]
async fn everyone_who_watches_is_told_the_same() {
    let mark = Mark::new();
    let proxy = one(&marked(&mark, "echo-server", &[]));
    let http = Http::new();
    Session::open(&http, &proxy.at("/a/mcp"), json!({})).await;
    let mut watchers = join_all((0..300).map(|_| Watcher::open(&http, &proxy))).await;
    assert_eq!(join_all(watchers.iter_mut().map(Watcher::next)).await.iter().flatten().count(), 300);
    kill(only(&mark));
    let told = watchers.iter_mut().map(|watcher| watcher.until("a", |a| a["status"] == "running"));
    let told = join_all(told).await;
    assert!(told.iter().all(|one| one == &told[0] && course(one) == ["restarting", "running"]), "{:?}", told[0]);
    proxy.stop();
    for watcher in &mut watchers {
        while watcher.next().await.is_some() {}
    }
}
