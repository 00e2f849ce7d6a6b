//! Groups: choices of servers and tools with an endpoint of their own.

use std::{collections::BTreeMap, sync::Arc};

use http::StatusCode;
use mcp_proxy_core::aggregator::{Group, Pattern};
use serde::Serialize;

use super::applied::{by, done};
use crate::{
    answer::{Answer, json, tagged},
    ask::Ask,
    route::Route,
    state::State,
};

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/groups", "listGroups", "All groups.", |state, ask| Box::pin(list(state, ask))).gives("Groups"),
    Route::put("/groups/{name}", "setGroup", "Adds a group or changes it.", |state, ask| Box::pin(put(state, ask)))
        .takes("Group")
        .gives("Done"),
    Route::delete("/groups/{name}", "removeGroup", "Takes a group out.", |state, ask| Box::pin(remove(state, ask)))
        .gives("Done"),
];

#[derive(Serialize)]
struct Groups<'a> {
    groups: BTreeMap<&'a str, Shown<'a>>,
    etag: &'a str,
}

#[derive(Serialize)]
struct Shown<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    servers: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<Vec<&'a str>>,
    deny: Vec<&'a str>,
}

async fn list(state: Arc<State>, _: Ask) -> Answer {
    let (groups, etag) = (state.live.groups(), state.live.etag());
    let groups = groups.iter().map(|group| (&*group.name, shown(group))).collect();
    Ok(tagged(json(StatusCode::OK, &Groups { groups, etag: &etag }), &etag))
}

async fn put(state: Arc<State>, ask: Ask) -> Answer {
    let etag = ask.if_match();
    done(state.live.set_group(&state.proxy, ask.param("name"), ask.text()?, by(&ask, etag.as_deref())).await)
}

async fn remove(state: Arc<State>, ask: Ask) -> Answer {
    let etag = ask.if_match();
    done(state.live.remove_group(&state.proxy, ask.param("name"), by(&ask, etag.as_deref())).await)
}

fn shown(group: &Group) -> Shown<'_> {
    Shown {
        servers: group.servers.as_deref().map(texts),
        tools: group.tools.as_deref().map(texts),
        deny: texts(&group.deny),
    }
}

pub(super) fn texts(patterns: &[Pattern]) -> Vec<&str> {
    patterns.iter().map(Pattern::as_str).collect()
}
