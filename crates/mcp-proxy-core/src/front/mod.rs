//! The HTTP front: joins the wire, the sessions and the servers.

mod answer;
mod byte_streams;
mod call;
mod cancel;
mod initialize;
mod legacy;
mod live;
mod modern;
mod outgoing;
mod outlet;
mod pair;
mod plain;
mod post;
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
use mcp_jsonrpc::Id;
use mcp_session::{Ended, OpenSession, Registry, SessionId};
use mcp_transport::Principal;
use mcp_transport_http::server::{Allowed, Answer, BodyLimits, Guard, GuardError, RequestHead};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub(crate) use self::outgoing::Outgoing;
use self::{live::Live, route::Route};
use crate::{Limits, rescue, rescue::Told, server::Server, ticker::Ticker};

/// A response of ours.
pub(crate) type Answered = Response<Answer<Outgoing>>;
type Session = Arc<OpenSession<Live>>;

/// Everything that requests share.
#[derive(Debug)]
pub(crate) struct Front {
    servers: Vec<Arc<Server>>,
    guard: Guard,
    sessions: Registry<Live>,
    ticker: Arc<Ticker>,
    limits: Arc<Limits>,
    body: BodyLimits,
    /// What stands before our paths, as seen from outside.
    public_path: Box<str>,
    /// Cancelled when no new work is taken and idle streams end.
    stopping: CancellationToken,
    /// Tasks that close what is over, and calls whose client has gone.
    tasks: TaskTracker,
    is_keeping_house: AtomicBool,
}

const HOUSEKEEPING: Duration = Duration::from_secs(1);

impl Front {
    pub(crate) fn new(
        servers: Vec<Arc<Server>>,
        allowed: &Allowed,
        ticker: Arc<Ticker>,
        limits: Arc<Limits>,
    ) -> Result<Arc<Self>, GuardError> {
        Ok(Arc::new(Self {
            servers,
            guard: Guard::new(allowed)?,
            public_path: public_path(allowed.public_url.as_deref()),
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

    pub(crate) fn servers(&self) -> &[Arc<Server>] {
        &self.servers
    }

    /// Answers a request; whatever goes wrong is an answer too.
    pub(crate) async fn serve<B>(self: &Arc<Self>, request: Request<B>, used: &Used) -> Answered
    where
        B: Body<Data = Bytes>,
    {
        self.keep_house();
        let (head, body) = request.into_parts();
        let pass = match self.guard.check(&head) {
            Ok(pass) => pass,
            Err(refusal) => return told(&refusal.into(), None),
        };
        if let Some(answer) = pass.preflight(&head) {
            return answer;
        }
        let mut answer = if self.stopping.is_cancelled() {
            told(&rescue::shutting_down(), None)
        } else {
            self.routed(&head, body, used).await.unwrap_or_else(|refused| *refused)
        };
        pass.stamp(answer.headers_mut());
        answer
    }

    async fn routed<B>(self: &Arc<Self>, head: &Parts, body: B, used: &Used) -> Result<Answered, Refused>
    where
        B: Body<Data = Bytes>,
    {
        let (route, server) = route::find(head.uri.path(), &self.servers);
        match (route, server) {
            (Route::Health, _) => health(head),
            (Route::Mcp, Some(server)) => match head.method {
                http::Method::POST => self.post(server, head, body, used).await,
                http::Method::GET => self.listen(server, head, used),
                http::Method::DELETE => self.end(server, head),
                _ => Err(refused(&rescue::wrong_method("GET, POST, DELETE"), None)),
            },
            (Route::Sse, Some(server)) => match head.method {
                http::Method::GET => self.open_pair(server, head, used),
                _ => Err(refused(&rescue::wrong_method("GET"), None)),
            },
            (Route::Messages, Some(server)) => match head.method {
                http::Method::POST => self.post_to_pair(server, head, body, used).await,
                _ => Err(refused(&rescue::wrong_method("POST"), None)),
            },
            _ => Err(refused(&rescue::unknown_route(), None)),
        }
    }

    /// Who sends this request. Without keys nobody is asked.
    #[expect(clippy::unused_self, reason = "who may call is decided here")]
    fn principal(&self, _: &Parts) -> Principal {
        Principal::Anonymous
    }

    /// The session a request names.
    fn session(&self, server: &Arc<Server>, head: &Parts) -> Result<Option<Session>, Refused> {
        let Some(id) = RequestHead::new(&head.headers).session().map_err(|refusal| refused(&refusal.into(), None))?
        else {
            return Ok(None);
        };
        let session = self.lookup(server, head, id)?;
        // Everything of a session of HTTP+SSE goes over its own stream.
        if session.live().is_pair() { Err(refused(&rescue::unknown_session(), None)) } else { Ok(Some(session)) }
    }

    fn lookup(&self, server: &Arc<Server>, head: &Parts, id: &str) -> Result<Session, Refused> {
        let session = SessionId::parse(id).ok().and_then(|id| self.sessions.lookup(&id, &self.principal(head)));
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
        futures::future::join_all(self.servers.iter().map(|server| server.close())).await;
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
        for lane in front.servers.iter().flat_map(|server| server.idle()) {
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
