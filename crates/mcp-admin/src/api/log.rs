//! What a server writes to stderr, and what becomes of it.

use std::sync::Arc;

use futures::{StreamExt, stream};
use mcp_proxy_core::{
    iso,
    transport::{LogLine, LogSource, Secret, ServerLog},
};
use serde::Serialize;

use super::{redact::redact, servers::unknown};
use crate::{
    answer::{Answer, Refusal, ok},
    ask::Ask,
    events::{event, events},
    route::Route,
    state::State,
};

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/servers/{name}/log", "getLog", "The last lines of a server's log.", |state, ask| {
        Box::pin(get(state, ask))
    })
    .gives("Log"),
    Route::get("/servers/{name}/log/events", "watchLog", "The last lines, and then those that come.", |state, ask| {
        Box::pin(watch(state, ask))
    })
    .events("line"),
];

#[derive(Serialize)]
struct Log {
    lines: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    at: String,
    source: &'static str,
    text: String,
}

impl Line {
    fn of(line: &LogLine, secrets: &[Secret]) -> Self {
        let source = match line.source {
            LogSource::State => "state",
            LogSource::Stderr => "stderr",
        };
        Self { at: iso(line.at), source, text: redact(&line.text, secrets) }
    }
}

async fn get(state: Arc<State>, ask: Ask) -> Answer {
    let secrets = state.live.secrets();
    let lines = log(&state, &ask)?.lines();
    ok(&Log { lines: lines.iter().map(|line| Line::of(line, &secrets)).collect() })
}

async fn watch(state: Arc<State>, ask: Ask) -> Answer {
    let log = log(&state, &ask)?;
    let watching = log.watch();
    let secrets = Arc::downgrade(&state);
    let lines = stream::unfold((log, watching, None), move |(log, mut watching, last)| {
        let secrets = secrets.upgrade().map(|state| state.live.secrets()).unwrap_or_default();
        async move {
            let news = match last {
                None => log.lines(),
                Some(last) => {
                    watching.changed().await.ok()?;
                    log.after(last)
                }
            };
            let last = news.last().map(|line| line.number).or(last).unwrap_or_default();
            let told: Vec<_> = news.iter().map(|line| event("line", &Line::of(line, &secrets))).collect();
            Some((stream::iter(told), (log, watching, Some(last))))
        }
    });
    Ok(events(&state, ask.session, lines.flatten()))
}

fn log(state: &State, ask: &Ask) -> Result<ServerLog, Refusal> {
    let name = ask.param("name");
    state.proxy.server_log(name).ok_or_else(|| unknown(name))
}
