//! Values that clients bring for processes of their own: each sees its own, and nothing stays behind.

use futures::future::{join, join_all};
use http::{Method, StatusCode};
use serde_json::json;

use crate::client::{Http, Json, Pair, Session, error, text, tool};
use crate::folder::{Folder, and, entry, marked, servers};
use crate::marked::Mark;
use crate::proxy::{Launch, Proxy};

const NONE: [&str; 0] = [];
const CLIENTS: usize = 30;

fn start(mark: &Mark, behaviours: &[&str], options: &[&str]) -> Proxy {
    let rules = json!({"TOKEN": {"header": "X-Token"}, "API_TOKEN": {"query": "token"}});
    let entry = and(marked(mark, "rude-server", behaviours), "requestEnv", rules);
    Folder::with(servers(json!({"a": entry}))).start(options)
}

/// What the process says of its variables that hold tokens.
fn tokens(environment: &Json) -> Vec<&str> {
    text(environment).lines().filter(|line| line.contains("TOKEN=")).collect()
}

#[tokio::test]
async fn each_of_many_sees_its_own_and_all_are_gone_when_they_are() {
    let mark = Mark::new();
    let proxy = start(&mark, &[], &NONE);
    let http = Http::new();
    let streamable = join_all((0..CLIENTS).map(async |n| {
        let (url, token) = (proxy.at(&format!("/a/mcp?token=query-{n}")), format!("header-{n}"));
        Session::try_open_with(&http, &url, &[("x-token", &token)], json!({})).await.unwrap()
    }));
    let pairs = join_all((0..CLIENTS).map(async |n| {
        let (url, token) = (proxy.at(&format!("/a/sse?token=pair-{n}")), format!("header-{n}"));
        Pair::open_with(&http, &url, &[("x-token", &token)], json!({})).await
    }));
    let (sessions, mut pairs) = join(streamable, pairs).await;
    mark.until(2 * CLIENTS).await;
    let of_sessions = sessions.iter().enumerate().map(async |(n, session)| {
        for id in 0..3 {
            let environment = session.call(id, "env", json!({})).await;
            assert_eq!(tokens(&environment), [format!("API_TOKEN=query-{n}"), format!("TOKEN=header-{n}")]);
        }
    });
    let of_pairs = pairs.iter_mut().enumerate().map(async |(n, pair)| {
        pair.start(1, "env", json!({})).await;
        let environment = pair.next().await;
        assert_eq!(tokens(&environment), [format!("API_TOKEN=pair-{n}"), format!("TOKEN=header-{n}")]);
    });
    join(join_all(of_sessions), join_all(of_pairs)).await;
    join_all(sessions.iter().map(Session::end)).await;
    mark.until(CLIENTS).await;
    drop(pairs);
    mark.until(0).await;
    proxy.stop();
}

#[tokio::test]
async fn a_client_that_vanishes_takes_its_process_along() {
    let mark = Mark::new();
    // It never answers, and what it has started ignores all requests to end.
    let options = ["--limit", "session_idle=1s", "--limit", "call_idle=1s"];
    let proxy = start(&mark, &["silent", "grandchild"], &options);
    mark.until(0).await;
    let (pair_http, http) = (Http::new(), Http::new());
    let url = proxy.at("/a/sse?token=1");
    let pair = Pair::open(&pair_http, &url, json!({})).await;
    pair.start(1, "echo", json!({"text": "a"})).await;
    let session = Session::open(&http, &proxy.at("/a/mcp?token=2"), json!({})).await;
    let stream = session.listen().await;
    mark.until(6).await;
    // In the middle of a call, without a word.
    let call = session.start(1, "echo", json!({"text": "a"}));
    tokio::select! {
        _ = call => panic!("it is never answered"),
        () = mark.until(6) => {}
    }
    drop((pair, pair_http, stream, session, http));
    mark.until(0).await;
    proxy.stop();
}

#[tokio::test]
async fn without_a_session_equal_values_share_a_process_and_others_do_not() {
    let mark = Mark::new();
    let proxy = start(&mark, &[], &NONE);
    mark.until(0).await;
    let http = Http::new();
    for (query, processes) in [("token=1", 1), ("token=2", 2), ("token=1", 2), ("", 3), ("token=", 4), ("token=2", 4)] {
        let (status, environment) = http.plain(&proxy.at(&format!("/a/mcp?{query}")), &tool("env", json!({}))).await;
        assert_eq!(status, StatusCode::OK, "{environment}");
        let expected: Vec<_> =
            query.strip_prefix("token=").map(|token| format!("API_TOKEN={token}")).into_iter().collect();
        assert_eq!(tokens(&environment), expected);
        mark.until(processes).await;
    }
    proxy.stop();
    assert_eq!(mark.living(), 0);
}

#[tokio::test]
async fn what_is_not_allowed_is_refused_by_the_name_of_the_setting() {
    let config = json!({
        "own": and(entry("rude-server", &[]), "requestEnv", json!({"TOKEN": {"query": "TOKEN"}})),
        "shared": entry("rude-server", &[]),
    });
    let proxy = Folder::with(servers(config)).start(&NONE);
    let http = Http::new();
    for (name, query) in [
        ("own", "OTHER=canary"),
        ("own", "TOKEN=1&LD_PRELOAD=canary"),
        ("shared", "TOKEN=canary"),
        ("own", "token=canary"),
    ] {
        for (method, path) in [(Method::POST, "mcp"), (Method::GET, "sse")] {
            let url = proxy.at(&format!("/{name}/{path}?{query}"));
            let headers = [("accept", "text/event-stream"), ("accept", "application/json")];
            let body = tool("env", json!({})).to_string();
            let (status, said) = http.json(method.clone(), &url, &headers[..usize::from(path == "sse")], body).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{url}: {said}");
            assert!(error(&said).contains("`requestEnv` (or `--request-env`)"), "{said}");
            assert!(!error(&said).contains("canary"), "{said}");
        }
    }
    let twice = http.plain(&proxy.at("/own/mcp?TOKEN=1&TOKEN=2"), &tool("env", json!({}))).await;
    assert_eq!(twice.0, StatusCode::BAD_REQUEST);
    assert!(error(&twice.1).contains("more than once"), "{}", twice.1);
    proxy.stop();
}

#[tokio::test]
async fn any_name_means_any_but_the_dangerous_ones() {
    let server = mcp_testkit::bin("rude-server").into_os_string();
    let options = ["--era", "legacy", "--session", "dedicated", "--request-env", "*"];
    let any = Proxy::start(&options, std::slice::from_ref(&server));
    let http = Http::new();
    let environment = http.plain(&format!("{}?FOO=b%20a+r&BAZ=%C3%BC", any.mcp), &tool("env", json!({}))).await.1;
    for variable in ["FOO=b a r\n", "BAZ=ü\n"] {
        assert!(text(&environment).contains(variable), "{environment}");
    }
    for name in ["LD_PRELOAD", "LD_LIBRARY_PATH", "NODE_OPTIONS", "PATH", "PYTHONPATH", "BASH_ENV", "HTTPS_PROXY"] {
        let url = format!("{}?{name}=canary", any.mcp);
        let (status, said) = http.plain(&url, &tool("env", json!({}))).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{name}: {said}");
        assert!(error(&said).contains(name) && !error(&said).contains("canary"), "{said}");
    }
    any.stop();

    let listed =
        Launch::any_port(&["--era", "legacy", "--session", "dedicated", "--"]).args(std::slice::from_ref(&server));
    let listed = listed.env("REQUEST_ENV", "FOO, BAR").start();
    let environment = http.plain(&format!("{}?FOO=1&BAR=2", listed.mcp), &tool("env", json!({}))).await.1;
    assert!(text(&environment).contains("FOO=1\n") && text(&environment).contains("BAR=2\n"), "{environment}");
    let (status, _) = http.plain(&format!("{}?BAZ=3", listed.mcp), &tool("env", json!({}))).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    listed.stop();
}

#[test]
fn what_nobody_may_set_is_refused_at_the_start() {
    for name in ["LD_PRELOAD", "NODE_OPTIONS", "PATH", "PYTHONSTARTUP"] {
        let rules = json!({(name): {"query": "x"}});
        let folder = Folder::with(servers(json!({"a": and(entry("rude-server", &[]), "requestEnv", rules)})));
        folder.launch(&NONE).run().with(78, &["mcpServers.a.requestEnv", name]);
        Launch::any_port(&["--request-env", name]).run().with(2, &["--request-env"]);
        Launch::any_port(&NONE).env("REQUEST_ENV", name).run().with(78, &["$REQUEST_ENV"]);
    }
    let shared = and(and(entry("rude-server", &[]), "requestEnv", json!({"T": {"query": "t"}})), "session", "shared");
    Folder::with(servers(json!({"a": shared}))).launch(&NONE).run().with(78, &["mcpServers.a", "dedicated"]);
}
