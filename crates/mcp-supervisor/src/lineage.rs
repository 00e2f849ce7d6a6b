//! The lives of a supervised server, one after another.

use std::mem;

use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Numbers the lives and ends the newest. It runs none: whoever begins one takes it from here and runs it.
#[derive(Debug)]
pub(crate) struct Lineage {
    /// Of the newest life.
    number: u64,
    /// Ends the newest life.
    stop: CancellationToken,
    /// Cancelled when nothing is left of the newest life, nor of any before it.
    over: CancellationToken,
    /// Ends every life.
    closing: CancellationToken,
    unborn: Option<Life>,
}

/// A life that is to be lived: an attempt to connect, and the connection it leads to.
#[derive(Debug)]
pub(crate) struct Life {
    pub(crate) number: u64,
    /// When it may begin.
    pub(crate) turn: Instant,
    /// Ends it.
    pub(crate) stop: CancellationToken,
    /// Whether it waits for that: whoever restarts a server by hand may want a file or a port to be free.
    pub(crate) is_alone: bool,
    /// Cancelled when nothing is left of the lives before it.
    pub(crate) before: CancellationToken,
    /// Tells that nothing is left of this one.
    pub(crate) over: DropGuard,
}

impl Lineage {
    /// No life yet, and none after `closing` was cancelled.
    pub(crate) fn new(closing: CancellationToken) -> Self {
        let over = CancellationToken::new();
        over.cancel();
        Self { number: 0, stop: closing.child_token(), over, closing, unborn: None }
    }

    /// The number of the newest life, 0 before the first.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// The next life is to begin at that time; `is_alone`: not before nothing is left of those before it.
    pub(crate) fn begin(&mut self, turn: Instant, is_alone: bool) {
        self.number += 1;
        self.stop = self.closing.child_token();
        let over = CancellationToken::new();
        let before = mem::replace(&mut self.over, over.clone());
        let (stop, over) = (self.stop.clone(), over.drop_guard());
        self.unborn = Some(Life { number: self.number, turn, stop, is_alone, before, over });
    }

    /// The life that was begun last, for the one who runs it.
    pub(crate) fn take_unborn(&mut self) -> Option<Life> {
        self.unborn.take()
    }

    /// Ends the newest life.
    pub(crate) fn end(&self) {
        self.stop.cancel();
    }

    /// Ends all lives, those to come too.
    pub(crate) fn close(&self) {
        self.closing.cancel();
    }

    /// Cancelled when nothing is left of the lives so far.
    pub(crate) fn over(&self) -> CancellationToken {
        self.over.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_life_has_its_own_end_and_all_have_one() {
        let closing = CancellationToken::new();
        let mut lineage = Lineage::new(closing.clone());
        assert!(lineage.over().is_cancelled(), "there was none yet");
        let mut begin = || {
            lineage.begin(Instant::now(), false);
            lineage.take_unborn().unwrap()
        };
        let (first, second) = (begin(), begin());
        assert_eq!((first.number, second.number), (1, 2));
        lineage.end();
        assert!(second.stop.is_cancelled() && !first.stop.is_cancelled());
        lineage.close();
        assert!(first.stop.is_cancelled() && closing.is_cancelled());
    }

    #[test]
    fn a_life_that_is_dropped_is_over_and_the_next_one_knows() {
        let mut lineage = Lineage::new(CancellationToken::new());
        lineage.begin(Instant::now(), false);
        let first = lineage.take_unborn().unwrap();
        assert!(first.before.is_cancelled() && !lineage.over().is_cancelled());
        lineage.begin(Instant::now(), false);
        let second = lineage.take_unborn().unwrap();
        assert!(!second.before.is_cancelled());
        drop(first);
        assert!(second.before.is_cancelled() && !lineage.over().is_cancelled());
        drop(second);
        assert!(lineage.over().is_cancelled());
    }
}
