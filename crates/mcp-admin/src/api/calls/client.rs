//! The client that makes the call: it says that it can do everything, and asks the person.

use std::{sync::Arc, time::Duration};

use futures::StreamExt;
use mcp_jsonrpc::{Id, Kind, Message};
use mcp_protocol::{Revision, code, is_tool_error, meta, method};
use mcp_proxy_core::{
    iso,
    transport::{Caller, Client, Connection, Events, Principal, Request, in_words},
};
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::{
    sync::mpsc,
    time::{Instant, timeout},
};

use super::record::Record;
use crate::{api::redact::redact, events::event, state::State};

/// How long a call may take, with all questions.
const LONGEST: Duration = Duration::from_mins(10);
/// Everything that a server may ask of a client.
const CAPABILITIES: &str = r#"{"elicitation":{"form":{},"url":{}},"sampling":{"tools":{}},"roots":{}}"#;

/// What is to be called.
#[derive(Debug)]
pub(super) struct Wanted {
    /// The server, or the hub.
    pub(super) server: Option<String>,
    pub(super) tool: String,
    /// A JSON object.
    pub(super) arguments: Option<Box<RawValue>>,
    /// On whose behalf.
    pub(super) who: Arc<str>,
}

#[derive(Serialize)]
struct Said<'a> {
    at: String,
    direction: &'static str,
    text: &'a str,
}

#[derive(Serialize)]
struct Question<'a> {
    key: &'a str,
    method: &'a str,
    params: Option<&'a RawValue>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Done {
    outcome: &'static str,
    took_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Box<RawValue>>,
}

/// How a call has ended, and what it gave as JSON text.
struct End {
    outcome: &'static str,
    result: Option<String>,
    error: Option<String>,
}

/// Makes the call and writes down what comes of it.
pub(super) async fn run(state: Arc<State>, wanted: Wanted, record: Arc<Record>) {
    let began = Instant::now();
    let scribe = Scribe { state: Arc::clone(&state), record: Arc::clone(&record) };
    let end = tokio::select! {
        end = timeout(LONGEST, call(&scribe, &wanted)) => {
            end.unwrap_or_else(|_| End::failed("lost", &format!("the call took longer than {LONGEST:?}")))
        }
        () = record.is_cancelled() => End::failed("cancelled", "the call was cancelled"),
        () = state.stop.cancelled() => End::failed("cancelled", "the hub is stopping"),
    };
    let raw = |text: Option<String>| text.and_then(|text| RawValue::from_string(scribe.redacted(&text)).ok());
    let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let done = Done { outcome: end.outcome, took_ms, result: raw(end.result), error: raw(end.error) };
    record.end(event("done", &done));
}

async fn call(scribe: &Scribe, wanted: &Wanted) -> End {
    let proxy = &scribe.state.proxy;
    let client = Client { info: client_info().into(), capabilities: CAPABILITIES.into() };
    let principal = Principal::Named(Arc::clone(&wanted.who));
    let caller = Caller { client: Some(Arc::new(client)), ..Caller::new(principal, Revision::LATEST_LEGACY) };
    let caller = Arc::new(caller);
    let connection = match &wanted.server {
        Some(server) => match proxy.connect(server, &caller).await {
            Ok(connection) => connection,
            Err(error) => return End::failed("notSent", &in_words(&error)),
        },
        None => match proxy.connect_hub().await {
            Some(connection) => connection,
            None => return End::failed("notSent", "the servers are not offered as one"),
        },
    };
    let end = converse(scribe, wanted, &connection, &caller).await;
    connection.close().await;
    end
}

async fn converse(scribe: &Scribe, wanted: &Wanted, connection: &Arc<dyn Connection>, caller: &Arc<Caller>) -> End {
    let mut beside = connection.events();
    let Some(mut answers) = scribe.answers() else { return End::failed("notSent", "the call was made before") };
    let message = Message::request(&Id::from(1), method::TOOLS_CALL, Some(&params(wanted)));
    scribe.said("out", &message);
    let Ok(request) = Request::new(message, Arc::clone(caller)) else {
        return End::failed("notSent", "this is no request");
    };
    let mut reply = match connection.call(request).await {
        Ok(reply) => reply,
        Err(error) => return End::failed("notSent", &in_words(&error)),
    };
    loop {
        tokio::select! {
            message = reply.next() => match message {
                Some(Ok(message)) if message.kind() == Kind::Response => {
                    scribe.said("in", &message);
                    return End::of(&message);
                }
                Some(Ok(message)) => ask(scribe, &message, connection, caller).await,
                Some(Err(lost)) => return End::failed("lost", &in_words(&lost)),
                None => return End::failed("lost", "the answer did not come"),
            },
            Some(message) = next(beside.as_mut()) => ask(scribe, &message, connection, caller).await,
            Some(answer) = answers.recv() => {
                scribe.said("out", &answer);
                if let Err(error) = connection.tell(answer, caller).await {
                    tracing::debug!("an answer did not reach the server: {error}");
                }
            }
        }
    }
}

/// The next message that belongs to no call; for ever none where there are no such ones.
async fn next(events: Option<&mut Events>) -> Option<Message> {
    match events {
        Some(events) => match events.next().await {
            Some(message) => Some(message),
            None => std::future::pending().await,
        },
        None => std::future::pending().await,
    }
}

/// Writes a message down, and asks the person if it is a question.
async fn ask(scribe: &Scribe, message: &Message, connection: &Arc<dyn Connection>, caller: &Arc<Caller>) {
    scribe.said("in", message);
    let (Kind::Request, Some(id)) = (message.kind(), message.id()) else { return };
    let (asked, params) = (message.method().unwrap_or_default(), message.params());
    if asked == method::PING {
        let answer = Message::response(&id, "{}");
        scribe.said("out", &answer);
        let _ = connection.tell(answer, caller).await;
        return;
    }
    let Some(key) = scribe.record.question(id.clone()) else {
        let error = "too many questions are open";
        let _ = connection.tell(Message::error_response(Some(&id), code::INTERNAL_ERROR, error, None), caller).await;
        return;
    };
    let params = params.and_then(|params| serde_json::from_str(params).ok());
    scribe.record.add(event("question", &Question { key: &key, method: asked, params }));
}

/// Writes down what is said, without secrets.
struct Scribe {
    state: Arc<State>,
    record: Arc<Record>,
}

impl Scribe {
    fn said(&self, direction: &'static str, message: &Message) {
        let bytes = message.to_bytes();
        let text = self.redacted(&String::from_utf8_lossy(&bytes));
        let at = iso(std::time::SystemTime::now());
        self.record.add(event("message", &Said { at, direction, text: &text }));
    }

    fn redacted(&self, text: &str) -> String {
        redact(text, &self.state.live.secrets())
    }

    fn answers(&self) -> Option<mpsc::Receiver<Message>> {
        self.record.said.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take()
    }
}

impl End {
    fn failed(outcome: &'static str, why: &str) -> Self {
        Self { outcome, result: None, error: Some(mcp_jsonrpc::quote(why)) }
    }

    fn of(response: &Message) -> Self {
        if let Some(result) = response.result() {
            let outcome = if is_tool_error(result) { "toolError" } else { "ok" };
            return Self { outcome, result: Some(result.to_owned()), error: None };
        }
        Self { outcome: "error", result: None, error: response.error().map(str::to_owned) }
    }
}

fn client_info() -> String {
    format!(r#"{{"name":"mcp-admin","version":"{}"}}"#, env!("CARGO_PKG_VERSION"))
}

fn params(wanted: &Wanted) -> String {
    let arguments = wanted.arguments.as_deref().map_or("{}", RawValue::get);
    format!(
        r#"{{"name":{},"arguments":{arguments},"{}":{{"{}":"try"}}}}"#,
        mcp_jsonrpc::quote(&wanted.tool),
        meta::META,
        meta::PROGRESS_TOKEN
    )
}
