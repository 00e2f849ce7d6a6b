//! What all servers do, for everyone who watches.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use mcp_proxy_core::Proxy;
use tokio::{sync::broadcast, time::timeout};

use crate::shape;

/// The servers as they were last written down. Each change is written once, however many watch.
#[derive(Debug)]
pub(crate) struct Board {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// What is told of each server, as JSON text.
    servers: BTreeMap<Arc<str>, String>,
    /// There while somebody watches.
    news: Option<broadcast::Sender<Bytes>>,
}

/// Events that a watcher may be behind; one that is behind further is told everything anew.
const BEHIND: usize = 64;
/// How often calls that come and go are looked at. What a server does is told at once.
const LOOK: Duration = Duration::from_millis(250);

impl Board {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { state: Mutex::default() })
    }

    /// Everything there is to tell now, as the JSON text of an object.
    pub(crate) fn now(proxy: &Proxy) -> String {
        let servers: Vec<_> =
            proxy.status().iter().map(|status| (Arc::clone(&status.name), shape::server(status))).collect();
        shape::object(servers.iter().map(|(name, text)| (&**name, &**text)))
    }

    /// Begins to watch: everything there is now as an event, and what changes from then on.
    pub(crate) fn watch(self: &Arc<Self>, proxy: &Proxy) -> (Bytes, broadcast::Receiver<Bytes>) {
        let mut state = self.lock();
        if let Some(news) = &state.news {
            // Before the state is read, so that nothing falls between the two.
            let watching = news.subscribe();
            return (state.whole(), watching);
        }
        let (news, watching) = broadcast::channel(BEHIND);
        state.news = Some(news);
        state.look(proxy);
        let whole = state.whole();
        drop(state);
        tokio::spawn(Arc::clone(self).publish(proxy.clone()));
        (whole, watching)
    }

    /// Everything there is now, for a watcher that has fallen behind.
    pub(crate) fn whole(&self) -> Bytes {
        self.lock().whole()
    }

    /// Tells what changes until nobody watches any more.
    async fn publish(self: Arc<Self>, proxy: Proxy) {
        let mut changes = proxy.changes();
        loop {
            // Either way it is time to look.
            let _ = timeout(LOOK, changes.changed()).await;
            let mut state = self.lock();
            if state.news.as_ref().is_none_or(|news| news.receiver_count() == 0) {
                state.news = None;
                return;
            }
            if let Some(delta) = state.look(&proxy)
                && let Some(news) = &state.news
            {
                // Those who have just left need not hear it.
                let _ = news.send(delta);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn whole(&self) -> Bytes {
        event("status", &shape::object(self.servers.iter().map(|(name, text)| (&**name, &**text))))
    }

    /// Writes down what has changed, and gives the event that tells it. A server that has gone is `null`.
    fn look(&mut self, proxy: &Proxy) -> Option<Bytes> {
        let now: BTreeMap<_, _> =
            proxy.status().iter().map(|status| (Arc::clone(&status.name), shape::server(status))).collect();
        let before = std::mem::replace(&mut self.servers, now);
        let changed = self.servers.iter().filter(|(name, text)| before.get(*name) != Some(*text));
        let changed = changed.map(|(name, text)| (&**name, &**text));
        let gone = before.keys().filter(|name| !self.servers.contains_key(*name)).map(|name| (&**name, "null"));
        let members: Vec<_> = changed.chain(gone).collect();
        (!members.is_empty()).then(|| event("delta", &shape::object(members)))
    }
}

fn event(kind: &str, data: &str) -> Bytes {
    format!("event: {kind}\ndata: {data}\n\n").into()
}
