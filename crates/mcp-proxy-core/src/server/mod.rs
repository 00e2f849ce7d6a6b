//! One server behind the proxy, and how its clients share it.

mod across;
mod audience;
mod by_hand;
mod calls;
#[cfg(feature = "hub")]
mod member;
mod opened;
mod own;
mod readiness;
mod reading;
mod status;

use std::sync::{
    Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak,
    atomic::{AtomicBool, Ordering},
};

use futures::future::{join, join_all};
use mcp_eras::{AsModern, FindEra};
use mcp_protocol::{ClientCapabilities, Era, Revision};
use mcp_transport::{Caller, Client, ConnectError, Connection, Peer, Principal, ServerLog, Transport};
use tokio::sync::Notify;

use self::{
    audience::Audience,
    own::{Kept, Own},
};
pub(crate) use self::{
    audience::Listener,
    opened::{Opened, Unreachable},
    readiness::Counts,
    reading::Reading,
    status::{Changes, LastUse, Report},
};
pub use self::{calls::ServerCalls, status::ServerStatus};
use crate::{
    Interaction, ServerOptions,
    lane::{Lane, Setting, layered},
    options::Launch,
    tool_headers::ToolHeaders,
};

/// One configured server.
///
/// A shared server is reached in the era that was found. If that is the modern one and a client of the legacy era comes, a
/// second connection is tried in the legacy way: many servers speak both.
#[derive(Debug)]
pub(crate) struct Server {
    options: ServerOptions,
    proxy: Arc<Client>,
    find: Arc<FindEra>,
    /// The ways to it where the era is settled.
    legacy: Arc<dyn Transport>,
    modern: Arc<dyn Transport>,
    lanes: Lanes,
    own: Own,
    audience: Arc<Audience>,
    /// Whether somebody has tried to start it, however that went.
    is_tried: AtomicBool,
    /// Whether somebody has stopped it by hand.
    is_stopped: AtomicBool,
    /// Whether it has refused the legacy handshake, until it is started by hand.
    is_modern_alone: AtomicBool,
    /// Whether it is none of the proxy's servers any more.
    is_gone: AtomicBool,
    /// Tells whoever is about to have an instance of its own that it is not to be used any more.
    halted: Notify,
    /// As clients of the modern era see it, if it does not speak that itself.
    as_modern: OnceLock<Arc<AsModern>>,
    me: Weak<Self>,
    setting: Setting,
}

/// The lanes that all clients share.
#[derive(Debug, Default)]
struct Lanes {
    /// In the era that was found.
    found: OnceLock<Lane>,
    /// In the legacy era, to a server that was found to be modern.
    legacy: OnceLock<Lane>,
}

impl Server {
    /// The server of these options; `proxy` is how we introduce ourselves.
    pub(crate) fn new(options: ServerOptions, proxy: &Arc<Client>, setting: Setting) -> Arc<Self> {
        let find = |pinned: Option<Era>| {
            let find = FindEra::new(Arc::clone(&options.transport), Arc::clone(proxy));
            let find = find.patience(setting.limits.handshake).probe_patience(setting.limits.probe);
            Arc::new(if let Some(era) = pinned { find.pinned(era) } else { find })
        };
        let (found, legacy, modern) = (find(options.era), find(Some(Era::Legacy)), find(Some(Era::Modern)));
        let own = Own::new(&setting.limits, &setting.changes);
        Arc::new_cyclic(|me| Self {
            find: found,
            proxy: Arc::clone(proxy),
            legacy,
            modern,
            lanes: Lanes::default(),
            own,
            audience: Arc::default(),
            is_tried: AtomicBool::new(false),
            is_stopped: AtomicBool::new(false),
            is_modern_alone: AtomicBool::new(false),
            is_gone: AtomicBool::new(false),
            halted: Notify::new(),
            as_modern: OnceLock::new(),
            me: me.clone(),
            options,
            setting,
        })
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.options.name
    }

    /// Whether it is started with the proxy.
    pub(crate) fn is_launched(&self) -> bool {
        // Without the variables of a client it might not start, and that would say nothing about it.
        self.options.launch == Launch::WithProxy && self.options.request_env.is_none()
    }

    /// How it is configured.
    pub(crate) fn options(&self) -> &ServerOptions {
        &self.options
    }

    /// What is told of it to people who look for a reason.
    pub(crate) fn log(&self) -> &ServerLog {
        &self.setting.log
    }

    /// Which arguments of its tools are repeated in headers.
    pub(crate) fn tool_headers(&self) -> &ToolHeaders {
        &self.setting.tool_headers
    }

    /// The era that the server was found to speak; it may speak the other one too.
    pub(crate) fn era(&self) -> Option<Era> {
        self.find.era()
    }

    /// Makes sure that the server can be had: finds out its era, and starts the shared connection.
    pub(crate) async fn start(&self) -> Result<(), Unreachable> {
        let started = self.try_to_start().await;
        self.is_tried.store(true, Ordering::Relaxed);
        started
    }

    async fn try_to_start(&self) -> Result<(), Unreachable> {
        self.check()?;
        if !self.options.is_dedicated() {
            return self.found().start().await.map(drop).map_err(Unreachable::Connect);
        }
        // What was opened to find out is stopped in the background as it is dropped.
        let found = self.find.connect(&self.caller(Era::Legacy)).await;
        self.own.note(found.as_ref().map(drop));
        if let Err(error) = &found {
            tracing::warn!(server = &**self.name(), "the server cannot be had: {error}");
        }
        found.map(drop).map_err(|error| Unreachable::Connect(Arc::new(error)))
    }

    /// Opens what a new session of the legacy era is served by, ready to be called.
    pub(crate) async fn open(&self, caller: &Arc<Caller>) -> Result<Opened, Unreachable> {
        let halted = self.halted.notified();
        self.check()?;
        let opened = if self.is_own(caller) {
            tokio::select! {
                biased;
                () = halted => return self.check().and(Err(Unreachable::Stopped)),
                opened = self.open_own(caller) => opened?,
            }
        } else {
            let connection = match self.shared(Era::Legacy).await {
                Ok((lane, _)) => lane.face(caller, &self.setting),
                Err(Unreachable::OtherEra) => self.as_legacy(caller).await?,
                Err(other) => return Err(other),
            };
            Opened { connection, child: None }
        };
        // Stopped meanwhile: what was started for nobody is ended as it is dropped.
        self.check().map(|()| opened)
    }

    async fn open_own(&self, caller: &Arc<Caller>) -> Result<Opened, Unreachable> {
        let refused = |error| self.refused(Era::Legacy, Arc::new(error));
        let child = self.own.place().map_err(refused)?;
        if self.options.era == Some(Era::Modern) {
            return self.open_own_modern(caller, child).await;
        }
        let connected = self.legacy.connect(caller).await;
        self.own.note(connected.as_ref().map(drop));
        let connection = match connected.map_err(refused) {
            Ok(connection) => connection,
            Err(Unreachable::OtherEra) => return self.open_own_modern(caller, child).await,
            Err(other) => return Err(other),
        };
        self.setting.changes.note();
        Ok(Opened { connection: layered(connection, &self.setting), child: Some(child) })
    }

    /// The connection for requests of `caller` that belong to no session, and who answers there.
    pub(crate) async fn sessionless(
        &self,
        caller: &Arc<Caller>,
    ) -> Result<(Arc<dyn Connection>, Arc<Peer>), Unreachable> {
        self.check()?;
        let era = caller.era();
        let reached = if self.options.is_dedicated() {
            self.kept_in_own_era(caller).await
        } else {
            self.shared(era).await.map(|(lane, peer)| (Arc::clone(lane.sessionless()), peer))
        };
        match (reached, era) {
            (Err(Unreachable::OtherEra), Era::Modern) => self.as_modern(caller).await,
            (Err(Unreachable::OtherEra), Era::Legacy) => {
                let connection = self.as_legacy(caller).await?;
                let peer = connection.peer();
                Ok((connection, peer))
            }
            (reached, _) => reached,
        }
    }

    /// The connection for requests without a session of a caller that shares none with others, if the server speaks its era.
    async fn kept_in_own_era(&self, caller: &Arc<Caller>) -> Result<(Arc<dyn Connection>, Arc<Peer>), Unreachable> {
        if self.find.era().is_none() {
            // What cannot be had for now is told of by what follows.
            let found = self.find.connect(caller).await;
            self.own.note(found.as_ref().map(drop));
        }
        // Known not to speak it: nothing is started to learn it again.
        let other = match caller.era() {
            Era::Modern => self.find.era() == Some(Era::Legacy),
            Era::Legacy => self.options.era == Some(Era::Modern),
        };
        if other {
            return Err(Unreachable::OtherEra);
        }
        let (lane, peer) = self.kept(caller).await?;
        Ok((Arc::clone(lane.sessionless()), peer))
    }

    /// The lane of a caller that shares none with others.
    async fn kept(&self, caller: &Arc<Caller>) -> Result<(Arc<Lane>, Arc<Peer>), Unreachable> {
        let era = caller.era();
        let transport = if era == Era::Legacy { &self.legacy } else { &self.modern };
        let lane = self.own.kept(caller, transport, &self.setting, || self.check())?;
        let started = lane.start().await;
        self.own.note(started.as_ref().map(drop).map_err(|error| &**error));
        let peer = started.map_err(|error| self.refused(era, error))?;
        Ok((lane, peer))
    }

    /// A connection for one call over the lane of a caller that shares none with others.
    #[cfg(feature = "rest")]
    async fn kept_apart(&self, caller: &Arc<Caller>) -> Result<(Arc<dyn Connection>, Arc<Peer>), Unreachable> {
        let (lane, peer) = self.kept(caller).await?;
        Ok(match caller.era() {
            Era::Legacy => (lane.face(caller, &self.setting), peer),
            Era::Modern => (Arc::clone(lane.sessionless()), peer),
        })
    }

    /// How long the server may take to be ready.
    #[cfg(feature = "rest")]
    pub(crate) fn handshake_patience(&self) -> std::time::Duration {
        self.setting.limits.handshake
    }

    /// How many calls may wait for their caller to answer, for each may hold a spare instance, and one is left for calls
    /// that need no answer; `None` if none is lent.
    fn waiting_calls(&self) -> Option<usize> {
        let lends = !self.options.is_dedicated() && self.options.interaction == Interaction::Lease;
        lends.then(|| self.setting.limits.interactive_children.saturating_sub(1).max(1))
    }

    /// Where calls of callers of REST wait for an answer.
    #[cfg(feature = "rest")]
    pub(crate) fn room(&self) -> Option<mcp_eras::Room> {
        self.waiting_calls().map(|most| mcp_eras::Room { server: Arc::clone(self.name()), most })
    }

    /// A connection for one call of a caller without a session, in whichever era the server speaks; `caller` makes the
    /// caller for a revision of it. What the server asks during the call is that call's.
    #[cfg(feature = "rest")]
    pub(crate) async fn single(
        &self,
        caller: impl Fn(Revision) -> Caller,
    ) -> Result<(Arc<dyn Connection>, Arc<Peer>, Arc<Caller>), Unreachable> {
        self.check()?;
        let (legacy, modern) = (Arc::new(caller(Revision::LATEST_LEGACY)), || Arc::new(caller(Revision::LATEST)));
        if self.is_partitioned(&legacy) {
            // The proxy itself might not be let in, or lack what only the caller sets.
            if self.find.era().is_none() {
                let found = self.find.connect(&legacy).await;
                self.own.note(found.as_ref().map(drop));
                found.map_err(|error| Unreachable::Connect(Arc::new(error)))?;
            }
            let era = self.find.era().unwrap_or(Era::Legacy);
            let caller = if era == Era::Legacy { legacy } else { modern() };
            let (connection, peer) = self.kept_apart(&caller).await?;
            return Ok((connection, peer, caller));
        }
        let found = self.found();
        let peer = found.start().await.map_err(Unreachable::Connect)?;
        Ok(match peer.era() {
            Era::Legacy => (found.face(&legacy, &self.setting), peer, legacy),
            Era::Modern => (Arc::clone(found.sessionless()), peer, modern()),
        })
    }

    /// Whether calls of `caller` must not share what all callers share.
    #[cfg(feature = "rest")]
    fn is_partitioned(&self, caller: &Caller) -> bool {
        self.options.is_dedicated() || !caller.headers.is_empty()
    }

    /// Whether a session of `caller` has an instance of its own.
    fn is_own(&self, caller: &Caller) -> bool {
        let can_interact =
            || ClientCapabilities::read(caller.capabilities()).is_ok_and(ClientCapabilities::can_interact);
        let has_headers = !caller.headers.is_empty();
        self.options.is_dedicated()
            || has_headers
            || (self.options.interaction == Interaction::Dedicated && can_interact())
    }

    /// Takes out the lanes without sessions that nobody used for as long as a session may idle.
    pub(crate) fn idle(&self) -> Vec<Kept> {
        self.own.idle(&self.setting)
    }

    /// Closes everything that is open towards the server for good, sessions' dedicated connections aside.
    pub(crate) async fn close(&self) {
        self.retire();
        let lanes = self.lanes().map(Lane::close);
        join(join_all(lanes), self.close_sessionless()).await;
    }

    async fn close_sessionless(&self) {
        let open = self.own.all();
        join_all(open.iter().map(Kept::close)).await;
    }

    fn lanes(&self) -> impl Iterator<Item = &Lane> {
        let Lanes { found, legacy } = &self.lanes;
        found.get().into_iter().chain(legacy.get())
    }

    /// The shared lane for callers of an era.
    async fn shared(&self, era: Era) -> Result<(&Lane, Arc<Peer>), Unreachable> {
        let found = self.found();
        let peer = found.start().await.map_err(Unreachable::Connect)?;
        if peer.era() == era {
            return Ok((found, peer));
        }
        // Of a process of both eras one is enough, for in the modern one it is clear what belongs to whom.
        if era == Era::Modern || self.options.era.is_some() || !self.options.is_remote() {
            return Err(Unreachable::OtherEra);
        }
        let legacy =
            self.lanes.legacy.get_or_init(|| Lane::beside(&self.legacy, &self.caller(Era::Legacy), &self.setting));
        if self.is_modern_alone.load(Ordering::Relaxed) {
            return Err(Unreachable::OtherEra);
        }
        let refused = |error| {
            let refused = self.refused(era, error);
            // It has just said so, and is not asked with every client.
            self.is_modern_alone.store(matches!(refused, Unreachable::OtherEra), Ordering::Relaxed);
            refused
        };
        let peer = legacy.start().await.map_err(refused)?;
        Ok((legacy, peer))
    }

    fn found(&self) -> &Lane {
        self.lanes.found.get_or_init(|| {
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
