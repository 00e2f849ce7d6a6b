//! What comes back for one posted request, read as fast as its caller reads.

use std::{
    collections::VecDeque,
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures::{Stream, StreamExt, stream::BoxStream};
use http::{Response, StatusCode};
use hyper::body::Incoming;
use mcp_jsonrpc::{Id, Incoming as Parsed, Kind, Message};
use mcp_protocol::{CancelledParams, method};
use mcp_transport::{Caller, Label, Lost, ReplySource};

use super::{
    aside::Aside,
    background::Background,
    body::{BodyError, Collecting},
    event_stream::{Bookmark, EventStream, is_event_stream},
    exchange::{Failure, cut, refused},
    link::Link,
};
use crate::sse::{Decoded, Event};

/// Batches exist in one revision only, and no server needs more than this many answers in one.
pub(crate) const BATCH_LIMIT: usize = 50;
/// How often in a row a cut stream is opened again in vain.
const RESUME_TRIES: u32 = 5;

/// A reply that is there with the head of its response: most are, and need nothing of what waiting takes (3 k instructions of
/// 130 k per call).
pub(crate) struct Settled(pub(crate) Option<Result<Message, Lost>>);

impl Stream for Settled {
    type Item = Result<Message, Lost>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.take())
    }
}

impl ReplySource for Settled {}

impl Link {
    /// What a JSON answer says. No text is no answer: then it is for its head to say why.
    pub(crate) fn read_json(&self, text: Result<Bytes, BodyError>, head: &Response<Incoming>) -> Result<Parsed, Lost> {
        let text = match text {
            Ok(text) if text.is_empty() => return Err(refused(head)),
            Ok(text) => text,
            Err(BodyError::TooLarge) => return Err(Lost::TooLarge { limit: self.remote.limits.body }),
            Err(BodyError::Cut) => return Err(cut()),
        };
        let text = self.remote.limits.budget.charge(text).map_err(|_| Lost::Overloaded)?;
        parse(text).ok_or(Lost::NotMcp)
    }
}

fn parse(text: Bytes) -> Option<Parsed> {
    Parsed::parse(text, BATCH_LIMIT).inspect_err(|error| tracing::debug!(%error, "the server sent no message")).ok()
}

/// The reply to one request; dropping it before its response cancels the call.
pub(crate) struct PostReply {
    messages: BoxStream<'static, Result<Message, Lost>>,
    aside: Option<(Aside, Label)>,
    cancel: CancelOnDrop,
}

/// Tells the server, in the words of the legacy era, that nobody waits any more.
pub(crate) struct CancelOnDrop(Option<Cancel>);

struct Cancel {
    link: Arc<Link>,
    background: Arc<Background>,
    caller: Arc<Caller>,
    ours: Id,
}

/// Where the messages of a reply come from, one after the other.
pub(crate) struct Exchange {
    pub(crate) link: Arc<Link>,
    pub(crate) background: Arc<Background>,
    pub(crate) caller: Arc<Caller>,
    pub(crate) label: Label,
    /// Whether this is the handshake, from which the connection learns.
    pub(crate) introduces: bool,
    /// Whether a cut stream may be gone on with (legacy era).
    pub(crate) resumable: bool,
    pub(crate) source: Source,
    pub(crate) ready: VecDeque<Result<Message, Lost>>,
    pub(crate) bookmark: Bookmark,
    pub(crate) skipped: bool,
}

pub(crate) enum Source {
    Json(Collecting),
    Parsed(Parsed),
    Events(EventStream),
    Ended,
}

impl CancelOnDrop {
    /// In the legacy era; closing the stream does it in the modern one.
    pub(crate) fn new(link: &Arc<Link>, background: &Arc<Background>, caller: &Arc<Caller>, ours: &Id) -> Self {
        Self(Some(Cancel {
            link: Arc::clone(link),
            background: Arc::clone(background),
            caller: Arc::clone(caller),
            ours: ours.clone(),
        }))
    }

    pub(crate) fn nothing() -> Self {
        Self(None)
    }

    pub(crate) fn disarm(&mut self) {
        self.0 = None;
    }

    fn fire(&mut self, reason: Option<&str>) {
        let Some(Cancel { link, background, caller, ours }) = self.0.take() else { return };
        let params = CancelledParams::write(&ours, reason);
        let cancelled = Message::notification(method::CANCELLED, Some(&params));
        background.spawn_notice(async move { link.post_last(&cancelled, &caller).await });
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.fire(None);
    }
}

impl PostReply {
    pub(crate) fn new(exchange: Exchange, aside: Option<Aside>, cancel: CancelOnDrop) -> Self {
        let aside = aside.map(|aside| (aside, exchange.label.clone()));
        let messages = futures::stream::unfold(exchange, |mut exchange| async {
            let next = exchange.next().await?;
            Some((next, exchange))
        });
        Self { messages: Box::pin(messages), aside, cancel }
    }
}

impl Stream for PostReply {
    type Item = Result<Message, Lost>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some((aside, label)) = &mut self.aside {
            while let Poll::Ready(Some(progress)) = aside.poll_next_unpin(context) {
                if let Some(progress) = label.restore(progress) {
                    return Poll::Ready(Some(Ok(progress)));
                }
            }
        }
        let next = self.messages.as_mut().poll_next(context);
        if let Poll::Ready(next) = &next
            && next.as_ref().is_none_or(|next| next.as_ref().map_or(true, |message| message.kind() == Kind::Response))
        {
            self.cancel.disarm();
            self.aside = None;
        }
        next
    }
}

impl ReplySource for PostReply {
    fn cancel(mut self: Pin<&mut Self>, reason: Option<&str>) {
        self.cancel.fire(reason);
    }
}

impl Exchange {
    async fn next(&mut self) -> Option<Result<Message, Lost>> {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                return Some(ready);
            }
            match &mut self.source {
                Source::Ended => return None,
                Source::Json(_) | Source::Parsed(_) => self.read_json().await,
                Source::Events(events) => match events.next().await {
                    Some(Decoded::Event(event)) => self.take_event(event).await,
                    Some(Decoded::TooLong) => self.skipped = true,
                    None => self.go_on().await,
                },
            }
        }
    }

    async fn read_json(&mut self) {
        let read = match std::mem::replace(&mut self.source, Source::Ended) {
            Source::Json(mut body) => {
                let text = poll_fn(|context| body.poll(context)).await;
                self.link.read_json(text, body.response())
            }
            Source::Parsed(parsed) => Ok(parsed),
            Source::Events(_) | Source::Ended => return,
        };
        match read {
            // The only answer there is, so it is the one that was asked for, whatever its id.
            Ok(Parsed::One(message)) if message.kind() == Kind::Response => {
                let response = self.label.adopt(message);
                self.give(response);
            }
            Ok(parsed) => self.take_parsed(parsed).await,
            Err(lost) => self.lose(lost),
        }
    }

    async fn take_event(&mut self, event: Event) {
        self.bookmark.note(&event);
        // A priming event has no data to speak of.
        let is_message = event.is_message();
        if let Some(data) = event.data.filter(|data| is_message && !data.is_empty())
            && let Some(parsed) = self.charged(data)
        {
            self.take_parsed(parsed).await;
        }
    }

    fn charged(&mut self, text: Bytes) -> Option<Parsed> {
        let Ok(text) = self.link.remote.limits.budget.charge(text) else {
            self.lose(Lost::Overloaded);
            return None;
        };
        parse(text)
    }

    async fn take_parsed(&mut self, parsed: Parsed) {
        match parsed {
            Parsed::One(message) => self.take(message).await,
            Parsed::Many(messages) => {
                for message in messages.into_iter().flatten() {
                    self.take(message).await;
                }
            }
        }
    }

    async fn take(&mut self, message: Message) {
        let Some(message) = self.link.answer_ping(message, &self.caller).await else { return };
        match self.label.restore(message) {
            Some(message) if message.kind() == Kind::Response => self.give(message),
            Some(message) => self.ready.push_back(Ok(message)),
            None => tracing::debug!("the server sent a message of no call that waits"),
        }
    }

    fn give(&mut self, response: Message) {
        if self.introduces {
            self.link.learn_revision(&response);
        }
        self.end(Ok(response));
    }

    fn lose(&mut self, lost: Lost) {
        self.end(Err(lost));
    }

    fn end(&mut self, outcome: Result<Message, Lost>) {
        if let Source::Events(events) = std::mem::replace(&mut self.source, Source::Ended)
            && outcome.is_ok()
            && let Some(rest) = events.drain()
        {
            self.background.spawn(rest);
        }
        self.ready.push_back(outcome);
    }

    /// The stream has ended without the response: goes on with it where that is possible.
    async fn go_on(&mut self) {
        self.source = Source::Ended;
        if self.skipped {
            return self.lose(Lost::TooLarge { limit: self.link.remote.limits.event });
        }
        let Some(last) = self.bookmark.last.clone().filter(|_| self.resumable) else { return self.lose(cut()) };
        for failures in 0..RESUME_TRIES {
            tokio::time::sleep(self.bookmark.delay(failures)).await;
            match self.link.open(Some(&last), &self.caller).await {
                Ok(response) if response.status() == StatusCode::OK && is_event_stream(&response) => {
                    self.source = Source::Events(EventStream::new(response, self.link.remote.limits.event));
                    return;
                }
                Ok(response) if response.status().is_server_error() => {}
                Ok(response) => return self.lose(refused(&response)),
                Err(Failure::NotSent(_) | Failure::Lost(_)) => {}
            }
        }
        self.lose(cut());
    }
}
