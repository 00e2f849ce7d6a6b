//! Whom a question reaches, and whom its answer.

use super::*;

#[tokio::test(start_paused = true)]
async fn outside_of_calls_there_are_no_roots_and_nobody_to_ask() {
    let mut stage = Stage::new().await;
    let one = stage.visitor("1", ABLE);
    let mut events = one.events();
    stage.main.asks(7, ROOTS_LIST, "{}").await;
    let roots = stage.main.hears_answer().await;
    assert_eq!((roots.id(), roots.result()), (Some(Id::from(7)), Some(EMPTY_ROOTS)));
    stage.main.asks(8, ELICITATION_CREATE, "{}").await;
    let refusal = stage.main.hears_answer().await;
    assert_eq!((refusal.id(), code::of(&refusal)), (Some(Id::from(8)), Some(code::INVALID_REQUEST)));
    assert!(heard(&mut events).await.is_empty());
    assert!(!stage.share.is_interactive(), "no call would have helped");
}

#[tokio::test(start_paused = true)]
async fn a_question_during_one_clients_call_is_answered_under_the_servers_id() {
    let mut stage = Stage::new().await;
    let (one, two) = (stage.visitor("1", ABLE), stage.visitor("2", ABLE));
    let mut reply = one.call(TOOLS_CALL, "{}").await;
    let call = stage.main.hears(TOOLS_CALL).await;
    stage.main.asks(77, ELICITATION_CREATE, r#"{"message":"?"}"#).await;
    let question = next(&mut reply).await;
    assert_eq!((question.method(), question.params()), (Some(ELICITATION_CREATE), Some(r#"{"message":"?"}"#)));
    let id = question.id().unwrap();
    two.tell(Message::response(&id, r#"{"by":"another"}"#)).await;
    stage.main.hears_nothing().await;
    one.tell(Message::response(&id, r#"{"by":"one"}"#)).await;
    let answer = stage.main.hears_answer().await;
    assert_eq!((answer.id(), answer.result()), (Some(Id::from(77)), Some(r#"{"by":"one"}"#)));
    one.tell(Message::response(&id, r#"{"by":"one again"}"#)).await;
    stage.main.hears_nothing().await;
    stage.main.answers(&call, "{}").await;
    assert_eq!(next(&mut reply).await.result(), Some("{}"));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_has_asked_once_is_never_asked_to_do_it_in_vain() {
    let mut stage = Stage::new().await;
    let (one, two) = (stage.visitor("1", ABLE), stage.visitor("2", ABLE));
    let mut reply = one.call(TOOLS_CALL, "{}").await;
    let call = stage.main.hears(TOOLS_CALL).await;
    stage.main.asks(1, ROOTS_LIST, "{}").await;
    next(&mut reply).await;
    assert!(!stage.share.is_interactive(), "many ask for roots, and would do without");
    stage.main.asks(2, ELICITATION_CREATE, "{}").await;
    next(&mut reply).await;
    assert!(stage.share.is_interactive());

    let beside = tokio::spawn(async move {
        let mut reply = two.call(TOOLS_CALL, "{}").await;
        next(&mut reply).await
    });
    let mut spare = stage.spare().await;
    spare.hears(TOOLS_CALL).await;
    spare.asks(2, ELICITATION_CREATE, "{}").await;
    assert_eq!(beside.await.unwrap().method(), Some(ELICITATION_CREATE));
    stage.main.answers(&call, "{}").await;
    assert_eq!(next(&mut reply).await.result(), Some("{}"));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_after_the_call_reaches_nobody() {
    let mut stage = Stage::new().await;
    let one = stage.visitor("1", ABLE);
    let mut reply = one.call(TOOLS_CALL, "{}").await;
    let call = stage.main.hears(TOOLS_CALL).await;
    stage.main.asks(5, ELICITATION_CREATE, "{}").await;
    let question = next(&mut reply).await;
    stage.main.answers(&call, "{}").await;
    all(reply).await;
    one.tell(Message::response(&question.id().unwrap(), "{}")).await;
    stage.main.hears_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_cannot_be_asked_is_spoken_for() {
    let mut stage = Stage::new().await;
    let one = stage.visitor("1", UNABLE);
    let reply = one.call(TOOLS_CALL, "{}").await;
    let answered = tokio::spawn(all(reply));
    let call = stage.main.hears(TOOLS_CALL).await;
    stage.main.asks(3, ROOTS_LIST, "{}").await;
    stage.main.asks(4, ELICITATION_CREATE, "{}").await;
    let roots = stage.main.hears_answer().await;
    assert_eq!((roots.id(), roots.result()), (Some(Id::from(3)), Some(EMPTY_ROOTS)));
    let refusal = stage.main.hears_answer().await;
    assert_eq!((refusal.id(), code::of(&refusal)), (Some(Id::from(4)), Some(code::METHOD_NOT_FOUND)));
    stage.main.answers(&call, "{}").await;
    assert_eq!(answered.await.unwrap().len(), 1, "the client hears the response only");
}

#[tokio::test(start_paused = true)]
async fn what_the_client_says_of_a_question_finds_its_way() {
    let mut stage = Stage::new().await;
    let one = stage.visitor("1", ABLE);
    let mut reply = one.call(TOOLS_CALL, "{}").await;
    stage.main.hears(TOOLS_CALL).await;
    stage.main.asks(9, ELICITATION_CREATE, r#"{"_meta":{"progressToken":"t"}}"#).await;
    let question = next(&mut reply).await;
    let token = question.value(&["params", "_meta", "progressToken"]).unwrap();
    let progress = |token: &str| format!(r#"{{"progressToken":{token},"progress":1}}"#);
    one.tell(Message::notification(PROGRESS, Some(&progress("\"foreign\"")))).await;
    one.tell(Message::notification(PROGRESS, Some(&progress(token)))).await;
    assert_eq!(stage.main.hears(PROGRESS).await.params(), Some(progress("\"t\"").as_str()));

    stage.main.says(CANCELLED, r#"{"requestId":9,"reason":"too late"}"#).await;
    let withdrawn = next(&mut reply).await;
    let id = question.id().unwrap();
    assert_eq!(withdrawn.method(), Some(CANCELLED));
    assert_eq!(withdrawn.params(), Some(format!(r#"{{"requestId":{id},"reason":"too late"}}"#).as_str()));
    one.tell(Message::response(&id, "{}")).await;
    stage.main.hears_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_client_says_of_its_own_connection_is_not_the_others_business() {
    let mut stage = Stage::new().await;
    let one = stage.visitor("1", ABLE);
    one.tell(Message::notification(ROOTS_LIST_CHANGED, None)).await;
    one.tell(Message::notification(CANCELLED, Some(r#"{"requestId":1}"#))).await;
    one.tell(Message::notification("notifications/of-its-own", Some("{}"))).await;
    stage.main.hears("notifications/of-its-own").await;
    stage.main.hears_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_was_sent_to_a_url_hears_that_it_is_done_and_nobody_else() {
    let mut stage = Stage::new().await;
    let able = r#"{"elicitation":{"url":{}}}"#;
    let (one, two) = (stage.visitor("1", able), stage.visitor("2", able));
    let (mut ones, mut twos) = (one.events(), two.events());
    let mut reply = one.call(TOOLS_CALL, "{}").await;
    stage.main.hears(TOOLS_CALL).await;
    stage.main.asks(0, ELICITATION_CREATE, r#"{"mode":"url","elicitationId":"e","url":"u","message":"m"}"#).await;
    next(&mut reply).await;
    for name in ["f", "e", "e"] {
        stage.main.says(ELICITATION_COMPLETE, &format!(r#"{{"elicitationId":"{name}"}}"#)).await;
    }
    assert_eq!(heard(&mut ones).await, [r#"notifications/elicitation/complete {"elicitationId":"e"}"#]);
    assert_eq!(heard(&mut twos).await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn where_it_is_so_set_nothing_is_started_for_a_server_that_asks() {
    let options = ShareOptions { interaction: Interaction::Refuse, ..ShareOptions::default() };
    let mut stage = Stage::with(options, Supervision::default()).await;
    let (one, two) = (stage.visitor("1", ABLE), stage.visitor("2", ABLE));
    for id in 0..2 {
        let mut replies = [one.call(TOOLS_CALL, "{}").await, two.call(TOOLS_CALL, "{}").await];
        let calls = [stage.main.hears(TOOLS_CALL).await, stage.main.hears(TOOLS_CALL).await];
        stage.main.asks(id, ELICITATION_CREATE, "{}").await;
        let refusal = stage.main.hears_answer().await;
        assert_eq!((refusal.id(), code::of(&refusal)), (Some(Id::from(id)), Some(code::INVALID_REQUEST)));
        for (call, reply) in calls.iter().zip(&mut replies) {
            stage.main.answers(call, "{}").await;
            assert_eq!(next(reply).await.result(), Some("{}"));
        }
    }
    assert!(!stage.share.is_interactive());
}
