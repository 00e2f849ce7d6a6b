//! A process for every session, which is gone when the session is.

use futures::future::join_all;
use http::StatusCode;
use mcp_testkit::bin;
use serde_json::json;
use tokio::time::timeout;

use crate::client::{Http, Pair, Session, error, text};
use crate::marked::{Mark, PATIENCE};
use crate::proxy::Proxy;

fn start(mark: &Mark, options: &[&str], server: &[&str]) -> Proxy {
    let program = bin(server[0]).into_os_string().into_string().unwrap();
    let server: Vec<_> = [program.as_str()].iter().chain(&server[1..]).copied().collect();
    let fixed = ["--session", "dedicated", "--era", "legacy", "--env", mark.variable()];
    let options: Vec<_> = fixed.iter().chain(options).copied().collect();
    Proxy::start(&options, &server)
}

#[tokio::test]
async fn a_child_comes_and_goes_with_its_session() {
    let mark = Mark::new();
    let proxy = start(&mark, &[], &["echo-server"]);
    mark.until(0).await;
    let http = Http::new();
    let sessions = join_all((0..5).map(|_| Session::open(&http, &proxy.mcp, json!({})))).await;
    assert_eq!(mark.living(), 5);
    for (n, session) in (0..).zip(&sessions) {
        assert_eq!(text(&session.echo(n, "mine").await), "mine");
    }
    for (gone, session) in (1..).zip(&sessions) {
        assert!(session.end().await.is_success());
        mark.until(5 - gone).await;
    }
    assert_eq!(sessions[0].request(1, "ping", json!({})).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(sessions[0].end().await, StatusCode::NOT_FOUND);
    proxy.stop();
}

#[tokio::test]
async fn a_child_goes_when_the_stream_of_its_session_closes() {
    let mark = Mark::new();
    // Its grandchildren ignore all requests to end.
    let proxy = start(&mark, &[], &["rude-server", "grandchild"]);
    mark.until(0).await;
    let mut pair = Pair::open(&Http::new(), &proxy.sse, json!({})).await;
    pair.start(1, "echo", json!({"text": "mine"})).await;
    assert_eq!(text(&pair.next().await), "mine");
    mark.until(3).await;
    drop(pair);
    mark.until(0).await;
    proxy.stop();
}

#[tokio::test]
async fn a_session_ends_with_its_child_and_no_other_does() {
    let mark = Mark::new();
    let proxy = start(&mark, &[], &["rude-server", "dies-after=1"]);
    let http = Http::new();
    let (one, two) =
        (Session::open(&http, &proxy.mcp, json!({})).await, Session::open(&http, &proxy.mcp, json!({})).await);
    assert_eq!(text(&one.echo(1, "a").await), "a");
    let said = one.echo(2, "b").await;
    assert!(error(&said).contains("code 7") && error(&said).contains("that was enough"), "{said}");
    assert_eq!(one.request(3, "ping", json!({})).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(text(&two.echo(1, "mine lives").await), "mine lives");
    let again = Session::open(&http, &proxy.mcp, json!({})).await;
    assert_eq!(text(&again.echo(1, "again").await), "again");
    proxy.stop();
    assert_eq!(mark.living(), 0);
}

#[tokio::test]
async fn a_stream_ends_with_its_child() {
    let mark = Mark::new();
    let proxy = start(&mark, &[], &["rude-server", "dies-after=0"]);
    let mut pair = Pair::open(&Http::new(), &proxy.sse, json!({})).await;
    pair.start(1, "echo", json!({"text": "a"})).await;
    assert!(error(&pair.next().await).contains("code 7"));
    assert!(pair.into_messages().next().await.is_none());
    proxy.stop();
}

#[tokio::test]
async fn questions_need_no_attribution() {
    let mark = Mark::new();
    let proxy = start(&mark, &[], &["echo-server"]);
    let http = Http::new();
    let sessions = (0..5).map(async |n| {
        let session = Session::open(&http, &proxy.mcp, json!({"elicitation": {}})).await;
        let mut messages = session.start(1, "ask", json!({})).await;
        let question = messages.next().await.unwrap();
        let result = json!({"action": "accept", "content": {"name": format!("client-{n}")}});
        session.tell(&json!({"jsonrpc": "2.0", "id": question["id"], "result": result})).await;
        assert!(text(&messages.response().await).contains(&format!("client-{n}")));
    });
    join_all(sessions).await;
    assert_eq!(mark.living(), 5);
    proxy.stop();
    assert_eq!(mark.living(), 0);
}

#[tokio::test]
async fn no_more_children_than_the_limit() {
    let mark = Mark::new();
    let proxy = start(&mark, &["--limit", "children_per_server=2"], &["echo-server"]);
    let http = Http::new();
    let one = Session::open(&http, &proxy.mcp, json!({})).await;
    let _two = Session::open(&http, &proxy.mcp, json!({})).await;
    let (status, said) = Session::try_open(&http, &proxy.mcp, json!({})).await.unwrap_err();
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(error(&said).contains("children_per_server"), "{said}");
    one.end().await;
    // Its place is free again once its child has gone.
    let again = async { while Session::try_open(&http, &proxy.mcp, json!({})).await.is_err() {} };
    timeout(PATIENCE, again).await.expect("there is a place again");
    proxy.stop();
    assert_eq!(mark.living(), 0);
}
