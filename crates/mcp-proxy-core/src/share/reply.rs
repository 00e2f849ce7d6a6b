//! A reply of a shared server on its way to the one client it is for.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll},
};

use futures::{FutureExt, Stream, future::BoxFuture};
use mcp_jsonrpc::{Kind, Message};
use mcp_protocol::{ClientCapabilities, ClientCapability, EMPTY_ROOTS, LogLevel, code, level_of, method};
use mcp_transport::{Caller, Connection, Lost, Reply, ReplySource};

use tokio::runtime::Handle;

use super::{Face, place::Held, pump::answer};

/// What becomes of the share's own tables when a call is over.
#[derive(Debug)]
pub(super) enum Change {
    None,
    /// The subscription stands unless the server refuses it.
    Subscribed(Box<str>),
    /// The level stands unless the server refuses it.
    LevelSet(LogLevel),
}

/// Gives the client its own questions, under ids of the client's own, and the logs it asked for. What the client cannot
/// be asked is answered here.
pub(super) struct Told {
    reply: Reply,
    face: Arc<Face>,
    caller: Arc<Caller>,
    from: Arc<dyn Connection>,
    call: u64,
    change: Change,
    /// Answers of ours that wait to be sent, and the one being sent.
    answers: VecDeque<Message>,
    sending: Option<BoxFuture<'static, ()>>,
    held: Held,
}

impl Told {
    pub(super) fn new(
        reply: Reply,
        face: Arc<Face>,
        caller: Arc<Caller>,
        from: Arc<dyn Connection>,
        change: Change,
        held: Held,
    ) -> Self {
        let call = face.questions().call();
        face.share.calls.fetch_add(1, Ordering::Relaxed);
        Self { reply, face, caller, from, call, change, answers: VecDeque::new(), sending: None, held }
    }

    /// What the client is to see of `message`, if anything.
    fn seen(&mut self, message: Message) -> Option<Message> {
        match message.kind() {
            Kind::Response => {
                self.held.answered();
                self.settle(&message);
                Some(message)
            }
            Kind::Request => self.question(&message),
            Kind::Notification if message.is_method(method::CANCELLED) => {
                self.face.questions().withdraw(&message, self.call)
            }
            Kind::Notification if message.is_method(method::MESSAGE) => {
                let level = level_of(message.params().unwrap_or("{}"));
                level.is_ok_and(|level| self.face.hears(level)).then_some(message)
            }
            Kind::Notification => Some(message),
        }
    }

    fn question(&mut self, question: &Message) -> Option<Message> {
        let needed = ClientCapability::needed_for(question.method().unwrap_or_default(), question.params());
        let able = ClientCapabilities::read(self.caller.capabilities()).unwrap_or_default();
        // Whoever said nothing of itself has no way to answer, whatever the question is.
        let can_be_asked = self.caller.client.is_some();
        let has_room = self.face.questions().has_room();
        if can_be_asked && has_room && needed.is_none_or(|needed| able.has(needed)) {
            if self.caller.session.is_none() || !question.is_method(method::ROOTS_LIST) {
                // It will ask again, maybe while calls of several clients are under way; and a client without a session goes
                // away to answer, and for as long as that takes other calls come beside it.
                self.face.share.runs_alone_from_now_on();
            }
            self.face.share.note_elicitation(question, self.face.key);
            return self.face.questions().ask(question, self.call, &self.from);
        }
        let id = question.id()?;
        self.answers.push_back(if question.is_method(method::ROOTS_LIST) {
            Message::response(&id, EMPTY_ROOTS)
        } else {
            let (code, text) = if has_room {
                let text = "the client that made this call has not declared the capability to be asked this";
                (code::METHOD_NOT_FOUND, text)
            } else {
                (code::INTERNAL_ERROR, "the client has as many open questions as it may")
            };
            Message::error_response(Some(&id), code, text, None)
        });
        None
    }

    fn settle(&mut self, response: &Message) {
        match std::mem::replace(&mut self.change, Change::None) {
            Change::Subscribed(uri) if response.is_error() => {
                self.face.share.unsubscribe(&uri, self.face.key);
            }
            Change::Subscribed(uri) => self.face.share.state().subscriptions.confirm(&uri),
            Change::LevelSet(_) if response.is_error() => self.face.share.state().levels.refused(self.face.key),
            Change::LevelSet(level) => self.face.share.state().levels.confirm(level),
            Change::None => {}
        }
    }

    /// Sends what waits to be answered.
    fn drive_answers(&mut self, context: &mut Context<'_>) {
        loop {
            if let Some(sending) = &mut self.sending {
                if sending.poll_unpin(context).is_pending() {
                    return;
                }
                self.sending = None;
            }
            let Some(answer) = self.answers.pop_front() else { return };
            let (from, caller) = (Arc::clone(&self.from), Arc::clone(&self.caller));
            self.sending = Some(Box::pin(async move {
                // A server that is gone needs no answer.
                let _ = from.tell(answer, &caller).await;
            }));
        }
    }
}

impl Stream for Told {
    type Item = Result<Message, Lost>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let aside = if self.held.is_main() { self.face.aside().take(self.call, context) } else { None };
            if let Some(question) = aside {
                if let Some(question) = self.question(&question) {
                    return Poll::Ready(Some(Ok(question)));
                }
                continue;
            }
            let next = Pin::new(&mut self.reply).poll_next(context);
            let item = match next {
                Poll::Ready(Some(Ok(message))) => self.seen(message).map(Ok),
                Poll::Ready(other) => return Poll::Ready(other),
                Poll::Pending => {
                    self.drive_answers(context);
                    return Poll::Pending;
                }
            };
            if item.is_some() {
                return Poll::Ready(item);
            }
        }
    }
}

impl ReplySource for Told {
    fn cancel(mut self: Pin<&mut Self>, reason: Option<&str>) {
        std::mem::replace(&mut self.reply, Reply::stream(futures::stream::empty())).cancel(reason);
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        self.face.questions().forget(self.call);
        self.face.share.calls.fetch_sub(1, Ordering::Relaxed);
        let left = if self.held.is_main() { self.face.aside().leave(self.call) } else { VecDeque::new() };
        if let (false, Ok(runtime)) = (left.is_empty(), Handle::try_current()) {
            let from = Arc::clone(&self.from);
            drop(runtime.spawn(async move {
                for question in left {
                    answer(&from, &question).await;
                }
            }));
        }
    }
}
