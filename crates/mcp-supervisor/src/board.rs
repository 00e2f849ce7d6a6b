//! What a supervised server shows of itself.

use std::{sync::Arc, time::SystemTime};

use mcp_transport::Peer;
use tokio::sync::watch;

use crate::{Failure, State, Status, phase::Phase};

/// The notice board: whoever wants to know looks here, now or whenever something changes.
#[derive(Debug)]
pub(crate) struct Board {
    peer: Arc<Peer>,
    error: Option<Failure>,
    statuses: watch::Sender<Status>,
    generations: watch::Sender<u64>,
}

impl Board {
    pub(crate) fn new() -> Self {
        let status = Status { state: State::Stopped, error: None, restarts: 0, by_hand: false };
        Self {
            peer: Arc::new(Peer::unknown()),
            error: None,
            statuses: watch::Sender::new(status),
            generations: watch::Sender::new(0),
        }
    }

    /// Who answered last.
    pub(crate) fn peer(&self) -> Arc<Peer> {
        Arc::clone(&self.peer)
    }

    pub(crate) fn statuses(&self) -> watch::Receiver<Status> {
        self.statuses.subscribe()
    }

    pub(crate) fn generations(&self) -> watch::Receiver<u64> {
        self.generations.subscribe()
    }

    /// What has gone wrong; shown from the next status on.
    pub(crate) fn fail(&mut self, reason: String, at: SystemTime) {
        self.error = Some(Failure { reason: reason.into(), at });
    }

    /// What has gone wrong is of no interest any more.
    pub(crate) fn forget_error(&mut self) {
        self.error = None;
    }

    /// Shows where the server is at, if that has changed. A connection shows its peer and its number, too.
    pub(crate) fn show(&mut self, phase: &Phase, restarts: u32) {
        if let Phase::Running(inner) = phase {
            self.peer = inner.connection.peer();
            self.error = None;
        }
        let by_hand = matches!(phase, Phase::Halted);
        let status = Status { state: phase.state(), error: self.error.clone(), restarts, by_hand };
        update(&self.statuses, status);
        if let Phase::Running(inner) = phase {
            update(&self.generations, inner.number);
        }
    }
}

/// Nobody is woken for a value that is the same.
fn update<T: PartialEq>(shown: &watch::Sender<T>, new: T) {
    shown.send_if_modified(|shown| {
        let is_new = *shown != new;
        *shown = new;
        is_new
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_woken_for_what_is_the_same() {
        let mut board = Board::new();
        let mut statuses = board.statuses();
        board.show(&Phase::Resting, 0);
        assert!(!statuses.has_changed().unwrap());
        board.show(&Phase::Halted, 0);
        let shown = statuses.borrow_and_update().clone();
        assert_eq!(shown, Status { state: State::Stopped, error: None, restarts: 0, by_hand: true });
    }

    #[test]
    fn a_failure_shows_until_it_is_forgotten() {
        let mut board = Board::new();
        board.fail("it fell".to_owned(), SystemTime::UNIX_EPOCH);
        board.show(&Phase::Resting, 2);
        let shown = board.statuses().borrow().clone();
        assert_eq!(shown.error, Some(Failure { reason: "it fell".into(), at: SystemTime::UNIX_EPOCH }));
        assert_eq!(shown.restarts, 2);
        board.forget_error();
        board.show(&Phase::Resting, 0);
        assert_eq!(board.statuses().borrow().error, None);
    }
}
