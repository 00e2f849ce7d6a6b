//! From a question to its answer.

use std::sync::Arc;

use bytes::Bytes;
use http::{
    StatusCode,
    header::{ACCEPT, LOCATION},
};
use mcp_eras::{ParkedCall, Purpose, Question as Asked, ResumeError, Resumed, Step, Token};
use mcp_jsonrpc::{Id, Message};
use mcp_openapi::{Along, InputAnswers, RawContent, answer, input_required, segment, short_answer};
use mcp_protocol::{
    Envelope, Era, InputRequired, InputResponses, LogLevel, ResultType, Revision, is_tool_error, method,
};
use mcp_transport::{Lost, Principal, Request};
use tokio::time::{Instant, sleep};

use super::{
    Asking, kept,
    question::Question,
    reach::{AGAIN, CAN, INFO, Reached},
    reply::{Failed, RestAnswer, failed, json, not_found, of_session, raw},
    stream,
};
use crate::{front::Front, iso, rescue, rescue::Told};

/// What has to be known to turn what comes back into an answer, once the request itself is forgotten.
#[derive(Clone, Debug)]
pub(super) struct Manner {
    pub(super) front: Arc<Front>,
    pub(super) server: Arc<str>,
    pub(super) owner: Principal,
    pub(super) question: Question,
    pub(super) era: Era,
    pub(super) session: Option<Arc<str>>,
    /// Whether the answer lists what the server told on the way.
    pub(super) lists_notes: bool,
    /// Whether an error that a tool reports is an error of the request.
    pub(super) is_strict: bool,
}

impl Asking<'_> {
    /// Asks the server, and answers with what it says.
    pub(super) async fn ask(&self, question: Question) -> Result<RestAnswer, Failed> {
        let reached = self.reach().await.map_err(|told| failed(&told))?;
        if let Some((tool, _)) = question.tool()
            && !self.rest.catalogue.has(self.server, &reached, tool).await
        {
            let text = format!("Tool '{tool}' not found on server '{}'", self.server.name());
            return Ok(not_found("Tool not found", &text));
        }
        let call = self.begin(&question, reached, None).await.map_err(|told| failed(&told))?;
        self.answer(question, call, true).await
    }

    /// `POST …/input`: goes on with a call that waits for an answer.
    pub(super) async fn go_on(&self, body: &Bytes) -> Result<RestAnswer, Failed> {
        let bad = |text: String| failed(&rescue::bad_params(text));
        let answers = InputAnswers::read(body).map_err(|error| bad(error.to_string()))?;
        for (key, _) in &answers.answers {
            // Nothing else is ever asked, for callers of REST are introduced as able to do no more.
            answers.answer(key, method::ELICITATION_CREATE).map_err(|error| bad(error.to_string()))?;
        }
        let resume = |is_short| {
            let purpose = purpose(self.server.name(), is_short);
            self.front.servers().parking().resume(&answers.token, &purpose, &self.head.principal)
        };
        let (resumed, is_short) = match resume(false) {
            Err(ResumeError::Invalid) => (resume(true), true),
            resumed => (resumed, false),
        };
        let resumed = resumed.map_err(|error| failed(&Told::from(&error)))?;
        match resumed {
            Resumed::Parked(mut call) => {
                for (key, text) in &answers.answers {
                    // One that was withdrawn meanwhile needs no answer.
                    let _ = call.answer(key, text).await;
                }
                let question = Question::Call { tool: String::new(), body: Bytes::new(), is_short };
                self.answer(question, (call, Era::Legacy, None), false).await
            }
            Resumed::State(kept) => {
                let (question, state) =
                    kept.as_deref().and_then(kept::unpack).ok_or_else(|| bad("the token holds no request".into()))?;
                let responses = answers.answers.iter().map(|(key, text)| (key.as_str().into(), text.as_str()));
                let responses = InputResponses { responses: responses.collect(), state: state.as_deref() };
                let reached = self.reach().await.map_err(|told| failed(&told))?;
                let call = self.begin(&question, reached, Some(&responses)).await.map_err(|told| failed(&told))?;
                self.answer(question, call, false).await
            }
        }
    }

    /// Sends the question. What could not be sent goes out again over another connection, for a while.
    async fn begin(
        &self,
        question: &Question,
        mut reached: Reached,
        answers: Option<&InputResponses<'_>>,
    ) -> Result<(ParkedCall, Era, Option<Arc<str>>), Told> {
        let (since, mut attempts) = (Instant::now(), 0);
        let token = Id::from(1);
        loop {
            let is_modern = reached.era == Era::Modern;
            let log_level = self.wants_notes().then_some(LogLevel::Debug);
            let envelope =
                Envelope { version: Revision::LATEST, capabilities: CAN, client_info: Some(INFO), log_level };
            let along = Along {
                progress_token: self.wants_notes().then_some(&token),
                envelope: is_modern.then_some(envelope),
                answers,
            };
            let params = question.params(&along).map_err(|error| rescue::bad_params(error.to_string()))?;
            let message = Message::request(&Id::from(1), question.method(), Some(&params));
            let Ok(request) = Request::new(message, Arc::clone(&reached.caller)) else {
                return Err(rescue::misplaced("this is no request"));
            };
            match reached.connection.call(request).await {
                Ok(reply) => {
                    let session = reached.session_id();
                    let reply = match reached.session {
                        Some((_, used)) => reply.holding(used),
                        None => reply,
                    };
                    let call = ParkedCall::begin(reply, reached.connection, reached.caller);
                    let call = call.in_room(self.server.room());
                    return Ok((call, reached.era, session));
                }
                Err(error) if self.may_send_again(&error.reason, since) => {
                    // A server may be gone without the connection to it knowing.
                    if 0 < attempts {
                        sleep(AGAIN).await;
                    }
                    attempts += 1;
                    reached = self.reach().await?;
                }
                Err(error) => return Err(Told::from(&error.reason)),
            }
        }
    }

    async fn answer(
        &self,
        question: Question,
        (call, era, session): (ParkedCall, Era, Option<Arc<str>>),
        may_ask_again: bool,
    ) -> Result<RestAnswer, Failed> {
        let manner = Manner {
            front: Arc::clone(self.front),
            server: Arc::clone(self.server.name()),
            owner: self.head.principal.clone(),
            question,
            era,
            session,
            // A stream has told them.
            lists_notes: self.parameters.notifications && !self.wants_stream(),
            is_strict: self.parameters.strict,
        };
        if self.wants_stream() {
            return Ok(of_session(stream::answer(&manner, call), manner.session.as_deref()));
        }
        if self.prefer.respond_async {
            return self.later(manner, call);
        }
        let again = manner.question.is_safe() && may_ask_again;
        match manner.finish(call).await {
            // What only reads may be asked twice, if it was the connection that went.
            Err(Lost::Exited(_)) if again => {
                let reached = self.reach().await.map_err(|told| failed(&told))?;
                let question = manner.question.clone();
                let (call, ..) = self.begin(&question, reached, None).await.map_err(|told| failed(&told))?;
                Ok(manner.finish(call).await.unwrap_or_else(|lost| failed(&Told::from(&lost))))
            }
            finished => Ok(finished.unwrap_or_else(|lost| failed(&Told::from(&lost)))),
        }
    }

    /// Hands the call to the table of those that are answered later.
    fn later(&self, manner: Manner, call: ParkedCall) -> Result<RestAnswer, Failed> {
        let (owner, server) = (manner.owner.clone(), Arc::clone(&manner.server));
        let finish = async move { manner.finish(call).await.unwrap_or_else(|lost| failed(&Told::from(&lost))) };
        let id = self.rest.calls.begin(owner, Arc::clone(&server), finish).map_err(|told| failed(&told))?;
        let place = format!("{}/api/mcp/{}/calls/{id}", self.front.public_path, segment::encode(&server));
        let mut answer = json(StatusCode::ACCEPTED, answer::running(&place));
        if let Ok(place) = place.parse() {
            answer.headers_mut().insert(LOCATION, place);
        }
        Ok(answer)
    }

    /// Whether the answer is to be a stream: clients of MCP name both kinds out of habit, and JSON is the usual one.
    fn wants_stream(&self) -> bool {
        let accepts = self.head.headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let kinds = accepts.flat_map(|value| value.split(',')).filter_map(|kind| kind.split(';').next());
        let kinds: Vec<_> = kinds.map(str::trim).collect();
        let names = |wanted: &str| kinds.iter().any(|kind| kind.eq_ignore_ascii_case(wanted));
        names("text/event-stream") && !names("application/json")
    }

    fn wants_notes(&self) -> bool {
        self.wants_stream() || self.parameters.notifications
    }
}

impl Manner {
    /// Waits for the answer.
    async fn finish(&self, mut call: ParkedCall) -> Result<RestAnswer, Lost> {
        let mut notes = Vec::new();
        loop {
            match call.next().await {
                Step::Note(note) if self.lists_notes && notes.len() < self.front.limits.notes.count => notes.push(note),
                Step::Note(_) => {}
                Step::Asked(asked) => return Ok(self.park(call, &asked)),
                Step::Done(response) => return Ok(of_session(self.done(&response, &notes), self.session.as_deref())),
                Step::Lost(lost) => return Err(lost),
            }
        }
    }

    /// Sets the call aside, and tells what the server asks.
    pub(super) fn park(&self, call: ParkedCall, asked: &[Asked]) -> RestAnswer {
        let token = match self.front.servers().parking().park(call, &self.purpose(), &self.owner) {
            Ok(token) => token,
            Err(error) => return failed(&Told::from(&error)),
        };
        let asked = asked.iter();
        let asked = asked.map(|it| mcp_openapi::Asked { key: &it.key, method: &it.method, params: &it.params });
        asking(&token, &asked.collect::<Vec<_>>())
    }

    /// The answer that a response makes.
    pub(super) fn done(&self, response: &Message, notes: &[Message]) -> RestAnswer {
        if let Some(error) = response.error() {
            let status = rescue::rest_status(response);
            let kind = if status == StatusCode::BAD_GATEWAY { "Server error" } else { rescue::kind(status) };
            return json(status, answer::rpc_error(kind, error));
        }
        let result = response.result().unwrap_or("{}");
        if self.era == Era::Modern && ResultType::of(result).is_ok_and(|it| it == ResultType::InputRequired) {
            return self.wrap(result);
        }
        let is_short = self.question.tool().is_some_and(|(_, is_short)| is_short);
        if (self.is_strict || is_short) && self.question.tool().is_some() && is_tool_error(result) {
            return json(StatusCode::UNPROCESSABLE_ENTITY, answer::tool_error("Tool error", result));
        }
        if let Question::Read { is_raw: true, .. } = self.question
            && let Some(content) = RawContent::read(result)
        {
            return raw(content);
        }
        if is_short {
            return json(StatusCode::OK, short_answer(result));
        }
        if self.lists_notes {
            return json(StatusCode::OK, answer::with_notifications(result, notes));
        }
        json(StatusCode::OK, result.to_owned())
    }

    /// Tells what a server of the modern era asks; all there is to remember goes into the token.
    fn wrap(&self, result: &str) -> RestAnswer {
        let Ok(required) = InputRequired::read(result) else { return failed(&Told::from(&Lost::NotMcp)) };
        // Nothing else may be answered with a question.
        let Some(kept) = kept::pack(&self.question, required.state) else { return failed(&Told::from(&Lost::NotMcp)) };
        let token = match self.front.servers().parking().wrap(Some(&kept), &self.purpose(), &self.owner) {
            Ok(token) => token,
            Err(error) => return failed(&Told::from(&error)),
        };
        let asked = required.requests.iter();
        let asked =
            asked.map(|it| mcp_openapi::Asked { key: &it.key, method: &it.method, params: it.params.unwrap_or("{}") });
        asking(&token, &asked.collect::<Vec<_>>())
    }

    fn purpose(&self) -> Purpose {
        purpose(&self.server, self.question.tool().is_some_and(|(_, is_short)| is_short))
    }
}

/// What the token of a call to `server` is good for. It remembers by that in which form the answer is to be.
fn purpose(server: &str, is_short: bool) -> Purpose {
    if is_short { Purpose::request(server, method::TOOLS_CALL, None) } else { Purpose::answer(server) }
}

/// The answer that tells what is asked.
fn asking(token: &Token, asked: &[mcp_openapi::Asked<'_>]) -> RestAnswer {
    json(StatusCode::CONFLICT, input_required(token.expose(), Some(&iso(token.expires_at())), asked))
}
