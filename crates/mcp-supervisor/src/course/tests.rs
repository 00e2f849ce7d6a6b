use std::time::{Duration, SystemTime};

use futures::FutureExt;

use super::*;
use crate::{
    State, Status,
    policy::HEALTHY,
    scripted::{Refuser, lasting, passing},
};

const SECOND: Duration = Duration::from_secs(1);

/// A course whose lives nobody runs: the test reports for them. Every wait is half of its longest.
struct Staged {
    course: Course,
    now: Instant,
}

impl Staged {
    fn new() -> Self {
        Self::with(Supervision::default())
    }

    fn with(settings: Supervision) -> Self {
        Self { course: Course::new(settings, CancellationToken::new()), now: Instant::now() }
    }

    fn at(&self) -> Moment {
        Moment { now: self.now, clock: SystemTime::UNIX_EPOCH, dice: 0 }
    }

    /// Somebody needs a connection.
    fn demand(&mut self) -> Result<Demand, NotSent> {
        self.course.demand(self.now, self.now)
    }

    /// Somebody needs a connection and waits for an attempt.
    fn wait(&mut self) -> Attempt {
        match self.demand() {
            Ok(Demand::Await(attempt)) => attempt,
            Ok(Demand::Use(_)) => panic!("there is a connection"),
            Err(reason) => panic!("{reason}"),
        }
    }

    /// Takes the life that was called for, when its turn has come; says how long that was.
    fn life(&mut self) -> (Life, Duration) {
        let life = self.course.take_unborn().expect("a life was called for");
        let wait = life.turn - self.now;
        self.now = life.turn;
        (life, wait)
    }

    /// Lets the life that was called for fail.
    fn fail(&mut self, why: ConnectError) -> Duration {
        let (life, wait) = self.life();
        self.course.failed(life.number, why, self.at());
        wait
    }

    /// Lets the life that was called for have its connection.
    fn connect(&mut self) -> (Arc<Inner>, Life) {
        let (life, _) = self.life();
        let inner = Arc::new(Inner {
            number: life.number,
            connection: Arc::new(Refuser::default()),
            since: self.now,
            asks: false,
            activity: Arc::default(),
        });
        assert!(self.course.up(&inner));
        (inner, life)
    }

    fn end(&mut self, inner: &Inner) {
        self.course.ended(inner, passing(), self.at());
    }

    fn status(&self) -> Status {
        self.course.board().statuses().borrow().clone()
    }

    /// State, restarts in a row, and whether there is an error to see.
    #[track_caller]
    fn shows(&self, state: State, restarts: u32, has_error: bool) {
        let status = self.status();
        assert_eq!((status.state, status.restarts, status.error.is_some()), (state, restarts, has_error));
    }
}

#[test]
fn every_step_from_a_crash_to_the_next_connection_shows() {
    let mut staged = Staged::new();
    staged.shows(State::Stopped, 0, false);
    let waits = staged.wait();
    staged.shows(State::Starting, 0, false);
    let (first, life) = staged.connect();
    assert!(matches!(waits.now_or_never(), Some(Ok(Ok(())))));
    staged.shows(State::Running, 0, false);

    staged.end(&first);
    assert!(life.stop.is_cancelled());
    staged.shows(State::Restarting, 1, true);
    let error = staged.status().error.unwrap();
    assert_eq!(&*error.reason, "the server could not be reached: the door is stuck");
    assert_eq!(error.at, SystemTime::UNIX_EPOCH);
    assert_eq!(staged.fail(passing()), SECOND / 2);
    staged.shows(State::Restarting, 2, true);
    let (second, _) = staged.connect();
    staged.shows(State::Running, 2, false);
    assert_eq!(*staged.course.board().generations().borrow(), 3);

    staged.course.healthy(first.number);
    staged.shows(State::Running, 2, false);
    staged.course.healthy(second.number);
    staged.shows(State::Running, 0, false);
}

#[test]
fn the_server_is_given_up_after_its_restarts_or_at_once_if_they_are_of_no_use() {
    for (reasons, restarts) in [(vec![passing(), passing(), passing(), passing()], 3), (vec![lasting()], 0)] {
        let mut staged = Staged::new();
        drop(staged.wait());
        for reason in reasons {
            staged.fail(reason);
        }
        staged.shows(State::Error, restarts, true);
        assert!(staged.course.take_unborn().is_none());
        assert!(matches!(staged.demand(), Err(NotSent::Connect(_))));
    }
}

#[test]
fn a_server_that_was_given_up_has_one_attempt_after_a_while() {
    let mut staged = Staged::new();
    drop(staged.wait());
    staged.fail(lasting());
    staged.now += HEALTHY.saturating_sub(SECOND);
    assert!(matches!(staged.demand(), Err(NotSent::Connect(why)) if matches!(*why, ConnectError::NotMcp)));

    staged.now += SECOND;
    let waits = staged.wait();
    staged.shows(State::Restarting, 0, true);
    staged.fail(passing());
    assert!(matches!(waits.now_or_never(), Some(Ok(Err(_)))));
    staged.shows(State::Error, 0, true);
    assert!(matches!(staged.demand(), Err(NotSent::Connect(why)) if matches!(*why, ConnectError::Other(_))));

    staged.now += HEALTHY;
    drop(staged.wait());
    staged.connect();
    staged.shows(State::Running, 0, false);
}

#[test]
fn an_attempt_that_succeeds_after_all_gives_no_restarts_back() {
    let mut staged = Staged::new();
    drop(staged.wait());
    for _ in 0..=3 {
        staged.fail(passing());
    }
    staged.now += HEALTHY;
    drop(staged.wait());
    let (inner, _) = staged.connect();
    staged.shows(State::Running, 3, false);
    staged.end(&inner);
    staged.shows(State::Error, 3, true);
}

#[test]
fn a_turn_within_reach_is_waited_for_and_one_further_away_is_refused() {
    for (backoff_wait, waits) in [(SECOND / 2, true), (SECOND / 3, false)] {
        let mut staged = Staged::with(Supervision { backoff_wait, ..Supervision::default() });
        drop(staged.wait());
        staged.fail(passing());
        match staged.demand() {
            Ok(Demand::Await(_)) => assert!(waits),
            Err(NotSent::Connect(why)) => assert!(!waits && matches!(*why, ConnectError::Other(_))),
            _ => panic!(),
        }
    }
}

#[test]
fn what_an_earlier_life_reports_does_not_count() {
    let mut staged = Staged::new();
    drop(staged.wait());
    let (first, _) = staged.connect();
    staged.course.restart_by_hand(staged.now);
    let (late, _) = staged.life();
    staged.course.restart_by_hand(staged.now);
    assert!(late.stop.is_cancelled());

    staged.end(&first);
    staged.course.rest(first.number);
    staged.course.failed(late.number, passing(), staged.at());
    staged.course.abandoned(late.number, staged.at());
    staged.shows(State::Starting, 0, false);
    let (last, _) = staged.connect();
    assert_eq!(last.number, 3);
}

#[test]
fn a_rest_is_no_failure_and_forgives_none() {
    let mut staged = Staged::new();
    drop(staged.wait());
    staged.fail(passing());
    let (inner, life) = staged.connect();
    staged.course.rest(inner.number);
    assert!(life.stop.is_cancelled());
    staged.shows(State::Stopped, 1, false);
    drop(staged.wait());
    staged.shows(State::Starting, 1, false);
    assert_eq!(staged.fail(passing()), Duration::ZERO);
    assert_eq!(staged.fail(passing()), SECOND, "the backoff goes on where it was");
}

#[test]
fn an_attempt_that_was_dropped_is_the_last_for_now() {
    let mut staged = Staged::new();
    let waits = staged.wait();
    let (life, _) = staged.life();
    staged.course.abandoned(life.number, staged.at());
    assert!(matches!(waits.now_or_never(), Some(Ok(Err(_)))));
    staged.shows(State::Error, 0, true);
}

#[test]
fn by_hand_everything_is_forgiven() {
    let mut staged = Staged::new();
    drop(staged.wait());
    for _ in 0..=3 {
        staged.fail(passing());
    }
    staged.course.start_by_hand(staged.now);
    staged.shows(State::Starting, 0, false);
    assert_eq!(staged.fail(passing()), Duration::ZERO);
    let waits = staged.wait();
    staged.course.start_by_hand(staged.now);
    staged.shows(State::Starting, 0, false);
    assert!(matches!(waits.now_or_never(), Some(Err(_))), "another attempt has taken its place");

    let (inner, _) = staged.connect();
    staged.course.start_by_hand(staged.now);
    staged.shows(State::Running, 0, false);
    staged.end(&inner);
    staged.course.stop_by_hand();
    let status = staged.status();
    assert_eq!(status, Status { state: State::Stopped, error: None, restarts: 0, by_hand: true });
}

#[test]
fn nothing_follows_a_close() {
    let mut staged = Staged::new();
    staged.course.close();
    staged.course.restart_by_hand(staged.now);
    staged.course.start_by_hand(staged.now);
    staged.course.stop_by_hand();
    assert!(staged.course.take_unborn().is_none());
    assert!(matches!(staged.demand(), Err(NotSent::Closed(_))));
    assert!(!staged.status().by_hand);
}
