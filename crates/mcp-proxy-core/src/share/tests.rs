use std::time::Duration;

use futures::StreamExt;
use mcp_jsonrpc::{Id, Kind};
use mcp_protocol::{
    EMPTY_ROOTS, Revision, code,
    method::{
        CANCELLED, ELICITATION_COMPLETE, ELICITATION_CREATE, LOGGING_SET_LEVEL, MESSAGE, PROGRESS, RESOURCES_SUBSCRIBE,
        RESOURCES_UNSUBSCRIBE, RESOURCES_UPDATED, ROOTS_LIST, ROOTS_LIST_CHANGED, TOOLS_CALL, TOOLS_LIST,
        TOOLS_LIST_CHANGED,
    },
};
use mcp_transport::{Client, Events, Memory, MemoryEnd, Principal, Reply, Request, Transport};
use tokio::{sync::mpsc, time::timeout};

use super::*;

/// Time is paused, so this passes at once when nothing else is left to do.
const A_WHILE: Duration = Duration::from_secs(1);
const ABLE: &str = r#"{"roots":{},"sampling":{},"elicitation":{}}"#;
const UNABLE: &str = "{}";

/// A shared server whose every word is said by the test.
struct Stage {
    share: Arc<Share>,
    main: Server,
    spares: mpsc::Receiver<MemoryEnd>,
}

/// One instance of the server.
struct Server(MemoryEnd);

/// A client of the shared server.
struct Visitor {
    face: Arc<Face>,
    caller: Arc<Caller>,
}

impl Stage {
    async fn new() -> Self {
        let (ends, mut spares) = mpsc::channel(8);
        let memory = Memory::new(move |end| {
            let ends = ends.clone();
            async move {
                ends.send(end).await.unwrap();
                std::future::pending::<()>().await;
            }
        });
        let (transport, proxy): (Arc<dyn Transport>, _) = (Arc::new(memory), Caller::proxy(Revision::LATEST_LEGACY));
        let upstream = Supervised::new(Arc::clone(&transport), Arc::clone(&proxy));
        upstream.start().await.unwrap();
        let main = Server(spares.recv().await.unwrap());
        let share = Share::new(upstream, Leases::new(transport, proxy, 2), A_WHILE);
        Self { share, main, spares }
    }

    fn visitor(&self, name: &str, capabilities: &str) -> Visitor {
        let client = Client { info: r#"{"name":"c","version":"1"}"#.into(), capabilities: capabilities.into() };
        let caller = Caller::new(Principal::Anonymous, Revision::LATEST_LEGACY);
        let caller = Arc::new(Caller { session: Some(name.into()), client: Some(Arc::new(client)), ..caller });
        Visitor { face: self.share.face(&caller), caller }
    }

    async fn spare(&mut self) -> Server {
        Server(timeout(A_WHILE, self.spares.recv()).await.expect("a spare instance is started").unwrap())
    }

    /// Lets the server ask while calls of two clients are under way.
    async fn collide(&mut self) {
        let (one, two) = (self.visitor("x", ABLE), self.visitor("y", ABLE));
        let (first, second) = (one.call(TOOLS_CALL, "{}").await, two.call(TOOLS_CALL, "{}").await);
        let calls = [self.main.hears(TOOLS_CALL).await, self.main.hears(TOOLS_CALL).await];
        self.main.asks(0, ELICITATION_CREATE, "{}").await;
        let refusal = self.main.hears_answer().await;
        assert_eq!((refusal.id(), refusal.is_error()), (Some(Id::from(0)), true));
        for call in &calls {
            self.main.answers(call, "{}").await;
        }
        for reply in [first, second] {
            assert_eq!(all(reply).await.len(), 1, "neither client was asked");
        }
        assert!(self.share.is_interactive());
    }
}

impl Server {
    async fn next(&mut self) -> Message {
        timeout(A_WHILE, self.0.next()).await.expect("the server hears something").expect("it is connected")
    }

    async fn hears(&mut self, method: &str) -> Message {
        let message = self.next().await;
        assert_eq!(message.method(), Some(method), "{message:?}");
        message
    }

    async fn hears_answer(&mut self) -> Message {
        let message = self.next().await;
        assert_eq!(message.kind(), Kind::Response, "{message:?}");
        message
    }

    async fn hears_nothing(&mut self) {
        if let Ok(heard) = timeout(A_WHILE, self.0.next()).await {
            panic!("the server hears {heard:?}");
        }
    }

    async fn says(&self, method: &str, params: &str) {
        self.0.send(Message::notification(method, Some(params))).await;
    }

    async fn asks(&self, id: u64, method: &str, params: &str) {
        self.0.send(Message::request(&Id::from(id), method, Some(params))).await;
    }

    async fn answers(&self, call: &Message, result: &str) {
        self.0.send(Message::response(&call.id().unwrap(), result)).await;
    }

    async fn refuses(&self, call: &Message) {
        self.0.send(Message::error_response(call.id().as_ref(), code::INVALID_PARAMS, "no", None)).await;
    }

    async fn logs(&self, level: &str) {
        self.says(MESSAGE, &format!(r#"{{"level":"{level}","data":"x"}}"#)).await;
    }
}

impl Visitor {
    async fn call(&self, method: &str, params: &str) -> Reply {
        let message = Message::request(&Id::from(1), method, Some(params));
        self.face.call(Request::new(message, Arc::clone(&self.caller)).unwrap()).await.unwrap()
    }

    async fn tell(&self, message: Message) {
        self.face.tell(message, &self.caller).await.unwrap();
    }

    async fn subscribe(&self, uri: &str) -> Reply {
        self.call(RESOURCES_SUBSCRIBE, &uri_params(uri)).await
    }

    async fn set_level(&self, level: &str) -> Reply {
        self.call(LOGGING_SET_LEVEL, &format!(r#"{{"level":"{level}"}}"#)).await
    }

    fn events(&self) -> Events {
        self.face.events().unwrap()
    }
}

fn uri_params(uri: &str) -> String {
    format!(r#"{{"uri":"{uri}"}}"#)
}

/// The next message of a call.
async fn next(reply: &mut Reply) -> Message {
    timeout(A_WHILE, reply.next()).await.expect("something comes back").unwrap().unwrap()
}

/// All that comes back for a call.
async fn all(reply: Reply) -> Vec<Message> {
    timeout(A_WHILE, reply.map(Result::unwrap).collect()).await.expect("the call ends")
}

/// The events that have come by now.
async fn heard(events: &mut Events) -> Vec<String> {
    let mut heard = Vec::new();
    while let Ok(Some(event)) = timeout(A_WHILE, events.next()).await {
        heard.push(format!("{} {}", event.method().unwrap(), event.params().unwrap_or_default()));
    }
    heard
}

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
    assert!(!stage.share.is_interactive());
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
async fn after_a_collision_calls_of_clients_that_can_be_asked_run_alone() {
    let mut stage = Stage::new().await;
    stage.collide().await;
    let (one, two, mute) = (stage.visitor("1", ABLE), stage.visitor("2", ABLE), stage.visitor("3", UNABLE));
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

    // Others stay with the shared one, and so does what can ask nothing.
    let _listed = one.call(TOOLS_LIST, "{}").await;
    stage.main.hears(TOOLS_LIST).await;
    let _called = mute.call(TOOLS_CALL, "{}").await;
    stage.main.hears(TOOLS_CALL).await;
    here.hears_nothing().await;
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
    let one = stage.visitor("1", ABLE);
    let reply = one.set_level("info").await;
    let sent = stage.main.hears(LOGGING_SET_LEVEL).await;
    stage.main.answers(&sent, "{}").await;
    all(reply).await;
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
    let one = stage.visitor("1", ABLE);
    let reply = one.call(TOOLS_CALL, "{}").await;
    let mut spare = stage.spare().await;
    let sent = spare.hears(TOOLS_CALL).await;
    spare.answers(&sent, "{}").await;
    all(reply).await;

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
    let one = stage.visitor("1", ABLE);
    let reply = one.call(TOOLS_CALL, "{}").await;
    let mut spare = stage.spare().await;
    let sent = spare.hears(TOOLS_CALL).await;
    spare.answers(&sent, "{}").await;
    all(reply).await;
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
async fn a_spare_instance_that_does_not_answer_how_it_logs_is_called_all_the_same() {
    let mut stage = Stage::new().await;
    stage.collide().await;
    let one = stage.visitor("1", ABLE);
    let reply = one.set_level("info").await;
    let sent = stage.main.hears(LOGGING_SET_LEVEL).await;
    stage.main.answers(&sent, "{}").await;
    all(reply).await;
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

    let Stage { share, main, mut spares } = stage;
    drop(main);
    tokio::time::sleep(A_WHILE).await;
    let call = two.call(TOOLS_CALL, "{}").await;
    let main = Server(timeout(A_WHILE, spares.recv()).await.expect("it is started again").unwrap());
    let mut stage = Stage { share, main, spares };
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
