//! How a call is answered: as JSON if the response comes first, as a stream if anything else does.

use std::{collections::VecDeque, future::poll_fn, mem, sync::Arc, task::Poll};

use http::StatusCode;
use mcp_jsonrpc::{Kind, Message, join};
use mcp_transport_http::server::Answer;

use super::{Answered, Front, Session, call::Calls, doors::Door, outgoing::Outgoing, streams::CallStream};
use crate::rescue;

/// By whose rules a call is answered.
#[derive(Clone, Debug)]
pub(super) enum Manner {
    /// A lost connection is no cancellation, and the stream can be resumed.
    Legacy(Session),
    /// A lost connection is the cancellation.
    Modern(Arc<Door>),
}

/// Waits for the first thing that comes back and answers accordingly; after a while without, answers with a stream that
/// has nothing in it yet, to keep the way open.
pub(super) async fn answer(front: &Arc<Front>, calls: Calls, manner: Manner) -> Answered {
    let mut alarm = front.ticker.alarm(front.limits.stream_after);
    let mut waiting = Waiting { front: Arc::clone(front), calls: Some(calls), manner, responses: Vec::new() };
    poll_fn(|context| {
        while let Some(calls) = &mut waiting.calls {
            match calls.poll(context) {
                Poll::Ready(Some(message)) if message.kind() == Kind::Response => {
                    if let Some(answer) = waiting.response(message) {
                        return Poll::Ready(answer);
                    }
                }
                Poll::Ready(note) => return Poll::Ready(waiting.stream(note)),
                Poll::Pending if alarm.poll(context).is_ready() => return Poll::Ready(waiting.stream(None)),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Pending
    })
    .await
}

/// Calls that nothing has been told about yet. Dropped, they go on for a client of the legacy era.
struct Waiting {
    front: Arc<Front>,
    calls: Option<Calls>,
    manner: Manner,
    responses: Vec<Message>,
}

impl Waiting {
    /// The answer, if this was the last response.
    fn response(&mut self, response: Message) -> Option<Answered> {
        let calls = self.calls.as_ref()?;
        if !calls.are_over() {
            self.responses.push(response);
            return None;
        }
        let is_batch = calls.is_batch;
        self.calls = None;
        if is_batch {
            self.responses.push(response);
            return Some(Answer::json(Answer::text(join(&self.responses))));
        }
        let mut answer = Answer::message(&response);
        if matches!(self.manner, Manner::Modern(_)) && response.is_error() {
            *answer.status_mut() = rescue::modern_status(&response);
        }
        Some(answer)
    }

    fn stream(&mut self, note: Option<Message>) -> Answered {
        let Some(calls) = self.calls.take() else { return super::empty(StatusCode::ACCEPTED) };
        let first: VecDeque<_> = mem::take(&mut self.responses).into_iter().chain(note).collect();
        let stream = CallStream::new(&self.front, calls, first, self.manner.clone());
        Answer::events(Outgoing::Call(Box::new(stream)))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let (Some(calls), Manner::Legacy(session)) = (self.calls.take(), &self.manner) {
            self.front.adopt(calls, session, None);
        }
    }
}
