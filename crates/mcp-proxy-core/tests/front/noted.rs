//! Transports that tell what is done with them.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use mcp_jsonrpc::Message;
use mcp_proxy_core::transport::{
    Caller, Closed, ConnectError, Connection, Events, Memory, Peer, Reply, Request, SendError, Transport,
};
use tokio::time::sleep;

/// What was done, in order: a line for each connection that was opened or is gone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

/// A server in memory of which is noted who comes, with which variables, which headers repeat arguments of a call, and when
/// a connection is gone.
#[derive(Debug)]
pub(crate) struct Noted {
    name: &'static str,
    inner: Memory,
    lingers: Duration,
    log: Log,
    is_down: Arc<AtomicBool>,
}

/// Whether a noted server can be reached.
#[derive(Clone, Debug)]
pub(crate) struct Down(Arc<AtomicBool>);

#[derive(Debug)]
struct Open {
    name: &'static str,
    inner: Arc<dyn Connection>,
    lingers: Duration,
    log: Log,
}

impl Log {
    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, line: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}

impl Down {
    pub(crate) fn set(&self, is_down: bool) {
        self.0.store(is_down, Ordering::Relaxed);
    }
}

impl Noted {
    pub(crate) fn new(name: &'static str, inner: Memory, log: &Log) -> Self {
        Self { name, inner, lingers: Duration::ZERO, log: log.clone(), is_down: Arc::default() }
    }

    /// The same; its connections take this long to be gone.
    pub(crate) fn lingering(self, lingers: Duration) -> Self {
        Self { lingers, ..self }
    }

    /// What makes it unreachable, and reachable again.
    pub(crate) fn down(&self) -> Down {
        Down(Arc::clone(&self.is_down))
    }
}

#[async_trait]
impl Transport for Noted {
    async fn connect(&self, caller: &Arc<Caller>) -> Result<Arc<dyn Connection>, ConnectError> {
        if self.is_down.load(Ordering::Relaxed) {
            return Err(ConnectError::Other("it is down for the test".into()));
        }
        let variables = caller.variables.iter().map(|(name, value)| format!(" {name}={}", value.expose()));
        self.log.note(format!("{} opens{}", self.name, variables.collect::<String>()));
        let inner = self.inner.connect(caller).await?;
        Ok(Arc::new(Open { name: self.name, inner, lingers: self.lingers, log: self.log.clone() }))
    }
}

#[async_trait]
impl Connection for Open {
    fn peer(&self) -> Arc<Peer> {
        self.inner.peer()
    }

    async fn call(&self, request: Request) -> Result<Reply, SendError> {
        let headers = request.caller().headers.iter().filter(|(name, _)| name.as_str().starts_with("mcp-param-"));
        let headers: Vec<_> =
            headers.map(|(name, value)| format!(" {name}={}", value.to_str().unwrap_or("?"))).collect();
        if !headers.is_empty() {
            self.log.note(format!("{} is asked {}{}", self.name, request.method(), headers.concat()));
        }
        self.inner.call(request).await
    }

    async fn tell(&self, message: Message, caller: &Arc<Caller>) -> Result<(), SendError> {
        self.inner.tell(message, caller).await
    }

    fn events(&self) -> Option<Events> {
        self.inner.events()
    }

    async fn closed(&self) -> Arc<Closed> {
        self.inner.closed().await
    }

    async fn close(&self) {
        self.inner.close().await;
        sleep(self.lingers).await;
        self.log.note(format!("{} is gone", self.name));
    }
}
