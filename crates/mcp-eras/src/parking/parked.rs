//! A call that goes on at the server while its client is away.

use std::{sync::Arc, time::Duration};

use futures::StreamExt;
use mcp_jsonrpc::{Kind, Message};
use mcp_protocol::method;
use mcp_transport::{Caller, Connection, Lost, Reply};
use tokio::time::{Instant, timeout};

use super::{
    Room,
    questions::{AnswerError, Question, Questions},
};

/// A call to a legacy server, and what the server asks the client on the way.
///
/// [`next`](Self::next) says what comes: notes, questions, and in the end the response. When it says questions, the
/// call can be set aside until their answers are there. Nobody reads the [`Reply`] meanwhile, and nothing is kept here:
/// what comes waits where it came in. On a pipe that is the queue of the call, which is bounded and gives way by the
/// overflow rule without ever losing the response; over HTTP the server itself has to wait. So a server that ends,
/// withdraws a question or answers meanwhile is heard of with the next step.
///
/// Dropping it cancels the call at the server, open questions included.
#[derive(Debug)]
pub struct ParkedCall {
    // First, so that the cancellation is on its way before the connection may be gone.
    reply: Reply,
    connection: Arc<dyn Connection>,
    caller: Arc<Caller>,
    questions: Questions,
    gather: Duration,
    /// Since when more questions are waited for.
    gathering: Option<Instant>,
    /// The answer to a question that could not be passed on, until it was sent.
    refusal: Option<Box<Message>>,
    /// With which others it shares the places to wait at.
    room: Option<Room>,
}

/// What a call comes to next.
#[derive(Debug)]
pub enum Step {
    /// A notification for the client, under the names of its first request.
    Note(Message),
    /// Everything the server asks and has no answer to, oldest first; never empty.
    Asked(Vec<Question>),
    /// The response. There are no further steps.
    Done(Message),
    /// There will be no response. There are no further steps.
    Lost(Lost),
}

impl ParkedCall {
    /// How long more questions are waited for after the first: servers may ask several at once.
    pub const GATHER: Duration = Duration::from_millis(50);

    /// The call that `reply` answers; `connection` is the one it was made on, and `caller` on whose behalf.
    #[must_use]
    pub fn begin(reply: Reply, connection: Arc<dyn Connection>, caller: Arc<Caller>) -> Self {
        let questions = Questions::default();
        Self { reply, connection, caller, questions, gather: Self::GATHER, gathering: None, refusal: None, room: None }
    }

    /// Waits, while it is parked, with others of the same server. Default: with nobody.
    #[must_use]
    pub fn in_room(self, room: Option<Room>) -> Self {
        Self { room, ..self }
    }

    pub(super) fn room(&self) -> Option<&Room> {
        self.room.as_ref()
    }

    /// Waits this long for more questions after the first. Default: [`GATHER`](Self::GATHER).
    #[must_use]
    pub fn gather(self, gather: Duration) -> Self {
        Self { gather, ..self }
    }

    /// Waits for what comes next. While a question is open, that is not longer than the call gathers questions: then it
    /// is [`Asked`](Step::Asked) again.
    ///
    /// What a client cannot be asked during a call, or would be asked beyond 32 open questions, is answered with an
    /// error here.
    ///
    /// # Cancel safety
    ///
    /// Safe: what has come is in the next step then.
    pub async fn next(&mut self) -> Step {
        loop {
            self.refuse().await;
            let message = match self.left_to_gather() {
                None => self.reply.next().await,
                // Looked at first, so that a flood of notes does not hold a question back.
                Some(Duration::ZERO) => return self.ask(),
                Some(left) => match timeout(left, self.reply.next()).await {
                    Ok(message) => message,
                    Err(_) => return self.ask(),
                },
            };
            match message {
                Some(Ok(message)) => match message.kind() {
                    Kind::Request => self.refusal = self.questions.ask(message).err(),
                    Kind::Notification if message.is_method(method::CANCELLED) => {
                        self.questions.withdraw(&message);
                    }
                    Kind::Notification => return Step::Note(message),
                    Kind::Response => {
                        self.questions.clear();
                        return Step::Done(message);
                    }
                },
                Some(Err(lost)) => {
                    self.questions.clear();
                    return Step::Lost(lost);
                }
                None => return Step::Lost(Lost::NotMcp),
            }
        }
    }

    /// Gives the server the answer to the question `key`: JSON text of an object, the result of the server's request.
    ///
    /// # Errors
    ///
    /// Fails if nothing is asked under that key, if the answer is no object, or if it could not be sent.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before it is ready may or may not have sent the answer. The question stays open then, and a
    /// second answer to it does no harm.
    pub async fn answer(&mut self, key: &str, result: &str) -> Result<(), AnswerError> {
        let response = self.questions.answer(key, result)?;
        let sent = self.connection.tell(response, &self.caller).await;
        sent.map_err(|error| AnswerError::NotSent(error.reason))?;
        self.questions.answered(key);
        Ok(())
    }

    /// Tells the server that the question `key` has no answer: an error with this code and text. As [`answer`](Self::answer)
    /// otherwise.
    ///
    /// # Errors
    ///
    /// Fails if nothing is asked under that key, or if it could not be sent.
    ///
    /// # Cancel safety
    ///
    /// As for [`answer`](Self::answer).
    pub async fn decline(&mut self, key: &str, code: i64, text: &str) -> Result<(), AnswerError> {
        let response = self.questions.decline(key, code, text)?;
        let sent = self.connection.tell(response, &self.caller).await;
        sent.map_err(|error| AnswerError::NotSent(error.reason))?;
        self.questions.answered(key);
        Ok(())
    }

    /// Everything the server asks and has no answer to, oldest first: as far as [`next`](Self::next) has read.
    #[must_use]
    pub fn questions(&self) -> Vec<Question> {
        self.questions.list()
    }

    /// The connection it was made on, and on whose behalf.
    #[must_use]
    pub fn made_on(&self) -> (&Arc<dyn Connection>, &Arc<Caller>) {
        (&self.connection, &self.caller)
    }

    /// Gives the call up and tells the server why.
    pub fn cancel(self, reason: Option<&str>) {
        self.reply.cancel(reason);
    }

    /// Sends what is to be refused. If this is dropped half-way it is sent again, which does no harm.
    async fn refuse(&mut self) {
        if let Some(refusal) = &self.refusal {
            // A server that is gone needs no answer.
            let _ = self.connection.tell(Message::clone(refusal), &self.caller).await;
            self.refusal = None;
        }
    }

    /// How much longer questions are gathered; `None` if nothing is asked.
    fn left_to_gather(&mut self) -> Option<Duration> {
        if self.questions.is_empty() {
            self.gathering = None;
            return None;
        }
        let since = self.gathering.get_or_insert_with(Instant::now);
        Some(self.gather.saturating_sub(since.elapsed()))
    }

    fn ask(&mut self) -> Step {
        self.gathering = None;
        Step::Asked(self.questions.list())
    }
}

#[cfg(test)]
mod tests;
