//! One server behind the proxy, and how its clients share it.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use mcp_eras::FindEra;
use mcp_protocol::{Era, Revision};
use mcp_transport::{Caller, Client, ConnectError, Connection, Partition, Peer, Principal, Transport};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    lane::{Lane, Setting, layered},
    ticker::ticks,
};

/// How the clients of a server share it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sharing {
    /// One connection serves all clients; each sees it as its own.
    #[default]
    Shared,
    /// Every session has a connection of its own, which is gone when the session is.
    Dedicated,
}

/// One configured server.
///
/// A shared server is reached in the era that was found. If that is the modern one and a client of the legacy era comes, a
/// second connection is tried in the legacy way: many servers speak both.
#[derive(Debug)]
pub(crate) struct Server {
    name: Arc<str>,
    proxy: Arc<Client>,
    find: Arc<FindEra>,
    pinned: Option<Era>,
    /// The ways to it where the era is settled.
    legacy: Arc<dyn Transport>,
    modern: Arc<dyn Transport>,
    mode: Mode,
    setting: Setting,
}

#[derive(Debug)]
enum Mode {
    Shared(Lanes),
    Dedicated { children: Arc<Semaphore>, sessionless: Mutex<HashMap<(Partition, Era), Sessionless>> },
}

/// The lanes that all clients share.
#[derive(Debug, Default)]
struct Lanes {
    /// In the era that was found.
    found: OnceLock<Lane>,
    /// In the legacy era, to a server that was found to be modern.
    legacy: OnceLock<Lane>,
}

/// The lane of a principal that has no session, kept warm for its next request.
#[derive(Debug)]
struct Sessionless {
    lane: Arc<Lane>,
    last_used: u32,
    _child: OwnedSemaphorePermit,
}

/// A session's own way to its server; a dedicated child is counted for as long as this lives.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) connection: Arc<dyn Connection>,
    child: Option<OwnedSemaphorePermit>,
}

impl Opened {
    /// The connection alone; a dedicated child then counts no longer.
    pub(crate) fn into_connection(self) -> Arc<dyn Connection> {
        self.connection
    }

    /// Whether the session is over when the connection is.
    pub(crate) fn is_dedicated(&self) -> bool {
        self.child.is_some()
    }
}

/// Why there is no connection to a server.
#[derive(Debug)]
pub(crate) enum Unreachable {
    /// It could not be had.
    Connect(Arc<ConnectError>),
    /// It is there, but it does not speak the caller's era.
    OtherEra,
}

impl Server {
    /// The server that `raw` reaches, of era `pinned` if that is known; `proxy` is how we introduce ourselves.
    pub(crate) fn new(
        name: Arc<str>,
        raw: &Arc<dyn Transport>,
        sharing: Sharing,
        pinned: Option<Era>,
        proxy: &Arc<Client>,
        setting: Setting,
    ) -> Self {
        let limits = &setting.limits;
        let find = |pinned: Option<Era>| {
            let find = FindEra::new(Arc::clone(raw), Arc::clone(proxy));
            let find = find.patience(limits.handshake).probe_patience(limits.probe);
            Arc::new(if let Some(era) = pinned { find.pinned(era) } else { find })
        };
        let mode = match sharing {
            Sharing::Shared => Mode::Shared(Lanes::default()),
            Sharing::Dedicated => Mode::Dedicated {
                children: Arc::new(Semaphore::new(limits.children_per_server.min(Semaphore::MAX_PERMITS))),
                sessionless: Mutex::default(),
            },
        };
        let (legacy, modern) = (find(Some(Era::Legacy)), find(Some(Era::Modern)));
        Self { name, proxy: Arc::clone(proxy), find: find(pinned), pinned, legacy, modern, mode, setting }
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The era that the server was found to speak; it may speak the other one too.
    pub(crate) fn era(&self) -> Option<Era> {
        self.find.era()
    }

    /// Makes sure that the server can be had: finds out its era, and starts the shared connection.
    pub(crate) async fn start(&self) -> Result<(), Arc<ConnectError>> {
        match &self.mode {
            Mode::Shared(lanes) => self.found(lanes).start().await.map(drop),
            // What was opened to find out is stopped in the background as it is dropped.
            Mode::Dedicated { .. } => self.find.connect(&self.caller(Era::Legacy)).await.map(drop).map_err(Arc::new),
        }
    }

    /// Opens what a new session of the legacy era is served by, ready to be called.
    pub(crate) async fn open(&self, caller: &Arc<Caller>) -> Result<Opened, Unreachable> {
        match &self.mode {
            Mode::Shared(lanes) => {
                let (lane, _) = self.shared(lanes, Era::Legacy).await?;
                Ok(Opened { connection: lane.face(caller, &self.setting), child: None })
            }
            Mode::Dedicated { children, .. } => {
                let refused = |error| self.refused(Era::Legacy, Arc::new(error));
                let child = take(children).map_err(refused)?;
                let connection = self.legacy.connect(caller).await.map_err(refused)?;
                Ok(Opened { connection: layered(connection, &self.setting), child: Some(child) })
            }
        }
    }

    /// The connection for requests of `caller` that belong to no session, and who answers there.
    pub(crate) async fn sessionless(
        &self,
        caller: &Arc<Caller>,
    ) -> Result<(Arc<dyn Connection>, Arc<Peer>), Unreachable> {
        let era = caller.era();
        match &self.mode {
            Mode::Shared(lanes) => {
                let (lane, peer) = self.shared(lanes, era).await?;
                Ok((Arc::clone(lane.sessionless()), peer))
            }
            Mode::Dedicated { children, sessionless } => {
                // Known not to speak it: nothing is started to learn it again.
                if era == Era::Modern && self.find.era() == Some(Era::Legacy) {
                    return Err(Unreachable::OtherEra);
                }
                let lane = self.kept(children, sessionless, caller)?;
                let peer = lane.start().await.map_err(|error| self.refused(era, error))?;
                Ok((Arc::clone(lane.sessionless()), peer))
            }
        }
    }

    /// The lane that a principal without a session has had before, or a new one.
    fn kept(
        &self,
        children: &Arc<Semaphore>,
        sessionless: &Mutex<HashMap<(Partition, Era), Sessionless>>,
        caller: &Arc<Caller>,
    ) -> Result<Arc<Lane>, Unreachable> {
        let mut table = lock(sessionless);
        let now = self.setting.ticker.now();
        match table.entry((caller.partition(), caller.era())) {
            Entry::Occupied(mut entry) => {
                entry.get_mut().last_used = now;
                Ok(Arc::clone(&entry.get().lane))
            }
            Entry::Vacant(place) => {
                let child = take(children).map_err(|error| Unreachable::Connect(Arc::new(error)))?;
                let transport = if caller.era() == Era::Legacy { &self.legacy } else { &self.modern };
                let lane = Arc::new(Lane::new(transport, caller, &self.setting));
                place.insert(Sessionless { lane: Arc::clone(&lane), last_used: now, _child: child });
                Ok(lane)
            }
        }
    }

    /// Takes out the lanes without sessions that nobody used for as long as a session may idle.
    pub(crate) fn idle(&self) -> Vec<Arc<Lane>> {
        let Mode::Dedicated { sessionless, .. } = &self.mode else { return Vec::new() };
        let (now, life) = (self.setting.ticker.now(), ticks(self.setting.limits.sessions.idle));
        let is_idle = |entry: &Sessionless| {
            // Whoever is about to call, or waits for a response, holds the connection too.
            Arc::strong_count(entry.lane.sessionless()) == 1 && life <= now.saturating_sub(entry.last_used)
        };
        lock(sessionless).extract_if(|_, entry| is_idle(entry)).map(|(_, entry)| entry.lane).collect()
    }

    /// Closes everything that is open towards the server, sessions' dedicated connections aside.
    pub(crate) async fn close(&self) {
        match &self.mode {
            Mode::Shared(Lanes { found, legacy }) => {
                futures::future::join_all(found.get().into_iter().chain(legacy.get()).map(Lane::close)).await;
            }
            Mode::Dedicated { sessionless, .. } => {
                let open: Vec<_> = lock(sessionless).drain().map(|(_, entry)| entry.lane).collect();
                futures::future::join_all(open.iter().map(|lane| lane.close())).await;
            }
        }
    }

    /// The shared lane for callers of an era.
    async fn shared<'a>(&self, lanes: &'a Lanes, era: Era) -> Result<(&'a Lane, Arc<Peer>), Unreachable> {
        let found = self.found(lanes);
        let peer = found.start().await.map_err(Unreachable::Connect)?;
        if peer.era() == era {
            return Ok((found, peer));
        }
        if era == Era::Modern || self.pinned.is_some() {
            return Err(Unreachable::OtherEra);
        }
        let legacy = lanes.legacy.get_or_init(|| Lane::new(&self.legacy, &self.caller(Era::Legacy), &self.setting));
        let peer = legacy.start().await.map_err(|error| self.refused(era, error))?;
        Ok((legacy, peer))
    }

    fn found<'a>(&self, lanes: &'a Lanes) -> &'a Lane {
        lanes.found.get_or_init(|| {
            let find: Arc<dyn Transport> = Arc::<FindEra>::clone(&self.find);
            Lane::new(&find, &self.caller(Era::Legacy), &self.setting)
        })
    }

    /// The proxy itself, as the caller of what is shared.
    fn caller(&self, era: Era) -> Arc<Caller> {
        let revision = if era == Era::Legacy { Revision::LATEST_LEGACY } else { Revision::LATEST };
        Arc::new(Caller { client: Some(Arc::clone(&self.proxy)), ..Caller::new(Principal::Proxy, revision) })
    }

    /// What a failed connect in `era` means for a caller of that era: a server known to speak only the other one is there.
    fn refused(&self, era: Era, error: Arc<ConnectError>) -> Unreachable {
        let speaks_other = self.find.era().is_some_and(|found| found != era);
        let started = !matches!(*error, ConnectError::Spawn { .. } | ConnectError::Busy(_));
        if speaks_other && started { Unreachable::OtherEra } else { Unreachable::Connect(error) }
    }
}

fn take(children: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, ConnectError> {
    let busy = "the server has as many processes as `children_per_server` allows";
    Arc::clone(children).try_acquire_owned().map_err(|_| ConnectError::Busy(busy))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
