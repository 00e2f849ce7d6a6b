//! A call on its way to an answer, or to a question.

use std::{
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
};

use futures::{
    Stream, StreamExt,
    stream::{self, BoxStream},
};
use mcp_jsonrpc::Message;
use mcp_transport::{Lost, Reply, ReplySource};

use super::teller::Teller;
use crate::{ParkedCall, Step};

/// Why the client has given the call up, if it said so.
type Reason = Arc<OnceLock<Box<str>>>;

/// What the client is to hear of `call`. It is polled by whoever reads the reply, and has no task of its own.
pub(super) fn drive(teller: Teller, call: ParkedCall) -> Reply {
    let reason = Reason::default();
    let drive = Drive { teller, call: Some(call), reason: Arc::clone(&reason) };
    let steps = stream::unfold(drive, async |mut drive| Some((drive.next().await?, drive)));
    Reply::new(Driven { steps: Box::pin(steps), reason })
}

struct Driven {
    steps: BoxStream<'static, Result<Message, Lost>>,
    reason: Reason,
}

struct Drive {
    teller: Teller,
    /// Until it is over or parked.
    call: Option<ParkedCall>,
    reason: Reason,
}

impl Drive {
    async fn next(&mut self) -> Option<Result<Message, Lost>> {
        loop {
            let call = self.call.as_mut()?;
            match call.next().await {
                Step::Note(note) => {
                    if let Some(note) = self.teller.note(note) {
                        return Some(Ok(note));
                    }
                }
                Step::Asked(questions) => match self.teller.may_ask(call, questions).await {
                    Ok(questions) if questions.is_empty() => {}
                    Ok(questions) => return Some(Ok(self.teller.park(self.call.take()?, &questions))),
                    Err(refusal) => {
                        self.call.take()?.cancel(Some("the client has not declared what the server needs of it"));
                        return Some(Ok(refusal));
                    }
                },
                Step::Done(response) => {
                    self.call = None;
                    return Some(Ok(self.teller.response(&response)));
                }
                Step::Lost(lost) => {
                    self.call = None;
                    return Some(Err(lost));
                }
            }
        }
    }
}

impl Drop for Drive {
    fn drop(&mut self) {
        if let Some(call) = self.call.take() {
            call.cancel(self.reason.get().map(|reason| &**reason));
        }
    }
}

impl Stream for Driven {
    type Item = Result<Message, Lost>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.steps.poll_next_unpin(context)
    }
}

impl ReplySource for Driven {
    fn cancel(mut self: Pin<&mut Self>, reason: Option<&str>) {
        if let Some(reason) = reason {
            // Nobody else sets it: a call is given up once.
            let _ = self.reason.set(reason.into());
        }
        self.steps = Box::pin(stream::empty());
    }
}
