//! What a server keeps per connection: subscriptions, the log level; and what it announces.

use super::*;

#[tokio::test(start_paused = true)]
async fn the_server_hears_of_the_first_subscription_and_of_the_end_of_the_last() {
    let mut stage = Stage::new().await;
    let (one, two, three) = (stage.visitor("1", UNABLE), stage.visitor("2", UNABLE), stage.visitor("3", UNABLE));
    let reply = one.subscribe("a:b").await;
    let sent = stage.main.hears(RESOURCES_SUBSCRIBE).await;
    assert_eq!(sent.params(), Some(uri_params("a:b").as_str()));
    stage.main.answers(&sent, "{}").await;
    assert_eq!(all(reply).await[0].result(), Some("{}"));
    for other in [&two, &three] {
        assert_eq!(all(other.subscribe("a:b").await).await[0].result(), Some("{}"));
    }
    assert_eq!(all(one.call(RESOURCES_UNSUBSCRIBE, &uri_params("a:b")).await).await[0].result(), Some("{}"));
    drop(two);
    stage.main.hears_nothing().await;
    drop(three);
    let sent = stage.main.hears(RESOURCES_UNSUBSCRIBE).await;
    assert_eq!(sent.params(), Some(uri_params("a:b").as_str()));
    stage.main.answers(&sent, "{}").await;
    stage.main.hears_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_unsubscribes_last_tells_the_server() {
    let mut stage = Stage::new().await;
    let one = stage.visitor("1", UNABLE);
    let reply = one.subscribe("a:b").await;
    let sent = stage.main.hears(RESOURCES_SUBSCRIBE).await;
    stage.main.answers(&sent, "{}").await;
    all(reply).await;
    let reply = one.call(RESOURCES_UNSUBSCRIBE, &uri_params("a:b")).await;
    let sent = stage.main.hears(RESOURCES_UNSUBSCRIBE).await;
    stage.main.answers(&sent, r#"{"said":"by the server"}"#).await;
    assert_eq!(all(reply).await[0].result(), Some(r#"{"said":"by the server"}"#));
    one.face.close().await;
    stage.main.hears_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_was_refused_does_not_count() {
    let mut stage = Stage::new().await;
    let (one, two) = (stage.visitor("1", UNABLE), stage.visitor("2", UNABLE));
    for visitor in [&one, &two] {
        let reply = visitor.subscribe("a:b").await;
        let sent = stage.main.hears(RESOURCES_SUBSCRIBE).await;
        stage.main.refuses(&sent).await;
        assert!(all(reply).await[0].is_error());
    }
    drop((one, two));
    stage.main.hears_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_may_yet_be_refused_is_no_answer_to_another() {
    let mut stage = Stage::new().await;
    let (one, two) = (stage.visitor("1", UNABLE), stage.visitor("2", UNABLE));
    let (first, second) = (one.subscribe("a:b").await, two.subscribe("a:b").await);
    let sent = [stage.main.hears(RESOURCES_SUBSCRIBE).await, stage.main.hears(RESOURCES_SUBSCRIBE).await];
    for request in &sent {
        stage.main.refuses(request).await;
    }
    assert!(all(first).await[0].is_error());
    assert!(all(second).await[0].is_error());
}

#[tokio::test(start_paused = true)]
async fn a_subscription_taken_up_again_is_not_ended() {
    let mut stage = Stage::new().await;
    let (one, two) = (stage.visitor("1", UNABLE), stage.visitor("2", UNABLE));
    let reply = one.subscribe("a:b").await;
    let sent = stage.main.hears(RESOURCES_SUBSCRIBE).await;
    stage.main.answers(&sent, "{}").await;
    all(reply).await;
    // Nobody has told the server yet when the next one comes.
    drop(one);
    let reply = two.subscribe("a:b").await;
    let mut events = two.events();
    let sent = stage.main.hears(RESOURCES_SUBSCRIBE).await;
    stage.main.answers(&sent, "{}").await;
    all(reply).await;
    stage.main.hears_nothing().await;
    stage.main.says(RESOURCES_UPDATED, &uri_params("a:b")).await;
    assert_eq!(heard(&mut events).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn updates_are_for_subscribers_and_changes_of_lists_for_all() {
    let mut stage = Stage::new().await;
    let (one, two) = (stage.visitor("1", UNABLE), stage.visitor("2", UNABLE));
    let (mut first, mut second) = (one.events(), two.events());
    let reply = one.subscribe("a:b").await;
    let sent = stage.main.hears(RESOURCES_SUBSCRIBE).await;
    // Between the request and its answer, too.
    stage.main.says(RESOURCES_UPDATED, &uri_params("a:b")).await;
    stage.main.answers(&sent, "{}").await;
    all(reply).await;
    stage.main.says(RESOURCES_UPDATED, &uri_params("c:d")).await;
    stage.main.says(RESOURCES_UPDATED, "{}").await;
    stage.main.says(TOOLS_LIST_CHANGED, "{}").await;
    let changed = format!("{TOOLS_LIST_CHANGED} {{}}");
    let updated = format!("{RESOURCES_UPDATED} {}", uri_params("a:b"));
    assert_eq!(heard(&mut first).await, [updated, changed.clone()]);
    assert_eq!(heard(&mut second).await, [changed]);
    assert!(one.face.events().is_none(), "there is one taker");
}

#[tokio::test(start_paused = true)]
async fn announcements_wait_for_a_client_that_does_not_listen_yet() {
    let stage = Stage::new().await;
    let one = stage.visitor("1", UNABLE);
    for _ in 0..1000 {
        stage.main.says(TOOLS_LIST_CHANGED, "{}").await;
        tokio::task::yield_now().await;
    }
    let heard = heard(&mut one.events()).await.len();
    assert!((1..=EVENTS.count).contains(&heard), "{heard}");
}

#[tokio::test(start_paused = true)]
async fn the_log_is_as_verbose_as_the_most_curious_and_each_hears_what_it_asked_for() {
    let mut stage = Stage::new().await;
    let (one, two) = (stage.visitor("1", UNABLE), stage.visitor("2", UNABLE));
    for (visitor, level) in [(&one, "warning"), (&two, "debug")] {
        let reply = visitor.set_level(level).await;
        let sent = stage.main.hears(LOGGING_SET_LEVEL).await;
        assert_eq!(sent.params(), Some(format!(r#"{{"level":"{level}"}}"#).as_str()));
        stage.main.answers(&sent, "{}").await;
        all(reply).await;
    }
    assert_eq!(all(one.set_level("error").await).await[0].result(), Some("{}"));
    stage.main.hears_nothing().await;
    for (visitor, expect) in [(&one, vec!["error", "emergency"]), (&two, vec!["debug", "info", "error", "emergency"])] {
        let reply = visitor.call(TOOLS_CALL, "{}").await;
        let call = stage.main.hears(TOOLS_CALL).await;
        for level in ["debug", "info", "error", "emergency"] {
            stage.main.logs(level).await;
        }
        stage.main.answers(&call, "{}").await;
        let messages = all(reply).await;
        let levels = messages.iter().filter_map(|message| message.value(&["params", "level"]));
        assert_eq!(levels.map(|level| level.trim_matches('"')).collect::<Vec<_>>(), expect);
    }
}

#[tokio::test(start_paused = true)]
async fn a_level_that_was_refused_does_not_hold() {
    let mut stage = Stage::new().await;
    let one = stage.visitor("1", UNABLE);
    for _ in 0..2 {
        let reply = one.set_level("info").await;
        let sent = stage.main.hears(LOGGING_SET_LEVEL).await;
        stage.main.refuses(&sent).await;
        assert!(all(reply).await[0].is_error());
    }
    let unreadable = one.set_level("loud").await;
    let sent = stage.main.hears(LOGGING_SET_LEVEL).await;
    stage.main.refuses(&sent).await;
    assert!(all(unreadable).await[0].is_error(), "the server says what is wrong with it");
}

#[tokio::test(start_paused = true)]
async fn a_log_that_may_be_anothers_is_nobodys() {
    let mut stage = Stage::new().await;
    let (one, two) = (stage.visitor("1", UNABLE), stage.visitor("2", UNABLE));
    let (mut first, mut second) = (one.events(), two.events());
    stage.main.logs("error").await;
    let replies = [one.call(TOOLS_CALL, "{}").await, two.call(TOOLS_CALL, "{}").await];
    let calls = [stage.main.hears(TOOLS_CALL).await, stage.main.hears(TOOLS_CALL).await];
    stage.main.logs("error").await;
    for call in &calls {
        stage.main.answers(call, "{}").await;
    }
    for reply in replies {
        assert_eq!(all(reply).await.len(), 1);
    }
    assert!(heard(&mut first).await.is_empty() && heard(&mut second).await.is_empty());
    assert!(!stage.share.is_interactive(), "a log asks nothing");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_slow_to_unsubscribe_is_heard_meanwhile() {
    let mut stage = Stage::new().await;
    let (one, two) = (stage.visitor("1", UNABLE), stage.visitor("2", UNABLE));
    let reply = one.subscribe("a:b").await;
    let sent = stage.main.hears(RESOURCES_SUBSCRIBE).await;
    stage.main.answers(&sent, "{}").await;
    all(reply).await;
    drop(one);
    stage.main.hears(RESOURCES_UNSUBSCRIBE).await;
    let mut events = two.events();
    stage.main.says(TOOLS_LIST_CHANGED, "{}").await;
    let event = timeout(A_WHILE / 2, events.next()).await.expect("it does not wait").unwrap();
    assert_eq!(event.method(), Some(TOOLS_LIST_CHANGED));
    let given_up = timeout(2 * A_WHILE, stage.main.0.next()).await.unwrap().unwrap();
    assert_eq!(given_up.method(), Some(CANCELLED));
}

#[tokio::test(start_paused = true)]
async fn a_subscription_made_while_the_last_is_being_ended_is_made_good() {
    let mut stage = Stage::new().await;
    let (one, two) = (stage.visitor("1", UNABLE), stage.visitor("2", UNABLE));
    let reply = one.subscribe("a:b").await;
    let sent = stage.main.hears(RESOURCES_SUBSCRIBE).await;
    stage.main.answers(&sent, "{}").await;
    all(reply).await;
    drop(one);
    let ending = stage.main.hears(RESOURCES_UNSUBSCRIBE).await;
    let reply = two.subscribe("a:b").await;
    let sent = stage.main.hears(RESOURCES_SUBSCRIBE).await;
    stage.main.answers(&sent, "{}").await;
    all(reply).await;
    stage.main.answers(&ending, "{}").await;
    stage.main.hears(RESOURCES_SUBSCRIBE).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_takes_nothing_of_the_others_along() {
    let mut stage = Stage::new().await;
    let (one, two) = (stage.visitor("1", ABLE), stage.visitor("2", ABLE));
    let reply = two.call(TOOLS_CALL, "{}").await;
    let call = stage.main.hears(TOOLS_CALL).await;
    one.face.close().await;
    drop(one);
    stage.main.answers(&call, "{}").await;
    assert_eq!(all(reply).await.len(), 1);
    let mut events = two.events();
    stage.main.says(TOOLS_LIST_CHANGED, "{}").await;
    assert_eq!(heard(&mut events).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_starts_again_is_told_what_the_one_before_knew() {
    let mut stage = Stage::new().await;
    let (one, two) = (stage.visitor("1", UNABLE), stage.visitor("2", UNABLE));
    for (visitor, level) in [(&one, "debug"), (&two, "error")] {
        let reply = visitor.set_level(level).await;
        if level == "debug" {
            let told = stage.main.hears(LOGGING_SET_LEVEL).await;
            stage.main.answers(&told, "{}").await;
        }
        all(reply).await;
    }
    let reply = one.subscribe("a:b").await;
    let asked = stage.main.hears(RESOURCES_SUBSCRIBE).await;
    stage.main.answers(&asked, "{}").await;
    all(reply).await;

    let Stage { share, main, mut spares, .. } = stage;
    drop(main);
    tokio::time::sleep(A_WHILE).await;
    let call = two.call(TOOLS_CALL, "{}").await;
    let main = Server(timeout(A_WHILE, spares.recv()).await.expect("it is started again").unwrap());
    let mut stage = Stage { share, main, spares, occupant: None };
    let mut heard = Vec::new();
    for _ in 0..3 {
        let message = stage.main.next().await;
        stage.main.answers(&message, "{}").await;
        heard.push(format!("{} {}", message.method().unwrap(), message.params().unwrap()));
    }
    heard.sort_unstable();
    assert_eq!(
        heard,
        [r#"logging/setLevel {"level":"debug"}"#, r#"resources/subscribe {"uri":"a:b"}"#, "tools/call {}"]
    );
    all(call).await;
}
