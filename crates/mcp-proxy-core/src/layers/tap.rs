//! Lets a person see the calls that pass.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use async_trait::async_trait;
use futures::Stream;
use mcp_jsonrpc::{Id, Kind, Message};
use mcp_protocol::method;
use mcp_transport::{Caller, Closed, Connection, Events, Lost, Peer, Reply, ReplySource, Request, SendError};

use super::meter::Outcome;
use crate::traffic::{CallOutcome, Direction, Record, Traffic, Watched};

/// Notes calls and what is said in them. It stands outermost, and only where somebody has asked for it.
#[derive(Debug)]
pub(crate) struct Tap<C> {
    inner: C,
    server: Arc<str>,
    traffic: Arc<Traffic>,
    asked: Arc<Asked>,
}

/// The questions of calls that are not answered yet, and whose they are.
#[derive(Debug, Default)]
struct Asked(Mutex<VecDeque<(Id, Arc<Record>)>>);

/// Questions that are remembered; of more the oldest are forgotten, and their answers not noted.
const QUESTIONS: usize = 64;

impl<C> Tap<C> {
    pub(crate) fn new(inner: C, server: Arc<str>, traffic: Arc<Traffic>) -> Self {
        Self { inner, server, traffic, asked: Arc::default() }
    }
}

#[async_trait]
impl<C: Connection> Connection for Tap<C> {
    fn peer(&self) -> Arc<Peer> {
        self.inner.peer()
    }

    async fn call(&self, request: Request) -> Result<Reply, SendError> {
        let mut watched = self.traffic.begin(&self.server, &request);
        let is_of_tool = request.method() == method::TOOLS_CALL;
        match self.inner.call(request).await {
            Ok(reply) => {
                let asked = Arc::clone(&self.asked);
                Ok(Reply::new(Tapped { reply: Some(reply), watched, asked, is_of_tool }))
            }
            Err(error) => {
                watched.end(CallOutcome::NotSent);
                Err(error)
            }
        }
    }

    async fn tell(&self, message: Message, caller: &Arc<Caller>) -> Result<(), SendError> {
        if message.kind() == Kind::Response
            && let Some(record) = message.id().and_then(|id| self.asked.take(&id))
        {
            record.question_answered(&self.traffic, &message);
        }
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
    }
}

/// A reply of which everything is noted.
#[derive(Debug)]
struct Tapped {
    reply: Option<Reply>,
    watched: Watched,
    asked: Arc<Asked>,
    is_of_tool: bool,
}

impl Stream for Tapped {
    type Item = Result<Message, Lost>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let Some(reply) = &mut this.reply else { return Poll::Ready(None) };
        let next = Pin::new(reply).poll_next(context);
        match &next {
            Poll::Ready(Some(Ok(message))) if message.kind() == Kind::Response => {
                let outcome = Outcome::of(message, this.is_of_tool);
                this.watched.answered(outcome.into(), message);
            }
            Poll::Ready(Some(Ok(message))) => {
                if message.kind() == Kind::Request
                    && let Some(id) = message.id()
                {
                    this.asked.note(id, this.watched.record());
                }
                this.watched.said(Direction::ToClient, message);
            }
            Poll::Ready(Some(Err(Lost::Cancelled))) => this.watched.end(CallOutcome::Cancelled),
            Poll::Ready(Some(Err(_)) | None) => this.watched.end(CallOutcome::Lost),
            Poll::Pending => {}
        }
        next
    }
}

impl ReplySource for Tapped {
    fn cancel(mut self: Pin<&mut Self>, reason: Option<&str>) {
        if let Some(reply) = self.reply.take() {
            reply.cancel(reason);
        }
    }
}

impl Asked {
    fn note(&self, id: Id, record: &Arc<Record>) {
        let mut asked = self.lock();
        if asked.len() == QUESTIONS {
            asked.pop_front();
        }
        asked.push_back((id, Arc::clone(record)));
    }

    fn take(&self, id: &Id) -> Option<Arc<Record>> {
        let mut asked = self.lock();
        let at = asked.iter().position(|(own, _)| own == id)?;
        asked.remove(at).map(|(_, record)| record)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(Id, Arc<Record>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<Outcome> for CallOutcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Ok => Self::Ok,
            Outcome::ToolError => Self::ToolError,
            Outcome::Error => Self::Error,
            Outcome::Lost => Self::Lost,
            Outcome::NotSent => Self::NotSent,
            Outcome::Cancelled => Self::Cancelled,
        }
    }
}
