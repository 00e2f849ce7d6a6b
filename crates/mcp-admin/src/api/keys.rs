//! Keys of clients: made here and shown once, limited, taken out.

use std::sync::Arc;

use http::StatusCode;
use mcp_config::{KeyInfo, KeySource, Stored};
use serde::{Deserialize, Serialize};

use super::{
    applied::{by, done, refused},
    groups::texts,
};
use crate::{
    answer::{Answer, Refusal, audited, json, tagged},
    ask::Ask,
    route::Route,
    state::State,
};

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/keys", "listKeys", "All keys, without their texts.", |state, ask| Box::pin(list(state, ask)))
        .gives("Keys"),
    Route::post("/keys", "createKey", "Makes a key; the answer is the only one to show it.", |state, ask| {
        Box::pin(create(state, ask))
    })
    .takes("NewKey")
    .gives("CreatedKey"),
    Route::put("/keys/{name}", "setKey", "Changes what a key opens.", |state, ask| Box::pin(put(state, ask)))
        .takes("KeyLimits")
        .gives("Done"),
    Route::delete("/keys/{name}", "removeKey", "Takes a key out; its sessions end.", |state, ask| {
        Box::pin(remove(state, ask))
    })
    .gives("Done"),
];

#[derive(Serialize)]
struct Keys<'a> {
    keys: Vec<Shown<'a>>,
    etag: &'a str,
}

#[derive(Serialize)]
struct Shown<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<&'a [Arc<str>]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<Vec<&'a str>>,
    source: &'static str,
    stored: &'static str,
}

#[derive(Deserialize)]
struct NewKey {
    name: String,
    #[serde(flatten)]
    limits: Limits,
}

/// What a key opens; everything where nothing is said.
#[derive(Deserialize, Serialize)]
struct Limits {
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<Vec<String>>,
}

#[derive(Serialize)]
struct Created<'a> {
    name: &'a str,
    key: &'a str,
    etag: &'a str,
}

async fn list(state: Arc<State>, _: Ask) -> Answer {
    let (keys, etag) = (state.live.keys().map_err(refused)?, state.live.etag());
    Ok(tagged(json(StatusCode::OK, &Keys { keys: keys.iter().map(shown).collect(), etag: &etag }), &etag))
}

async fn create(state: Arc<State>, ask: Ask) -> Answer {
    let NewKey { name, limits } = ask.json()?;
    let limits = serde_json::to_string(&limits).map_err(|_| Refusal::bad("the limits cannot be written"))?;
    let etag = ask.if_match();
    let made = state.live.create_key(&state.proxy, &name, &limits, by(&ask, etag.as_deref())).await;
    let (key, applied) = made.map_err(refused)?;
    let created = Created { name: &name, key: key.expose(), etag: &applied.etag };
    audited(Ok(tagged(json(StatusCode::CREATED, &created), &applied.etag)), &*name)
}

async fn put(state: Arc<State>, ask: Ask) -> Answer {
    let etag = ask.if_match();
    done(state.live.set_key(&state.proxy, ask.param("name"), ask.text()?, by(&ask, etag.as_deref())).await)
}

async fn remove(state: Arc<State>, ask: Ask) -> Answer {
    let etag = ask.if_match();
    done(state.live.remove_key(&state.proxy, ask.param("name"), by(&ask, etag.as_deref())).await)
}

fn shown(key: &KeyInfo) -> Shown<'_> {
    let grant = key.grant.as_ref();
    Shown {
        name: &key.name,
        groups: grant.and_then(|grant| grant.groups.as_deref()),
        tools: grant.and_then(|grant| grant.tools.as_deref()).map(texts),
        source: match key.source {
            KeySource::File => "file",
            KeySource::Environment => "environment",
        },
        stored: match key.stored {
            Stored::Hash => "hash",
            Stored::Plain => "plain",
            Stored::Variable => "variable",
        },
    }
}
