//! A client's own conversations with the servers, each opened when it is first needed.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use mcp_transport::Connection;
use tokio::{sync::OnceCell, task::AbortHandle};

use super::lock;
use crate::Member;

/// A client's own conversations with the servers, by the servers' names.
#[derive(Debug, Default)]
pub(super) struct Upstreams(Mutex<HashMap<Arc<str>, Arc<Upstream>>>);

/// One of them.
#[derive(Debug)]
pub(super) struct Upstream {
    pub(super) member: Arc<dyn Member>,
    pub(super) connection: OnceCell<Arc<dyn Connection>>,
    pump: Mutex<Option<AbortHandle>>,
}

impl Upstreams {
    /// The one with `member`, opened or not, and one that has to be closed: that with a member of the same name which is
    /// no more.
    pub(super) fn of(&self, member: &Arc<dyn Member>) -> (Arc<Upstream>, Option<Arc<Upstream>>) {
        let mut all = lock(&self.0);
        if let Some(upstream) = all.get(member.name()).filter(|it| Arc::ptr_eq(&it.member, member)) {
            return (Arc::clone(upstream), None);
        }
        let upstream =
            Arc::new(Upstream { member: Arc::clone(member), connection: OnceCell::new(), pump: Mutex::default() });
        let old = all.insert(Arc::clone(member.name()), Arc::clone(&upstream));
        (upstream, old)
    }

    /// Forgets one whose conversation is over.
    pub(super) fn forget(&self, upstream: &Arc<Upstream>) {
        let mut all = lock(&self.0);
        if all.get(upstream.member.name()).is_some_and(|it| Arc::ptr_eq(it, upstream)) {
            all.remove(upstream.member.name());
        }
    }

    /// Those that are open.
    pub(super) fn open(&self) -> Vec<Arc<dyn Connection>> {
        lock(&self.0).values().filter_map(|upstream| upstream.connection.get().cloned()).collect()
    }

    /// Closes all of them.
    pub(super) async fn close(&self) {
        let all: Vec<_> = lock(&self.0).drain().map(|(_, upstream)| upstream).collect();
        futures::future::join_all(all.iter().map(|upstream| upstream.close())).await;
    }
}

impl Upstream {
    /// Has this task end with the conversation.
    pub(super) fn pumped_by(&self, task: AbortHandle) {
        if let Some(old) = lock(&self.pump).replace(task) {
            old.abort();
        }
    }

    pub(super) async fn close(&self) {
        self.stop_pump();
        if let Some(connection) = self.connection.get() {
            connection.close().await;
        }
    }

    fn stop_pump(&self) {
        if let Some(pump) = lock(&self.pump).take() {
            pump.abort();
        }
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.stop_pump();
    }
}
