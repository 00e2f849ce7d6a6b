//! The streams of streamable HTTP: of a call, of a session, and of a call whose stream broke.

use std::{
    collections::VecDeque,
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use mcp_auth::Denied;
use mcp_jsonrpc::{Kind, Message};
use mcp_protocol::{code, listen_result};
use mcp_session::{Event, EventId, InUse, Resume, StreamId};
use mcp_transport_http::server::Frame;
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::{
    Front, Session,
    answer::Manner,
    call::Calls,
    live::{Live, Turn},
    now,
};
use crate::{
    rescue,
    ticker::{Alarm, TICK},
};

const KEEP_ALIVE: Frame = Frame::Comment("keep-alive");

/// Ends a stream that would go on for ever when the proxy stops.
type Stopping = Pin<Box<WaitForCancellationFutureOwned>>;

/// What comes back for one call, or for those of a batch.
#[derive(Debug)]
pub(crate) struct CallStream {
    front: Arc<Front>,
    calls: Option<Calls>,
    first: VecDeque<Message>,
    manner: Manner,
    record: Option<StreamId>,
    /// What is sent at once, so that nobody on the way waits for a first byte.
    opening: Option<Frame>,
    comment: Alarm,
    stopping: Option<Stopping>,
}

impl CallStream {
    pub(super) fn new(front: &Arc<Front>, calls: Calls, first: VecDeque<Message>, manner: Manner) -> Self {
        let beginning = match &manner {
            Manner::Legacy(session) => open_stream(session),
            Manner::Modern(_) => None,
        };
        let stopping = match &manner {
            Manner::Legacy(_) => calls.listening().map(|_| Box::pin(front.stopping.clone().cancelled_owned())),
            // Where everyone may come in, there is no key to be taken away.
            Manner::Modern(door) => (calls.listening().is_some() || front.doors.is_closed()).then(|| door.ended()),
        };
        Self {
            comment: front.ticker.alarm(front.limits.stream_comment),
            stopping,
            front: Arc::clone(front),
            calls: Some(calls),
            record: beginning.as_ref().map(|(id, _)| id.stream()),
            opening: beginning.and_then(|(_, priming)| priming).or_else(|| first.is_empty().then_some(KEEP_ALIVE)),
            first,
            manner,
        }
    }

    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Frame>> {
        if let Some(opening) = self.opening.take() {
            return Poll::Ready(Some(opening));
        }
        // Before anything else: when the proxy stops, its servers do too, and that is no failure of a subscription.
        if self.is_stopping(context) {
            self.stopping = None;
            if self.is_subscription() || self.is_shown_out() {
                return Poll::Ready(self.farewell());
            }
        }
        let message = match self.first.pop_front() {
            Some(message) => Poll::Ready(Some(message)),
            None => self.calls.as_mut().map_or(Poll::Ready(None), |calls| calls.poll(context)),
        };
        match message {
            Poll::Ready(Some(message)) => {
                self.comment.reset(self.front.limits.stream_comment);
                Poll::Ready(Some(self.frame(message)))
            }
            Poll::Ready(None) => {
                self.finish();
                Poll::Ready(None)
            }
            Poll::Pending => comment(&mut self.comment, &self.front, context),
        }
    }

    fn frame(&self, message: Message) -> Frame {
        match &self.manner {
            Manner::Legacy(session) => recorded(session, self.record, message),
            Manner::Modern(_) => Frame::Message { message, id: None, named: true },
        }
    }

    fn is_stopping(&mut self, context: &mut Context<'_>) -> bool {
        self.stopping.as_mut().is_some_and(|stopping| stopping.as_mut().poll(context).is_ready())
    }

    fn is_subscription(&self) -> bool {
        self.calls.as_ref().is_some_and(|calls| calls.listening().is_some())
    }

    /// Whether the key that the call came with opens nothing any more.
    fn is_shown_out(&self) -> bool {
        matches!(&self.manner, Manner::Modern(door) if door.is_closed())
    }

    /// The response that ends a subscription in good order, or a call whose key was taken away.
    fn farewell(&mut self) -> Option<Frame> {
        let calls = self.calls.take().filter(|calls| !calls.are_over())?;
        let response = match calls.listening() {
            Some(call) => Message::response(call.id(), &listen_result(call.id())),
            None => rescue::unauthorized(Denied::Wrong).message(Some(calls.first()?.id())),
        };
        Some(self.frame(response))
    }

    fn finish(&mut self) {
        self.calls = None;
        if let (Manner::Legacy(session), Some(stream)) = (&self.manner, self.record) {
            session.update(|session| session.replay.finish(stream));
        }
    }
}

impl Drop for CallStream {
    fn drop(&mut self) {
        if let (Some(calls), Manner::Legacy(session)) = (self.calls.take(), &self.manner) {
            // What was taken out of the call but not sent yet is missed like all that follows.
            for message in self.first.drain(..) {
                recorded(session, self.record, message);
            }
            self.front.adopt(calls, session, self.record);
        }
    }
}

impl Front {
    /// Goes on with calls whose client has lost its connection, and keeps what comes back until it asks for it.
    pub(super) fn adopt(self: &Arc<Self>, mut calls: Calls, session: &Session, record: Option<StreamId>) {
        if calls.are_over()
            && let Some(stream) = record
        {
            session.update(|session| session.replay.finish(stream));
        }
        if calls.are_over() || self.stopping.is_cancelled() || !session.is_alive() {
            return;
        }
        let session = Arc::clone(session);
        self.tasks.spawn(async move {
            while let Some(message) = poll_fn(|context| calls.poll(context)).await {
                let kept =
                    record.and_then(|stream| session.update(|it| it.replay.push(stream, message.clone(), now())));
                if kept.is_none() {
                    decline(&session, &message).await;
                }
            }
            if let Some(stream) = record {
                session.update(|session| session.replay.finish(stream));
            }
        });
    }
}

/// Answers a question that no client will ever see.
async fn decline(session: &Session, question: &Message) {
    if let (Kind::Request, Some(id), Some((connection, caller))) =
        (question.kind(), question.id(), session.live().connection())
    {
        let text = "the client has lost its connection";
        // A server that is gone needs no answer.
        let _ = connection.tell(Message::error_response(Some(&id), code::INTERNAL_ERROR, text, None), caller).await;
    }
}

/// What belongs to no call of a session.
#[derive(Debug)]
pub(crate) struct SessionStream {
    front: Arc<Front>,
    used: InUse<Live>,
    turn: Turn,
    record: Option<StreamId>,
    /// What is sent first: the priming event, or what a client that comes back has missed.
    first: VecDeque<Frame>,
    comment: Alarm,
    stopping: Stopping,
}

impl SessionStream {
    /// A new stream, or the continuation of one whose missed events are `missed`.
    pub(super) fn new(
        front: &Arc<Front>,
        session: &Session,
        turn: Turn,
        missed: Option<(StreamId, Vec<Event>)>,
    ) -> Self {
        let (record, first) = match missed {
            Some((stream, events)) => (Some(stream), events.into_iter().map(replayed).collect()),
            None => match open_stream(session) {
                Some((beginning, priming)) => (Some(beginning.stream()), priming.into_iter().collect()),
                None => (None, VecDeque::new()),
            },
        };
        if let Some(stream) = record
            && let Some(old) = session.live().set_stream(stream).filter(|old| *old != stream)
        {
            session.update(|session| session.replay.finish(old));
        }
        Self {
            comment: front.ticker.alarm(front.limits.stream_comment),
            stopping: Box::pin(front.stopping.clone().cancelled_owned()),
            front: Arc::clone(front),
            used: session.begin_stream(),
            turn,
            record,
            first,
        }
    }

    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Frame>> {
        if let Some(frame) = self.first.pop_front() {
            return Poll::Ready(Some(frame));
        }
        let session = self.used.session();
        match self.turn.poll(context) {
            Poll::Ready(Some(event)) => {
                self.comment.reset(self.front.limits.stream_comment);
                Poll::Ready(Some(recorded(session, self.record, event)))
            }
            Poll::Ready(None) => {
                if self.turn.is_current() {
                    self.front.server_left(session);
                }
                Poll::Ready(None)
            }
            Poll::Pending if !session.is_alive() || self.stopping.as_mut().poll(context).is_ready() => {
                Poll::Ready(None)
            }
            Poll::Pending => comment(&mut self.comment, &self.front, context),
        }
    }
}

/// The rest of a call's stream that broke: what is kept, and what still comes.
#[derive(Debug)]
pub(crate) struct Tail {
    front: Arc<Front>,
    used: InUse<Live>,
    /// What the client has seen.
    last: String,
    missed: VecDeque<Event>,
    is_finished: bool,
    look: Alarm,
    comment: Alarm,
    stopping: Stopping,
}

impl Tail {
    pub(super) fn new(
        front: &Arc<Front>,
        session: &Session,
        last: String,
        missed: Vec<Event>,
        is_finished: bool,
    ) -> Self {
        Self {
            look: front.ticker.alarm(TICK),
            comment: front.ticker.alarm(front.limits.stream_comment),
            stopping: Box::pin(front.stopping.clone().cancelled_owned()),
            front: Arc::clone(front),
            used: session.begin_stream(),
            last,
            missed: missed.into(),
            is_finished,
        }
    }

    /// Streams break seldom, so looking for news at every tick is plain and cheap enough.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Frame>> {
        loop {
            if let Some(event) = self.missed.pop_front() {
                self.last = event.id.to_string();
                self.comment.reset(self.front.limits.stream_comment);
                return Poll::Ready(Some(replayed(event)));
            }
            let session = self.used.session();
            let stops = self.stopping.as_mut().poll(context).is_ready();
            if self.is_finished || stops || !session.is_alive() {
                return Poll::Ready(None);
            }
            if self.look.poll(context).is_pending() {
                return comment(&mut self.comment, &self.front, context);
            }
            self.look.reset(TICK);
            match session.update(|session| session.replay.since(&self.last, now())) {
                Resume::Events { events, finished, .. } => {
                    self.missed = events.into();
                    self.is_finished = finished;
                }
                _ => return Poll::Ready(None),
            }
        }
    }
}

/// Opens a stream that can be resumed, if the session's revision has such: its beginning, and the event that tells it.
fn open_stream(session: &Session) -> Option<(EventId, Option<Frame>)> {
    session.update(|session| {
        let beginning = session.revision.has_event_ids().then(|| session.replay.open_stream())?;
        let tells = session.revision.has_priming_event();
        let priming = tells.then(|| Frame::Priming { id: beginning.text(), retry: None });
        Some((beginning, priming))
    })
}

/// A message on its way out, kept for a client that may lose it.
pub(super) fn recorded(session: &Session, record: Option<StreamId>, message: Message) -> Frame {
    let id = record.and_then(|stream| session.update(|session| session.replay.push(stream, message.clone(), now())));
    Frame::Message { message, id: id.map(|id| id.text()), named: true }
}

fn replayed(event: Event) -> Frame {
    Frame::Message { message: event.message, id: Some(event.id.text()), named: true }
}

/// A comment, if nothing was sent for a while.
pub(super) fn comment(alarm: &mut Alarm, front: &Front, context: &mut Context<'_>) -> Poll<Option<Frame>> {
    if alarm.poll(context).is_pending() {
        return Poll::Pending;
    }
    alarm.reset(front.limits.stream_comment);
    Poll::Ready(Some(KEEP_ALIVE))
}
