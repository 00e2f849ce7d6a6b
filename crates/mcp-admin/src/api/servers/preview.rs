//! `POST /servers/preview`: what pasted JSON of any known client would add.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    answer::{Answer, Refusal, ok},
    ask::Ask,
    state::State,
};

#[derive(Deserialize)]
struct Pasted {
    text: String,
}

#[derive(Serialize)]
struct Found {
    servers: Vec<Server>,
}

#[derive(Serialize)]
struct Server {
    name: String,
    entry: Option<Box<RawValue>>,
    exists: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<String>,
    warnings: Vec<String>,
}

pub(super) async fn preview(state: Arc<State>, ask: Ask) -> Answer {
    let Pasted { text } = ask.json()?;
    let found = state.live.preview(&text).map_err(|error| Refusal::bad(error.to_string()))?;
    // The entries are the person's own text, so nothing in them is masked.
    let servers = found.into_iter().map(|found| Server {
        name: found.name,
        entry: RawValue::from_string(found.entry).ok(),
        exists: found.exists,
        command: found.command,
        warnings: found.warnings,
    });
    ok(&Found { servers: servers.collect() })
}
