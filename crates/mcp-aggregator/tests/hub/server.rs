//! A server whose every word is said by the test, as a member of a hub.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use async_trait::async_trait;
use futures::Stream;
use mcp_aggregator::{Member, Retry, Unavailable};
use mcp_jsonrpc::Message;
use mcp_protocol::{Era, ListKind, Revision, code, method};
use mcp_transport::{
    Caller, CloseReason, Closed, ConnectError, Connection, EventSender, Events, Lost, NotSent, NoteLimits, Peer, Reply,
    ReplySource, Request, SendError,
};
use tokio::sync::{mpsc, watch};

/// A server of the test.
#[derive(Debug)]
pub(crate) struct Server {
    name: Arc<str>,
    pub(crate) is: Mutex<Is>,
    pub(crate) open: AtomicUsize,
    pub(crate) generation: watch::Sender<u64>,
    calls: mpsc::Sender<Call>,
    waiting: tokio::sync::Mutex<mpsc::Receiver<Call>>,
}

/// How it behaves; the test changes that as it goes.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question that a hub asks a member")]
pub(crate) struct Is {
    /// Members of the handshake's result, but for the capabilities.
    pub(crate) handshake: String,
    pub(crate) capabilities: String,
    pub(crate) lists: HashMap<&'static str, Vec<String>>,
    pub(crate) plans: HashMap<&'static str, Plan>,
    pub(crate) usable: bool,
    pub(crate) on_demand: bool,
    pub(crate) dedicated: bool,
    pub(crate) counted: bool,
    /// The era that it does not speak.
    pub(crate) mute: Option<Era>,
    /// Whether nobody can reach it, and for what reason.
    pub(crate) opening: Opening,
    pub(crate) retry: Retry,
    pub(crate) heard: Vec<Heard>,
    pub(crate) lines: Vec<Arc<State>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    Works,
    Hangs,
    Fails,
    /// After ten seconds.
    FailsLate,
}

/// What becomes of a request.
#[derive(Clone, Debug)]
pub(crate) enum Plan {
    Result(String),
    Error(i64, &'static str),
    /// The test answers it.
    ByHand,
    NotSent(NotSent),
    Lost(Lost),
    /// One after the other; the last one stays.
    Each(Vec<Self>),
}

/// Something that the server has heard.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    /// Over which of its connections, in the order in which they were opened.
    pub(crate) line: usize,
    pub(crate) message: Message,
}

/// A request that the test answers.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) request: Request,
    pub(crate) answers: mpsc::Sender<Result<Message, Lost>>,
    pub(crate) cancelled: watch::Receiver<Option<String>>,
}

/// One connection of the server.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) closed: watch::Sender<bool>,
    pub(crate) dropped: watch::Sender<bool>,
    pub(crate) events: Mutex<Option<EventSender>>,
    taken: Mutex<Option<Events>>,
}

#[derive(Debug)]
struct Line {
    server: Arc<Server>,
    at: usize,
    era: Era,
    state: Arc<State>,
}

impl Server {
    pub(crate) fn new(name: &str) -> Arc<Self> {
        let (calls, waiting) = mpsc::channel(64);
        Arc::new(Self {
            name: name.into(),
            is: Mutex::new(Is::default()),
            open: AtomicUsize::new(0),
            generation: watch::Sender::new(0),
            calls,
            waiting: tokio::sync::Mutex::new(waiting),
        })
    }

    /// One with these tools, by their names.
    pub(crate) fn with_tools(name: &str, tools: &[&str]) -> Arc<Self> {
        let server = Self::new(name);
        server.lists(ListKind::Tools, tools.iter().map(|tool| format!(r#"{{"name":"{tool}"}}"#)));
        server
    }

    pub(crate) fn is(&self) -> MutexGuard<'_, Is> {
        self.is.lock().unwrap()
    }

    /// From now on it lists these (JSON text each).
    pub(crate) fn lists(&self, kind: ListKind, items: impl IntoIterator<Item = impl Into<String>>) {
        let items = items.into_iter().map(Into::into).collect();
        self.is().lists.insert(kind.method(), items);
    }

    pub(crate) fn plan(&self, method: &'static str, plan: Plan) {
        self.is().plans.insert(method, plan);
    }

    pub(crate) fn answers(&self, method: &'static str, result: &str) {
        self.plan(method, Plan::Result(result.to_owned()));
    }

    /// Says this over one of its connections, outside of calls.
    pub(crate) fn says(&self, line: usize, message: Message) {
        let line = Arc::clone(&self.is().lines[line]);
        line.events.lock().unwrap().as_ref().unwrap().push(message).unwrap();
    }

    /// Announces over all connections that a list is another one.
    pub(crate) fn has_changed(&self, kind: ListKind) {
        for line in &self.is().lines {
            if let Some(events) = &*line.events.lock().unwrap() {
                events.push(Message::notification(kind.list_changed(), None)).unwrap();
            }
        }
    }

    /// The params of the messages of that method that it has heard so far.
    pub(crate) fn heard(&self, method: &str) -> Vec<String> {
        let is = self.is();
        let heard = is.heard.iter().filter(|heard| heard.message.method() == Some(method));
        heard.map(|heard| heard.message.params().unwrap_or_default().to_owned()).collect()
    }

    /// The answers that it has heard so far: ids and results.
    pub(crate) fn answered(&self) -> Vec<(String, String)> {
        let is = self.is();
        let answers = is.heard.iter().filter(|heard| heard.message.method().is_none());
        answers
            .map(|heard| {
                let id = heard.message.id().unwrap().to_string();
                (id, heard.message.result().or(heard.message.error()).unwrap_or_default().to_owned())
            })
            .collect()
    }

    /// The next request that is to be answered by hand.
    pub(crate) async fn next(&self) -> Call {
        let next = async { self.waiting.lock().await.recv().await.unwrap() };
        tokio::time::timeout(std::time::Duration::from_mins(10), next).await.expect("the server is called")
    }

    fn plan_of(&self, request: &Request) -> Plan {
        let mut is = self.is();
        if let Some(plan) = is.plans.get_mut(request.method()) {
            return match plan {
                Plan::Each(plans) if 1 < plans.len() => plans.remove(0),
                Plan::Each(plans) => plans[0].clone(),
                plan => plan.clone(),
            };
        }
        let kind = ListKind::of(request.method());
        match (kind, request.method()) {
            (Some(kind), _) => {
                let items = is.lists.get(kind.method()).map(|items| items.join(",")).unwrap_or_default();
                Plan::Result(format!(r#"{{"{}":[{items}]}}"#, kind.field()))
            }
            (None, method::LOGGING_SET_LEVEL | method::RESOURCES_SUBSCRIBE | method::RESOURCES_UNSUBSCRIBE) => {
                Plan::Result("{}".to_owned())
            }
            _ => Plan::Error(code::METHOD_NOT_FOUND, "no such method"),
        }
    }
}

impl Default for Is {
    fn default() -> Self {
        let capabilities = r#"{"tools":{"listChanged":true},"prompts":{"listChanged":true},"resources":{"listChanged":true,"subscribe":true},"logging":{},"completions":{}}"#;
        Self {
            handshake: r#""serverInfo":{"name":"s","version":"1"}"#.to_owned(),
            capabilities: capabilities.to_owned(),
            lists: HashMap::new(),
            plans: HashMap::new(),
            usable: true,
            on_demand: false,
            dedicated: false,
            counted: true,
            mute: None,
            opening: Opening::Works,
            retry: Retry::default(),
            heard: Vec::new(),
            lines: Vec::new(),
        }
    }
}

/// A server as the hub holds it. What it opens has to hold the server too.
#[derive(Debug)]
pub(crate) struct Known(pub(crate) Arc<Server>);

#[async_trait]
impl Member for Known {
    fn name(&self) -> &Arc<str> {
        &self.0.name
    }

    fn is_usable(&self) -> bool {
        self.0.is().usable
    }

    fn is_on_demand(&self) -> bool {
        self.0.is().on_demand
    }

    fn is_dedicated(&self) -> bool {
        self.0.is().dedicated
    }

    fn retry(&self) -> Retry {
        self.0.is().retry
    }

    fn generation(&self, _: Era) -> Option<watch::Receiver<u64>> {
        self.0.is().counted.then(|| self.0.generation.subscribe())
    }

    async fn open(&self, caller: &Arc<Caller>) -> Result<Arc<dyn Connection>, Unavailable> {
        let opening = self.0.is().opening;
        match opening {
            Opening::Hangs => std::future::pending::<()>().await,
            Opening::Fails | Opening::FailsLate => {
                if opening == Opening::FailsLate {
                    tokio::time::sleep(std::time::Duration::from_secs(10)).await;
                }
                return Err(Unavailable::Connect(Arc::new(ConnectError::Ended(gone()))));
            }
            Opening::Works => {}
        }
        if self.0.is().mute == Some(caller.era()) {
            return Err(Unavailable::OtherEra);
        }
        // As a real one takes a moment.
        tokio::task::yield_now().await;
        let (events, taken) = mcp_transport::events(NoteLimits::default());
        let state = Arc::new(State {
            closed: watch::Sender::new(false),
            dropped: watch::Sender::new(false),
            events: Mutex::new(Some(events)),
            taken: Mutex::new(Some(taken)),
        });
        let mut is = self.0.is();
        is.lines.push(Arc::clone(&state));
        self.0.open.fetch_add(1, Ordering::Relaxed);
        Ok(Arc::new(Line { server: Arc::clone(&self.0), at: is.lines.len() - 1, era: caller.era(), state }))
    }
}

/// Why a connection is over that the server has ended.
pub(crate) fn gone() -> Arc<Closed> {
    Arc::new(Closed::new(CloseReason::Exited(1)))
}

#[async_trait]
impl Connection for Line {
    fn peer(&self) -> Arc<Peer> {
        let is = self.server.is();
        let handshake = format!(r#"{{"capabilities":{},{}}}"#, is.capabilities, is.handshake);
        let revision = match self.era {
            Era::Legacy => Revision::LATEST_LEGACY,
            Era::Modern => Revision::LATEST,
        };
        Arc::new(Peer { revision, handshake: handshake.into() })
    }

    async fn call(&self, request: Request) -> Result<Reply, SendError> {
        if *self.state.closed.borrow() {
            return Err(SendError::new(request.into_parts().0, NotSent::Closed(gone())));
        }
        self.hear(request.message().clone());
        let id = request.message().id().unwrap();
        match self.server.plan_of(&request) {
            Plan::Result(result) => Ok(Reply::ready(Message::response(&id, &result))),
            Plan::Error(code, text) => Ok(Reply::ready(Message::error_response(Some(&id), code, text, None))),
            Plan::NotSent(reason) => Err(SendError::new(request.into_parts().0, reason)),
            Plan::Lost(lost) => Ok(Reply::stream(futures::stream::iter([Err(lost)]))),
            Plan::Each(_) => unreachable!("plans are flat"),
            Plan::ByHand => {
                let (answers, source) = mpsc::channel(64);
                let (cancel, cancelled) = watch::channel(None);
                let call = Call { request, answers, cancelled };
                self.server.calls.send(call).await.unwrap();
                Ok(Reply::new(ByHand { source, cancel }))
            }
        }
    }

    async fn tell(&self, message: Message, _: &Arc<Caller>) -> Result<(), SendError> {
        self.hear(message);
        Ok(())
    }

    fn events(&self) -> Option<Events> {
        self.state.taken.lock().unwrap().take()
    }

    async fn closed(&self) -> Arc<Closed> {
        let _ = self.state.closed.subscribe().wait_for(|closed| *closed).await;
        gone()
    }

    async fn close(&self) {
        self.state.end();
    }
}

impl Line {
    fn hear(&self, message: Message) {
        let heard = Heard { line: self.at, message };
        self.server.is().heard.push(heard);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.state.dropped.send_replace(true);
        self.server.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl State {
    /// The server ends this connection.
    pub(crate) fn end(&self) {
        self.closed.send_replace(true);
        *self.events.lock().unwrap() = None;
    }
}

impl Call {
    pub(crate) async fn says(&self, message: Message) {
        self.answers.send(Ok(message)).await.unwrap();
    }

    pub(crate) async fn answers(&self, result: &str) {
        self.says(Message::response(&self.request.message().id().unwrap(), result)).await;
    }

    /// Resolves with the reason once nobody wants the answer any more.
    pub(crate) async fn cancelled(&mut self) -> String {
        let cancelled = self.cancelled.wait_for(Option::is_some).await.unwrap();
        cancelled.clone().unwrap()
    }
}

/// A reply that the test speaks; tells when it is cancelled or dropped.
struct ByHand {
    source: mpsc::Receiver<Result<Message, Lost>>,
    cancel: watch::Sender<Option<String>>,
}

impl Stream for ByHand {
    type Item = Result<Message, Lost>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.source.poll_recv(context)
    }
}

impl ReplySource for ByHand {
    fn cancel(self: Pin<&mut Self>, reason: Option<&str>) {
        self.cancel.send_replace(Some(reason.unwrap_or("cancelled").to_owned()));
    }
}

impl Drop for ByHand {
    fn drop(&mut self) {
        if self.cancel.borrow().is_none() {
            self.cancel.send_replace(Some("dropped".to_owned()));
        }
    }
}
