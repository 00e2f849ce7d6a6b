//! Tasks of several servers, whose ids may be the same.

use std::sync::Arc;

use futures::StreamExt;
use mcp_aggregator::{Hub, Place};
use mcp_jsonrpc::{Id, Message};
use mcp_protocol::{
    SubscriptionFilter, acknowledged,
    method::{
        ELICITATION_CREATE, SERVER_DISCOVER, SUBSCRIPTIONS_LISTEN, TASKS_CANCEL, TASKS_CHANGED, TASKS_GET, TASKS_LIST,
        TASKS_RESULT, TASKS_STATUS, TASKS_UPDATE, TOOLS_CALL,
    },
    subscription_id,
};
use mcp_transport::{Caller, Client as Who, Principal};
use tokio::time::timeout;

use crate::{
    client::{A_WHILE, Client, hub, next, settle},
    server::{Call, Plan, Server},
};

const RELATED: &str = "io.modelcontextprotocol/related-task";
const LEGACY: &str = r#"{"tools":{},"tasks":{"list":{},"cancel":{},"requests":{"tools":{"call":{}}}}}"#;
const MODERN: &str = r#"{"tools":{},"extensions":{"io.modelcontextprotocol/tasks":{}}}"#;

/// Two servers that number their tasks alike.
fn servers(capabilities: &str) -> (Arc<Server>, Arc<Server>) {
    let (one, two) = (Server::with_tools("a", &["x"]), Server::with_tools("b c", &["x"]));
    for server in [&one, &two] {
        capabilities.clone_into(&mut server.is().capabilities);
    }
    (one, two)
}

/// A modern client that knows tasks.
async fn modern(hub: &Arc<Hub>) -> Client {
    let client = Client::modern(hub).await;
    let knows = r#"{"extensions":{"io.modelcontextprotocol/tasks":{}}}"#;
    let who = Who { info: r#"{"name":"c","version":"1"}"#.into(), capabilities: knows.into() };
    let caller = Caller { client: Some(Arc::new(who)), ..(*client.caller).clone() };
    Client { caller: Arc::new(caller), ..client }
}

fn task(id: &str) -> String {
    format!(r#"{{"taskId":"{id}","status":"working"}}"#)
}

fn about(id: &str) -> String {
    format!(r#"{{"taskId":"{id}"}}"#)
}

fn related(id: &str) -> String {
    format!(r#"{{"_meta":{{"{RELATED}":{{"taskId":"{id}"}}}}}}"#)
}

#[tokio::test(start_paused = true)]
async fn a_legacy_task_is_known_by_its_server_and_led_back_to_it() {
    let (one, two) = servers(LEGACY);
    for server in [&one, &two] {
        server.answers(TOOLS_CALL, &format!(r#"{{"task":{}}}"#, task("1")));
        server.answers(TASKS_GET, &task("1"));
        server.answers(TASKS_CANCEL, &task("1"));
        server.answers(TASKS_RESULT, &related("1"));
    }
    let client = Client::of(&hub(&[&one, &two])).await;
    client.tools().await;
    let handshake = client.connection.peer().handshake.clone();
    assert!(handshake.contains(r#""tasks":{"list":{},"cancel":{},"requests":{"tools":{"call":{}}}}"#), "{handshake}");
    for (server, tool, id) in [(&one, "a__x", "a:1"), (&two, "b_c__x", "b%20c:1")] {
        let params = format!(r#"{{"name":"{tool}","task":{{"ttl":1}}}}"#);
        assert_eq!(client.ask(TOOLS_CALL, &params).await, format!(r#"{{"task":{}}}"#, task(id)));
        assert_eq!(client.ask(TASKS_GET, &about(id)).await, task(id));
        assert_eq!(client.ask(TASKS_CANCEL, &about(id)).await, task(id));
        assert_eq!(client.ask(TASKS_RESULT, &about(id)).await, related(id));
        for method in [TASKS_GET, TASKS_CANCEL, TASKS_RESULT] {
            assert_eq!(server.heard(method), [about("1")]);
        }
    }
    // One that is not begun as a task is left as it is.
    assert_eq!(client.tool("a__x").await, format!(r#"{{"task":{}}}"#, task("1")));
}

#[tokio::test(start_paused = true)]
async fn an_id_that_is_no_servers_is_not_found() {
    let (one, two) = servers(LEGACY);
    let client = Client::of(&hub(&[&one, &two])).await;
    for id in ["1", "c:1", ":1", "%ff:1"] {
        let refusal = client.ask(TASKS_GET, &about(id)).await;
        assert!(refusal.contains("-32602") && refusal.contains(&format!("Task not found: {id}")), "{refusal}");
    }
    assert!(client.ask(TASKS_GET, "{}").await.contains("-32602"));
    assert!(one.heard(TASKS_GET).is_empty() && two.heard(TASKS_GET).is_empty());
    assert!(client.ask(TASKS_UPDATE, &about("a:1")).await.contains("-32601"), "of the other era");
    let (one, two) = servers(r#"{"tools":{}}"#);
    let client = Client::of(&hub(&[&one, &two])).await;
    for method in [TASKS_GET, TASKS_LIST] {
        assert!(client.ask(method, &about("a:1")).await.contains("-32601"), "nobody has tasks");
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_asks_its_client_and_tells_it_how_it_is() {
    let (one, two) = servers(LEGACY);
    two.plan(TASKS_RESULT, Plan::ByHand);
    one.answers(TOOLS_CALL, "{}");
    let client = Client::of(&hub(&[&one, &two])).await;
    client.tool("a__x").await;
    let mut events = client.events();
    let mut reply = client.call(7, TASKS_RESULT, &about("b%20c:1")).await;
    let call = two.next().await;
    call.says(Message::request(&Id::from(3), ELICITATION_CREATE, Some(&related("1")))).await;
    let question = next(&mut reply).await;
    assert_eq!((question.method(), question.params()), (Some(ELICITATION_CREATE), Some(&*related("b%20c:1"))));
    client.tell(Message::response(&question.id().unwrap(), &related("b%20c:1"))).await;
    assert_eq!(two.answered(), [("3".to_owned(), related("1"))]);
    call.says(Message::notification(TASKS_STATUS, Some(&task("1")))).await;
    assert_eq!(next(&mut reply).await.params(), Some(&*task("b%20c:1")));
    call.answers(&related("1")).await;
    assert_eq!(next(&mut reply).await.result(), Some(&*related("b%20c:1")));
    // The second connection is the client's.
    one.says(1, Message::notification(TASKS_STATUS, Some(&task("1"))));
    let event = timeout(A_WHILE, events.next()).await.unwrap().unwrap();
    assert_eq!(event.params(), Some(&*task("a:1")));
    // What is the client's own is asked for by its own id.
    one.says(1, Message::request(&Id::from(4), TASKS_GET, Some(&about("1"))));
    let question = timeout(A_WHILE, events.next()).await.unwrap().unwrap();
    assert_eq!(question.params(), Some(&*about("1")));
    client.tell(Message::response(&question.id().unwrap(), &task("a:1"))).await;
    settle().await;
    assert_eq!(one.answered(), [("4".to_owned(), task("a:1"))]);
}

#[tokio::test(start_paused = true)]
async fn the_tasks_of_all_servers_are_listed_page_by_page() {
    let (one, two) = servers(LEGACY);
    let three = Server::with_tools("d", &["x"]);
    three.is().capabilities = r#"{"tools":{},"tasks":{}}"#.to_owned();
    let four = Server::with_tools("e", &["x"]);
    four.is().capabilities = LEGACY.to_owned();
    four.plan(TASKS_LIST, Plan::Error(-32603, "no"));
    let page = |id: &str, more: &str| Plan::Result(format!(r#"{{"tasks":[{}]{more}}}"#, task(id)));
    one.plan(TASKS_LIST, Plan::Each(vec![page("1", r#","nextCursor":"one""#), page("2", "")]));
    two.plan(TASKS_LIST, page("1", ""));
    let client = Client::of(&hub(&[&one, &two, &three, &four])).await;
    let first = client.ask(TASKS_LIST, "{}").await;
    let both = format!(r#"{{"tasks":[{},{}],"nextCursor":""#, task("a:1"), task("b%20c:1"));
    let cursor = first.strip_prefix(&both).and_then(|rest| rest.strip_suffix(r#""}"#)).expect("both are there");
    let second = client.ask(TASKS_LIST, &format!(r#"{{"cursor":"{cursor}"}}"#)).await;
    assert_eq!(second, format!(r#"{{"tasks":[{}]}}"#, task("a:2")));
    assert_eq!(one.heard(TASKS_LIST), ["{}", r#"{"cursor":"one"}"#]);
    assert_eq!((two.heard(TASKS_LIST).len(), three.heard(TASKS_LIST).len()), (1, 0));
    assert!(client.ask(TASKS_LIST, r#"{"cursor":"one"}"#).await.contains("-32602"));
    for server in [&one, &two] {
        server.plan(TASKS_LIST, Plan::ByHand);
    }
    let begun = tokio::time::Instant::now();
    assert!(client.ask(TASKS_LIST, "{}").await.contains("-32000"), "nobody answers");
    assert_eq!(begun.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_modern_task_is_known_by_its_server_and_led_back_to_it() {
    let (one, two) = servers(MODERN);
    let begun = |id: &str| format!(r#"{{"resultType":"task","taskId":"{id}","status":"working"}}"#);
    for server in [&one, &two] {
        server.answers(TOOLS_CALL, &begun("1"));
        server.answers(TASKS_GET, &task("1"));
        server.answers(TASKS_UPDATE, "{}");
        server.answers(TASKS_CANCEL, "{}");
    }
    let hub = hub(&[&one, &two]);
    let client = modern(&hub).await;
    let discovered = client.ask(SERVER_DISCOVER, "{}").await;
    assert!(discovered.contains(r#""extensions":{"io.modelcontextprotocol/tasks":{}}"#), "{discovered}");
    for (server, tool, id) in [(&one, "a__x", "a:1"), (&two, "b_c__x", "b%20c:1")] {
        assert_eq!(client.tool(tool).await, begun(id));
        assert_eq!(client.ask(TASKS_GET, &about(id)).await, task(id));
        assert_eq!(client.ask(TASKS_UPDATE, &about(id)).await, "{}");
        assert_eq!(client.ask(TASKS_CANCEL, &about(id)).await, "{}");
        for method in [TASKS_GET, TASKS_UPDATE, TASKS_CANCEL] {
            assert_eq!(server.heard(method), [about("1")]);
        }
    }
    assert!(client.ask(TASKS_GET, &about("1")).await.contains("-32602"));
    for method in [TASKS_LIST, TASKS_RESULT] {
        assert!(client.ask(method, &about("a:1")).await.contains("-32601"), "of the other era");
    }
    let ignorant = Client::modern(&hub).await;
    assert!(ignorant.ask(TASKS_GET, &about("a:1")).await.contains("-32021"));
    let wanted = r#"{"_meta":{},"notifications":{"taskIds":["a:1"]}}"#;
    assert!(ignorant.ask(SUBSCRIPTIONS_LISTEN, wanted).await.contains("-32021"));
}

/// The call that is not the hub's own.
async fn clients(server: &Server) -> Call {
    loop {
        let call = server.next().await;
        let id = call.request.message().id().unwrap();
        let mut filter = SubscriptionFilter::read(call.request.message().params().unwrap()).unwrap();
        let is_clients = !filter.task_ids.is_empty();
        filter.task_ids.retain(|id| id != "gone");
        call.says(acknowledged(&id, &filter)).await;
        if is_clients {
            return call;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_subscription_tells_of_tasks_of_several_servers() {
    let (one, two) = servers(MODERN);
    for server in [&one, &two] {
        server.plan(SUBSCRIPTIONS_LISTEN, Plan::ByHand);
    }
    let client = modern(&hub(&[&one, &two])).await;
    let wanted = r#"{"_meta":{},"notifications":{"taskIds":["a:1","b%20c:1","b%20c:gone","1","c:1"]}}"#;
    let listen = client.call(9, SUBSCRIPTIONS_LISTEN, wanted);
    let (mut reply, calls) = tokio::join!(listen, async { [clients(&one).await, clients(&two).await] });
    let acknowledgement = next(&mut reply).await;
    assert_eq!(subscription_id(&acknowledgement), Some(Id::from(9)));
    let honoured = SubscriptionFilter::read(acknowledgement.params().unwrap()).unwrap();
    assert_eq!(honoured.task_ids, ["a:1", "b%20c:1"]);
    for (call, id) in calls.iter().zip(["a:1", "b%20c:1"]) {
        call.says(Message::notification(TASKS_CHANGED, Some(&task("1")))).await;
        assert_eq!(next(&mut reply).await.params(), Some(&*task(id)));
    }
}

#[tokio::test(start_paused = true)]
async fn one_server_alone_names_its_tasks_itself() {
    let (one, two) = servers(LEGACY);
    one.answers(TASKS_GET, &task("1"));
    one.answers(TASKS_LIST, &format!(r#"{{"tasks":[{}]}}"#, task("1")));
    let client = Client::at(&hub(&[&one, &two]), Place::Server("a".into()), &Principal::Anonymous).await;
    assert_eq!(client.ask(TASKS_GET, &about("1")).await, task("1"));
    assert_eq!(client.ask(TASKS_LIST, "{}").await, format!(r#"{{"tasks":[{}]}}"#, task("1")));
}
