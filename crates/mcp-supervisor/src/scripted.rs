//! Servers and connections for the tests.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use futures::StreamExt;
use mcp_jsonrpc::{Id, Message};
use mcp_protocol::{Revision, method};
use mcp_transport::{Caller, ConnectError, Connection, Memory, MemoryEnd, Request, SendError, Transport};
use tokio::time::{Instant, sleep};

pub(crate) use self::refusing::{CLOSING, Refuser, Refusing};
use crate::{State, Status, Supervised, Supervision};

mod refusing;

/// Reaches a server in this process; every connect takes [`OPENING`], and the first few may fail.
#[derive(Debug)]
pub(crate) struct Door {
    memory: Memory,
    connects: Mutex<Vec<Instant>>,
    failures: Mutex<VecDeque<ConnectError>>,
}

pub(crate) const OPENING: Duration = Duration::from_secs(1);

impl Door {
    /// `serve` is given its end and the number of the connection.
    pub(crate) fn to<F>(serve: impl Fn(MemoryEnd, usize) -> F + Send + Sync + 'static) -> Arc<Self>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let served = AtomicUsize::new(0);
        let memory = Memory::new(move |end| serve(end, served.fetch_add(1, Ordering::Relaxed) + 1));
        Arc::new(Self { memory, connects: Mutex::default(), failures: Mutex::default() })
    }

    /// The next connects fail for these reasons.
    pub(crate) fn fail(&self, reasons: impl IntoIterator<Item = ConnectError>) {
        self.failures.lock().unwrap().extend(reasons);
    }

    /// How many attempts there were.
    pub(crate) fn connects(&self) -> usize {
        self.connects.lock().unwrap().len()
    }

    /// When the last attempt began.
    pub(crate) fn last_connect(&self) -> Instant {
        *self.connects.lock().unwrap().last().unwrap()
    }
}

#[async_trait]
impl Transport for Door {
    async fn connect(&self, caller: &Arc<Caller>) -> Result<Arc<dyn Connection>, ConnectError> {
        self.connects.lock().unwrap().push(Instant::now());
        sleep(OPENING).await;
        let failure = self.failures.lock().unwrap().pop_front();
        match failure {
            Some(failure) => Err(failure),
            None => self.memory.connect(caller).await,
        }
    }
}

/// A failure that may pass.
pub(crate) fn passing() -> ConnectError {
    ConnectError::Other("the door is stuck".into())
}

/// A failure that will not pass by itself.
pub(crate) fn lasting() -> ConnectError {
    ConnectError::NotMcp
}

/// Answers every request with the number of the instance.
pub(crate) async fn answer_all(mut end: MemoryEnd, number: usize) {
    while let Some(message) = end.next().await {
        if let Some(id) = message.id() {
            end.send(Message::response(&id, &number.to_string())).await;
        }
    }
}

/// Answers one request with the number of the instance and leaves.
pub(crate) async fn answer_one(mut end: MemoryEnd, number: usize) {
    if let Some(id) = end.next().await.and_then(|message| message.id()) {
        end.send(Message::response(&id, &number.to_string())).await;
    }
}

/// Answers nothing.
pub(crate) async fn answer_none(mut end: MemoryEnd, _: usize) {
    while end.next().await.is_some() {}
}

pub(crate) fn supervised(transport: &Arc<impl Transport>) -> Arc<Supervised> {
    supervised_with(transport, Supervision::default())
}

pub(crate) fn supervised_with(transport: &Arc<impl Transport>, settings: Supervision) -> Arc<Supervised> {
    Supervised::with(Arc::clone(transport) as Arc<dyn Transport>, caller(), settings)
}

pub(crate) fn caller() -> Arc<Caller> {
    Caller::proxy(Revision::LATEST_LEGACY)
}

pub(crate) fn request(id: u64) -> Request {
    Request::new(Message::request(&Id::from(id), method::TOOLS_LIST, None), caller()).unwrap()
}

pub(crate) async fn ask(supervised: &Supervised, id: u64) -> Result<String, SendError> {
    let answer = supervised.call(request(id)).await?.response().await.unwrap();
    assert_eq!(answer.id(), Some(Id::from(id)));
    Ok(answer.result().unwrap().to_owned())
}

/// Waits until the server is in that state.
pub(crate) async fn reaches(supervised: &Supervised, state: State) -> Status {
    supervised.state().wait_for(|status| status.state == state).await.unwrap().clone()
}

/// Waits until there are as many restarts in a row.
pub(crate) async fn restarts_are(supervised: &Supervised, count: u32) {
    supervised.state().wait_for(|status| status.restarts == count).await.unwrap();
}

pub(crate) fn status(supervised: &Supervised) -> Status {
    supervised.state().borrow().clone()
}
