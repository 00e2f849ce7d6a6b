//! A server's reply on its way to the client.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use futures::{FutureExt, Stream, future::BoxFuture};
use mcp_jsonrpc::{Edit, Kind, Message, field, quote};
use mcp_protocol::{code, method};
use mcp_transport::{Connection, Lost, Reply, ReplySource, SendError};
use tokio::time::sleep;

use super::{
    Face,
    send::{Errand, is_worth_repeating, wait},
};
use crate::{
    Retry,
    task::shown,
    uri::{prefixed, uris_in},
};

/// Gives the client its own questions, under ids of the client's own, and URIs and tasks as it knows them; makes a call that
/// was lost and may be repeated again.
pub(super) struct Passed {
    reply: Reply,
    face: Arc<Face>,
    from: Arc<dyn Connection>,
    errand: Errand,
    retry: Retry,
    tried: u32,
    /// By what questions of this call are told; 0 before the first. Whoever was asked something is not asked it again.
    call: u64,
    repeating: Option<BoxFuture<'static, Repeated>>,
}

/// How the attempts to make a call again went, and how many there have been.
type Repeated = (Result<(Reply, Arc<dyn Connection>), SendError>, u32);

impl Passed {
    pub(super) fn new(
        reply: Reply,
        face: Arc<Face>,
        from: Arc<dyn Connection>,
        errand: Errand,
        retry: Retry,
        tried: u32,
    ) -> Self {
        Self { reply, face, from, errand, retry, tried, call: 0, repeating: None }
    }

    /// What the client is to see of `message`, if anything.
    fn seen(&mut self, message: Message) -> Option<Message> {
        let message = self.with_task_ids(message);
        match message.kind() {
            Kind::Response => {
                if let Some(subscription) = self.errand.subscription.take()
                    && !message.is_error()
                {
                    self.face.standing().subscribe(subscription);
                }
                Some(self.with_uris(message))
            }
            Kind::Request if self.face.is_session => {
                let mut questions = self.face.questions();
                if self.call == 0 {
                    self.call = questions.call();
                }
                questions.ask(&message, self.call, &self.from)
            }
            Kind::Notification if message.is_method(method::CANCELLED) && self.call != 0 => {
                self.face.questions().withdraw(&message, self.call)
            }
            _ => Some(message),
        }
    }

    /// What the server says with the ids of its tasks as the client knows them.
    fn with_task_ids(&self, message: Message) -> Message {
        let Errand { view, to, request, .. } = &self.errand;
        if view.is_single {
            return message;
        }
        shown(message, view.members[*to].member.name(), Some(request.message()))
    }

    /// The response with its URIs as the client knows them. What no list has is remembered.
    fn with_uris(&self, response: Message) -> Message {
        let view = &self.errand.view;
        if view.is_single {
            return response;
        }
        let places = uris_in(&response, self.errand.request.method());
        if places.is_empty() {
            return response;
        }
        let seen = &view.members[self.errand.to];
        let name = seen.member.name();
        let mut edits = Vec::new();
        for at in places {
            let raw = std::str::from_utf8(&response.text()[at.clone()]).ok();
            let Some(uri) = raw.and_then(field::unescape) else { continue };
            match view.resource(&uri) {
                Some(found) if found.member == self.errand.to => {}
                // Anybody would take it for the other server's.
                Some(_) if seen.collides => edits.push((at, quote(&prefixed(name, &uri)))),
                Some(_) => {}
                None => {
                    if let Some(hub) = self.face.hub.upgrade() {
                        hub.learn(&uri, name);
                    }
                }
            }
        }
        if edits.is_empty() {
            return response;
        }
        let edits: Vec<_> = edits.iter().map(|(at, with)| Edit { at: at.clone(), with }).collect();
        response.spliced(&edits)
    }

    /// Begins to make the call again, if it may be; says whether it did.
    fn repeat(&mut self, lost: &Lost) -> bool {
        let may_be_seen_twice = self.errand.is_repeatable && self.call == 0;
        let is_fit = match lost {
            Lost::Unread(_) => true,
            Lost::Exited(_) => may_be_seen_twice,
            Lost::Http { status, .. } => may_be_seen_twice && matches!(status, 502..=504 | 429),
            _ => false,
        };
        if !is_fit || self.retry.attempts <= self.tried {
            return false;
        }
        let (face, retry, mut tried) = (Arc::clone(&self.face), self.retry, self.tried);
        let member = Arc::clone(&self.errand.view.members[self.errand.to].member);
        let request = self.errand.request.clone();
        self.repeating = Some(Box::pin(async move {
            loop {
                sleep(wait(retry, tried)).await;
                tried += 1;
                match face.send_once(&member, request.clone()).await {
                    Err(error) if tried < retry.attempts && is_worth_repeating(&error.reason) => {}
                    sent => return (sent, tried),
                }
            }
        }));
        true
    }

    /// What the client is told where a call that was lost could not be made again.
    fn not_sent(&self, error: &SendError) -> Message {
        let server = self.errand.view.members[self.errand.to].member.name();
        let text = format!("server `{server}`: the call was lost, and could not be made again: {error}");
        let id = error.message.id();
        Message::error_response(id.as_ref(), code::SERVER_ERROR, &text, None)
    }
}

impl Stream for Passed {
    type Item = Result<Message, Lost>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(repeating) = &mut self.repeating {
                let Poll::Ready((sent, tried)) = repeating.poll_unpin(context) else { return Poll::Pending };
                (self.repeating, self.tried) = (None, tried);
                match sent {
                    Ok((reply, from)) => (self.reply, self.from) = (reply, from),
                    Err(error) => return Poll::Ready(Some(Ok(self.not_sent(&error)))),
                }
            }
            match Pin::new(&mut self.reply).poll_next(context) {
                Poll::Ready(Some(Ok(message))) => {
                    if let Some(message) = self.seen(message) {
                        return Poll::Ready(Some(Ok(message)));
                    }
                }
                Poll::Ready(Some(Err(lost))) if self.repeat(&lost) => {}
                other => return other,
            }
        }
    }
}

impl ReplySource for Passed {
    fn cancel(mut self: Pin<&mut Self>, reason: Option<&str>) {
        self.repeating = None;
        std::mem::replace(&mut self.reply, Reply::stream(futures::stream::empty())).cancel(reason);
    }
}

impl Drop for Passed {
    fn drop(&mut self) {
        if self.call != 0 {
            self.face.questions().forget(self.call);
        }
    }
}
