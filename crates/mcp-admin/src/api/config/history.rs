//! The last versions of the configuration.

use std::sync::Arc;

use mcp_config::Version;
use mcp_proxy_core::iso;
use serde::Serialize;

use crate::{
    answer::{Answer, Refusal, ok},
    api::applied::{by, done, refused},
    ask::Ask,
    state::State,
};

#[derive(Serialize)]
struct Versions {
    versions: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    version: u64,
    at: String,
    who: String,
    what: String,
}

#[derive(Serialize)]
struct WithText {
    #[serde(flatten)]
    row: Row,
    text: String,
    diff: String,
}

impl Row {
    fn of(version: Version) -> Self {
        let Version { version, at, who, what } = version;
        Self { version, at: iso(at), who, what }
    }
}

pub(super) async fn list(state: Arc<State>, _: Ask) -> Answer {
    ok(&Versions { versions: state.live.history().await.into_iter().map(Row::of).collect() })
}

pub(super) async fn get(state: Arc<State>, ask: Ask) -> Answer {
    let number = number(&ask)?;
    let found = state.live.version(number).await.map_err(refused)?;
    let found = found.ok_or_else(|| Refusal::missing(format!("there is no version {number}; the last 20 are kept")))?;
    ok(&WithText { row: Row::of(found.version), text: found.text, diff: found.diff })
}

pub(super) async fn restore(state: Arc<State>, ask: Ask) -> Answer {
    let etag = ask.if_match();
    done(state.live.restore(&state.proxy, number(&ask)?, by(&ask, etag.as_deref())).await)
}

fn number(ask: &Ask) -> Result<u64, Refusal> {
    ask.param("version").parse().map_err(|_| Refusal::missing("versions are numbers; GET /config/history lists them"))
}
