//! Tools, prompts and resources: what clients see of them, and what is different about them.

mod items;

use std::sync::Arc;

use mcp_config::ItemKind;

use super::applied::{by, done};
use crate::{
    answer::{Answer, Refusal, nothing},
    ask::Ask,
    route::Route,
    state::State,
};

pub(crate) const ROUTES: &[Route] = &[
    Route::get(
        "/tools",
        "listTools",
        "Every tool, prompt and resource of every server, shown or not.",
        |state, ask| Box::pin(items::list(state, ask)),
    )
    .gives("Items"),
    Route::put("/tools/{server}/{kind}/{key}", "setRule", "Makes something different about an item.", |state, ask| {
        Box::pin(put(state, ask))
    })
    .takes("Rule")
    .gives("Done"),
    Route::delete("/tools/{server}/{kind}/{key}", "removeRule", "Shows an item as its server has it.", |state, ask| {
        Box::pin(remove(state, ask))
    })
    .gives("Done"),
    Route::delete(
        "/tools/{server}",
        "resetServerRules",
        "Shows all items of a server as it has them.",
        |state, ask| Box::pin(reset_server(state, ask)),
    )
    .gives("Done"),
    Route::delete("/tools", "resetRules", "Shows all items of all servers as they have them.", |state, ask| {
        Box::pin(reset(state, ask))
    })
    .gives("Done"),
    Route::post(
        "/tools/{server}/{tool}/approve",
        "approveTool",
        "Takes the definition of now for the right one.",
        |state, ask| Box::pin(approve(state, ask)),
    )
    .nothing(),
];

async fn put(state: Arc<State>, ask: Ask) -> Answer {
    let rule = ask.text()?;
    set(&state, &ask, Some(rule)).await
}

async fn remove(state: Arc<State>, ask: Ask) -> Answer {
    set(&state, &ask, None).await
}

async fn set(state: &State, ask: &Ask, rule: Option<&str>) -> Answer {
    let kind: ItemKind = ask
        .param("kind")
        .parse()
        .map_err(|_| Refusal::missing("a kind is one of `tool`, `prompt`, `resource`, `template`"))?;
    let (etag, item) = (ask.if_match(), (ask.param("server"), kind, ask.param("key")));
    done(state.live.set_rule(&state.proxy, item, rule, by(ask, etag.as_deref())).await)
}

async fn reset_server(state: Arc<State>, ask: Ask) -> Answer {
    let etag = ask.if_match();
    done(state.live.reset_rules(&state.proxy, Some(ask.param("server")), by(&ask, etag.as_deref())).await)
}

async fn reset(state: Arc<State>, ask: Ask) -> Answer {
    let etag = ask.if_match();
    done(state.live.reset_rules(&state.proxy, None, by(&ask, etag.as_deref())).await)
}

async fn approve(state: Arc<State>, ask: Ask) -> Answer {
    let (server, tool) = (ask.param("server"), ask.param("tool"));
    if state.proxy.approve_tool(server, tool).await {
        return nothing();
    }
    Err(Refusal::missing(format!("`{server}` has no tool `{tool}`, or is not known")))
}
