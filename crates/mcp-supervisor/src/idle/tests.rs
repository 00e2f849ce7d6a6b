use std::sync::atomic::AtomicUsize;

use futures::{StreamExt, future::join_all};
use mcp_jsonrpc::Message;
use mcp_protocol::method;
use mcp_transport::{Connection, Memory};

use super::*;
use crate::{
    State, Supervision,
    scripted::{Door, OPENING, answer_all, answer_none, ask, caller, reaches, request, status, supervised_with},
};

const LIMIT: Duration = Duration::from_secs(20);
/// How late the end of a use and the end of the quiet may be noticed, together.
const SLACK: Duration = Duration::from_secs(2);

fn dozing(door: &Arc<Door>, limit: Duration) -> Arc<Supervised> {
    supervised_with(door, Supervision { idle: Some(limit), ..Supervision::default() })
}

#[test]
fn quiet_begins_with_the_end_of_the_last_use() {
    let start = Instant::now();
    let at = |seconds| start + Duration::from_secs(seconds);
    let activity = Activity::default();
    let mut quiet = Quiet::new(LIMIT, activity.read(), start);
    assert!(!quiet.look(activity.read(), at(19)));
    assert!(quiet.look(activity.read(), at(20)));

    activity.begin();
    activity.begin();
    assert!(!quiet.look(activity.read(), at(30)), "in use");
    activity.end();
    assert!(!quiet.look(activity.read(), at(99)), "one use is left");
    activity.end();
    assert!(!quiet.look(activity.read(), at(100)));
    assert!(!quiet.look(activity.read(), at(119)));
    assert!(quiet.look(activity.read(), at(120)));

    activity.begin();
    activity.end();
    assert!(!quiet.look(activity.read(), at(130)), "a use between two looks");
}

#[test]
fn the_count_of_ends_may_come_round() {
    let activity = Activity(AtomicU64::new(u64::MAX - END + 2));
    assert_eq!(activity.read(), (1, END - 1));
    activity.begin();
    activity.end();
    assert_eq!(activity.read(), (1, 0));
    activity.end();
    assert_eq!(activity.read(), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_not_used_is_stopped_and_the_next_use_starts_it() {
    let door = Door::to(answer_all);
    let supervised = dozing(&door, LIMIT);
    for life in 1..=3 {
        assert_eq!(ask(&supervised, 7).await.unwrap(), life.to_string());
        assert_eq!(status(&supervised).state, State::Running);
        let used = Instant::now();
        let status = reaches(&supervised, State::Stopped).await;
        assert!(LIMIT <= used.elapsed() && used.elapsed() <= LIMIT + SLACK, "{:?}", used.elapsed());
        assert_eq!((status.error, status.restarts, status.by_hand), (None, 0, false));
        assert_eq!(*supervised.generation().borrow(), life);

        sleep(10 * LIMIT).await;
        assert_eq!(door.connects() as u64, life, "nobody needs the next one yet");
    }
    let before = Instant::now();
    let (answer, status) = tokio::join!(ask(&supervised, 7), reaches(&supervised, State::Starting));
    assert_eq!((answer.unwrap().as_str(), before.elapsed()), ("4", OPENING));
    assert_eq!(status.error, None);
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_it_is_never_stopped() {
    let door = Door::to(answer_all);
    let supervised = crate::scripted::supervised(&door);
    supervised.start().await.unwrap();
    sleep(100 * LIMIT).await;
    assert_eq!((status(&supervised).state, door.connects()), (State::Running, 1));
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_use_keeps_it_awake() {
    let door = Door::to(answer_all);
    let supervised = dozing(&door, LIMIT);
    for turn in 0..20 {
        match turn % 3 {
            0 => drop(ask(&supervised, 1).await.unwrap()),
            1 => drop(supervised.start().await.unwrap()),
            _ => {
                let note = Message::notification(method::ROOTS_LIST_CHANGED, None);
                supervised.tell(note, &caller()).await.unwrap();
            }
        }
        sleep(LIMIT.saturating_sub(SLACK)).await;
    }
    assert_eq!(*supervised.generation().borrow(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_has_not_ended_keeps_it_awake() {
    let door = Door::to(|mut end, number| async move {
        let id = end.next().await.and_then(|message| message.id()).unwrap();
        sleep(10 * LIMIT).await;
        end.send(Message::response(&id, &number.to_string())).await;
        answer_none(end, number).await;
    });
    let supervised = dozing(&door, LIMIT);
    let mut reply = supervised.call(request(1)).await.unwrap();
    assert_eq!(reply.next().await.unwrap().unwrap().result(), Some("1"));
    let ended = Instant::now();
    reaches(&supervised, State::Stopped).await;
    assert!(LIMIT <= ended.elapsed() && ended.elapsed() <= LIMIT + SLACK, "an ended reply that is kept is no use");

    let reply = supervised.call(request(1)).await.unwrap();
    sleep(5 * LIMIT).await;
    assert_eq!(status(&supervised).state, State::Running);
    reply.cancel(None);
    let cancelled = Instant::now();
    reaches(&supervised, State::Stopped).await;
    assert!(LIMIT <= cancelled.elapsed() && cancelled.elapsed() <= LIMIT + SLACK);
}

#[tokio::test(start_paused = true)]
async fn a_guard_keeps_it_awake_across_lives() {
    let door = Door::to(answer_all);
    let supervised = dozing(&door, LIMIT);
    let (one, two) = (supervised.stay_awake(), supervised.stay_awake());
    assert_eq!((status(&supervised).state, door.connects()), (State::Stopped, 0), "it starts nothing");
    supervised.start().await.unwrap();
    sleep(10 * LIMIT).await;
    drop(one);
    supervised.restart().await.unwrap();
    sleep(10 * LIMIT).await;
    assert_eq!(status(&supervised).state, State::Running);
    drop(two);
    let dropped = Instant::now();
    reaches(&supervised, State::Stopped).await;
    assert!(LIMIT <= dropped.elapsed() && dropped.elapsed() <= LIMIT + SLACK);
}

#[tokio::test(start_paused = true)]
async fn a_limit_shorter_than_the_looks_holds_as_well() {
    let door = Door::to(answer_all);
    let supervised = dozing(&door, Duration::from_millis(1));
    ask(&supervised, 1).await.unwrap();
    let used = Instant::now();
    reaches(&supervised, State::Stopped).await;
    assert!(used.elapsed() <= Duration::from_millis(25), "{:?}", used.elapsed());
}

#[tokio::test(start_paused = true)]
async fn no_call_is_lost_between_a_stop_and_a_start() {
    let lives = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&lives);
    let server = Memory::new(move |mut end| {
        count.fetch_add(1, Ordering::Relaxed);
        async move {
            for pause in [0, 7, 10, 13].into_iter().cycle() {
                let Some(id) = end.next().await.and_then(|message| message.id()) else { return };
                sleep(Duration::from_millis(pause)).await;
                end.send(Message::response(&id, "{}")).await;
            }
        }
    });
    let settings = Supervision { idle: Some(Duration::ZERO), ..Supervision::default() };
    let supervised = Supervised::with(Arc::new(server), caller(), settings);
    // Clients that pause about as long as it takes to notice that nobody uses the server.
    let clients = (0..2).map(|client| {
        let supervised = Arc::clone(&supervised);
        async move {
            for turn in 0..200 {
                assert_eq!(ask(&supervised, turn).await.unwrap(), "{}");
                sleep(Duration::from_millis(8 + (turn / 3 + client) % 5)).await;
            }
        }
    });
    join_all(clients).await;
    let lives = lives.load(Ordering::Relaxed);
    assert!((20..400).contains(&lives), "{lives}: some calls come in time and some do not");
}
