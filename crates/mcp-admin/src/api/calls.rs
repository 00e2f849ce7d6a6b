//! Calls by hand: a tool is called as a client that can answer everything a server may ask.

mod client;
mod record;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::{StreamExt, stream};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use self::{client::Wanted, record::Record};
use crate::{
    answer::{Answer, Refusal, audited, json, nothing},
    ask::Ask,
    events::events,
    hex::hex,
    route::Route,
    state::State,
};

pub(crate) const ROUTES: &[Route] = &[
    Route::post("/calls", "callTool", "Calls a tool; what comes of it is told by its events.", |state, ask| {
        Box::pin(begin(state, ask))
    })
    .takes("NewCall")
    .gives("CallId"),
    Route::get("/calls/{id}/events", "watchCall", "Messages of a call from its beginning on.", |state, ask| {
        Box::pin(watch(state, ask))
    })
    .events("message, question, done"),
    Route::post("/calls/{id}/answers", "answerQuestion", "Answers what the server asks.", |state, ask| {
        Box::pin(answer(state, ask))
    })
    .takes("AnswerToQuestion")
    .nothing(),
    Route::delete("/calls/{id}", "cancelCall", "Cancels a call.", |state, ask| Box::pin(cancel(state, ask))).nothing(),
];

/// Calls that run at a time.
const RUNNING: usize = 16;
/// Calls that are remembered after their end.
const ENDED: usize = 16;

/// The calls that were made of late.
#[derive(Debug, Default)]
pub(crate) struct Calls(Mutex<VecDeque<(Box<str>, Arc<Record>)>>);

#[derive(Deserialize)]
struct NewCall {
    #[serde(default)]
    server: String,
    tool: String,
    #[serde(default)]
    arguments: Option<Box<RawValue>>,
    #[serde(default, rename = "as")]
    seen_as: Seen,
}

/// By whose names the tool is called.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Seen {
    /// By the server's own, past all rules.
    #[default]
    Server,
    /// By those that clients of the hub see.
    Hub,
}

#[derive(Serialize)]
struct CallId<'a> {
    id: &'a str,
}

#[derive(Deserialize)]
struct Said {
    key: String,
    result: Option<Box<RawValue>>,
    error: Option<Box<RawValue>>,
}

impl Calls {
    fn lock(&self) -> MutexGuard<'_, VecDeque<(Box<str>, Arc<Record>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, id: &str) -> Result<Arc<Record>, Refusal> {
        let found = self.lock().iter().find(|(known, _)| **known == *id).map(|(_, record)| Arc::clone(record));
        found.ok_or_else(|| Refusal::missing("that call is not there, or was over some time ago"))
    }

    /// Remembers a new call, and forgets the oldest ones that are over.
    fn add(&self) -> Result<(Box<str>, Arc<Record>), Refusal> {
        let mut id = [0; 8];
        let none = |_| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "the system gives no random numbers; try again");
        getrandom::fill(&mut id).map_err(none)?;
        let mut calls = self.lock();
        let running = calls.iter().filter(|(_, record)| !record.is_over()).count();
        if RUNNING <= running {
            return Err(Refusal::busy(format!("{RUNNING} calls are running; wait for one, or cancel it")));
        }
        while ENDED <= calls.len() - running
            && let Some(oldest) = calls.iter().position(|(_, record)| record.is_over())
        {
            calls.remove(oldest);
        }
        let (id, record): (Box<str>, _) = (hex(&id).into(), Arc::new(Record::default()));
        calls.push_back((id.clone(), Arc::clone(&record)));
        Ok((id, record))
    }
}

async fn begin(state: Arc<State>, ask: Ask) -> Answer {
    let call: NewCall = ask.json()?;
    let detail = match call.seen_as {
        Seen::Server => format!("{} of {}", call.tool, call.server),
        Seen::Hub => format!("{} of the hub", call.tool),
    };
    let (id, record) = state.calls.add()?;
    let server = (call.seen_as == Seen::Server).then_some(call.server);
    let wanted = Wanted { server, tool: call.tool, arguments: call.arguments, who: ask.who().into() };
    tokio::spawn(client::run(Arc::clone(&state), wanted, record));
    audited(Ok(json(StatusCode::CREATED, &CallId { id: &id })), detail)
}

async fn watch(state: Arc<State>, ask: Ask) -> Answer {
    let record = state.calls.find(ask.param("id"))?;
    let told = stream::unfold((record, 0), |(record, from)| async move {
        let news = record.after(from).await?;
        let next = from + news.len();
        Some((stream::iter(news), (record, next)))
    });
    Ok(events(&state, ask.session, told.flatten()))
}

async fn answer(state: Arc<State>, ask: Ask) -> Answer {
    let record = state.calls.find(ask.param("id"))?;
    let Said { key, result, error } = ask.json()?;
    let said = match (&result, &error) {
        (Some(result), None) => Ok(result.get()),
        (None, Some(error)) => Err(error.get()),
        _ => return Err(Refusal::bad("send either `result` or `error`")),
    };
    if !record.answer(&key, said) {
        return Err(Refusal::missing("there is no such question, or it was answered"));
    }
    nothing()
}

async fn cancel(state: Arc<State>, ask: Ask) -> Answer {
    state.calls.find(ask.param("id"))?.cancel();
    nothing()
}

#[cfg(test)]
mod tests;
