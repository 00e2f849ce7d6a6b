use std::{sync::Weak, time::Duration};

use mcp_jsonrpc::Message;
use mcp_transport::NotSent;
use tokio::time::sleep;

use super::*;
use crate::{
    State, Supervision,
    scripted::{
        CLOSING, Door, OPENING, Refusing, answer_all, answer_one, ask, lasting, passing, reaches, request,
        restarts_are, status, supervised, supervised_with,
    },
};

const MINUTE: Duration = Duration::from_mins(1);
/// The clock of the timers ticks in milliseconds.
const TICK: Duration = Duration::from_millis(1);

/// A server whose life number `n` lasts for `lives(n)`.
fn mortal(lives: impl Fn(usize) -> Duration + Send + Sync + 'static) -> Arc<Door> {
    let lives = Arc::new(lives);
    Door::to(move |end, number| {
        let lives = Arc::clone(&lives);
        async move {
            tokio::select! {
                () = sleep(lives(number)) => {}
                () = answer_all(end, number) => {}
            }
        }
    })
}

#[tokio::test(start_paused = true)]
async fn a_server_that_left_is_started_again_without_anybody_asking() {
    let door = Door::to(answer_one);
    let supervised = supervised(&door);
    assert_eq!(ask(&supervised, 7).await.unwrap(), "1");
    let status = reaches(&supervised, State::Restarting).await;
    assert_eq!(&*status.error.unwrap().reason, "the server has closed the connection");
    assert_eq!(status.restarts, 1);
    let status = reaches(&supervised, State::Running).await;
    assert_eq!((status.error, status.restarts), (None, 1));
    assert_eq!((door.connects(), *supervised.generation().borrow()), (2, 2));
    assert_eq!(ask(&supervised, 7).await.unwrap(), "2");
}

#[tokio::test(start_paused = true)]
async fn restarts_wait_longer_each_time_until_the_server_is_given_up() {
    for (max_restarts, waits) in [(3, vec![1, 2, 4]), (7, vec![1, 2, 4, 8, 16, 30, 30]), (0, vec![])] {
        let door = Door::to(answer_all);
        door.fail((0..=max_restarts).map(|_| passing()));
        let supervised = supervised_with(&door, Supervision { max_restarts, ..Supervision::default() });
        assert!(matches!(*supervised.start().await.unwrap_err(), ConnectError::Other(_)));
        for (restart, whole) in (1..).zip(waits.into_iter().map(Duration::from_secs)) {
            restarts_are(&supervised, restart).await;
            let failed = Instant::now();
            assert_eq!(status(&supervised).state, State::Restarting);
            supervised
                .state()
                .wait_for(|status| status.restarts > restart || status.state == State::Error)
                .await
                .unwrap();
            let waited = failed.elapsed().saturating_sub(OPENING);
            assert!(whole / 2 <= waited && waited <= whole + TICK, "{waited:?} of {whole:?}");
        }
        let given_up = status(&supervised);
        assert_eq!((given_up.state, given_up.restarts), (State::Error, max_restarts));
        assert_eq!(&*given_up.error.unwrap().reason, "the server could not be reached: the door is stuck");
        sleep(60 * MINUTE).await;
        assert_eq!(door.connects(), 1 + max_restarts as usize, "nobody has asked");
    }
}

#[tokio::test(start_paused = true)]
async fn servers_that_leave_soon_are_given_up_like_those_that_fail() {
    let door = mortal(|_| MINUTE.saturating_sub(OPENING));
    let supervised = supervised(&door);
    supervised.start().await.unwrap();
    let given_up = reaches(&supervised, State::Error).await;
    assert_eq!((door.connects(), given_up.restarts), (4, 3));
    assert_eq!(&*given_up.error.unwrap().reason, "the server has closed the connection");
}

#[tokio::test(start_paused = true)]
async fn a_healthy_minute_ends_the_row_and_shows() {
    let door = mortal(|number| if number == 1 { OPENING } else { 100 * MINUTE });
    let supervised = supervised(&door);
    supervised.start().await.unwrap();
    reaches(&supervised, State::Restarting).await;
    reaches(&supervised, State::Running).await;
    let up = Instant::now();
    assert_eq!(status(&supervised).restarts, 1);
    restarts_are(&supervised, 0).await;
    assert!(MINUTE <= up.elapsed() && up.elapsed() <= MINUTE + TICK, "{:?}", up.elapsed());
    assert_eq!(status(&supervised).state, State::Running);
}

#[tokio::test(start_paused = true)]
async fn after_a_healthy_life_the_next_begins_at_once_and_after_a_short_one_it_waits() {
    let door = mortal(|number| match number {
        1 => MINUTE,
        2 => MINUTE.saturating_sub(OPENING),
        _ => 100 * MINUTE,
    });
    let supervised = supervised(&door);
    supervised.start().await.unwrap();
    for (restart, least, most) in [(1, 0, 0), (2, 500, 1000)] {
        reaches(&supervised, State::Restarting).await;
        let ended = Instant::now();
        assert_eq!(status(&supervised).restarts, restart);
        reaches(&supervised, State::Running).await;
        let waited = ended.elapsed().saturating_sub(OPENING);
        let (least, most) = (Duration::from_millis(least), Duration::from_millis(most) + TICK);
        assert!(least <= waited && waited <= most, "{waited:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_will_not_pass_gives_the_server_up_at_once() {
    let door = Door::to(answer_one);
    door.fail([lasting()]);
    let supervised = supervised(&door);
    assert!(matches!(*supervised.start().await.unwrap_err(), ConnectError::NotMcp));
    assert_eq!((status(&supervised).state, status(&supervised).restarts), (State::Error, 0));
    sleep(MINUTE).await;
    assert_eq!(door.connects(), 1, "nobody has asked");

    assert_eq!(ask(&supervised, 1).await.unwrap(), "1");
    door.fail([lasting()]);
    reaches(&supervised, State::Restarting).await;
    let given_up = reaches(&supervised, State::Error).await;
    assert_eq!((door.connects(), given_up.restarts), (3, 1), "an attempt nobody asked for is no different");
}

#[tokio::test(start_paused = true)]
async fn without_automatic_restarts_every_end_is_the_last() {
    let settings = Supervision { auto_restart: false, ..Supervision::default() };
    let door = mortal(|_| 2 * MINUTE);
    let supervised = supervised_with(&door, settings);
    supervised.start().await.unwrap();
    let given_up = reaches(&supervised, State::Error).await;
    assert_eq!((door.connects(), given_up.restarts), (1, 0));

    let door = Door::to(answer_all);
    door.fail([passing()]);
    let supervised = supervised_with(&door, settings);
    supervised.start().await.unwrap_err();
    assert_eq!(status(&supervised).state, State::Error);
}

#[tokio::test(start_paused = true)]
async fn a_close_ends_a_wait_for_a_turn_and_leaves_no_task() {
    let door = Door::to(answer_one);
    let supervised = supervised(&door);
    ask(&supervised, 1).await.unwrap();
    reaches(&supervised, State::Restarting).await;
    let (before, shared) = (Instant::now(), Arc::downgrade(&supervised.shared));
    let (waiting, ()) = tokio::join!(supervised.start(), supervised.close());
    assert!(matches!(*waiting.unwrap_err(), ConnectError::Ended(_)));
    assert_eq!((before.elapsed(), status(&supervised).state), (Duration::ZERO, State::Stopped));
    drop(supervised);
    assert_eq!(Weak::strong_count(&shared), 0, "no task holds it");
    sleep(MINUTE).await;
    assert_eq!(door.connects(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_close_waits_for_all_lives_to_be_cleaned_up() {
    let transport = Refusing::new([NotSent::Forgotten]);
    let supervised = supervised(&transport);
    assert_eq!(ask(&supervised, 1).await.unwrap(), "{}");
    let before = Instant::now();
    supervised.close().await;
    assert_eq!((before.elapsed(), transport.closed()), (CLOSING, 2));
    assert_eq!(Arc::strong_count(&supervised.shared), 1, "no task holds it");
}

#[tokio::test(start_paused = true)]
async fn dropping_it_ends_a_wait_for_a_turn() {
    let door = Door::to(answer_one);
    let supervised = supervised(&door);
    ask(&supervised, 1).await.unwrap();
    reaches(&supervised, State::Restarting).await;
    let shared = Arc::downgrade(&supervised.shared);
    drop(supervised);
    sleep(TICK).await;
    assert_eq!(Weak::strong_count(&shared), 0, "no task holds it");
    sleep(MINUTE).await;
    assert_eq!(door.connects(), 1);
}

#[tokio::test(start_paused = true)]
async fn events_and_generations_go_on_across_restarts() {
    use futures::StreamExt;
    let door = Door::to(|mut end, number| async move {
        end.send(Message::notification("x/hello", Some(&format!("[{number}]")))).await;
        end.next().await;
    });
    let supervised = supervised(&door);
    let (mut events, mut generation) = (supervised.events().unwrap(), supervised.generation());
    supervised.start().await.unwrap();
    let mut before = 0;
    for life in 1..=3 {
        generation.wait_for(|generation| before < *generation).await.unwrap();
        before = *generation.borrow_and_update();
        assert_eq!(events.next().await.unwrap().params(), Some(&*format!("[{life}]")));
        // The server leaves on it.
        supervised.call(request(1)).await.unwrap().response().await.unwrap_err();
        // One attempt in between that fails.
        door.fail((life == 1).then(passing));
    }
    assert_eq!((before, door.connects()), (4, 4));
}
