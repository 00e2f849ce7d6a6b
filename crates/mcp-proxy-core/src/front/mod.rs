//! The HTTP front: joins the wire, the sessions and the servers.

mod answer;
mod byte_streams;
mod call;
mod cancel;
mod head;
mod initialize;
mod legacy;
mod live;
mod modern;
mod outgoing;
mod outlet;
mod pair;
mod plain;
mod post;
mod prompty;
mod route;
mod streams;

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, StatusCode, request::Parts};
use http_body::Body;
use mcp_auth::{Denied, Gate};
use mcp_jsonrpc::Id;
use mcp_session::{Ended, OpenSession, Registry, SessionId};
use mcp_transport::Principal;
use mcp_transport_http::server::{Allowed, Answer, BodyLimits, Guard, GuardError, RequestHead, read_body};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub(crate) use self::outgoing::Outgoing;
use self::{
    head::Head,
    live::Live,
    route::{Found, Route},
};
use crate::{
    BuildError, Dialect, Limits, Proxy, ReachError, ResponseBody,
    mount::Mount,
    rescue,
    rescue::Told,
    server::Server,
    servers::{Servers, Slot},
    ticker::Ticker,
};

/// A response of ours.
pub(crate) type Answered = Response<Answer<Outgoing>>;
type Session = Arc<OpenSession<Live>>;

/// Everything that requests share.
#[derive(Debug)]
pub(crate) struct Front {
    servers: Servers,
    guard: Guard,
    gate: Gate,
    mounts: Vec<Mount>,
    sessions: Registry<Live>,
    ticker: Arc<Ticker>,
    limits: Arc<Limits>,
    body: BodyLimits,
    /// What stands before our paths, as seen from outside.
    public_path: Box<str>,
    public_url: Option<Box<str>>,
    /// Cancelled when no new work is taken and idle streams end.
    stopping: CancellationToken,
    /// Tasks that close what is over, and calls whose client has gone.
    tasks: TaskTracker,
    is_keeping_house: AtomicBool,
}

/// Who may use what.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) allowed: Allowed,
    pub(crate) gate: Gate,
    pub(crate) mounts: Vec<Mount>,
}

const HOUSEKEEPING: Duration = Duration::from_secs(1);

impl Front {
    pub(crate) fn new(
        servers: Servers,
        rules: Rules,
        ticker: Arc<Ticker>,
        limits: Arc<Limits>,
    ) -> Result<Arc<Self>, GuardError> {
        Ok(Arc::new(Self {
            servers,
            guard: Guard::new(&rules.allowed)?,
            public_path: public_path(rules.allowed.public_url.as_deref()),
            public_url: rules.allowed.public_url.as_deref().map(|url| url.trim_end_matches('/').into()),
            gate: rules.gate,
            mounts: rules.mounts,
            sessions: Registry::new(limits.sessions.clone()),
            ticker,
            body: BodyLimits { bytes: limits.body, ..BodyLimits::default() },
            limits,
            stopping: CancellationToken::new(),
            tasks: TaskTracker::new(),
            is_keeping_house: AtomicBool::new(false),
        }))
    }

    pub(crate) fn ticker(&self) -> &Arc<Ticker> {
        &self.ticker
    }

    pub(crate) fn servers(&self) -> &Servers {
        &self.servers
    }

    /// Answers a request; whatever goes wrong is an answer too.
    pub(crate) async fn serve<B>(self: &Arc<Self>, request: Request<B>, used: &Used) -> Response<ResponseBody>
    where
        B: Body<Data = Bytes>,
    {
        self.keep_house();
        let (parts, body) = request.into_parts();
        let pass = match self.guard.check(&parts) {
            Ok(pass) => pass,
            Err(refusal) => return told(&refusal.into(), None).map(ResponseBody::own),
        };
        if let Some(answer) = pass.preflight(&parts) {
            return answer.map(ResponseBody::own);
        }
        let mut answer = if self.stopping.is_cancelled() {
            told(&rescue::shutting_down(), None).map(ResponseBody::own)
        } else {
            let answer = self.admitted(parts, body, used).await;
            answer.unwrap_or_else(|refused| refused.map(ResponseBody::own))
        };
        pass.stamp(answer.headers_mut());
        answer
    }

    /// Answers a request from a host and an origin that may ask, once it is known who does.
    async fn admitted<B>(
        self: &Arc<Self>,
        parts: Parts,
        body: B,
        used: &Used,
    ) -> Result<Response<ResponseBody>, Refused>
    where
        B: Body<Data = Bytes>,
    {
        let path = parts.uri.path().to_owned();
        let found = route::find(&path, &self.servers.now(), &self.mounts);
        if found.route == Route::Health {
            return health(&parts).map(|answer| answer.map(ResponseBody::own));
        }
        let principal = match self.gate.admit(&parts.headers, parts.uri.query()) {
            Ok(principal) => principal,
            Err(denied) => {
                let owner = self.owner_of_pair(&found, &parts, denied);
                owner.ok_or_else(|| refused(&rescue::unauthorized(denied), None))?
            }
        };
        let head = Head { parts, principal };
        if let Route::Mounted(place) = found.route {
            return self.mounted(&self.mounts[place], head, body).await;
        }
        Ok(self.routed(found, &head, body, used).await?.map(ResponseBody::own))
    }

    /// Whose session a message without a key is for. Some clients can only set a URL, and the one they are told to post to
    /// holds no key: the session's id, made under a valid key, stands for it there.
    fn owner_of_pair(&self, found: &Found<'_>, parts: &Parts, denied: Denied) -> Option<Principal> {
        if found.route != Route::Messages || denied != Denied::Missing {
            return None;
        }
        let id = SessionId::parse(head::session_parameter(&parts.uri)?).ok()?;
        let session = self.sessions.find(&id)?;
        session.live().is_pair().then(|| session.owner().clone())
    }

    /// Hands a request on to a service.
    async fn mounted<B>(self: &Arc<Self>, mount: &Mount, head: Head, body: B) -> Result<Response<ResponseBody>, Refused>
    where
        B: Body<Data = Bytes>,
    {
        let text = read_body(body, &self.body).await.map_err(|refusal| refused(&refusal.into(), None))?;
        let proxy = Proxy::new(Arc::clone(self), Arc::clone(&self.limits));
        let request = Request::from_parts(head.parts, text);
        let answer = mount.service.answer(&proxy, request, &head.principal).await;
        Ok(answer.map(|body| ResponseBody::of_service(body, &self.stopping)))
    }

    async fn routed<B>(
        self: &Arc<Self>,
        found: Found<'_>,
        head: &Head,
        body: B,
        used: &Used,
    ) -> Result<Answered, Refused>
    where
        B: Body<Data = Bytes>,
    {
        let Found { route, server, name } = found;
        let Some(server) = &server else {
            return Err(refused(&self.no_server(route, name), None));
        };
        match route {
            Route::Mcp => match head.method {
                http::Method::POST => self.post(server, head, body, used).await,
                http::Method::GET => self.listen(server, head, used),
                http::Method::DELETE => self.end(server, head),
                _ => Err(refused(&rescue::wrong_method("GET, POST, DELETE"), None)),
            },
            Route::Sse => match head.method {
                http::Method::GET if head.dialect(server) == Dialect::Prompty => self.listen_to_all(server, head).await,
                http::Method::GET => self.open_pair(server, head, used),
                _ => Err(refused(&rescue::wrong_method("GET"), None)),
            },
            Route::Messages => match head.method {
                http::Method::POST if head.session_parameter().is_some() => {
                    self.post_to_pair(server, head, body, used).await
                }
                http::Method::POST if head.dialect(server) == Dialect::Prompty => {
                    self.post_for_all(server, head, body).await
                }
                http::Method::POST => Err(refused(&rescue::no_stream(), None)),
                _ => Err(refused(&rescue::wrong_method("POST"), None)),
            },
            Route::Health | Route::Mounted(_) | Route::Unknown => Err(refused(&rescue::unknown_route(), None)),
        }
    }

    /// Why a path leads to no server.
    fn no_server(&self, route: Route, name: Option<&str>) -> Told {
        match (route, name) {
            (Route::Mcp | Route::Sse | Route::Messages, Some(name)) => rescue::unknown_server(name),
            (Route::Mcp | Route::Sse | Route::Messages, None) => {
                let servers = self.servers.now();
                rescue::which_server(servers.iter().map(|server| &**server.name()))
            }
            _ => rescue::unknown_route(),
        }
    }

    /// The session a request names.
    fn session(&self, server: &Arc<Server>, head: &Head) -> Result<Option<Session>, Refused> {
        let Some(id) = RequestHead::new(&head.headers).session().map_err(|refusal| refused(&refusal.into(), None))?
        else {
            return Ok(None);
        };
        let session = self.lookup(server, head, id)?;
        // Everything of a session of HTTP+SSE goes over its own stream.
        if session.live().is_pair() { Err(refused(&rescue::unknown_session(), None)) } else { Ok(Some(session)) }
    }

    fn lookup(&self, server: &Arc<Server>, head: &Head, id: &str) -> Result<Session, Refused> {
        let session = SessionId::parse(id).ok().and_then(|id| self.sessions.lookup(&id, &head.principal));
        // A session of one server is no session of another.
        let session = session.filter(|session| Arc::ptr_eq(&session.live().server, server));
        session.ok_or_else(|| refused(&rescue::unknown_session(), None))
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

    /// Makes `slots` the servers that there are; ends what was open to those that have gone.
    pub(crate) fn change_servers(self: &Arc<Self>, slots: Vec<Slot>) -> Result<(), BuildError> {
        let change = self.servers.change(slots)?;
        for (server, closed) in change.gone {
            let over = self.sessions.end_where(|live| Arc::ptr_eq(&live.server, &server));
            self.tasks.spawn(async move {
                let sessions = over.iter().map(|ended| ended.live.close());
                futures::future::join(server.close(), futures::future::join_all(sessions)).await;
                drop(closed);
            });
        }
        for server in change.come.into_iter().filter(|server| server.is_launched()) {
            self.tasks.spawn(async move {
                if let Err(error) = server.start().await {
                    tracing::warn!("{}", ReachError::new(&server, error));
                }
            });
        }
        Ok(())
    }

    /// Ends the sessions that have an instance of `server` of their own.
    pub(crate) async fn end_own_sessions(&self, server: &Arc<Server>) {
        let over = self.sessions.end_where(|live| Arc::ptr_eq(&live.server, server) && live.is_dedicated());
        futures::future::join_all(over.iter().map(|ended| ended.live.close())).await;
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
        for lane in front.servers.now().iter().flat_map(|server| server.idle()) {
            front.tasks.spawn(async move { lane.close().await });
        }
    }
}

/// What one TCP connection was used for: it may idle for as long as a session it carried lives.
#[derive(Debug, Default)]
pub(crate) struct Used(std::sync::Mutex<Weak<OpenSession<Live>>>);

impl Used {
    fn by(&self, session: &Session) {
        let mut used = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if !std::ptr::eq(used.as_ptr(), Arc::as_ptr(session)) {
            *used = Arc::downgrade(session);
        }
    }

    /// Whether a session that came this way still lives.
    pub(crate) fn by_living_session(&self) -> bool {
        let used = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        used.upgrade().is_some_and(|session| session.is_alive())
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

fn health(head: &Parts) -> Result<Answered, Refused> {
    if head.method != http::Method::GET && head.method != http::Method::HEAD {
        return Err(refused(&rescue::wrong_method("GET, HEAD"), None));
    }
    Ok(Answer::json(Answer::text(concat!(r#"{"status":"ok","version":""#, env!("CARGO_PKG_VERSION"), r#""}"#))))
}
