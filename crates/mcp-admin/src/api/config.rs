//! The configuration as a whole: its text, what is wrong with it, and its last versions.

mod history;

use std::sync::Arc;

use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::applied::{by, done, refused};
use crate::{
    answer::{Answer, Told, json, json_text, ok, tagged},
    ask::Ask,
    route::Route,
    state::State,
};

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/config", "getConfig", "The text of the configuration file, with secrets masked.", |state, ask| {
        Box::pin(get(state, ask))
    })
    .gives("Config"),
    Route::put("/config", "setConfig", "Makes a text the configuration file.", |state, ask| Box::pin(put(state, ask)))
        .takes("Text")
        .gives("Done"),
    Route::get("/config/schema", "getSchema", "The JSON Schema of the configuration file.", |state, ask| {
        Box::pin(schema(state, ask))
    })
    .gives("Schema"),
    Route::post("/config/check", "checkConfig", "What would come of a text; nothing is changed.", |state, ask| {
        Box::pin(check(state, ask))
    })
    .takes("Text")
    .gives("Checked"),
    Route::get("/config/history", "listVersions", "The last versions, newest first.", |state, ask| {
        Box::pin(history::list(state, ask))
    })
    .gives("Versions"),
    Route::get("/config/history/{version}", "getVersion", "A version, and what it would change.", |state, ask| {
        Box::pin(history::get(state, ask))
    })
    .gives("Version"),
    Route::post("/config/history/{version}/restore", "restoreVersion", "Goes back to a version.", |state, ask| {
        Box::pin(history::restore(state, ask))
    })
    .gives("Done"),
];

#[derive(Serialize)]
struct Config<'a> {
    text: &'a str,
    path: String,
    etag: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Arc<str>>,
    writable: bool,
}

#[derive(Deserialize)]
struct Text {
    text: String,
}

#[derive(Serialize)]
struct Checked {
    diagnostics: Vec<Told>,
    diff: String,
}

async fn get(state: Arc<State>, _: Ask) -> Answer {
    let document = state.live.document().await.map_err(refused)?;
    let (text, etag) = (document.text.as_str(), document.etag.as_str());
    let path = state.live.path().to_string_lossy().into_owned();
    let config = Config { text, path, etag, problem: document.problem, writable: true };
    Ok(tagged(json(StatusCode::OK, &config), etag))
}

async fn put(state: Arc<State>, ask: Ask) -> Answer {
    let Text { text } = ask.json()?;
    let etag = ask.if_match();
    done(state.live.replace_text(&state.proxy, &text, by(&ask, etag.as_deref())).await)
}

async fn schema(_: Arc<State>, _: Ask) -> Answer {
    Ok(json_text(StatusCode::OK, mcp_config::schema()))
}

async fn check(state: Arc<State>, ask: Ask) -> Answer {
    let Text { text } = ask.json()?;
    let checked = state.live.check(&text).await.map_err(refused)?;
    let diagnostics = checked.diagnostics.iter().map(Told::of).collect();
    ok(&Checked { diagnostics, diff: checked.diff })
}
