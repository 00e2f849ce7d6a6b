use std::time::Duration;

use futures::FutureExt;
use mcp_transport::{Connection, Lost, NotSent};
use tokio::time::sleep;

use super::*;
use crate::{
    State, Status,
    scripted::{
        CLOSING, Door, OPENING, Refusing, answer_all, answer_none, answer_one, ask, lasting, passing, reaches, request,
        restarts_are, status, supervised,
    },
};

const HALTED: Status = Status { state: State::Stopped, error: None, restarts: 0, by_hand: true };

fn is_stopped_by_hand(error: &ConnectError) -> bool {
    matches!(error, ConnectError::Other(why) if why.is::<StoppedByHand>())
}

#[tokio::test(start_paused = true)]
async fn a_stopped_server_refuses_uses_until_it_is_started_by_hand() {
    let door = Door::to(answer_all);
    let supervised = supervised(&door);
    assert_eq!(ask(&supervised, 1).await.unwrap(), "1");
    supervised.stop().await;
    assert_eq!(status(&supervised), HALTED);

    let refused = supervised.call(request(2)).await.unwrap_err();
    assert!(matches!(refused.reason, NotSent::Connect(why) if is_stopped_by_hand(&why)));
    assert!(is_stopped_by_hand(&supervised.start().await.unwrap_err()), "a use does not lift it");
    sleep(Duration::from_hours(1)).await;
    assert_eq!((status(&supervised), door.connects()), (HALTED, 1));

    let (peer, state) = tokio::join!(supervised.start_by_hand(), reaches(&supervised, State::Starting));
    assert!(peer.is_ok() && !state.by_hand);
    assert_eq!(ask(&supervised, 3).await.unwrap(), "2");
    assert_eq!(*supervised.generation().borrow(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_restart_lifts_a_stop() {
    let door = Door::to(answer_all);
    let supervised = supervised(&door);
    supervised.stop().await;
    supervised.restart().await.unwrap();
    assert_eq!(ask(&supervised, 1).await.unwrap(), "1");
}

#[tokio::test(start_paused = true)]
async fn a_restart_ends_the_server_and_its_calls_and_starts_it_at_once() {
    let door = Door::to(answer_none);
    let supervised = supervised(&door);
    let lost = supervised.call(request(1)).await.unwrap();
    let before = Instant::now();
    let (peer, starting) = tokio::join!(supervised.restart(), reaches(&supervised, State::Starting));
    peer.unwrap();
    assert_eq!(before.elapsed(), OPENING);
    assert_eq!(starting.error, None, "that was no failure");
    assert!(matches!(lost.response().await, Err(Lost::Exited(_))));
    assert_eq!((door.connects(), *supervised.generation().borrow()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_restart_cuts_a_wait_short_for_all_who_wait() {
    let door = Door::to(answer_all);
    door.fail([passing(), passing(), passing()]);
    let supervised = supervised(&door);
    supervised.start().await.unwrap_err();
    restarts_are(&supervised, 3).await;
    let before = Instant::now();
    let (waiting, restarted) = tokio::join!(ask(&supervised, 1), supervised.restart());
    restarted.unwrap();
    assert_eq!((waiting.unwrap().as_str(), before.elapsed()), ("1", OPENING));
    assert_eq!(status(&supervised), Status { state: State::Running, by_hand: false, ..HALTED });
    sleep(Duration::from_hours(1)).await;
    assert_eq!(door.connects(), 4, "nothing is left of the wait");
}

#[tokio::test(start_paused = true)]
async fn a_start_by_hand_tries_at_once_whatever_stands_in_the_way() {
    let door = Door::to(answer_all);
    let supervised = supervised(&door);
    for state in [State::Error, State::Restarting] {
        door.fail([if state == State::Error { lasting() } else { passing() }]);
        supervised.restart().await.unwrap_err();
        assert_eq!(status(&supervised).state, state);
        let before = Instant::now();
        supervised.start_by_hand().await.unwrap();
        assert_eq!(before.elapsed(), OPENING, "{state:?}");
    }
    let connects = door.connects();
    supervised.start_by_hand().await.unwrap();
    assert_eq!(door.connects(), connects, "it runs already");
}

#[tokio::test(start_paused = true)]
async fn a_start_by_hand_joins_an_attempt_under_way() {
    let door = Door::to(answer_all);
    let supervised = supervised(&door);
    let late = async {
        sleep(OPENING / 2).await;
        supervised.start_by_hand().await
    };
    let (one, two) = tokio::join!(supervised.start(), late);
    assert!(one.is_ok() && two.is_ok());
    assert_eq!(door.connects(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_an_attempt_and_a_wait_for_its_turn_promptly() {
    let door = Door::to(answer_one);
    let supervised = supervised(&door);
    let before = Instant::now();
    let (refused, ()) = tokio::join!(supervised.start(), supervised.stop());
    assert!(is_stopped_by_hand(&refused.unwrap_err()));
    assert_eq!(before.elapsed(), Duration::ZERO);

    supervised.start_by_hand().await.unwrap();
    ask(&supervised, 1).await.unwrap();
    reaches(&supervised, State::Restarting).await;
    let (before, connects) = (Instant::now(), door.connects());
    supervised.stop().await;
    assert_eq!((status(&supervised), before.elapsed()), (HALTED, Duration::ZERO));
    sleep(Duration::from_hours(1)).await;
    assert_eq!(door.connects(), connects);
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_until_nothing_is_left() {
    let transport = Refusing::new([]);
    let supervised = supervised(&transport);
    supervised.start().await.unwrap();
    let before = Instant::now();
    supervised.restart().await.unwrap();
    assert_eq!((before.elapsed(), transport.closed()), (CLOSING, 1), "the new one may need what the old one holds");
    let before = Instant::now();
    assert!(supervised.stop().now_or_never().is_none());
    assert_eq!((status(&supervised), transport.closed()), (HALTED, 1), "the stop goes on");
    supervised.stop().await;
    assert_eq!((before.elapsed(), transport.closed()), (CLOSING, 2));

    // Also if what is left is not of the life that the stop ends.
    supervised.start_by_hand().await.unwrap();
    transport.script.lock().unwrap().push_back(NotSent::Forgotten);
    let before = Instant::now();
    let stop = async {
        reaches(&supervised, State::Restarting).await;
        supervised.stop().await;
    };
    let (refused, ()) = tokio::join!(supervised.call(request(1)), stop);
    assert!(matches!(refused.unwrap_err().reason, NotSent::Connect(why) if is_stopped_by_hand(&why)));
    assert_eq!((before.elapsed(), transport.closed()), (CLOSING, 3));
}

#[tokio::test(start_paused = true)]
async fn nothing_can_be_done_by_hand_after_a_close() {
    let door = Door::to(answer_all);
    let supervised = supervised(&door);
    supervised.start().await.unwrap();
    supervised.close().await;
    supervised.stop().await;
    assert!(matches!(*supervised.start_by_hand().await.unwrap_err(), ConnectError::Ended(_)));
    assert!(matches!(*supervised.restart().await.unwrap_err(), ConnectError::Ended(_)));
    assert_eq!((door.connects(), status(&supervised).by_hand), (1, false));
}
