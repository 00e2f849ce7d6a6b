//! A client's own conversations with the servers, each opened when it is first needed.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use mcp_protocol::LogLevel;
use mcp_transport::Connection;
use tokio::{sync::OnceCell, task::AbortHandle};

use super::lock;
use crate::Member;

/// A client's own conversations with the servers, by the servers' names.
#[derive(Debug, Default)]
pub(super) struct Upstreams(Mutex<All>);

#[derive(Debug, Default)]
struct All {
    by_name: HashMap<Arc<str>, Arc<Upstream>>,
    /// Whether the client has left; then there are no more conversations.
    is_over: bool,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Upstream {
    pub(super) member: Arc<dyn Member>,
    pub(super) connection: OnceCell<Arc<dyn Connection>>,
    /// The log level that the server was told last.
    pub(super) level: Mutex<Option<LogLevel>>,
    pump: Mutex<Option<AbortHandle>>,
}

/// A conversation that is not handed out yet: closed if it never is.
#[derive(Debug)]
pub(super) struct Opening(Option<Arc<dyn Connection>>);

impl Upstreams {
    /// The one with `member`, opened or not, and one that has to be closed: that with a member of the same name which is
    /// no more. `None` once the client has left.
    pub(super) fn of(&self, member: &Arc<dyn Member>) -> Option<(Arc<Upstream>, Option<Arc<Upstream>>)> {
        let mut all = lock(&self.0);
        if all.is_over {
            return None;
        }
        if let Some(upstream) = all.by_name.get(member.name()).filter(|it| Arc::ptr_eq(&it.member, member)) {
            return Some((Arc::clone(upstream), None));
        }
        let upstream = Arc::new(Upstream {
            member: Arc::clone(member),
            connection: OnceCell::new(),
            level: Mutex::default(),
            pump: Mutex::default(),
        });
        let old = all.by_name.insert(Arc::clone(member.name()), Arc::clone(&upstream));
        Some((upstream, old))
    }

    /// Whether it is still one of these; one that is opened late may not be.
    pub(super) fn has(&self, upstream: &Arc<Upstream>) -> bool {
        lock(&self.0).by_name.get(upstream.member.name()).is_some_and(|it| Arc::ptr_eq(it, upstream))
    }

    /// Forgets one whose conversation is over; says whether it was one of these.
    pub(super) fn forget(&self, upstream: &Arc<Upstream>) -> bool {
        let mut all = lock(&self.0);
        let is_here = all.by_name.get(upstream.member.name()).is_some_and(|it| Arc::ptr_eq(it, upstream));
        if is_here {
            all.by_name.remove(upstream.member.name());
        }
        is_here
    }

    /// Takes out those whose members are none of these.
    pub(super) fn all_but(&self, members: &[Arc<dyn Member>]) -> Vec<Arc<Upstream>> {
        let mut all = lock(&self.0);
        let is_gone = |it: &Arc<Upstream>| !members.iter().any(|member| Arc::ptr_eq(member, &it.member));
        all.by_name.extract_if(|_, it| is_gone(it)).map(|(_, gone)| gone).collect()
    }

    /// Those that are open.
    pub(super) fn open(&self) -> Vec<Arc<Upstream>> {
        lock(&self.0).by_name.values().filter(|upstream| upstream.connection.initialized()).cloned().collect()
    }

    /// Closes all of them; none is opened any more.
    pub(super) async fn close(&self) {
        let all = {
            let mut all = lock(&self.0);
            all.is_over = true;
            std::mem::take(&mut all.by_name)
        };
        futures::future::join_all(all.values().map(|upstream| upstream.close())).await;
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

impl Opening {
    pub(super) fn new(connection: Arc<dyn Connection>) -> Self {
        Self(Some(connection))
    }

    /// From now on it is somebody else's to close.
    pub(super) fn kept(mut self) -> Option<Arc<dyn Connection>> {
        self.0.take()
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            tokio::spawn(async move { connection.close().await });
        }
    }
}
