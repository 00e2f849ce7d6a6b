//! The servers of a proxy, which may come and go while it runs.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use arc_swap::{ArcSwap, Guard};
use async_trait::async_trait;
use futures::{FutureExt, future::Shared};
use mcp_jsonrpc::quote;
use mcp_transport::{Caller, Client, ConnectError, Connection, Transport};
use tokio::sync::oneshot;

use crate::{
    BuildError, Limits, ServerOptions,
    lane::Setting,
    layers::Places,
    server::{Changes, Server},
    share::ShareOptions,
    ticker::Ticker,
};

/// What there is to be of a server when the servers of a proxy change.
#[derive(Debug)]
pub enum Slot {
    /// The server of that name stays as it is, with all that is open.
    Keep(Arc<str>),
    /// A server that is new, or takes the place of the one of its name.
    Put(Box<ServerOptions>),
}

/// The servers, in the order of their configuration.
pub(crate) struct Servers {
    current: ArcSwap<Vec<Arc<Server>>>,
    /// One change at a time.
    changing: Mutex<()>,
    making: Making,
}

/// What every server is made with.
#[derive(Debug)]
pub(crate) struct Making {
    pub(crate) name: Box<str>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) ticker: Arc<Ticker>,
    pub(crate) places: Places,
    pub(crate) changes: Arc<Changes>,
}

/// What a change has made of the servers.
#[derive(Debug)]
pub(crate) struct Change {
    /// Those that are new.
    pub(crate) come: Vec<Arc<Server>>,
    /// Those that are to be closed; dropping the sender lets the next of that name begin.
    pub(crate) gone: Vec<(Arc<Server>, oneshot::Sender<()>)>,
}

/// What a proxy tells shared servers that its clients can do, so that they offer all they have; whether the client that
/// makes a call can do it is decided then.
const EVERYTHING: &str = r#"{"roots":{"listChanged":false},"sampling":{},"elicitation":{"form":{},"url":{}}}"#;

/// First segments of paths that are the proxy's own.
pub(crate) const RESERVED: [&str; 14] = [
    "api",
    "health",
    "mcp",
    "sse",
    "message",
    "messages",
    "metrics",
    "servers",
    "groups",
    "docs",
    "admin",
    "openapi.json",
    "favicon.ico",
    ".well-known",
];

impl Servers {
    pub(crate) fn new(making: Making) -> Self {
        Self { current: ArcSwap::default(), changing: Mutex::default(), making }
    }

    /// The servers as they are now.
    pub(crate) fn now(&self) -> Guard<Arc<Vec<Arc<Server>>>> {
        self.current.load()
    }

    pub(crate) fn find(&self, name: &str) -> Option<Arc<Server>> {
        self.now().iter().find(|server| **server.name() == *name).map(Arc::clone)
    }

    pub(crate) fn changes(&self) -> &Arc<Changes> {
        &self.making.changes
    }

    /// Makes `slots` the servers that there are, all at once or not at all. Somebody has to close those that have gone.
    pub(crate) fn change(&self, slots: Vec<Slot>) -> Result<Change, BuildError> {
        let _one_at_a_time = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        check(&slots)?;
        let old = self.current.load_full();
        let (mut next, mut come, mut gone) = (Vec::new(), Vec::new(), Vec::new());
        let mut left: Vec<_> = old.iter().map(Some).collect();
        for slot in slots {
            let name = slot.name();
            let before = left.iter_mut().find(|server| server.is_some_and(|server| server.name() == name));
            let before = before.and_then(Option::take);
            let server = match (slot, before) {
                (Slot::Keep(_), Some(server)) => Arc::clone(server),
                (Slot::Keep(name), None) => return Err(BuildError::NothingToKeep(name)),
                (Slot::Put(options), None) => self.make(*options),
                (Slot::Put(mut options), Some(before)) => {
                    let (closed, is_closed) = oneshot::channel();
                    gone.push((Arc::clone(before), closed));
                    options.transport = Arc::new(After { inner: options.transport, before: is_closed.shared() });
                    self.make(*options)
                }
            };
            if !old.iter().any(|known| Arc::ptr_eq(known, &server)) {
                come.push(Arc::clone(&server));
            }
            next.push(server);
        }
        gone.extend(left.into_iter().flatten().map(|server| (Arc::clone(server), oneshot::channel().0)));
        self.current.store(Arc::new(next));
        self.changes().note();
        Ok(Change { come, gone })
    }

    fn make(&self, options: ServerOptions) -> Arc<Server> {
        let making = &self.making;
        let limits = options.limits.clone().map_or_else(|| Arc::clone(&making.limits), Arc::new);
        let info = format!(r#"{{"name":{},"version":"{}"}}"#, quote(&making.name), env!("CARGO_PKG_VERSION"));
        let capabilities = if options.asks_clients { EVERYTHING } else { "{}" };
        let client = Arc::new(Client { info: info.into(), capabilities: capabilities.into() });
        let setting = Setting {
            places: making.places.of_server(&limits),
            ticker: Arc::clone(&making.ticker),
            limits,
            supervision: options.supervision,
            share: ShareOptions { interaction: options.interaction, broadcasts_logs: options.broadcasts_logs },
            changes: Arc::clone(&making.changes),
        };
        Arc::new(Server::new(options, &client, setting))
    }
}

impl Slot {
    fn name(&self) -> &Arc<str> {
        match self {
            Self::Keep(name) => name,
            Self::Put(options) => &options.name,
        }
    }
}

/// Refuses names that are taken.
fn check(slots: &[Slot]) -> Result<(), BuildError> {
    for (n, slot) in slots.iter().enumerate() {
        let name = slot.name();
        if RESERVED.contains(&&**name) {
            return Err(BuildError::ReservedName(Arc::clone(name)));
        }
        if slots[..n].iter().any(|other| other.name() == name) {
            return Err(BuildError::DuplicateName(Arc::clone(name)));
        }
    }
    Ok(())
}

/// Waits, before it connects, until the server that had the place before is gone: both may want the same file or port.
#[derive(Debug)]
struct After {
    inner: Arc<dyn Transport>,
    before: Shared<oneshot::Receiver<()>>,
}

#[async_trait]
impl Transport for After {
    async fn connect(&self, caller: &Arc<Caller>) -> Result<Arc<dyn Connection>, ConnectError> {
        // It is gone when the other end is dropped.
        let _ = self.before.clone().await;
        self.inner.connect(caller).await
    }
}

impl fmt::Debug for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.now().iter().map(|server| server.name())).finish()
    }
}
