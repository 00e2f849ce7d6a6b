//! Calls that run alone on a spare instance.

use async_trait::async_trait;
use mcp_transport::{Closed, ConnectError, GHOST_LIFE, NotSent, Peer, SendError};
use tokio::time::sleep;

use super::*;

#[tokio::test(start_paused = true)]
async fn after_a_collision_calls_of_clients_that_can_be_asked_run_alone() {
    let mut stage = Stage::new().await;
    stage.collide().await;
    let (one, two) = (stage.visitor("1", ABLE), stage.visitor("2", ABLE));
    let mut first = one.call(TOOLS_CALL, r#"{"of":1}"#).await;
    let mut here = stage.spare().await;
    assert_eq!(here.hears(TOOLS_CALL).await.params(), Some(r#"{"of":1}"#));
    let mut second = two.call(TOOLS_CALL, r#"{"of":2}"#).await;
    let mut there = stage.spare().await;
    assert_eq!(there.hears(TOOLS_CALL).await.params(), Some(r#"{"of":2}"#));

    // Both count their questions from the same number.
    here.asks(0, ELICITATION_CREATE, r#"{"of":1}"#).await;
    there.asks(0, ELICITATION_CREATE, r#"{"of":2}"#).await;
    let questions = [next(&mut first).await, next(&mut second).await];
    assert_eq!(questions[0].params(), Some(r#"{"of":1}"#));
    assert_eq!(questions[1].params(), Some(r#"{"of":2}"#));
    two.tell(Message::response(&questions[1].id().unwrap(), r#"{"of":2}"#)).await;
    one.tell(Message::response(&questions[0].id().unwrap(), r#"{"of":1}"#)).await;
    assert_eq!(here.hears_answer().await.result(), Some(r#"{"of":1}"#));
    assert_eq!(there.hears_answer().await.result(), Some(r#"{"of":2}"#));

    // What can ask nothing stays with the shared one.
    let _listed = one.call(TOOLS_LIST, "{}").await;
    stage.main.hears(TOOLS_LIST).await;
    here.hears_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_would_be_alone_on_the_shared_instance_runs_there() {
    let mut stage = Stage::new().await;
    stage.collide().await;
    stage.occupant = None;
    stage.main.hears(CANCELLED).await;
    sleep(GHOST_LIFE * 2).await;
    let (one, mute) = (stage.visitor("1", ABLE), stage.visitor("2", UNABLE));
    let reply = mute.call(TOOLS_CALL, "{}").await;
    let sent = stage.main.hears(TOOLS_CALL).await;
    stage.main.answers(&sent, "{}").await;
    all(reply).await;
    // Its own calls are no strangers to it, and those that others make meanwhile go elsewhere.
    let _calls = [one.call(TOOLS_CALL, "{}").await, one.call(TOOLS_CALL, "{}").await];
    stage.main.hears(TOOLS_CALL).await;
    stage.main.hears(TOOLS_CALL).await;
    let _call = mute.call(TOOLS_CALL, "{}").await;
    stage.spare().await.hears(TOOLS_CALL).await;
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_call_keeps_its_place_for_as_long_as_its_question_may_come() {
    let mut stage = Stage::new().await;
    stage.collide().await;
    stage.occupant = None;
    stage.main.hears(CANCELLED).await;
    let (one, two) = (stage.visitor("1", ABLE), stage.visitor("2", ABLE));
    let _call = one.call(TOOLS_CALL, "{}").await;
    stage.spare().await.hears(TOOLS_CALL).await;
    sleep(GHOST_LIFE * 2).await;
    let _call = two.call(TOOLS_CALL, "{}").await;
    stage.main.hears(TOOLS_CALL).await;
}

#[tokio::test(start_paused = true)]
async fn one_clients_own_calls_on_two_spares_are_asked_apart() {
    let mut stage = Stage::new().await;
    stage.collide().await;
    let one = stage.visitor("1", ABLE);
    let mut replies = [one.call(TOOLS_CALL, "{}").await, one.call(TOOLS_CALL, "{}").await];
    let mut spares = [stage.spare().await, stage.spare().await];
    let mut questions = Vec::new();
    for (n, (spare, reply)) in spares.iter_mut().zip(&mut replies).enumerate() {
        spare.hears(TOOLS_CALL).await;
        spare.asks(0, ELICITATION_CREATE, &n.to_string()).await;
        questions.push(next(reply).await);
    }
    assert_ne!(questions[0].id(), questions[1].id());
    for (n, question) in questions.iter().enumerate().rev() {
        one.tell(Message::response(&question.id().unwrap(), &n.to_string())).await;
    }
    for (n, spare) in spares.iter_mut().enumerate() {
        assert_eq!(spare.hears_answer().await.result(), Some(n.to_string().as_str()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_spare_instance_logs_as_its_client_has_asked() {
    let mut stage = Stage::new().await;
    stage.collide().await;
    let one = at_level_info(&mut stage).await;
    let call = tokio::spawn(async move {
        let reply = one.call(TOOLS_CALL, "{}").await;
        all(reply).await
    });
    let mut spare = stage.spare().await;
    let sent = spare.hears(LOGGING_SET_LEVEL).await;
    assert_eq!(sent.params(), Some(r#"{"level":"info"}"#));
    spare.refuses(&sent).await;
    let sent = spare.hears(TOOLS_CALL).await;
    spare.logs("debug").await;
    spare.logs("info").await;
    spare.answers(&sent, "{}").await;
    let messages = call.await.unwrap();
    assert_eq!(messages.len(), 2, "{messages:?}");
    assert_eq!(messages[0].value(&["params", "level"]), Some("\"info\""));
}

#[tokio::test(start_paused = true)]
async fn a_spare_instance_is_lent_again_unless_its_call_was_given_up() {
    let mut stage = Stage::new().await;
    stage.collide().await;
    let (one, mut spare) = after_a_call_alone(&mut stage).await;

    let reply = one.call(TOOLS_CALL, "{}").await;
    let sent = spare.hears(TOOLS_CALL).await;
    reply.cancel(Some("enough"));
    let cancelled = spare.hears(CANCELLED).await;
    assert_eq!(cancelled.value(&["params", "requestId"]), Some(sent.id().unwrap().as_str()));
    assert_eq!(cancelled.value(&["params", "reason"]), Some("\"enough\""));

    let _reply = one.call(TOOLS_CALL, "{}").await;
    stage.spare().await.hears(TOOLS_CALL).await;
}

#[tokio::test(start_paused = true)]
async fn a_spare_instance_that_asks_outside_of_its_call_is_answered() {
    let mut stage = Stage::new().await;
    stage.collide().await;
    let (_one, mut spare) = after_a_call_alone(&mut stage).await;
    spare.asks(1, ROOTS_LIST, "{}").await;
    assert_eq!(spare.hears_answer().await.result(), Some(EMPTY_ROOTS));
    spare.asks(2, ELICITATION_CREATE, "{}").await;
    assert!(spare.hears_answer().await.is_error());
}

#[tokio::test(start_paused = true)]
async fn a_call_for_which_no_spare_instance_is_free_is_refused_after_a_while() {
    let mut stage = Stage::new().await;
    stage.collide().await;
    let one = stage.visitor("1", ABLE);
    let _held = [one.call(TOOLS_CALL, "{}").await, one.call(TOOLS_CALL, "{}").await];
    let message = Message::request(&Id::from(3), TOOLS_CALL, Some("{}"));
    let refused = one.face.call(Request::new(message, Arc::clone(&one.caller)).unwrap()).await.unwrap_err();
    assert!(refused.to_string().contains("try again later"), "{refused}");
    assert_eq!(refused.message.method(), Some(TOOLS_CALL), "it comes back unharmed");
    drop(stage.spares);
}

#[tokio::test(start_paused = true)]
async fn a_spare_instance_that_does_not_answer_how_it_logs_is_called_all_the_same() {
    let mut stage = Stage::new().await;
    stage.collide().await;
    let one = at_level_info(&mut stage).await;
    let call = tokio::spawn(async move { one.call(TOOLS_CALL, "{}").await });
    let mut spare = stage.spare().await;
    spare.hears(LOGGING_SET_LEVEL).await;
    let cancelled = timeout(2 * A_WHILE, spare.0.next()).await.unwrap().unwrap();
    assert_eq!(cancelled.method(), Some(CANCELLED));
    spare.hears(TOOLS_CALL).await;
    let mut reply = call.await.unwrap();
    spare.asks(0, ELICITATION_CREATE, "{}").await;
    assert_eq!(next(&mut reply).await.method(), Some(ELICITATION_CREATE));
}

#[tokio::test(start_paused = true)]
async fn closing_the_share_ends_the_spare_instances_too() {
    let mut stage = Stage::new().await;
    stage.collide().await;
    let one = stage.visitor("1", ABLE);
    let reply = one.call(TOOLS_CALL, "{}").await;
    let mut spare = stage.spare().await;
    spare.hears(TOOLS_CALL).await;
    let ended = tokio::spawn(reply.response());
    stage.share.close().await;
    assert!(ended.await.unwrap().is_err());
    assert!(spare.0.next().await.is_none() && stage.main.0.next().await.is_none());
    one.face.closed().await;
}

/// A client whose one call has been answered, and the spare instance that did it.
async fn after_a_call_alone(stage: &mut Stage) -> (Visitor, Server) {
    let one = stage.visitor("1", ABLE);
    let reply = one.call(TOOLS_CALL, "{}").await;
    let mut spare = stage.spare().await;
    let sent = spare.hears(TOOLS_CALL).await;
    spare.answers(&sent, "{}").await;
    all(reply).await;
    (one, spare)
}

/// A client that has set its log level on the main instance.
async fn at_level_info(stage: &mut Stage) -> Visitor {
    let one = stage.visitor("1", ABLE);
    let reply = one.set_level("info").await;
    let sent = stage.main.hears(LOGGING_SET_LEVEL).await;
    stage.main.answers(&sent, "{}").await;
    all(reply).await;
    one
}

#[tokio::test(start_paused = true)]
async fn spare_instances_that_are_ended_may_be_followed_by_others() {
    let mut stage = Stage::new().await;
    stage.collide().await;
    let (one, mut idle) = after_a_call_alone(&mut stage).await;
    let call = one.call(TOOLS_CALL, "{}").await;
    idle.hears(TOOLS_CALL).await;
    let second = one.call(TOOLS_CALL, "{}").await;
    let mut lent = stage.spare().await;
    lent.hears(TOOLS_CALL).await;
    stage.share.end_spares().await;
    for mut spare in [idle, lent] {
        assert!(timeout(A_WHILE, spare.0.next()).await.unwrap().is_none(), "lent or not");
    }
    for mut reply in [call, second] {
        assert!(timeout(A_WHILE, reply.next()).await.unwrap().unwrap().is_err(), "its calls are lost");
    }
    let _call = one.call(TOOLS_CALL, "{}").await;
    stage.spare().await.hears(TOOLS_CALL).await;
}

#[tokio::test(start_paused = true)]
async fn a_task_is_begun_where_it_is_asked_for_afterwards() {
    let mut stage = Stage::new().await;
    stage.collide().await;
    let one = stage.visitor("1", ABLE);
    let mut begun = one.call(TOOLS_CALL, r#"{"name":"x","task":{"ttl":1}}"#).await;
    let sent = stage.main.hears(TOOLS_CALL).await;
    stage.main.answers(&sent, r#"{"task":{"taskId":"t"}}"#).await;
    assert_eq!(next(&mut begun).await.result(), Some(r#"{"task":{"taskId":"t"}}"#));
    let mut result = one.call(TASKS_RESULT, r#"{"taskId":"t"}"#).await;
    stage.main.hears(TASKS_RESULT).await;
    let of_task = r#"{"_meta":{"io.modelcontextprotocol/related-task":{"taskId":"t"}}}"#;
    stage.main.asks(4, ELICITATION_CREATE, of_task).await;
    assert_eq!(next(&mut result).await.params(), Some(of_task));
    // Beside the result it is nobody's, whoever else is there.
    stage.main.asks(5, ELICITATION_CREATE, &of_task.replace("\"t\"", "\"u\"")).await;
    let refusal = stage.main.hears_answer().await;
    assert_eq!((refusal.id(), refusal.is_error()), (Some(Id::from(5)), true));
}

/// A server whose every instance has forgotten the session when it is called, and how often that was.
#[derive(Debug, Default)]
struct Forgetful(Arc<AtomicUsize>);

#[async_trait]
impl Transport for Forgetful {
    async fn connect(&self, caller: &Arc<Caller>) -> Result<Arc<dyn Connection>, ConnectError> {
        let inner = Memory::new(|_end| std::future::pending()).connect(caller).await?;
        Ok(Arc::new(Forgotten { inner, calls: Arc::clone(&self.0) }))
    }
}

#[derive(Debug)]
struct Forgotten {
    inner: Arc<dyn Connection>,
    calls: Arc<AtomicUsize>,
}

#[async_trait]
impl Connection for Forgotten {
    fn peer(&self) -> Arc<Peer> {
        self.inner.peer()
    }

    async fn call(&self, request: Request) -> Result<Reply, SendError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        Err(SendError::new(request.into_parts().0, NotSent::Forgotten))
    }

    async fn tell(&self, message: Message, caller: &Arc<Caller>) -> Result<(), SendError> {
        self.inner.tell(message, caller).await
    }

    fn events(&self) -> Option<Events> {
        self.inner.events()
    }

    async fn closed(&self) -> Arc<Closed> {
        self.inner.closed().await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_is_tried_on_so_many_spare_instances_and_no_more() {
    let mut stage = Stage::new().await;
    let calls = Arc::<AtomicUsize>::default();
    let transport: Arc<dyn Transport> = Arc::new(Forgetful(Arc::clone(&calls)));
    let upstream = Arc::clone(&stage.share.supervised);
    let spares = Spares::new(&transport, &Caller::proxy(Revision::LATEST_LEGACY), 2);
    stage.share = Share::new(upstream, spares, A_WHILE, ShareOptions::default(), Arc::default());
    stage.share.runs_alone_from_now_on();
    stage.occupy().await;
    let one = stage.visitor("1", ABLE);
    let message = Message::request(&Id::from(1), TOOLS_CALL, Some(r#"{"of":1}"#));
    let request = Request::new(message, Arc::clone(&one.caller)).unwrap();
    let error = one.face.call(request).await.unwrap_err();
    assert!(matches!(error.reason, NotSent::Forgotten), "{error}");
    assert_eq!(error.message.params(), Some(r#"{"of":1}"#), "it comes back unharmed");
    assert_eq!(calls.load(Ordering::Relaxed), 5);
}
