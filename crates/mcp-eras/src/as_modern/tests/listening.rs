//! Streams of changes.

use mcp_protocol::{listen_result, subscription_id};

use super::*;

fn listen(filter: &str) -> Ask {
    Ask { id: "\"l\"", ..Ask::new(method::SUBSCRIPTIONS_LISTEN, &format!(r#""notifications":{filter}"#)) }
}

fn methods(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|message| message.method().unwrap_or("response")).collect()
}

#[tokio::test(start_paused = true)]
async fn changes_that_were_asked_for_are_told_until_the_conversation_is_over() {
    let lab = Lab::new();
    let filter = r#"{"toolsListChanged":true,"promptsListChanged":true,"resourceSubscriptions":["file:///a","file:///last/end"],"taskIds":["t"]}"#;
    let messages = lab.all(&listen(filter)).await;
    assert_eq!(
        methods(&messages),
        [method::SUBSCRIPTIONS_ACKNOWLEDGED, method::TOOLS_LIST_CHANGED, method::RESOURCES_UPDATED, "response"]
    );
    let id = Id::parse("\"l\"").unwrap();
    let honoured = SubscriptionFilter::read(messages[0].params().unwrap()).unwrap();
    assert!(honoured.tools_list_changed && !honoured.prompts_list_changed && honoured.task_ids.is_empty());
    assert_eq!(honoured.resource_subscriptions.len(), 2);
    assert!(messages[..3].iter().all(|message| subscription_id(message) == Some(id.clone())));
    assert_eq!(messages[1].value(&["params", "_meta", "v/a"]), Some("1"));
    assert_eq!(messages[2].value(&["params", "uri"]), Some("\"file:///last\""));
    assert_eq!(messages[3].result(), Some(&*listen_result(&id)));
    let heard = lab.heard().await;
    assert!(heard.contains(&format!("{} {}", method::RESOURCES_SUBSCRIBE, r#"{"uri":"file:///a"}"#)), "{heard:?}");
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_nothing_else_hears_of_nothing_else() {
    let lab = Lab::new();
    let messages = lab.all(&listen(r#"{"resourceSubscriptions":["file:///last/end"]}"#)).await;
    assert_eq!(methods(&messages), [method::SUBSCRIPTIONS_ACKNOWLEDGED, method::RESOURCES_UPDATED, "response"]);
}

#[tokio::test(start_paused = true)]
async fn who_leaves_ends_the_conversation() {
    let lab = Lab::new();
    let mut reply = lab.call(&listen(r#"{"resourceSubscriptions":["file:///last"]}"#)).await;
    assert!(reply.next().await.unwrap().is_ok());
    assert!(reply.next().await.unwrap().is_ok());
    assert!(futures::poll!(reply.next()).is_pending());
    let heard = lab.heard().await;
    assert!(!heard.contains(&"left".to_owned()));
    drop(reply);
    assert_eq!(lab.heard().await.last().unwrap(), "left");
}

#[tokio::test(start_paused = true)]
async fn what_a_server_asks_meanwhile_is_refused() {
    let lab = Lab::new();
    let mut reply = lab.call(&listen(r#"{"resourceSubscriptions":["file:///last"]}"#)).await;
    for _ in 0..2 {
        assert!(reply.next().await.unwrap().is_ok());
    }
    let rest = tokio::spawn(async move { reply.next().await });
    assert!(lab.heard().await.iter().any(|line| line.contains("\"id\":50,\"error\"")));
    rest.abort();
}

#[tokio::test(start_paused = true)]
async fn the_close_ends_it_in_good_order() {
    let lab = Lab::new();
    let mut reply = lab.call(&listen("{}")).await;
    assert!(reply.next().await.unwrap().is_ok());
    let last = tokio::spawn(async move { reply.next().await });
    lab.modern.close().await;
    let last = last.await.unwrap().unwrap().unwrap();
    assert_eq!(last.kind(), Kind::Response);
    assert!(!last.is_error());
}

#[tokio::test(start_paused = true)]
async fn a_filter_is_bounded_and_must_be_one() {
    let lab = Lab::new();
    let of = |count: usize| listen(&format!(r#"{{"resourceSubscriptions":[{}]}}"#, vec![r#""a""#; count].join(",")));
    refused(&lab.answer(&of(Listening::MOST + 1)).await, code::INVALID_PARAMS);
    assert!(lab.call(&of(Listening::MOST)).await.next().await.unwrap().is_ok());
    refused(&lab.answer(&listen("[]")).await, code::INVALID_PARAMS);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_silent_about_resources_is_not_waited_for_without_end() {
    let lab = Lab::new();
    let uris = |silent| format!("{}\"file:///last/end\"", "\"silent\",".repeat(silent));
    for (silent, seconds) in [(7, 0), (8, 30), (16, 60)] {
        let start = tokio::time::Instant::now();
        let messages = lab.all(&listen(&format!(r#"{{"resourceSubscriptions":[{}]}}"#, uris(silent)))).await;
        assert_eq!(methods(&messages)[1..], [method::RESOURCES_UPDATED, "response"]);
        assert_eq!(start.elapsed().as_secs(), seconds, "{silent}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_slow_to_agree_holds_its_client_up_for_a_moment_only() {
    for (uri, millis) in [("file:///a", 0), ("silent", 300)] {
        let (lab, start) = (Lab::new(), tokio::time::Instant::now());
        let mut reply = lab.call(&listen(&format!(r#"{{"resourceSubscriptions":["{uri}"]}}"#))).await;
        let first = reply.next().await.unwrap().unwrap();
        assert_eq!(first.method(), Some(method::SUBSCRIPTIONS_ACKNOWLEDGED));
        assert_eq!(start.elapsed().as_millis(), millis, "{uri}");
    }
}
