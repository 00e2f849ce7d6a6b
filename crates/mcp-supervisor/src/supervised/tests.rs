use std::sync::atomic::{AtomicUsize, Ordering};

use futures::{FutureExt, StreamExt, future::join_all};
use mcp_jsonrpc::Id;
use mcp_protocol::{code, method};
use mcp_transport::{Lost, MemoryEnd};
use tokio::time::sleep;

use super::*;
use crate::{
    State,
    scripted::{Door, OPENING, Refusing, answer_all, ask, caller, reaches, request, status, supervised},
};

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
    assert_eq!(status(&supervised).state, State::Starting);
    supervised.start().await.unwrap();
    assert_eq!(status(&supervised).state, State::Running);
    assert_eq!(door.connects(), 1);
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
    reaches(&supervised, State::Restarting).await;
    supervised.start().await.unwrap();
    assert_eq!(seen.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn what_was_not_sent_goes_out_once_more_on_a_fresh_connection() {
    for reason in [NotSent::Forgotten, NotSent::Closed(requested())] {
        let transport = Refusing::new([reason.clone()]);
        let supervised = supervised(&transport);
        assert_eq!(ask(&supervised, 1).await.unwrap(), "{}");
        assert_eq!(transport.connects(), 2);
        assert_eq!(*supervised.generation().borrow(), 2);

        transport.script.lock().unwrap().push_back(reason.clone());
        supervised.tell(Message::notification("x/note", None), &caller()).await.unwrap();
        assert_eq!(transport.connects(), 3);

        transport.script.lock().unwrap().extend([reason.clone(), reason]);
        let refused = supervised.call(request(1)).await.unwrap_err();
        assert!(matches!(refused.reason, NotSent::Forgotten | NotSent::Closed(_)), "{refused}");
        assert_eq!(refused.message.id(), Some(Id::from(1)));
        assert_eq!(transport.connects(), 4, "once more and not for ever");
    }
}

#[tokio::test(start_paused = true)]
async fn other_refusals_are_the_callers_to_judge() {
    let transport = Refusing::new([NotSent::Busy("full"), NotSent::TooLarge { length: 2, limit: 1 }]);
    let supervised = supervised(&transport);
    assert!(matches!(supervised.call(request(1)).await.unwrap_err().reason, NotSent::Busy("full")));
    assert!(matches!(supervised.call(request(1)).await.unwrap_err().reason, NotSent::TooLarge { .. }));
    assert_eq!(transport.connects(), 1);
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

#[tokio::test(start_paused = true)]
async fn the_last_words_of_a_server_are_heard() {
    let supervised = supervised(&Refusing::stillborn());
    let mut events = supervised.events().unwrap();
    supervised.start().await.unwrap_err();
    assert_eq!(events.next().now_or_never().flatten().unwrap().method(), Some("x/last"));
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
            Kind::Request if message.is_method(method::TOOLS_CALL) => end.send(question(r#""7""#)).await,
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
        reaches(&supervised, State::Restarting).await;
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
    assert_eq!(status(&supervised).state, State::Stopped);
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
