//! A call to a modern server, driven to its end for a client that expects to be asked in the middle of it.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures::{FutureExt, Stream, StreamExt, future::BoxFuture};
use mcp_jsonrpc::{Id, Kind, Message, quote};
use mcp_protocol::{CancelledParams, ProgressParams, code, level_of, method};
use mcp_transport::{CloseReason, Closed, Lost, NotSent, Reply, ReplySource, Request, SendError};
use tokio::time::{Sleep, sleep};

use super::{
    incoming::{self, Answer},
    outgoing,
    round::{Round, Unanswered},
    session::Session,
};

/// The messages of one call as its client is to see them.
pub(super) struct Driven {
    session: Arc<Session>,
    /// The client's name for the call.
    id: Id,
    /// The request as it went out first. It is made again with the answers.
    first: Request,
    state: State,
    /// What the client has not read yet.
    out: VecDeque<Message>,
    rounds: usize,
    /// The greatest progress told so far: it may begin anew in a later round, and must not for the client.
    progress: f64,
}

enum State {
    /// The server works on it.
    Flight(Reply),
    /// The client is asked. Nothing is in flight, so no clock of the layers below runs.
    Asking(Round),
    /// The server wants to be asked again later.
    Pausing(Pin<Box<Sleep>>, Round),
    /// The request is on its way again.
    Sending(BoxFuture<'static, Result<Reply, SendError>>),
    Over,
}

/// How often a server may want input during one call.
const MAX_ROUNDS: usize = 10;

/// How long a server is left alone that asks nothing and wants to be asked again.
const PAUSE: Duration = Duration::from_millis(250);

impl Driven {
    /// The call that `reply` answers, begun with `first`; `id` is the client's name for it.
    pub(super) fn new(session: Arc<Session>, id: Id, first: Request, reply: Reply) -> Self {
        let (state, out) = (State::Flight(reply), VecDeque::new());
        Self { session, id, first, state, out, rounds: 0, progress: f64::NEG_INFINITY }
    }

    /// Takes a message of the server.
    fn take(&mut self, message: Message) {
        match message.kind() {
            Kind::Response => {
                self.state = State::Over;
                match incoming::read(message.with_id(self.id.clone()), self.first.method()) {
                    Answer::Final(response) => self.out.push_back(response),
                    Answer::Asks(response) => self.ask(response.result().unwrap_or("{}")),
                }
            }
            Kind::Notification if self.is_for_the_client(&message) => self.out.push_back(message),
            // Modern servers have no requests of their own, and no other notifications in a call.
            Kind::Notification | Kind::Request => {}
        }
    }

    fn is_for_the_client(&mut self, note: &Message) -> bool {
        match note.method() {
            Some(method::MESSAGE) => {
                let level = level_of(note.params().unwrap_or("{}")).ok();
                level.zip(self.session.level()).is_none_or(|(level, least)| least <= level)
            }
            Some(method::PROGRESS) => match ProgressParams::read(note.params().unwrap_or("{}")) {
                Ok(params) if 0 < self.rounds && params.value() <= self.progress => false,
                Ok(params) => {
                    self.progress = self.progress.max(params.value());
                    true
                }
                Err(_) => true,
            },
            Some(name) => !method::is_new_in_modern(name),
            None => true,
        }
    }

    /// Begins a round.
    fn ask(&mut self, result: &str) {
        self.rounds += 1;
        if MAX_ROUNDS < self.rounds {
            let text = format!("the server has asked for input {MAX_ROUNDS} times and is not done yet");
            return self.fail(&Unanswered { code: code::INTERNAL_ERROR, text });
        }
        match Round::begin(result, &self.session) {
            Ok((round, _)) if round.is_empty() => self.state = State::Pausing(Box::pin(sleep(PAUSE)), round),
            Ok((round, questions)) => {
                self.out.extend(questions);
                self.state = State::Asking(round);
            }
            Err(reason) => self.fail(&reason),
        }
    }

    /// Makes the request again.
    fn go_on(&mut self, round: &Round) {
        match outgoing::again(self.first.message(), &round.responses()) {
            Ok(message) => {
                let message = message.with_id(Id::from(self.session.number()));
                let request = self.first.clone().with_message(message);
                let modern = Arc::clone(&self.session.modern);
                self.state = State::Sending(async move { modern.call(request).await }.boxed());
            }
            Err(error) => self.fail(&Unanswered { code: code::INVALID_PARAMS, text: error.to_string() }),
        }
    }

    /// Ends the call where the server has not: a tool has failed, anything else is an error.
    fn fail(&mut self, reason: &Unanswered) {
        self.state = State::Over;
        self.out.push_back(if self.first.method() == method::TOOLS_CALL {
            let result = format!(r#"{{"content":[{{"type":"text","text":{}}}],"isError":true}}"#, quote(&reason.text));
            Message::response(&self.id, &result)
        } else {
            Message::error_response(Some(&self.id), reason.code, &reason.text, None)
        });
    }

    /// Takes the open questions of a round back; gives the notices for those the client has seen.
    fn withdraw(&mut self, round: &Round, reason: Option<&str>) -> Vec<Message> {
        let mut notices = Vec::new();
        for number in round.open() {
            // Its answer may be here already, and not be read yet.
            let is_open = self.session.asked().forget(number);
            let id = Id::from(number);
            let is_seen = !self.out.iter().any(|unread| unread.id().as_ref() == Some(&id));
            let params = CancelledParams::write(&id, reason);
            notices.extend((is_open && is_seen).then(|| Message::notification(method::CANCELLED, Some(&params))));
        }
        self.out.retain(|unread| unread.kind() != Kind::Request);
        notices
    }

    /// Gives the call up.
    fn give_up(&mut self, reason: Option<&str>) {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Flight(reply) => reply.cancel(reason),
            State::Asking(round) => {
                // Nobody reads the call's own stream any more.
                self.withdraw(&round, reason).into_iter().for_each(|notice| self.session.push(notice));
            }
            State::Pausing(..) | State::Sending(_) | State::Over => {}
        }
    }
}

impl Stream for Driven {
    type Item = Result<Message, Lost>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(message) = this.out.pop_front() {
                return Poll::Ready(Some(Ok(message)));
            }
            match &mut this.state {
                State::Flight(reply) => match ready!(reply.poll_next_unpin(context)) {
                    Some(Ok(message)) => this.take(message),
                    lost => {
                        this.state = State::Over;
                        return Poll::Ready(lost);
                    }
                },
                State::Asking(round) => {
                    let answered = ready!(round.poll(context));
                    let State::Asking(round) = std::mem::replace(&mut this.state, State::Over) else { continue };
                    match answered {
                        Some(Ok(())) => this.go_on(&round),
                        Some(Err(reason)) => {
                            let notices = this.withdraw(&round, None);
                            this.out.extend(notices);
                            this.fail(&reason);
                        }
                        None => {
                            let closed = this.session.closed.borrow().clone();
                            let closed = closed.unwrap_or_else(|| Arc::new(Closed::new(CloseReason::Requested)));
                            return Poll::Ready(Some(Err(Lost::Exited(closed))));
                        }
                    }
                }
                State::Pausing(pause, _) => {
                    ready!(pause.as_mut().poll(context));
                    if let State::Pausing(_, round) = std::mem::replace(&mut this.state, State::Over) {
                        this.go_on(&round);
                    }
                }
                State::Sending(sending) => match ready!(sending.as_mut().poll(context)) {
                    Ok(reply) => this.state = State::Flight(reply),
                    Err(error) => match error.reason {
                        NotSent::Closed(closed) => {
                            this.state = State::Over;
                            return Poll::Ready(Some(Err(Lost::Exited(closed))));
                        }
                        NotSent::ShuttingDown => {
                            this.state = State::Over;
                            return Poll::Ready(Some(Err(Lost::ShuttingDown)));
                        }
                        reason => this.fail(&Unanswered { code: code::INTERNAL_ERROR, text: reason.to_string() }),
                    },
                },
                State::Over => return Poll::Ready(None),
            }
        }
    }
}

impl ReplySource for Driven {
    fn cancel(self: Pin<&mut Self>, reason: Option<&str>) {
        self.get_mut().give_up(reason);
    }
}

impl Drop for Driven {
    fn drop(&mut self) {
        self.give_up(None);
    }
}
