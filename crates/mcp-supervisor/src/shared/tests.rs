use std::time::Duration;

use mcp_jsonrpc::Id;
use mcp_transport::Connection;
use tokio::time::sleep;

use super::*;
use crate::{
    State,
    scripted::{
        Door, OPENING, Refusing, answer_all, ask, lasting, passing, reaches, request, restarts_are, status, supervised,
        supervised_with,
    },
};

const MINUTE: Duration = Duration::from_mins(1);
/// The clock of the timers ticks in milliseconds.
const TICK: Duration = Duration::from_millis(1);

#[tokio::test(start_paused = true)]
async fn a_server_that_was_given_up_refuses_uses_for_a_while_and_then_makes_one_attempt() {
    let door = Door::to(answer_all);
    door.fail([lasting(), passing()]);
    let settings = Supervision { retry_after: 5 * MINUTE, ..Supervision::default() };
    let supervised = supervised_with(&door, settings);
    supervised.start().await.unwrap_err();
    let first = status(&supervised).error.unwrap();

    sleep((5 * MINUTE).saturating_sub(TICK)).await;
    let before = Instant::now();
    let refused = supervised.call(request(1)).await.unwrap_err();
    assert!(matches!(refused.reason, NotSent::Connect(why) if matches!(*why, ConnectError::NotMcp)));
    assert_eq!(refused.message.id(), Some(Id::from(1)), "the message comes back");
    assert_eq!((before.elapsed(), door.connects()), (Duration::ZERO, 1));

    sleep(TICK).await;
    let (refused, other, restarting) =
        tokio::join!(supervised.call(request(1)), supervised.call(request(2)), reaches(&supervised, State::Restarting));
    assert!(other.is_err());
    assert_eq!(door.connects(), 2, "one for all");
    assert_eq!(restarting.error, Some(first.clone()));
    assert!(matches!(refused.unwrap_err().reason, NotSent::Connect(why) if matches!(*why, ConnectError::Other(_))));
    let again = status(&supervised);
    assert_eq!(again.state, State::Error);
    assert!(first.at <= again.error.as_ref().unwrap().at && again.error != Some(first));

    sleep((5 * MINUTE).saturating_sub(TICK)).await;
    supervised.start().await.unwrap_err();
    assert_eq!(door.connects(), 2, "the time runs from the later failure");
    sleep(TICK).await;
    assert_eq!(ask(&supervised, 1).await.unwrap(), "1");
    assert_eq!(status(&supervised).error, None);
}

#[tokio::test(start_paused = true)]
async fn a_use_waits_for_the_turn_of_the_next_attempt_and_for_the_attempt() {
    let door = Door::to(answer_all);
    door.fail([passing()]);
    let supervised = supervised(&door);
    supervised.start().await.unwrap_err();
    assert_eq!(status(&supervised).state, State::Restarting);
    let before = Instant::now();
    assert_eq!(ask(&supervised, 1).await.unwrap(), "1");
    assert!(OPENING + Duration::from_millis(500) <= before.elapsed());
    assert_eq!(door.connects(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_is_too_far_away_is_refused_at_once() {
    let door = Door::to(answer_all);
    door.fail((0..5).map(|_| passing()));
    let settings = Supervision { max_restarts: 9, backoff_wait: Duration::from_secs(4), ..Supervision::default() };
    let supervised = supervised_with(&door, settings);
    supervised.start().await.unwrap_err();
    // The fifth wait takes between 8 and 16 seconds.
    restarts_are(&supervised, 5).await;
    let before = Instant::now();
    let refused = supervised.call(request(1)).await.unwrap_err();
    assert!(matches!(refused.reason, NotSent::Connect(why) if matches!(*why, ConnectError::Other(_))));
    assert_eq!((before.elapsed(), door.connects()), (Duration::ZERO, 5));

    while door.connects() == 5 && supervised.start().await.is_err() {
        assert!(before.elapsed() < Duration::from_secs(13));
        sleep(10 * TICK).await;
    }
    assert_eq!(status(&supervised).state, State::Running, "it was waited for once it was within reach");
    assert!(Duration::from_secs(4) <= door.last_connect() - before);
}

#[tokio::test(start_paused = true)]
async fn a_use_follows_servers_that_leave_at_once_no_longer_than_it_waits_for_a_turn() {
    for (max_restarts, ends_in) in [(3, State::Error), (u32::MAX, State::Restarting)] {
        let transport = Refusing::stillborn();
        let settings = Supervision { max_restarts, ..Supervision::default() };
        let supervised = supervised_with(&transport, settings);
        let before = Instant::now();
        let refused = supervised.call(request(1)).await.unwrap_err();
        assert!(matches!(refused.reason, NotSent::Connect(why) if matches!(*why, ConnectError::Ended(_))));
        assert_eq!(status(&supervised).state, ends_in);
        assert!(4 <= transport.connects());
        assert!(before.elapsed() <= settings.backoff_wait + 4 * TICK, "{:?}", before.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_use_makes_one_attempt_at_a_server_that_was_given_up_even_if_it_may_at_once() {
    let transport = Refusing::stillborn();
    let settings = Supervision { max_restarts: 0, retry_after: Duration::ZERO, ..Supervision::default() };
    let supervised = supervised_with(&transport, settings);
    for connects in 1..=3 {
        supervised.start().await.unwrap_err();
        assert_eq!(transport.connects(), connects);
        sleep(TICK).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_forgotten_session_did_not_get_goes_to_the_next() {
    let transport = Refusing::new([NotSent::Forgotten]);
    let supervised = supervised(&transport);
    supervised.start().await.unwrap();
    sleep(MINUTE).await;
    let before = Instant::now();
    assert_eq!(ask(&supervised, 1).await.unwrap(), "{}");
    assert_eq!(before.elapsed(), Duration::ZERO, "the next one waits for no backoff, nor for the old one's end");
    assert_eq!((transport.connects(), transport.closed()), (2, 0));
}
