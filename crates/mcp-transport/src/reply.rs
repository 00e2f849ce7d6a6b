//! What comes back for a call.

use std::{
    any::Any,
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use futures::{Stream, StreamExt};
use mcp_jsonrpc::{Kind, Message};

use crate::Lost;

/// What comes back for one request: notifications and server requests *of that call*, then its response.
///
/// The stream ends after the response, or after the [`Lost`] that stands for it. Dropping the reply before that cancels
/// the call; [`cancel`](Self::cancel) does so with a reason.
pub struct Reply {
    source: Pin<Box<dyn ReplySource>>,
    ended: bool,
    /// Permits and leases that the call occupies until it is over.
    held: Option<Box<dyn Any + Send>>,
}

/// Where the messages of a reply come from.
///
/// Dropping the source must cancel the call if its response has not come yet.
pub trait ReplySource: Stream<Item = Result<Message, Lost>> + Send {
    /// Cancels the call with a reason for the server. The source is not polled afterwards.
    fn cancel(self: Pin<&mut Self>, reason: Option<&str>) {
        let _ = reason;
    }
}

impl Reply {
    /// A reply from a source that knows how to cancel.
    #[must_use]
    pub fn new(source: impl ReplySource + 'static) -> Self {
        Self { source: Box::pin(source), ended: false, held: None }
    }

    /// A reply from a stream whose drop is its cancellation.
    #[must_use]
    pub fn stream(source: impl Stream<Item = Result<Message, Lost>> + Send + 'static) -> Self {
        Self::new(Plain(Box::pin(source)))
    }

    /// A reply that is already there.
    #[must_use]
    pub fn ready(response: Message) -> Self {
        Self::stream(futures::stream::iter([Ok(response)]))
    }

    /// Keeps `guard` until the response has been read or the reply is dropped.
    #[must_use]
    pub fn holding(mut self, guard: impl Any + Send) -> Self {
        self.held = Some(match self.held {
            None => Box::new(guard),
            Some(held) => Box::new((held, guard)),
        });
        self
    }

    /// Gives the call up and tells the server why.
    pub fn cancel(mut self, reason: Option<&str>) {
        if !self.ended {
            self.source.as_mut().cancel(reason);
        }
    }

    /// Reads on to the response, leaving out what comes before it.
    ///
    /// # Errors
    ///
    /// The call's [`Lost`], if it has no response.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future cancels the call.
    pub async fn response(mut self) -> Result<Message, Lost> {
        while let Some(message) = self.next().await {
            let message = message?;
            if message.kind() == Kind::Response {
                return Ok(message);
            }
        }
        Err(Lost::NotMcp)
    }
}

impl Stream for Reply {
    type Item = Result<Message, Lost>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.ended {
            return Poll::Ready(None);
        }
        let Poll::Ready(next) = this.source.as_mut().poll_next(context) else { return Poll::Pending };
        // A source that ends without a response has lost it: nobody upstream waits for ever.
        let next = next.unwrap_or(Err(Lost::NotMcp));
        if next.as_ref().map_or(true, |message| message.kind() == Kind::Response) {
            this.ended = true;
            this.held = None;
        }
        Poll::Ready(Some(next))
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").field("ended", &self.ended).finish_non_exhaustive()
    }
}

struct Plain<S: ?Sized>(Pin<Box<S>>);

impl<S: Stream + ?Sized> Stream for Plain<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        self.0.as_mut().poll_next(context)
    }
}

impl<S: Stream<Item = Result<Message, Lost>> + Send + ?Sized> ReplySource for Plain<S> {}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use mcp_jsonrpc::Id;

    use super::*;

    fn answer() -> Message {
        Message::response(&Id::from(1), "{}")
    }

    #[tokio::test]
    async fn guards_are_held_until_the_response_has_been_read() {
        let guard = Arc::new(());
        let note = Message::notification("n", None);
        let source = futures::stream::iter([Ok(note), Ok(answer())]);
        let mut reply = Reply::stream(source).holding(Arc::clone(&guard));
        assert!(reply.next().await.is_some());
        assert_eq!(Arc::strong_count(&guard), 2);
        assert!(reply.next().await.is_some());
        assert_eq!(Arc::strong_count(&guard), 1);
        assert!(reply.next().await.is_none());
    }

    #[tokio::test]
    async fn a_source_that_just_ends_has_lost_the_response() {
        let mut reply = Reply::stream(futures::stream::empty());
        assert!(matches!(reply.next().await, Some(Err(Lost::NotMcp))));
        assert!(reply.next().await.is_none());
    }

    #[tokio::test]
    async fn nothing_comes_after_the_response() {
        let mut reply = Reply::stream(futures::stream::iter([Ok(answer()), Ok(answer())]));
        assert!(reply.next().await.is_some());
        assert!(reply.next().await.is_none());
    }
}
