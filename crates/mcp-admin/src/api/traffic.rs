//! Calls of clients: the last ones, and what was said in each, without secrets.

use std::{borrow::Cow, sync::Arc};

use futures::stream;
use mcp_proxy_core::{CallOutcome, Direction, Traffic, TrafficCall, iso};
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::broadcast::error::RecvError;

use super::{redact::redact, sessions::who, view::millis};
use crate::{
    answer::{Answer, Refusal, ok},
    ask::Ask,
    events::{event, events},
    route::Route,
    state::State,
};

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/traffic", "listTraffic", "The last calls, newest first.", |state, ask| Box::pin(list(state, ask)))
        .asks(&["server", "tool", "outcome", "who", "q", "limit"])
        .gives("Traffic"),
    Route::get("/traffic/events", "watchTraffic", "Calls as they begin and as they end.", |state, ask| {
        Box::pin(watch(state, ask))
    })
    .events("call"),
    Route::get("/traffic/{id}", "getTraffic", "A call and what was said in it.", |state, ask| {
        Box::pin(get(state, ask))
    })
    .gives("Exchange"),
];

/// Calls in one answer, where nobody says.
const USUAL: usize = 100;

#[derive(Serialize)]
struct Calls<'a> {
    calls: Vec<Call<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Call<'a> {
    id: u64,
    at: String,
    server: &'a str,
    method: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool: Option<&'a str>,
    who: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'a RawValue>,
    revision: &'a str,
    took_ms: Option<f64>,
    outcome: &'static str,
    request_bytes: usize,
    response_bytes: usize,
}

#[derive(Serialize)]
struct WithExchange<'a> {
    #[serde(flatten)]
    call: Call<'a>,
    exchange: Vec<Said>,
    /// Messages that were not kept.
    omitted: u64,
}

#[derive(Serialize)]
struct Said {
    at: String,
    direction: &'static str,
    text: String,
    truncated: bool,
}

async fn list(state: Arc<State>, ask: Ask) -> Answer {
    let wanted = Wanted::of(&ask);
    let all = traffic(&state)?.calls();
    let calls = all.iter().map(Call::of).filter(|call| wanted.is(call)).take(wanted.limit).collect();
    ok(&Calls { calls })
}

async fn get(state: Arc<State>, ask: Ask) -> Answer {
    let gone = || Refusal::missing("that call is not kept any more");
    let id = ask.param("id").parse().map_err(|_| gone())?;
    let found = traffic(&state)?.exchange(id).ok_or_else(gone)?;
    let secrets = state.live.secrets();
    let exchange = found.messages.iter().map(|message| Said {
        at: iso(message.at),
        direction: match message.direction {
            Direction::ToServer => "toServer",
            Direction::ToClient => "toClient",
        },
        text: redact(&message.text, &secrets),
        truncated: message.is_truncated,
    });
    ok(&WithExchange { call: Call::of(&found.call), exchange: exchange.collect(), omitted: found.omitted })
}

async fn watch(state: Arc<State>, ask: Ask) -> Answer {
    let news = traffic(&state)?.watch();
    let calls = stream::unfold(news, |mut news| async {
        loop {
            match news.recv().await {
                Ok(call) => return Some((event("call", &Call::of(&call)), news)),
                // Who is too slow has missed some, which are in the list.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    });
    Ok(events(&state, ask.session, calls))
}

fn traffic(state: &State) -> Result<Arc<Traffic>, Refusal> {
    state.proxy.traffic().ok_or_else(|| Refusal::missing("calls are not kept by this hub"))
}

/// Which calls to show.
struct Wanted {
    server: Option<String>,
    tool: Option<String>,
    outcome: Option<String>,
    who: Option<String>,
    text: Option<String>,
    limit: usize,
}

impl Wanted {
    fn of(ask: &Ask) -> Self {
        let said = |name| ask.query(name).filter(|text| !text.is_empty());
        Self {
            server: said("server"),
            tool: said("tool"),
            outcome: said("outcome"),
            who: said("who"),
            text: said("q").map(|text| text.to_lowercase()),
            limit: said("limit").and_then(|text| text.parse().ok()).unwrap_or(USUAL),
        }
    }

    fn is(&self, call: &Call<'_>) -> bool {
        let is = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|wanted| wanted == found);
        let tool = call.tool.unwrap_or_default();
        is(&self.server, call.server)
            && is(&self.tool, tool)
            && is(&self.outcome, call.outcome)
            && is(&self.who, call.who)
            && self.text.as_ref().is_none_or(|text| {
                let client = call.client.map(|client| Cow::Borrowed(client.get())).unwrap_or_default();
                [call.server, call.method, tool, call.who, &client].iter().any(|it| it.to_lowercase().contains(text))
            })
    }
}

impl<'a> Call<'a> {
    fn of(call: &'a TrafficCall) -> Self {
        Self {
            id: call.id,
            at: iso(call.at),
            server: &call.server,
            method: &call.method,
            tool: call.subject.as_deref(),
            who: who(&call.principal),
            client: call.client.as_ref().and_then(|client| serde_json::from_str(&client.info).ok()),
            revision: call.revision.as_str(),
            took_ms: call.took.map(millis),
            outcome: match call.outcome {
                CallOutcome::Running => "running",
                CallOutcome::Ok => "ok",
                CallOutcome::ToolError => "toolError",
                CallOutcome::Error => "error",
                CallOutcome::Lost => "lost",
                CallOutcome::NotSent => "notSent",
                CallOutcome::Cancelled => "cancelled",
            },
            request_bytes: call.request_bytes,
            response_bytes: call.response_bytes,
        }
    }
}
