//! What a change of the configuration has come to.

use std::sync::Arc;

use http::StatusCode;
use mcp_config::{Applied, ChangeError};
use mcp_proxy_core::transport::in_words;
use serde::Serialize;

use crate::{
    answer::{Answer, Refusal, json, tagged},
    state::State,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    added: &'a [Arc<str>],
    removed: &'a [Arc<str>],
    changed: &'a [Arc<str>],
    unchanged: &'a [Arc<str>],
    warnings: &'a [String],
    hub: bool,
    needs_restart: bool,
}

#[derive(Serialize)]
struct Done<'a> {
    applied: Shown<'a>,
    etag: String,
}

/// The answer to a change.
pub(crate) fn done(state: &State, outcome: Result<Applied, ChangeError>) -> Answer {
    let applied = outcome.map_err(refused)?;
    let Applied { added, removed, changed, unchanged, warnings, hub, needs_restart } = &applied;
    let shown = Shown { added, removed, changed, unchanged, warnings, hub: *hub, needs_restart: *needs_restart };
    let etag = etag(state);
    Ok(tagged(json(StatusCode::OK, &Done { applied: shown, etag: etag.clone() }), &etag))
}

/// Why a change was not made.
pub(crate) fn refused(error: ChangeError) -> Refusal {
    let status = match &error {
        ChangeError::File { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    };
    let details = match &error {
        ChangeError::Wrong(diagnostics) => diagnostics.iter().map(ToString::to_string).collect(),
        ChangeError::Settings(errors) => errors.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    };
    Refusal { details, ..Refusal::new(status, in_words(&error)) }
}

/// The version of the configuration as it is now.
pub(crate) fn etag(state: &State) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, state.live.shown().as_bytes());
    crate::hex::hex(&digest.as_ref()[..12])
}
