//! The servers of a proxy, which may come and go while it runs.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use arc_swap::{ArcSwap, Guard};
use async_trait::async_trait;
use mcp_eras::Parking;
use mcp_jsonrpc::quote;
use mcp_transport::{Caller, Client, ConnectError, Connection, Transport};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    BuildError, Limits, ServerOptions,
    lane::Setting,
    layers::{Breaker, Places},
    server::{Changes, Counts, Server},
    share::ShareOptions,
    ticker::Ticker,
    tool_headers::ToolHeaders,
    traffic::Traffic,
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
    /// Held during a change, so that there is one at a time.
    leaving: Mutex<Vec<Leaving>>,
    making: Making,
    /// Whether all that are launched with the proxy have been tried once. What comes later does not take that back, for it
    /// is no reason to send clients elsewhere.
    is_ready: AtomicBool,
}

/// A server that has gone and may not be closed yet: whoever is put in its place waits for that.
#[derive(Clone, Debug)]
struct Leaving {
    name: Arc<str>,
    closed: CancellationToken,
}

/// What every server is made with.
#[derive(Debug)]
pub(crate) struct Making {
    pub(crate) name: Box<str>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) ticker: Arc<Ticker>,
    pub(crate) places: Places,
    pub(crate) changes: Arc<Changes>,
    pub(crate) parking: Arc<Parking>,
    pub(crate) traffic: Option<Arc<Traffic>>,
}

impl Making {
    /// JSON text of who the proxy says it is to servers.
    pub(crate) fn info(&self) -> String {
        format!(r#"{{"name":{},"version":"{}"}}"#, quote(&self.name), env!("CARGO_PKG_VERSION"))
    }
}

/// What a change has made of the servers.
#[derive(Debug)]
pub(crate) struct Change {
    /// Those that are new.
    pub(crate) come: Vec<Arc<Server>>,
    /// Those that are to be closed; dropping the guard lets the next of that name begin.
    pub(crate) gone: Vec<(Arc<Server>, DropGuard)>,
}

/// What a proxy tells shared servers that its clients can do, so that they offer all they have; whether the client that
/// makes a call can do it is decided then.
const EVERYTHING: &str =
    r#"{"roots":{"listChanged":false},"sampling":{"tools":{}},"elicitation":{"form":{},"url":{}}}"#;

/// Names no server may have, for they are the first segments of the proxy's own paths.
pub const RESERVED_NAMES: [&str; 14] = [
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
        Self { current: ArcSwap::default(), leaving: Mutex::default(), making, is_ready: AtomicBool::new(false) }
    }

    /// The servers as they are now.
    pub(crate) fn now(&self) -> Guard<Arc<Vec<Arc<Server>>>> {
        self.current.load()
    }

    pub(crate) fn find(&self, name: &str) -> Option<Arc<Server>> {
        self.now().iter().find(|server| **server.name() == *name).map(Arc::clone)
    }

    /// Whether clients get all there is, and how many servers do what.
    pub(crate) fn readiness(&self) -> (bool, Counts) {
        let (mut counts, mut are_settled) = (Counts::default(), true);
        for server in self.now().iter() {
            let status = server.status();
            counts.note(&status);
            are_settled &= server.is_settled(&status);
        }
        if are_settled {
            self.is_ready.store(true, Ordering::Relaxed);
        }
        (self.is_ready.load(Ordering::Relaxed), counts)
    }

    /// Where calls wait for what their clients are asked.
    pub(crate) fn parking(&self) -> &Parking {
        &self.making.parking
    }

    /// The last calls, if somebody wants to see them.
    pub(crate) fn traffic(&self) -> Option<&Arc<Traffic>> {
        self.making.traffic.as_ref()
    }

    pub(crate) fn changes(&self) -> &Arc<Changes> {
        &self.making.changes
    }

    /// Makes `slots` the servers that there are, all at once or not at all. Somebody has to close those that have gone.
    pub(crate) fn change(&self, slots: Vec<Slot>) -> Result<Change, BuildError> {
        let mut leaving = self.leaving.lock().unwrap_or_else(PoisonError::into_inner);
        let old = self.current.load_full();
        check(&slots, &old)?;
        let is_kept = |name: &Arc<str>| slots.iter().any(|slot| matches!(slot, Slot::Keep(kept) if kept == name));
        let gone = old.iter().filter(|server| !is_kept(server.name()));
        let gone: Vec<_> = gone.map(|server| (Arc::clone(server), CancellationToken::new())).collect();
        leaving.retain(|left| !left.closed.is_cancelled());
        let left = |(server, closed): &(Arc<Server>, CancellationToken)| Leaving {
            name: Arc::clone(server.name()),
            closed: closed.clone(),
        };
        leaving.extend(gone.iter().map(left));
        let mut come = Vec::new();
        let next = slots.into_iter().filter_map(|slot| match slot {
            Slot::Keep(name) => old.iter().find(|server| *server.name() == name).map(Arc::clone),
            Slot::Put(options) => {
                if let Some(before) = old.iter().find(|server| *server.name() == options.name) {
                    options.log.continue_as(before.log());
                }
                let server = self.make(*options, &leaving);
                come.push(Arc::clone(&server));
                Some(server)
            }
        });
        self.current.store(Arc::new(next.collect()));
        self.changes().note();
        Ok(Change { come, gone: gone.into_iter().map(|(server, closed)| (server, closed.drop_guard())).collect() })
    }

    fn make(&self, mut options: ServerOptions, leaving: &[Leaving]) -> Arc<Server> {
        let making = &self.making;
        let before: Vec<_> = leaving.iter().filter(|left| left.name == options.name).cloned().collect();
        if !before.is_empty() {
            options.transport = Arc::new(After { inner: options.transport, before });
        }
        let limits = options.limits.clone().map_or_else(|| Arc::clone(&making.limits), Arc::new);
        let capabilities = if options.asks_clients { EVERYTHING } else { "{}" };
        let client = Arc::new(Client { info: making.info().into(), capabilities: capabilities.into() });
        let setting = Setting {
            name: Arc::clone(&options.name),
            places: making.places.of_server(&limits),
            meter: Arc::default(),
            breaker: options
                .breaker
                .map(|breaker| Arc::new(Breaker::new(breaker, Arc::clone(&options.name), Arc::clone(&making.changes)))),
            ticker: Arc::clone(&making.ticker),
            limits,
            supervision: options.supervision,
            share: ShareOptions { interaction: options.interaction, broadcasts_logs: options.broadcasts_logs },
            changes: Arc::clone(&making.changes),
            parking: Arc::clone(&making.parking),
            log: options.log.clone(),
            traffic: making.traffic.clone(),
            tool_headers: Arc::new(ToolHeaders::new(options.is_dedicated(), options.is_remote())),
        };
        Server::new(options, &client, setting)
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

/// Refuses names that are taken, or of nothing.
fn check(slots: &[Slot], old: &[Arc<Server>]) -> Result<(), BuildError> {
    for (n, slot) in slots.iter().enumerate() {
        let name = slot.name();
        if RESERVED_NAMES.contains(&&**name) {
            return Err(BuildError::ReservedName(Arc::clone(name)));
        }
        if slots[..n].iter().any(|other| other.name() == name) {
            return Err(BuildError::DuplicateName(Arc::clone(name)));
        }
        if matches!(slot, Slot::Keep(_)) && !old.iter().any(|server| server.name() == name) {
            return Err(BuildError::NothingToKeep(Arc::clone(name)));
        }
    }
    Ok(())
}

/// Waits, before it connects, until those that had the place before are gone: they may want the same file or port.
#[derive(Debug)]
struct After {
    inner: Arc<dyn Transport>,
    before: Vec<Leaving>,
}

#[async_trait]
impl Transport for After {
    async fn connect(&self, caller: &Arc<Caller>) -> Result<Arc<dyn Connection>, ConnectError> {
        for left in &self.before {
            left.closed.cancelled().await;
        }
        self.inner.connect(caller).await
    }
}

impl fmt::Debug for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.now().iter().map(|server| server.name())).finish()
    }
}
