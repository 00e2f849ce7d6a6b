//! Servers that misbehave, shared by two clients: whoever is concerned is told, nobody else notices, nothing stays behind.

use std::time::Duration;

use futures::future::{join, join_all};
use mcp_testkit::bin;
use serde_json::json;

use crate::client::{Http, Session, error, text};
use crate::marked::{Mark, PATIENCE, until};
use crate::proxy::Proxy;

/// `mcp-stdio` in front of a server that misbehaves, with two clients.
struct Scene {
    mark: Mark,
    proxy: Proxy,
    one: Session,
    two: Session,
}

impl Scene {
    async fn of(options: &[&str], behaviours: &[&str]) -> Self {
        let program = bin("rude-server").into_os_string().into_string().unwrap();
        let server: Vec<_> = [program.as_str()].iter().chain(behaviours).copied().collect();
        Self::of_server(options, &server).await
    }

    async fn of_server(options: &[&str], server: &[&str]) -> Self {
        let mark = Mark::new();
        let options: Vec<_> = ["--era", "legacy", "--env", mark.variable()].iter().chain(options).copied().collect();
        let proxy = Proxy::start(&options, server);
        let open = || async { Session::open(&Http::new(), &proxy.mcp, json!({})).await };
        let (one, two) = join(open(), open()).await;
        Self { mark, proxy, one, two }
    }

    /// Both call at the same time, again and again, and are answered as if all were well.
    async fn all_is_well(&self) {
        let calls = |session, name| async move {
            for n in 0..10 {
                let said = format!("{name} {n}");
                assert_eq!(text(&Session::echo(session, n, &said).await), said);
            }
        };
        join(calls(&self.one, "one"), calls(&self.two, "two")).await;
    }

    /// Stops the proxy; then nothing is left.
    fn end(self) {
        self.proxy.stop();
        assert_eq!(self.mark.living(), 0);
    }
}

/// What both clients hear of does not disturb either.
async fn is_put_up_with(options: &[&str], behaviours: &[&str]) {
    let scene = Scene::of(options, behaviours).await;
    scene.all_is_well().await;
    assert_eq!(scene.mark.living(), 1, "it is the same child still");
    scene.end();
}

#[tokio::test]
async fn garbage_lines() {
    is_put_up_with(&[], &["garbage"]).await;
}

#[tokio::test]
async fn invalid_utf8() {
    is_put_up_with(&[], &["invalid-utf8"]).await;
}

#[tokio::test]
async fn lines_over_the_limit() {
    is_put_up_with(&["--limit", "line=64KiB"], &["huge-line=65537"]).await;
    is_put_up_with(&["--limit", "line=64KiB"], &["huge-line=20000000"]).await;
}

#[tokio::test]
async fn answers_given_twice() {
    is_put_up_with(&[], &["twice"]).await;
}

#[tokio::test]
async fn a_flood_on_stderr() {
    is_put_up_with(&[], &["flood-stderr=1000000"]).await;
}

#[tokio::test]
async fn a_flood_of_progress() {
    is_put_up_with(&[], &["flood-progress=5000"]).await;
}

#[tokio::test]
async fn everything_at_once() {
    let behaviours =
        ["garbage", "invalid-utf8", "huge-line=70000", "twice", "flood-stderr=10000", "flood-progress=100"];
    is_put_up_with(&["--limit", "line=64KiB"], &behaviours).await;
}

#[tokio::test]
async fn an_answer_over_the_limit_fails_its_call_alone() {
    let server = bin("echo-server").into_os_string().into_string().unwrap();
    let scene = Scene::of_server(&["--limit", "line=64KiB", "--limit", "call_idle=2s"], &[&server]).await;
    let large = scene.one.call(1, "echo", json!({"text": "large", "bytes": 70_000}));
    let (large, ()) = join(large, async {
        for n in 0..50 {
            assert_eq!(text(&scene.two.echo(n, "small").await), "small");
        }
    })
    .await;
    assert!(!error(&large).is_empty());
    scene.all_is_well().await;
    scene.end();
}

#[tokio::test]
async fn half_a_line_and_then_death() {
    let scene = Scene::of(&[], &["half-line"]).await;
    let (one, two) = join(scene.one.echo(1, "a"), scene.two.echo(1, "b")).await;
    for response in [one, two] {
        let said = error(&response);
        assert!(said.contains("code 3") && said.contains("rude-server: only half of it"), "{said}");
    }
    scene.mark.until(0).await;
    scene.end();
}

#[tokio::test]
async fn death_is_told_and_the_next_call_begins_anew() {
    let scene = Scene::of(&[], &["dies-after=6"]).await;
    let calls = async |session: &Session| {
        let mut deaths = 0;
        for n in 0..5 {
            let mut response = session.echo(n, "alive").await;
            if response.get("error").is_some() {
                let said = error(&response);
                assert!(said.contains("code 7") && said.contains("rude-server: that was enough"), "{said}");
                deaths += 1;
                response = session.echo(n, "alive").await;
            }
            assert_eq!(text(&response), "alive");
        }
        deaths
    };
    let (one, two) = join(calls(&scene.one), calls(&scene.two)).await;
    assert!((1..=2).contains(&(one + two)), "{one} and {two}");
    scene.end();
}

#[tokio::test]
async fn a_server_that_never_answers_a_call() {
    let scene = Scene::of(&["--limit", "call_idle=1s"], &["silent"]).await;
    let (one, two) = join(scene.one.echo(1, "a"), scene.two.echo(1, "b")).await;
    for response in [one, two] {
        assert_eq!(error(&response), "the server did not answer within 1s");
    }
    // Introductions are the proxy's to answer.
    Session::open(&Http::new(), &scene.proxy.mcp, json!({})).await;
    scene.end();
}

#[tokio::test]
async fn a_call_that_is_never_answered_does_not_disturb_the_other_client() {
    let server = bin("echo-server").into_os_string().into_string().unwrap();
    let scene = Scene::of_server(&["--limit", "call_idle=1s"], &[&server]).await;
    let late = scene.one.call(1, "echo", json!({"text": "late", "delay": 60_000}));
    let (late, ()) = join(late, async {
        for n in 0..100 {
            assert_eq!(text(&scene.two.echo(n, "now").await), "now");
        }
    })
    .await;
    assert_eq!(error(&late), "the server did not answer within 1s");
    scene.all_is_well().await;
    scene.end();
}

#[tokio::test]
async fn a_server_that_reads_no_more() {
    let scene = Scene::of(&["--limit", "call_idle=1s", "--limit", "queue_wait=1s"], &["deaf"]).await;
    // The first is answered; then the pipe fills up, and after it everything before it.
    assert_eq!(text(&scene.one.echo(0, "first").await), "first");
    let long = "x".repeat(300_000);
    let calls = (1..=8).map(|n| {
        let session = if n % 2 == 0 { &scene.one } else { &scene.two };
        let long = &long;
        async move { session.echo(n, long).await }
    });
    for response in join_all(calls).await {
        assert!(!error(&response).is_empty());
    }
    scene.end();
}

#[tokio::test]
async fn a_server_that_closes_stdout_and_lives_on() {
    let scene = Scene::of(&[], &["closes-stdout", "stubborn"]).await;
    let first = scene.mark.ids();
    let (one, two) = join(scene.one.echo(1, "a"), scene.two.echo(1, "b")).await;
    for response in [one, two] {
        assert!(error(&response).contains("the server"), "{response}");
    }
    // It is ended, and another one is started in its place.
    let is_another = || matches!(scene.mark.ids()[..], [only] if !first.contains(&only));
    until("another process", 2 * PATIENCE, is_another).await;
    scene.end();
}

#[tokio::test]
async fn a_death_that_leaves_grandchildren() {
    let scene = Scene::of(&[], &["grandchild", "dies-after=1"]).await;
    assert_eq!(text(&scene.one.echo(1, "a").await), "a");
    assert!(error(&scene.two.echo(2, "b").await).contains("code 7"));
    scene.mark.until(0).await;
    assert_eq!(text(&scene.one.echo(3, "again").await), "again");
    scene.end();
}

#[tokio::test]
async fn a_family_that_ignores_all_requests_to_end() {
    let scene = Scene::of(&[], &["stubborn", "grandchild"]).await;
    scene.all_is_well().await;
    scene.mark.until(3).await;
    scene.end();
}

#[tokio::test]
async fn a_kill_of_the_child_from_outside() {
    let scene = Scene::of_server(&[], &[&bin("echo-server").into_os_string().into_string().unwrap()]).await;
    let mut call = scene.one.start(1, "echo", json!({"text": "a", "delay": 60_000, "progress": 599})).await;
    assert_eq!(call.next().await.unwrap()["method"], "notifications/progress");
    let child = mcp_testkit::living(scene.mark.variable())[0];
    let child = rustix::process::Pid::from_raw(i32::try_from(child).unwrap()).unwrap();
    rustix::process::kill_process(child, rustix::process::Signal::KILL).unwrap();
    assert!(error(&call.response().await).contains("signal 9"));
    scene.all_is_well().await;
    scene.end();
}

#[tokio::test]
async fn twenty_families_do_not_outlive_a_killed_proxy() {
    const FAMILIES: usize = 20;
    let mark = Mark::new();
    let line = format!("'{}' stubborn grandchild; true", bin("rude-server").display());
    let options = ["--era", "legacy", "--session", "dedicated", "--env", mark.variable()];
    let mut proxy = Proxy::start(&options, &["sh", "-c", &line]);
    let http = Http::new();
    let sessions = join_all((0..FAMILIES).map(|_| Session::open(&http, &proxy.mcp, json!({})))).await;
    join_all(sessions.iter().map(async |session| assert_eq!(text(&session.echo(1, "a").await), "a"))).await;
    // A shell, the server, and the two it has started.
    mark.until(4 * FAMILIES).await;
    proxy.signal(rustix::process::Signal::KILL);
    until("nobody is left", Duration::from_secs(2), || mark.living() == 0).await;
    assert!(!proxy.ended(PATIENCE).success());
}
