//! What a person can do with a server.

use std::sync::atomic::Ordering;

use futures::future::{join, join_all};

use super::{Server, Unreachable};
use crate::lane::Lane;

impl Server {
    /// Starts it by hand, whatever it was stopped by.
    pub(crate) async fn start_by_hand(&self) -> Result<(), Unreachable> {
        self.allow()?;
        if self.options.is_dedicated() {
            return self.start().await;
        }
        let legacy = self.lanes.legacy.get().map(|lane| lane.upstream().start_by_hand());
        let (started, _) = join(self.found().upstream().start_by_hand(), join_all(legacy)).await;
        started.map(drop).map_err(Unreachable::Connect)
    }

    /// Ends what there is of it and starts it again. Sessions with instances of their own must have been ended before.
    pub(crate) async fn restart(&self) -> Result<(), Unreachable> {
        self.allow()?;
        self.close_sessionless().await;
        if self.options.is_dedicated() {
            return self.start().await;
        }
        let legacy = self.lanes.legacy.get().map(Lane::restart);
        let (started, _) = join(self.found().restart(), join_all(legacy)).await;
        started.map(drop).map_err(Unreachable::Connect)
    }

    /// Stops it until it is started by hand.
    pub(crate) async fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
        self.halted.notify_waiters();
        join(join_all(self.lanes().map(Lane::stop)), self.close_sessionless()).await;
        self.own.note(Ok(()));
        self.setting.changes.note();
    }

    /// Takes it out of use for good: it is none of the proxy's servers any more. Somebody has to [`close`](Self::close) it.
    pub(crate) fn retire(&self) {
        self.is_gone.store(true, Ordering::Relaxed);
        self.halted.notify_waiters();
    }

    /// Refuses the use of a server that is not to be used.
    pub(crate) fn check(&self) -> Result<(), Unreachable> {
        self.check_configured()?;
        if self.is_stopped.load(Ordering::Relaxed) { Err(Unreachable::Stopped) } else { Ok(()) }
    }

    /// Lets it be used again after it was stopped by hand.
    fn allow(&self) -> Result<(), Unreachable> {
        self.check_configured()?;
        self.is_stopped.store(false, Ordering::Relaxed);
        self.is_modern_alone.store(false, Ordering::Relaxed);
        self.own.note(Ok(()));
        if let Some(breaker) = &self.setting.breaker {
            breaker.reset();
        }
        self.setting.changes.note();
        Ok(())
    }

    fn check_configured(&self) -> Result<(), Unreachable> {
        if self.is_gone.load(Ordering::Relaxed) {
            Err(Unreachable::Gone)
        } else if self.options.is_disabled() {
            Err(Unreachable::Disabled)
        } else {
            Ok(())
        }
    }
}
