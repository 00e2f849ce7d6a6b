//! One connection to a server in one era, shared by whoever may share it.

use std::sync::Arc;

use futures::future::join;
use mcp_eras::Parking;
use mcp_supervisor::{Status, Supervised, Supervision};
use mcp_transport::{Caller, ConnectError, Connection, Peer, ServerLog, Transport};

use crate::{
    Limits,
    layers::{Breaker, Guarded, Limit, Measure, Meter, Mirror, Places, Tap, Timeout},
    server::{Changes, Report},
    share::{Share, ShareOptions, Spares},
    ticker::Ticker,
    tool_headers::ToolHeaders,
    traffic::Traffic,
};

/// A supervised connection and the share on top of it. Making one does no I/O.
#[derive(Debug)]
pub(crate) struct Lane {
    upstream: Arc<Supervised>,
    share: Arc<Share>,
    /// What callers without a session use.
    sessionless: Arc<dyn Connection>,
}

/// What every connection to one server is made with.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(crate) name: Arc<str>,
    pub(crate) places: Places,
    pub(crate) meter: Arc<Meter>,
    pub(crate) breaker: Option<Arc<Breaker>>,
    pub(crate) ticker: Arc<Ticker>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) supervision: Supervision,
    pub(crate) share: ShareOptions,
    pub(crate) changes: Arc<Changes>,
    /// Where calls of modern clients wait for what a legacy server asks.
    pub(crate) parking: Arc<Parking>,
    pub(crate) log: ServerLog,
    /// There if somebody wants to see the calls.
    pub(crate) traffic: Option<Arc<Traffic>>,
    pub(crate) tool_headers: Arc<ToolHeaders>,
}

impl Lane {
    /// A lane to what `transport` reaches, opened on behalf of `caller`. Must be called inside a tokio runtime.
    pub(crate) fn new(transport: &Arc<dyn Transport>, caller: &Arc<Caller>, setting: &Setting) -> Self {
        Self::reported(transport, caller, setting, Report::Failures)
    }

    /// The same to a server that is there already, and that may well refuse this era.
    pub(crate) fn beside(transport: &Arc<dyn Transport>, caller: &Arc<Caller>, setting: &Setting) -> Self {
        Self::reported(transport, caller, setting, Report::OnceRunning)
    }

    fn reported(transport: &Arc<dyn Transport>, caller: &Arc<Caller>, setting: &Setting, report: Report) -> Self {
        let upstream = Supervised::with(Arc::clone(transport), Arc::clone(caller), setting.supervision);
        setting.changes.follow(Arc::clone(&setting.name), upstream.state(), report, setting.log.clone());
        let spares = Spares::new(transport, caller, setting.limits.interactive_children);
        let tool_headers = Arc::clone(&setting.tool_headers);
        let share = Share::new(Arc::clone(&upstream), spares, setting.limits.queue_wait, setting.share, tool_headers);
        // Callers without a session are many; what one session may have in flight is no bound for all of them.
        let limits = Limits { calls_per_session: setting.limits.calls_per_server, ..(*setting.limits).clone() };
        let sessionless = layered(share.face(caller), &Setting { limits: Arc::new(limits), ..setting.clone() });
        Self { upstream, share, sessionless }
    }

    /// Makes sure that the server is there, and says who it is.
    pub(crate) async fn start(&self) -> Result<Arc<Peer>, Arc<ConnectError>> {
        self.upstream.start().await
    }

    /// A session's own view of the lane.
    pub(crate) fn face(&self, caller: &Arc<Caller>, setting: &Setting) -> Arc<dyn Connection> {
        layered(self.share.face(caller), setting)
    }

    /// Whether nobody uses it who has no session: whoever is about to call holds the connection, and calls are counted.
    pub(crate) fn is_unused(&self) -> bool {
        Arc::strong_count(&self.sessionless) == 1 && self.share.is_quiet()
    }

    /// What callers without a session use.
    pub(crate) fn sessionless(&self) -> &Arc<dyn Connection> {
        &self.sessionless
    }

    /// The connection that is supervised.
    pub(crate) fn upstream(&self) -> &Arc<Supervised> {
        &self.upstream
    }

    /// What the connection is doing.
    pub(crate) fn status(&self) -> Status {
        self.upstream.state().borrow().clone()
    }

    pub(crate) fn share(&self) -> &Arc<Share> {
        &self.share
    }

    /// Ends what there is and starts it again.
    pub(crate) async fn restart(&self) -> Result<Arc<Peer>, Arc<ConnectError>> {
        join(self.upstream.restart(), self.share.end_spares()).await.0
    }

    /// Ends what there is, until it is started by hand.
    pub(crate) async fn stop(&self) {
        join(self.upstream.stop(), self.share.end_spares()).await;
    }

    /// Closes everything that is open, for good.
    pub(crate) async fn close(&self) {
        self.share.close().await;
    }
}

/// What stands between a client and its connection. Outermost first: what a client sees is what is shown and measured; what is refused
/// because the server keeps failing waits for no place; the clock runs only once a call has its place, and a call gives its
/// place back when its clock has ended it. A call that is made again for its headers keeps its place, and has its time anew.
pub(crate) fn layered(inner: impl Connection, setting: &Setting) -> Arc<dyn Connection> {
    let timed = Timeout::new(inner, Arc::clone(&setting.ticker), &setting.limits);
    let mirrored = Mirror::new(timed, Arc::clone(&setting.tool_headers));
    let limited = Limit::new(mirrored, setting.places.clone(), &setting.limits);
    let meter = Arc::clone(&setting.meter);
    match &setting.breaker {
        Some(breaker) => shown(Measure::new(Guarded::new(limited, Arc::clone(breaker)), meter), setting),
        None => shown(Measure::new(limited, meter), setting),
    }
}

/// Where nobody wants to see the calls, nothing stands there that could.
fn shown(inner: impl Connection, setting: &Setting) -> Arc<dyn Connection> {
    match &setting.traffic {
        Some(traffic) => Arc::new(Tap::new(inner, Arc::clone(&setting.name), Arc::clone(traffic))),
        None => Arc::new(inner),
    }
}
