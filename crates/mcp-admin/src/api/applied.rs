//! What a change of the configuration has come to.

use std::sync::Arc;

use http::StatusCode;
use mcp_config::{Applied, By, ChangeError, EditError};
use mcp_proxy_core::transport::in_words;
use serde::Serialize;

use crate::{
    answer::{Answer, Refusal, Stale, Told, json, tagged},
    ask::Ask,
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
    etag: &'a str,
}

/// The answer to a change.
pub(crate) fn done(outcome: Result<Applied, ChangeError>) -> Answer {
    let applied = outcome.map_err(refused)?;
    let Applied { added, removed, changed, unchanged, warnings, hub, needs_restart, .. } = &applied;
    let shown = Shown { added, removed, changed, unchanged, warnings, hub: *hub, needs_restart: *needs_restart };
    let etag = applied.etag.as_str();
    Ok(tagged(json(StatusCode::OK, &Done { applied: shown, etag }), etag))
}

/// Why a change was not made.
pub(crate) fn refused(error: ChangeError) -> Refusal {
    let status = match &error {
        ChangeError::File { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        ChangeError::Stale { .. } => StatusCode::PRECONDITION_FAILED,
        ChangeError::NoVersion(_) | ChangeError::Edit(EditError::NoServer(_) | EditError::Missing { .. }) => {
            StatusCode::NOT_FOUND
        }
        ChangeError::KeyName(_) | ChangeError::LastKey | ChangeError::Edit(EditError::Taken(_)) => StatusCode::CONFLICT,
        _ => StatusCode::BAD_REQUEST,
    };
    let refusal = Refusal::new(status, in_words(&error));
    match error {
        ChangeError::Wrong(found) => {
            let details = found.iter().map(ToString::to_string).collect();
            let diagnostics = found.iter().map(Told::of).collect();
            Refusal { details, diagnostics, ..refusal }
        }
        ChangeError::Settings(errors) => {
            Refusal { details: errors.iter().map(ToString::to_string).collect(), ..refusal }
        }
        ChangeError::Stale { etag, diff } => Refusal { stale: Some(Stale { etag, diff }), ..refusal },
        _ => refusal,
    }
}

/// On whose behalf a change is made, and for which version.
pub(crate) fn by<'a>(ask: &'a Ask, etag: Option<&'a str>) -> By<'a> {
    By::of(ask.who()).at(etag)
}
