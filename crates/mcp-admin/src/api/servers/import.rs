//! `POST /servers/import`: several servers at once, all or none.

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    answer::{Answer, Refusal, audited},
    api::applied::{by, done},
    ask::Ask,
    state::State,
};

/// Servers at once.
const MOST: usize = 500;

#[derive(Deserialize)]
struct Import {
    servers: BTreeMap<String, Box<RawValue>>,
}

pub(super) async fn import(state: Arc<State>, ask: Ask) -> Answer {
    let Import { servers } = ask.json()?;
    if servers.is_empty() || MOST < servers.len() {
        return Err(Refusal::bad(format!("name 1 to {MOST} servers")));
    }
    // What comes between is found by the version: then nothing is written over.
    let etag = ask.if_match().map_or_else(|| state.live.etag(), std::borrow::Cow::into_owned);
    let shown = state.live.shown();
    let known: BTreeMap<String, &RawValue> = serde_json::from_str(&shown).unwrap_or_default();
    let names = servers.keys().cloned().collect::<Vec<_>>().join(", ");
    let mut all: BTreeMap<&str, &RawValue> = known.iter().map(|(name, entry)| (name.as_str(), *entry)).collect();
    all.extend(servers.iter().map(|(name, entry)| (name.as_str(), &**entry)));
    let text = serde_json::to_string(&all).map_err(|_| Refusal::bad("the servers cannot be written"))?;
    audited(done(state.live.replace_servers(&state.proxy, &text, by(&ask, Some(&etag))).await), names)
}
