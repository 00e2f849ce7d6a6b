//! A reply, while what comes beside it is attended to.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use futures::{FutureExt, Stream, StreamExt, future::BoxFuture};
use mcp_jsonrpc::{Kind, Message};
use mcp_protocol::code;
use mcp_transport::{Caller, Connection, Events, Lost, Reply, ReplySource};

/// Refuses what the server asks outside of a call: no modern client can be asked that. What it tells there is nothing to a
/// client that did not ask to hear of changes.
pub(super) struct Attended {
    reply: Reply,
    events: Option<Events>,
    connection: Arc<dyn Connection>,
    caller: Arc<Caller>,
    /// The refusal being sent. Until it is, the next event waits in its queue, which is bounded.
    sending: Option<BoxFuture<'static, ()>>,
}

impl Attended {
    pub(super) fn new(reply: Reply, events: Events, connection: Arc<dyn Connection>, caller: Arc<Caller>) -> Self {
        Self { reply, events: Some(events), connection, caller, sending: None }
    }

    fn attend(&mut self, context: &mut Context<'_>) {
        loop {
            if let Some(sending) = &mut self.sending {
                if sending.poll_unpin(context).is_pending() {
                    return;
                }
                self.sending = None;
            }
            let Some(events) = &mut self.events else { return };
            match events.poll_next_unpin(context) {
                Poll::Pending => return,
                Poll::Ready(None) => self.events = None,
                Poll::Ready(Some(event)) => {
                    let (connection, caller) = (Arc::clone(&self.connection), Arc::clone(&self.caller));
                    self.sending = refusal(&event).map(|refusal| {
                        let sending = async move {
                            // A server that is gone needs no answer.
                            let _ = connection.tell(refusal, &caller).await;
                        };
                        sending.boxed()
                    });
                }
            }
        }
    }
}

/// The answer to a request of the server that belongs to no call.
pub(super) fn refusal(event: &Message) -> Option<Message> {
    let id = event.id().filter(|_| event.kind() == Kind::Request)?;
    let text = "no client can be asked this outside of a call";
    Some(Message::error_response(Some(&id), code::METHOD_NOT_FOUND, text, None))
}

impl Stream for Attended {
    type Item = Result<Message, Lost>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = self.reply.poll_next_unpin(context);
        if next.is_pending() {
            self.attend(context);
        }
        next
    }
}

impl ReplySource for Attended {
    fn cancel(mut self: Pin<&mut Self>, reason: Option<&str>) {
        std::mem::replace(&mut self.reply, Reply::stream(futures::stream::empty())).cancel(reason);
    }
}
