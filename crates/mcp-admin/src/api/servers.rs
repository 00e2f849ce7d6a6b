//! Servers: what they do, by hand, and their entries in the configuration.

mod entry;
mod trial;

use std::sync::Arc;

use http::StatusCode;
use mcp_proxy_core::{ReachError, transport::in_words};
use serde::Serialize;
use serde_json::value::RawValue;

use self::entry::entry;
use super::{
    applied::{done, etag},
    view::{self, ServerView},
};
use crate::{
    answer::{Answer, Refusal, json, ok, tagged},
    ask::Ask,
    route::Route,
    state::State,
};

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/servers", "listServers", "All servers.", |state, ask| Box::pin(list(state, ask))).gives("Servers"),
    Route::post("/servers/test", "testServer", "Tries an entry out without keeping it.", |state, ask| {
        Box::pin(trial::test(state, ask))
    })
    .takes("Trial")
    .gives("Tried"),
    Route::get("/servers/{name}", "getServer", "One server and its entry, with secrets masked.", |state, ask| {
        Box::pin(get(state, ask))
    })
    .gives("ServerAndEntry"),
    Route::put("/servers/{name}", "setServer", "Adds a server or changes its entry.", |state, ask| {
        Box::pin(put(state, ask))
    })
    .takes("Entry")
    .gives("Done"),
    Route::delete("/servers/{name}", "removeServer", "Takes a server out.", |state, ask| Box::pin(remove(state, ask)))
        .gives("Done"),
    Route::post("/servers/{name}/start", "startServer", "Starts a server by hand.", |state, ask| {
        Box::pin(start(state, ask))
    })
    .gives("Server"),
    Route::post("/servers/{name}/stop", "stopServer", "Stops a server until it is started by hand.", |state, ask| {
        Box::pin(stop(state, ask))
    })
    .gives("Server"),
    Route::post("/servers/{name}/restart", "restartServer", "Ends a server and starts it again.", |state, ask| {
        Box::pin(restart(state, ask))
    })
    .gives("Server"),
];

#[derive(Serialize)]
struct Servers {
    servers: Vec<ServerView>,
    etag: String,
}

#[derive(Serialize)]
struct WithEntry {
    #[serde(flatten)]
    server: ServerView,
    entry: Box<RawValue>,
    etag: String,
}

async fn list(state: Arc<State>, _: Ask) -> Answer {
    let etag = etag(&state);
    let servers = Servers { servers: view::all(&state.proxy, &state.live), etag: etag.clone() };
    Ok(tagged(json(StatusCode::OK, &servers), &etag))
}

async fn get(state: Arc<State>, ask: Ask) -> Answer {
    let name = ask.param("name");
    let server = view::one(&state.proxy, &state.live, name).ok_or_else(|| unknown(name))?;
    let entry = entry(&state, name).ok_or_else(|| unknown(name))?;
    let etag = etag(&state);
    Ok(tagged(json(StatusCode::OK, &WithEntry { server, entry, etag: etag.clone() }), &etag))
}

async fn put(state: Arc<State>, ask: Ask) -> Answer {
    let outcome = state.live.set_server(&state.proxy, ask.param("name"), ask.text()?).await;
    done(&state, outcome)
}

async fn remove(state: Arc<State>, ask: Ask) -> Answer {
    let name = ask.param("name");
    view::one(&state.proxy, &state.live, name).ok_or_else(|| unknown(name))?;
    let outcome = state.live.remove_server(&state.proxy, name).await;
    done(&state, outcome)
}

async fn start(state: Arc<State>, ask: Ask) -> Answer {
    let outcome = state.proxy.start_server(ask.param("name")).await;
    by_hand(&state, &ask, outcome)
}

async fn stop(state: Arc<State>, ask: Ask) -> Answer {
    let outcome = state.proxy.stop_server(ask.param("name")).await;
    by_hand(&state, &ask, outcome)
}

async fn restart(state: Arc<State>, ask: Ask) -> Answer {
    let outcome = state.proxy.restart_server(ask.param("name")).await;
    by_hand(&state, &ask, outcome)
}

fn by_hand(state: &State, ask: &Ask, outcome: Result<(), ReachError>) -> Answer {
    let name = ask.param("name");
    match outcome {
        Ok(()) => ok(&view::one(&state.proxy, &state.live, name).ok_or_else(|| unknown(name))?),
        Err(ReachError::Unknown(name)) => Err(unknown(&name)),
        Err(error @ (ReachError::Disabled(_) | ReachError::Stopped(_))) => {
            Err(Refusal::new(StatusCode::CONFLICT, in_words(&error)))
        }
        Err(error) => Err(Refusal::new(StatusCode::BAD_GATEWAY, in_words(&error))),
    }
}

pub(crate) fn unknown(name: &str) -> Refusal {
    Refusal::missing(format!("no server is called `{name}`"))
}
