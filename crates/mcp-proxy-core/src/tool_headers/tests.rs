use mcp_testkit::Script;
use mcp_transport::{Principal, Transport};

use super::*;

const TOOL: &str = r#"{"name":"t","inputSchema":{"properties":{"a":{"type":"string","x-mcp-header":"A"}}}}"#;

fn script() -> Script {
    Script::new().answer("tools/list", &format!(r#"{{"tools":[{TOOL},{{"name":"u"}}]}}"#))
}

fn caller(name: &str) -> Arc<Caller> {
    Arc::new(Caller::new(Principal::Named(name.into()), Revision::LATEST))
}

async fn connect(script: &Script) -> Arc<dyn Connection> {
    script.transport().connect(&caller("a")).await.unwrap()
}

fn lists(script: &Script) -> usize {
    script.heard_of("tools/list").len()
}

#[tokio::test]
async fn only_tools_that_want_headers_are_kept() {
    let script = script();
    let (connection, headers) = (connect(&script).await, ToolHeaders::default());
    let table = headers.table(&*connection, &caller("a")).await;
    assert_eq!(table.tools.keys().map(|name| &**name).collect::<Vec<_>>(), ["t"]);
    assert_eq!(table.tools["t"].names().collect::<Vec<_>>(), ["mcp-param-a"]);
}

#[tokio::test]
async fn a_list_is_read_once_for_all_and_again_when_it_may_be_another() {
    let script = script();
    let (connection, headers) = (connect(&script).await, ToolHeaders::default());
    let (one, other) = (caller("a"), caller("b"));
    let both = tokio::join!(headers.table(&*connection, &one), headers.table(&*connection, &other));
    assert!(Arc::ptr_eq(&both.0, &both.1));
    assert_eq!(lists(&script), 1);
    headers.outdate();
    let now = headers.table(&*connection, &one).await;
    assert_eq!(lists(&script), 2);
    // Who comes with an old one gets the one that is there.
    assert!(Arc::ptr_eq(&headers.renewed(&*connection, &other, &both.0).await, &now));
    assert_eq!(lists(&script), 2);
    assert!(!Arc::ptr_eq(&headers.renewed(&*connection, &other, &now).await, &now));
    assert_eq!(lists(&script), 3);
}

#[tokio::test]
async fn callers_that_the_server_tells_apart_have_lists_of_their_own() {
    let script = script();
    let (connection, headers) = (connect(&script).await, ToolHeaders::new(true, false));
    for name in ["a", "b", "a"] {
        headers.table(&*connection, &caller(name)).await;
    }
    assert_eq!(lists(&script), 2);
    let (connection, headers) = (connect(&script).await, ToolHeaders::default());
    for (name, value) in
        [("x-token", "1"), ("x-token", "2"), ("x-token", "1"), ("mcp-param-a", "3"), ("mcp-param-a", "4")]
    {
        let mut caller = Caller::new(Principal::Anonymous, Revision::LATEST);
        caller.headers.insert(name, http::HeaderValue::from_static(value));
        headers.table(&*connection, &Arc::new(caller)).await;
    }
    assert_eq!(lists(&script), 5, "headers that repeat arguments make no difference");
}

#[tokio::test]
async fn so_many_lists_are_kept_and_for_one_more_all_are_forgotten() {
    let script = script();
    let (connection, headers) = (connect(&script).await, ToolHeaders::new(true, false));
    for n in 0..KEPT {
        headers.table(&*connection, &caller(&n.to_string())).await;
    }
    headers.table(&*connection, &caller("0")).await;
    assert_eq!((lock(&headers.seen).len(), lists(&script)), (KEPT, KEPT));
    headers.table(&*connection, &caller("one more")).await;
    assert_eq!(lock(&headers.seen).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_listed_is_asked_for_again_after_a_pause() {
    let silent = Script::new().say("tools/list", Vec::<String>::new());
    let (connection, headers, caller) = (connect(&silent).await, ToolHeaders::default(), caller("a"));
    for _ in 0..2 {
        assert!(headers.table(&*connection, &caller).await.tools.is_empty());
    }
    assert_eq!(lists(&silent), 1);
    tokio::time::sleep(PAUSE).await;
    headers.table(&*connection, &caller).await;
    assert_eq!(lists(&silent), 2);
}

#[tokio::test(start_paused = true)]
async fn what_was_known_stands_if_it_cannot_be_read_again() {
    let (good, silent) = (script(), Script::new().say("tools/list", Vec::<String>::new()));
    let (headers, caller) = (ToolHeaders::default(), caller("a"));
    let known = headers.table(&*connect(&good).await, &caller).await;
    let still = headers.renewed(&*connect(&silent).await, &caller, &known).await;
    assert!(Arc::ptr_eq(&known, &still));
    assert_eq!((lists(&good), lists(&silent)), (1, 1));
}

#[tokio::test]
async fn a_list_without_end_is_read_so_far() {
    let endless = Script::new().answer("tools/list", &format!(r#"{{"tools":[{TOOL}],"nextCursor":"c"}}"#));
    let (connection, headers) = (connect(&endless).await, ToolHeaders::default());
    assert_eq!(headers.table(&*connection, &caller("a")).await.tools.len(), 1);
    assert_eq!(lists(&endless), MOST_PAGES);
}
