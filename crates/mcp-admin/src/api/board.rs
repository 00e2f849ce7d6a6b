//! What all servers do, for everyone who watches.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use tokio::{sync::broadcast, time::sleep};

use super::view;
use crate::{events::event, state::State};

/// Events that a watcher may be behind; one that is behind further is told everything anew.
const BEHIND: usize = 32;
/// How often it is looked for changes: more would be too fast to read.
const LOOK: Duration = Duration::from_secs(1);

/// Servers and configuration as they were last told of. It is looked for changes once, however many watch.
#[derive(Debug, Default)]
pub(crate) struct Board(Mutex<Last>);

#[derive(Debug, Default)]
struct Last {
    status: Bytes,
    config: Bytes,
    /// There while somebody watches.
    news: Option<broadcast::Sender<Bytes>>,
}

impl Board {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Begins to watch: everything there is now, and what changes from then on.
    pub(crate) fn watch(self: &Arc<Self>, state: &Arc<State>) -> (Vec<Bytes>, broadcast::Receiver<Bytes>) {
        let mut last = self.lock();
        if let Some(news) = &last.news {
            let watching = news.subscribe();
            return (last.whole(), watching);
        }
        let (news, watching) = broadcast::channel(BEHIND);
        last.look(state);
        last.news = Some(news);
        let whole = last.whole();
        drop(last);
        tokio::spawn(Arc::clone(self).publish(Arc::downgrade(state), state.stop.clone()));
        (whole, watching)
    }

    /// Everything there is now, for a watcher that has fallen behind.
    pub(crate) fn whole(&self) -> Vec<Bytes> {
        self.lock().whole()
    }

    async fn publish(self: Arc<Self>, state: std::sync::Weak<State>, stop: tokio_util::sync::CancellationToken) {
        loop {
            tokio::select! {
                () = sleep(LOOK) => {}
                () = stop.cancelled() => return,
            }
            let Some(state) = state.upgrade() else { return };
            let mut last = self.lock();
            if last.news.as_ref().is_none_or(|news| news.receiver_count() == 0) {
                last.news = None;
                return;
            }
            let changed = last.look(&state);
            if let Some(news) = &last.news {
                // Those who have just left need not hear it.
                for event in changed {
                    let _ = news.send(event);
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Last> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Last {
    fn whole(&self) -> Vec<Bytes> {
        vec![self.status.clone(), self.config.clone()]
    }

    /// Looks at everything; gives the events that tell what has changed.
    fn look(&mut self, state: &State) -> Vec<Bytes> {
        let mut changed = Vec::new();
        let servers = view::all(state);
        let totals = view::Totals::of(&servers, state.proxy.sessions().len());
        let status = event("status", &super::events::Status::now(&servers, totals));
        let problem = state.live.problem();
        let config = event("config", &super::events::Config { etag: state.live.etag(), problem });
        for (last, now) in [(&mut self.status, status), (&mut self.config, config)] {
            if *last != now {
                last.clone_from(&now);
                changed.push(now);
            }
        }
        changed
    }
}
