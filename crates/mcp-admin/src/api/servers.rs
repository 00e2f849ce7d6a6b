//! Servers: what they do, by hand, and their entries in the configuration.

mod import;
mod preview;
mod trial;

use std::sync::Arc;

use http::StatusCode;
use mcp_proxy_core::{ReachError, transport::in_words};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{
    applied::{by, done},
    view::{self, ServerView},
};
use crate::{
    answer::{Answer, Refusal, audited, json, ok, tagged},
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
    Route::post(
        "/servers/preview",
        "previewServers",
        "What pasted JSON of any known client would add.",
        |state, ask| Box::pin(preview::preview(state, ask)),
    )
    .takes("Text")
    .gives("PreviewedServers"),
    Route::post("/servers/import", "importServers", "Adds or changes several servers, all or none.", |state, ask| {
        Box::pin(import::import(state, ask))
    })
    .takes("Import")
    .gives("Done"),
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
    Route::post(
        "/servers/{name}/rename",
        "renameServer",
        "Gives a server another name, in groups too.",
        |state, ask| Box::pin(rename(state, ask)),
    )
    .takes("NewName")
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

#[derive(Deserialize)]
struct NewName {
    name: String,
}

#[derive(Serialize)]
struct WithEntry {
    #[serde(flatten)]
    server: ServerView,
    entry: Box<RawValue>,
    etag: String,
}

async fn list(state: Arc<State>, _: Ask) -> Answer {
    let etag = state.live.etag();
    let servers = Servers { servers: view::all(&state), etag: etag.clone() };
    Ok(tagged(json(StatusCode::OK, &servers), &etag))
}

async fn get(state: Arc<State>, ask: Ask) -> Answer {
    let name = ask.param("name");
    let server = view::one(&state, name).ok_or_else(|| unknown(name))?;
    let entry = state.live.shown_server(name).and_then(|entry| RawValue::from_string(entry).ok());
    let entry = entry.ok_or_else(|| unknown(name))?;
    let etag = state.live.etag();
    Ok(tagged(json(StatusCode::OK, &WithEntry { server, entry, etag: etag.clone() }), &etag))
}

async fn put(state: Arc<State>, ask: Ask) -> Answer {
    let etag = ask.if_match();
    let by = by(&ask, etag.as_deref());
    done(state.live.set_server(&state.proxy, ask.param("name"), ask.text()?, by).await)
}

async fn remove(state: Arc<State>, ask: Ask) -> Answer {
    let name = ask.param("name");
    view::one(&state, name).ok_or_else(|| unknown(name))?;
    let etag = ask.if_match();
    done(state.live.remove_server(&state.proxy, name, by(&ask, etag.as_deref())).await)
}

async fn rename(state: Arc<State>, ask: Ask) -> Answer {
    let NewName { name } = ask.json()?;
    let etag = ask.if_match();
    let by = by(&ask, etag.as_deref());
    audited(done(state.live.rename_server(&state.proxy, ask.param("name"), &name, by).await), format!("to {name}"))
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
        Ok(()) => ok(&view::one(state, name).ok_or_else(|| unknown(name))?),
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
