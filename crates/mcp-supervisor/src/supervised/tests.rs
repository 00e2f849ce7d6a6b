use std::{
    collections::VecDeque,
    sync::atomic::{AtomicUsize, Ordering},
};

use futures::{StreamExt, future::join_all};
use mcp_jsonrpc::Id;
use mcp_protocol::{Revision, code};
use mcp_transport::{Lost, Memory, MemoryEnd};
use tokio::time::{Instant, sleep};

use super::*;

/// Reaches a server in this process; every connect takes a second, and the first few may fail.
#[derive(Debug)]
struct Door {
    memory: Memory,
    connects: AtomicUsize,
    failures: AtomicUsize,
}

const OPENING: Duration = Duration::from_secs(1);

impl Door {
    fn to<F>(serve: impl Fn(MemoryEnd, usize) -> F + Send + Sync + 'static) -> Arc<Self>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let served = AtomicUsize::new(0);
        let memory = Memory::new(move |end| serve(end, served.fetch_add(1, Ordering::Relaxed) + 1));
        Arc::new(Self { memory, connects: AtomicUsize::new(0), failures: AtomicUsize::new(0) })
    }

    fn connects(&self) -> usize {
        self.connects.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Transport for Door {
    async fn connect(&self, caller: &Arc<Caller>) -> Result<Arc<dyn Connection>, ConnectError> {
        self.connects.fetch_add(1, Ordering::Relaxed);
        sleep(OPENING).await;
        if self.failures.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
            return Err(ConnectError::NotMcp);
        }
        self.memory.connect(caller).await
    }
}

fn supervised(transport: &Arc<impl Transport>) -> Arc<Supervised> {
    Supervised::new(Arc::clone(transport) as Arc<dyn Transport>, caller())
}

fn caller() -> Arc<Caller> {
    Caller::proxy(Revision::LATEST_LEGACY)
}

fn request(id: u64) -> Request {
    Request::new(Message::request(&Id::from(id), method::TOOLS_LIST, None), caller()).unwrap()
}

async fn ask(supervised: &Supervised, id: u64) -> Result<String, SendError> {
    let answer = supervised.call(request(id)).await?.response().await.unwrap();
    assert_eq!(answer.id(), Some(Id::from(id)));
    Ok(answer.result().unwrap().to_owned())
}

/// Answers every request with the number of the instance.
async fn answer_all(mut end: MemoryEnd, number: usize) {
    while let Some(message) = end.next().await {
        if let Some(id) = message.id() {
            end.send(Message::response(&id, &number.to_string())).await;
        }
    }
}

/// Answers one request with the number of the instance and leaves.
async fn answer_one(mut end: MemoryEnd, number: usize) {
    if let Some(id) = end.next().await.and_then(|message| message.id()) {
        end.send(Message::response(&id, &number.to_string())).await;
    }
}

/// Waits until the server is found to have left.
async fn left(supervised: &Supervised) {
    let failed = |state: &State| matches!(state, State::Failed { .. });
    supervised.state().wait_for(failed).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn all_who_wait_share_one_attempt() {
    let door = Door::to(answer_all);
    let supervised = supervised(&door);
    assert_eq!(door.connects(), 0, "nobody needs it yet");
    assert_eq!(*supervised.peer(), Peer::unknown());
    let answers = join_all((1..=20).map(|id| ask(&supervised, id))).await;
    assert!(answers.iter().all(|answer| answer.as_ref().unwrap() == "1"));
    assert_eq!(door.connects(), 1);
    assert_eq!(*supervised.generation().borrow(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_outlives_whoever_began_it() {
    let door = Door::to(answer_all);
    let supervised = supervised(&door);
    assert!(tokio::time::timeout(OPENING / 2, supervised.start()).await.is_err());
    assert_eq!(*supervised.state().borrow(), State::Starting);
    supervised.start().await.unwrap();
    assert_eq!(*supervised.state().borrow(), State::Running);
    assert_eq!(door.connects(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_left_is_started_by_the_next_call() {
    let door = Door::to(answer_one);
    let supervised = supervised(&door);
    let mut generation = supervised.generation();
    for life in 1..=3 {
        assert_eq!(ask(&supervised, 7).await.unwrap(), life.to_string());
        left(&supervised).await;
        assert_eq!(*generation.borrow_and_update(), life);
        assert_eq!(door.connects() as u64, life, "nobody needs the next one yet");
    }
    let State::Failed { reason, .. } = supervised.state().borrow().clone() else { panic!() };
    assert!(reason.ends_with("the server has closed the connection"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn after_a_good_life_the_next_begins_at_once_and_after_a_short_one_it_waits() {
    let door = Door::to(|end, number| async move {
        sleep(Duration::from_secs(if number == 1 { 60 } else { 59 })).await;
        drop(end);
    });
    let supervised = supervised(&door);
    supervised.start().await.unwrap();
    left(&supervised).await;

    let before = Instant::now();
    supervised.start().await.unwrap();
    assert_eq!(before.elapsed(), OPENING);
    left(&supervised).await;

    let before = Instant::now();
    supervised.start().await.unwrap();
    let waited = before.elapsed().saturating_sub(OPENING);
    assert!(Duration::from_millis(500) <= waited && waited <= Duration::from_millis(1001), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn failures_in_a_row_wait_longer_and_a_long_wait_is_refused_at_once() {
    let door = Door::to(answer_all);
    door.failures.store(6, Ordering::Relaxed);
    let wait = Supervision { backoff_wait: Duration::from_secs(16), ..Supervision::default() };
    let supervised = Supervised::with(Arc::clone(&door) as Arc<dyn Transport>, caller(), wait);
    for whole in [0, 1, 2, 4, 8, 16].map(Duration::from_secs) {
        let before = Instant::now();
        assert!(matches!(*supervised.start().await.unwrap_err(), ConnectError::NotMcp));
        let waited = before.elapsed().saturating_sub(OPENING);
        // The clock of the timers ticks in milliseconds.
        assert!(whole / 2 <= waited && waited <= whole + Duration::from_millis(1), "{waited:?} of {whole:?}");
    }
    sleep(Duration::from_secs(30).saturating_sub(wait.backoff_wait)).await;
    assert_eq!(ask(&supervised, 1).await.unwrap(), "1", "the seventh attempt is within reach now");

    door.failures.store(1, Ordering::Relaxed);
    let patient = Supervision { backoff_wait: Duration::ZERO, ..wait };
    let supervised = Supervised::with(Arc::clone(&door) as Arc<dyn Transport>, caller(), patient);
    supervised.start().await.unwrap_err();
    let (before, connects) = (Instant::now(), door.connects());
    let refused = supervised.call(request(1)).await.unwrap_err();
    assert!(matches!(refused.reason, NotSent::Connect(error) if matches!(*error, ConnectError::NotMcp)));
    assert_eq!(refused.message.id(), Some(Id::from(1)), "the message comes back");
    assert_eq!((before.elapsed(), door.connects()), (Duration::ZERO, connects));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_sent_is_lost_and_not_sent_again() {
    let seen = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&seen);
    let door = Door::to(move |mut end, _| {
        let seen = Arc::clone(&counter);
        async move {
            while end.next().await.is_some() {
                if seen.fetch_add(1, Ordering::Relaxed) == 0 {
                    return;
                }
            }
        }
    });
    let supervised = supervised(&door);
    let lost = supervised.call(request(1)).await.unwrap().response().await.unwrap_err();
    assert!(matches!(lost, Lost::Exited(_)), "{lost}");
    left(&supervised).await;
    supervised.start().await.unwrap();
    assert_eq!(seen.load(Ordering::Relaxed), 1);
}

/// Connections that refuse messages for the scripted reasons, then answer.
#[derive(Debug)]
struct Refusing {
    script: Arc<Mutex<VecDeque<NotSent>>>,
    connects: AtomicUsize,
}

#[derive(Debug)]
struct Refuser(Arc<Mutex<VecDeque<NotSent>>>);

#[async_trait]
impl Transport for Refusing {
    async fn connect(&self, _: &Arc<Caller>) -> Result<Arc<dyn Connection>, ConnectError> {
        self.connects.fetch_add(1, Ordering::Relaxed);
        Ok(Arc::new(Refuser(Arc::clone(&self.script))))
    }
}

#[async_trait]
impl Connection for Refuser {
    fn peer(&self) -> Arc<Peer> {
        Arc::new(Peer::unknown())
    }

    async fn call(&self, request: Request) -> Result<Reply, SendError> {
        let message = request.into_parts().0;
        match self.0.lock().unwrap().pop_front() {
            Some(reason) => Err(SendError::new(message, reason)),
            None => Ok(Reply::ready(Message::response(&message.id().unwrap(), "{}"))),
        }
    }

    async fn tell(&self, message: Message, _: &Arc<Caller>) -> Result<(), SendError> {
        match self.0.lock().unwrap().pop_front() {
            Some(reason) => Err(SendError::new(message, reason)),
            None => Ok(()),
        }
    }

    fn events(&self) -> Option<Events> {
        None
    }

    async fn closed(&self) -> Arc<Closed> {
        std::future::pending().await
    }

    async fn close(&self) {}
}

fn refusing(script: impl IntoIterator<Item = NotSent>) -> Arc<Refusing> {
    Arc::new(Refusing { script: Arc::new(Mutex::new(script.into_iter().collect())), connects: AtomicUsize::new(0) })
}

#[tokio::test(start_paused = true)]
async fn what_was_not_sent_goes_out_once_more_on_a_fresh_connection() {
    for reason in [NotSent::Forgotten, NotSent::Closed(requested())] {
        let transport = refusing([reason.clone()]);
        let supervised = supervised(&transport);
        assert_eq!(ask(&supervised, 1).await.unwrap(), "{}");
        assert_eq!(transport.connects.load(Ordering::Relaxed), 2);
        assert_eq!(*supervised.generation().borrow(), 2);

        transport.script.lock().unwrap().push_back(reason.clone());
        supervised.tell(Message::notification("x/note", None), &caller()).await.unwrap();
        assert_eq!(transport.connects.load(Ordering::Relaxed), 3);

        transport.script.lock().unwrap().extend([reason.clone(), reason]);
        let refused = supervised.call(request(1)).await.unwrap_err();
        assert!(matches!(refused.reason, NotSent::Forgotten | NotSent::Closed(_)), "{refused}");
        assert_eq!(refused.message.id(), Some(Id::from(1)));
        assert_eq!(transport.connects.load(Ordering::Relaxed), 4, "once more and not for ever");
    }
}

#[tokio::test(start_paused = true)]
async fn other_refusals_are_the_callers_to_judge() {
    let transport = refusing([NotSent::Busy("full"), NotSent::TooLarge { length: 2, limit: 1 }]);
    let supervised = supervised(&transport);
    assert!(matches!(supervised.call(request(1)).await.unwrap_err().reason, NotSent::Busy("full")));
    assert!(matches!(supervised.call(request(1)).await.unwrap_err().reason, NotSent::TooLarge { .. }));
    assert_eq!(transport.connects.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn events_go_on_across_a_swap_and_end_with_the_close() {
    let door = Door::to(|mut end, number| async move {
        end.send(Message::notification("x/hello", Some(&format!("[{number}]")))).await;
        end.next().await;
    });
    let supervised = supervised(&door);
    let mut events = supervised.events().unwrap();
    assert!(supervised.events().is_none(), "only the first taker gets them");
    for life in 1..=2 {
        supervised.start().await.unwrap();
        assert_eq!(events.next().await.unwrap().params(), Some(&*format!("[{life}]")));
        // The server leaves on it.
        supervised.call(request(1)).await.unwrap().response().await.unwrap_err();
    }
    supervised.close().await;
    assert!(events.next().await.is_none());
}

/// Asks under id 7 (as an event, then during a call), reports the answers it gets, and leaves when the call is answered.
async fn curious(mut end: MemoryEnd, answers: tokio::sync::mpsc::Sender<String>, number: usize) {
    let question = |text: &str| Message::request(&Id::parse(text).unwrap(), method::ROOTS_LIST, None);
    end.send(question("7")).await;
    while let Some(message) = end.next().await {
        match message.kind() {
            Kind::Response => {
                let heard = format!("{number}: {} {}", message.id().unwrap(), message.result().unwrap());
                answers.send(heard).await.unwrap();
            }
            Kind::Request if message.method() == Some(method::TOOLS_CALL) => end.send(question(r#""7""#)).await,
            Kind::Request => return,
            Kind::Notification => {}
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_reaches_only_the_instance_that_asked() {
    let (answers, mut heard) = tokio::sync::mpsc::channel(8);
    let door = Door::to(move |end, number| curious(end, answers.clone(), number));
    let supervised = supervised(&door);
    let mut events = supervised.events().unwrap();
    let mut stale = Vec::new();
    for life in 1..=2 {
        supervised.start().await.unwrap();
        let asked = events.next().await.unwrap();
        let call = Message::request(&Id::from(1), method::TOOLS_CALL, None);
        let mut reply = supervised.call(Request::new(call, caller()).unwrap()).await.unwrap();
        let during = reply.next().await.unwrap().unwrap();
        assert_eq!(during.method(), Some(method::ROOTS_LIST));

        for id in std::mem::take(&mut stale) {
            supervised.tell(Message::response(&id, r#""late""#), &caller()).await.unwrap();
        }
        for question in [asked, during] {
            let id = question.id().unwrap();
            supervised.tell(Message::response(&id, r#""now""#), &caller()).await.unwrap();
            stale.push(id);
        }
        assert_eq!(heard.recv().await.unwrap(), format!("{life}: 7 \"now\""));
        assert_eq!(heard.recv().await.unwrap(), format!("{life}: \"7\" \"now\""));
        supervised.call(request(2)).await.unwrap().response().await.unwrap_err();
        left(&supervised).await;
        // With no instance there, an answer starts none.
        supervised.tell(Message::response(&stale[0], r#""late""#), &caller()).await.unwrap();
        assert_eq!(door.connects() as u64, life);
    }
    drop((supervised, door));
    assert_eq!(heard.recv().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_nobody_will_read_is_answered_here() {
    let (answers, mut heard) = tokio::sync::mpsc::channel(8);
    let door = Door::to(move |mut end, _| {
        let answers = answers.clone();
        async move {
            end.send(Message::request(&Id::from(7), method::ROOTS_LIST, None)).await;
            while let Some(message) = end.next().await {
                answers.send(message).await.unwrap();
            }
        }
    });
    let supervised = supervised(&door);
    drop(supervised.events());
    supervised.start().await.unwrap();
    let answer = heard.recv().await.unwrap();
    assert_eq!((answer.id(), code::of(&answer)), (Some(Id::from(7)), Some(code::INTERNAL_ERROR)));
}

#[tokio::test(start_paused = true)]
async fn a_notification_starts_the_server_unless_it_is_about_an_earlier_one() {
    let door = Door::to(answer_all);
    let supervised = supervised(&door);
    for moot in [method::CANCELLED, method::PROGRESS] {
        supervised.tell(Message::notification(moot, None), &caller()).await.unwrap();
    }
    assert_eq!(door.connects(), 0);
    supervised.tell(Message::notification(method::ROOTS_LIST_CHANGED, None), &caller()).await.unwrap();
    assert_eq!(door.connects(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_close_ends_the_server_and_refuses_what_follows() {
    let (gone, heard) = tokio::sync::mpsc::channel::<()>(1);
    let door = Door::to(move |mut end, _| {
        let alive = gone.clone();
        async move {
            while end.next().await.is_some() {}
            drop(alive);
        }
    });
    let supervised = supervised(&door);
    let reply = supervised.call(request(1)).await.unwrap();
    let watcher = Arc::clone(&supervised);
    let closed = tokio::spawn(async move { watcher.closed().await });
    supervised.close().await;
    assert!(matches!(reply.response().await.unwrap_err(), Lost::Exited(_)));
    assert_eq!(closed.await.unwrap(), requested());
    assert_eq!(*supervised.state().borrow(), State::Stopped);
    assert!(matches!(supervised.call(request(2)).await.unwrap_err().reason, NotSent::Closed(_)));
    assert!(matches!(*supervised.start().await.unwrap_err(), ConnectError::Ended(_)));
    assert_eq!(door.connects(), 1);
    assert_eq!(heard.sender_strong_count(), 1, "the server is gone; what is left is the function that serves");
}

#[tokio::test(start_paused = true)]
async fn a_close_during_an_attempt_ends_it_for_all_who_wait() {
    let door = Door::to(answer_all);
    let supervised = supervised(&door);
    let (refused, ()) = tokio::join!(supervised.call(request(1)), async {
        sleep(OPENING / 2).await;
        supervised.close().await;
    });
    assert!(matches!(refused.unwrap_err().reason, NotSent::Closed(_)));
}

/// A transport with a bug.
#[derive(Debug)]
struct Panicking;

#[async_trait]
impl Transport for Panicking {
    async fn connect(&self, _: &Arc<Caller>) -> Result<Arc<dyn Connection>, ConnectError> {
        panic!("a bug in a transport");
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_panics_is_one_that_failed() {
    let supervised = supervised(&Arc::new(Panicking));
    for _ in 0..2 {
        assert!(matches!(*supervised.start().await.unwrap_err(), ConnectError::Other(_)));
    }
}
