//! A client's own conversations with the servers, each opened when it is first needed.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock},
};

use futures::{
    FutureExt,
    future::{BoxFuture, WeakShared},
};
use mcp_protocol::LogLevel;
use mcp_transport::{Connection, NotSent};
use tokio::task::AbortHandle;

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
    pub(super) connection: OnceLock<Arc<dyn Connection>>,
    /// The attempt to open it that is under way, if one is. Held by those who wait for it.
    opening: Mutex<Option<WeakShared<BoxFuture<'static, Opened>>>>,
    /// The log level that the server was told last.
    pub(super) level: Mutex<Option<LogLevel>>,
    pump: Mutex<Option<AbortHandle>>,
}

/// What becomes of an attempt to open one.
type Opened = Result<Arc<dyn Connection>, NotSent>;

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
            connection: OnceLock::new(),
            opening: Mutex::default(),
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
        lock(&self.0).by_name.values().filter(|upstream| upstream.connection.get().is_some()).cloned().collect()
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
    /// Its connection, once that is open. Who comes meanwhile waits for the same attempt, which is given up when nobody
    /// waits any more; if it fails, it has failed for all of them.
    pub(super) async fn opened<F>(&self, open: impl FnOnce() -> F) -> Result<Arc<dyn Connection>, NotSent>
    where
        F: Future<Output = Opened> + Send + 'static,
    {
        let attempt = {
            let mut opening = lock(&self.opening);
            let under_way = opening.as_ref().and_then(WeakShared::upgrade).filter(|attempt| attempt.peek().is_none());
            under_way.unwrap_or_else(|| {
                let attempt = open().boxed().shared();
                *opening = attempt.downgrade();
                attempt
            })
        };
        let connection = attempt.await?;
        Ok(Arc::clone(self.connection.get_or_init(|| connection)))
    }

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
