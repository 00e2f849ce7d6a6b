//! Sessions of clients.

use std::sync::Arc;

use mcp_proxy_core::{SessionInfo, iso, transport::Principal};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    answer::{Answer, Refusal, nothing, ok},
    ask::Ask,
    route::Route,
    state::State,
};

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/sessions", "listSessions", "Sessions of clients.", |state, ask| Box::pin(list(state, ask)))
        .gives("Sessions"),
    Route::delete("/sessions/{handle}", "endSession", "Ends a session; its client has to begin anew.", |state, ask| {
        Box::pin(end(state, ask))
    })
    .nothing(),
];

#[derive(Serialize)]
struct Sessions<'a> {
    sessions: Vec<Shown<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    handle: &'a str,
    who: &'a str,
    client: Option<&'a RawValue>,
    revision: &'a str,
    place: &'a str,
    since: String,
    last_used: String,
    calls: u64,
    pending: u32,
}

async fn list(state: Arc<State>, _: Ask) -> Answer {
    let sessions = state.proxy.sessions();
    ok(&Sessions { sessions: sessions.iter().map(shown).collect() })
}

async fn end(state: Arc<State>, ask: Ask) -> Answer {
    if state.proxy.end_session(ask.param("handle")) {
        return nothing();
    }
    Err(Refusal::missing("that session is over"))
}

fn shown(session: &SessionInfo) -> Shown<'_> {
    Shown {
        handle: &session.handle,
        who: who(&session.principal),
        client: session.client.as_ref().and_then(|client| serde_json::from_str(&client.info).ok()),
        revision: session.revision.as_str(),
        place: &session.place,
        since: iso(session.since),
        last_used: iso(session.last_used),
        calls: session.calls,
        pending: session.pending,
    }
}

/// The name of a caller, for people.
pub(super) fn who(principal: &Principal) -> &str {
    match principal {
        Principal::Proxy => "proxy",
        Principal::Anonymous => "anonymous",
        Principal::Named(name) => name,
    }
}
