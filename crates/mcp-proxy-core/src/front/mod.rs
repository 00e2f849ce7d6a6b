//! The HTTP front: joins the wire, the sessions and the servers.

mod admission;
mod answer;
mod byte_streams;
mod call;
mod cancel;
mod change;
mod counts;
mod doors;
mod head;
mod health;
mod initialize;
mod legacy;
mod live;
mod modern;
mod outgoing;
mod outlet;
mod pair;
#[cfg(feature = "hub")]
mod place;
mod plain;
mod post;
mod prompty;
#[cfg(feature = "rest")]
pub(crate) mod rest;
mod route;
mod sessions;
mod streams;
mod target;

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::{Response, StatusCode};
use mcp_auth::Keys;
use mcp_jsonrpc::Id;
use mcp_session::{Ended, OpenSession, Registry};
use mcp_transport_http::server::{Allowed, Answer, BodyLimits, Guard, GuardError, RequestHead};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use self::sessions::SessionInfo;
use self::{doors::Doors, head::Head, live::Live};
pub(crate) use self::{outgoing::Outgoing, target::Target};
use crate::{Limits, mount::Mount, rescue, rescue::Told, servers::Servers, ticker::Ticker};

/// A response of ours.
pub(crate) type Answered = Response<Answer<Outgoing>>;
type Session = Arc<OpenSession<Live>>;

/// Everything that requests share.
#[derive(Debug)]
pub(crate) struct Front {
    servers: Servers,
    /// All servers as one, if they are offered so.
    #[cfg(feature = "hub")]
    hub: Option<Arc<mcp_aggregator::Hub>>,
    guard: Guard,
    doors: Doors,
    mounts: Vec<Mount>,
    sessions: Registry<Live>,
    ticker: Arc<Ticker>,
    limits: Arc<Limits>,
    body: BodyLimits,
    /// What stands before our paths, as seen from outside.
    public_path: Box<str>,
    public_url: Option<Box<str>>,
    #[cfg(feature = "rest")]
    rest: Option<Arc<rest::Rest>>,
    /// Cancelled when no new work is taken and idle streams end.
    stopping: CancellationToken,
    /// Tasks that close what is over, and calls whose client has gone.
    tasks: TaskTracker,
    is_keeping_house: AtomicBool,
    /// TCP connections of clients.
    connections: Arc<AtomicUsize>,
}

/// Who may use what.
#[derive(Debug)]
pub(crate) struct Rules {
    #[cfg(feature = "hub")]
    pub(crate) hub: Option<Arc<mcp_aggregator::Hub>>,
    pub(crate) allowed: Allowed,
    pub(crate) keys: Keys,
    pub(crate) mounts: Vec<Mount>,
    #[cfg(feature = "rest")]
    pub(crate) rest: Option<Arc<rest::Rest>>,
}

const HOUSEKEEPING: Duration = Duration::from_secs(1);

impl Front {
    pub(crate) fn new(
        servers: Servers,
        rules: Rules,
        ticker: Arc<Ticker>,
        limits: Arc<Limits>,
    ) -> Result<Arc<Self>, GuardError> {
        let stopping = CancellationToken::new();
        Ok(Arc::new(Self {
            servers,
            #[cfg(feature = "hub")]
            hub: rules.hub,
            guard: Guard::new(&rules.allowed)?,
            public_path: public_path(rules.allowed.public_url.as_deref()),
            public_url: rules.allowed.public_url.as_deref().map(|url| url.trim_end_matches('/').into()),
            doors: Doors::new(rules.keys, &stopping),
            mounts: rules.mounts,
            #[cfg(feature = "rest")]
            rest: rules.rest,
            sessions: Registry::new(limits.sessions.clone()),
            ticker,
            body: BodyLimits { bytes: limits.body, ..BodyLimits::default() },
            limits,
            stopping,
            tasks: TaskTracker::new(),
            is_keeping_house: AtomicBool::new(false),
            connections: Arc::default(),
        }))
    }

    pub(crate) fn ticker(&self) -> &Arc<Ticker> {
        &self.ticker
    }

    /// Whether callers need a key.
    #[cfg(feature = "rest")]
    fn is_keyed(&self) -> bool {
        self.doors.is_closed()
    }

    /// All servers as one, if they are offered so.
    #[cfg(feature = "hub")]
    pub(crate) fn hub(&self) -> Option<&Arc<mcp_aggregator::Hub>> {
        self.hub.as_ref()
    }

    pub(crate) fn servers(&self) -> &Servers {
        &self.servers
    }

    /// The session a request names.
    fn session(&self, target: &Target, head: &Head) -> Result<Option<Session>, Refused> {
        let Some(id) = RequestHead::new(&head.headers).session().map_err(|refusal| refused(&refusal.into(), None))?
        else {
            return Ok(None);
        };
        let session = self.lookup(target, head, id)?;
        // Everything of a session of HTTP+SSE goes over its own stream.
        if session.live().is_pair() { Err(refused(&rescue::unknown_session(), None)) } else { Ok(Some(session)) }
    }

    fn lookup(&self, target: &Target, head: &Head, id: &str) -> Result<Session, Refused> {
        let session = self.sessions.lookup(id, &head.principal);
        // A session of one server is no session of another.
        let session = session.filter(|session| session.live().target.is(target));
        let session = session.ok_or_else(|| refused(&rescue::unknown_session(), None))?;
        // Its variables are those of its process, so a request may repeat them, and set no others.
        let variables = target.variables(head)?;
        if variables.is_empty() || variables == session.live().variables {
            return Ok(session);
        }
        Err(refused(&rescue::misplaced("the request sets other variables than those its session began with"), None))
    }

    /// Closes what served sessions that are over.
    fn close(&self, over: impl IntoIterator<Item = Ended<Live>>) {
        for ended in over {
            tracing::debug!(session = %ended.id, "the session is over: {}", ended.reason);
            self.tasks.spawn(async move { ended.live.close().await });
        }
    }

    /// Ends a session whose server or client has gone.
    fn end_session(&self, session: &Session) {
        self.close(self.sessions.end(session.id()));
    }

    /// Starts the task that ends what is over, with the first request: building a proxy starts nothing.
    fn keep_house(self: &Arc<Self>) {
        if !self.is_keeping_house.load(Ordering::Relaxed) && !self.is_keeping_house.swap(true, Ordering::Relaxed) {
            self.ticker.start();
            tokio::spawn(keep_house(Arc::downgrade(self)));
        }
    }

    /// Ends idle streams and takes no new work.
    pub(crate) fn stop(&self) {
        self.stopping.cancel();
    }

    /// Whether no new work is taken.
    fn is_stopping(&self) -> bool {
        self.stopping.is_cancelled()
    }

    /// Closes all sessions and servers; calls still in flight are answered with errors.
    pub(crate) async fn close_all(&self) {
        self.close(self.sessions.end_all());
        #[cfg(feature = "hub")]
        if let Some(hub) = &self.hub {
            hub.set_members(Vec::new());
        }
        let servers = self.servers.now().to_vec();
        futures::future::join_all(servers.iter().map(|server| server.close())).await;
        self.tasks.close();
        self.tasks.wait().await;
    }
}

async fn keep_house(front: Weak<Front>) {
    let mut interval = interval(HOUSEKEEPING);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let now = interval.tick().await;
        let Some(front) = front.upgrade() else { return };
        front.close(front.sessions.sweep(Instant::into_std(now)));
        front.servers.parking().sweep(now.into_std());
        #[cfg(feature = "rest")]
        if let Some(rest) = &front.rest {
            rest.sweep(now.into_std());
        }
        for kept in front.servers.now().iter().flat_map(|server| server.idle()) {
            front.tasks.spawn(async move { kept.close().await });
        }
    }
}

/// What is known of the TCP connection that a request came on.
#[derive(Debug)]
pub(crate) struct Used {
    scheme: &'static str,
    /// The connection may idle for as long as a session it carried lives.
    by: std::sync::Mutex<Weak<OpenSession<Live>>>,
}

impl Used {
    /// A connection that nobody has used yet, for URLs of this scheme.
    pub(crate) fn new(scheme: &'static str) -> Self {
        Self { scheme, by: std::sync::Mutex::default() }
    }

    fn by(&self, session: &Session) {
        let mut by = self.by.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if !std::ptr::eq(by.as_ptr(), Arc::as_ptr(session)) {
            *by = Arc::downgrade(session);
        }
    }

    /// Whether a session that came this way still lives.
    pub(crate) fn by_living_session(&self) -> bool {
        let by = self.by.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        by.upgrade().is_some_and(|session| session.is_alive())
    }
}

/// The time, by the clock that the sweep goes by.
fn now() -> std::time::Instant {
    Instant::now().into_std()
}

/// The path of the public URL, without a slash at the end.
fn public_path(url: Option<&str>) -> Box<str> {
    let url = url.and_then(|url| url.parse::<http::Uri>().ok());
    url.map(|url| url.path().trim_end_matches('/').into()).unwrap_or_default()
}

/// An answer that ends the handling of a request early. Boxed, for it is rare and large.
type Refused = Box<Answered>;

fn refused(reason: &Told, id: Option<&Id>) -> Refused {
    Box::new(told(reason, id))
}

/// The answer that says what went wrong.
fn told(reason: &Told, id: Option<&Id>) -> Answered {
    let mut answer = Answer::message(&reason.message(id));
    *answer.status_mut() = reason.status;
    if let Some((name, value)) = &reason.header {
        answer.headers_mut().insert(name, value.clone());
    }
    answer
}

/// The answer without a body.
fn empty(status: StatusCode) -> Answered {
    let mut answer = Response::new(Answer::Empty);
    *answer.status_mut() = status;
    answer
}
