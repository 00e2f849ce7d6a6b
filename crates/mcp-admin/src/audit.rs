//! Who has done what: a line in the log, and the last ones to be read again.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use mcp_proxy_core::iso;
use serde::Serialize;

use crate::{
    answer::{Answer, ok},
    ask::Ask,
    route::Route,
    state::State,
};

/// Entries that are kept.
pub(crate) const KEPT: usize = 200;
/// Characters of a detail that are kept.
const LONGEST: usize = 500;

pub(crate) const ROUTES: &[Route] =
    &[Route::get("/audit", "getAudit", "Who has done what of late, newest first.", |state, ask| {
        Box::pin(list(state, ask))
    })
    .gives("Audit")];

/// The last entries.
#[derive(Debug, Default)]
pub(crate) struct Audit(Mutex<VecDeque<Entry>>);

#[derive(Clone, Debug, Serialize)]
struct Entry {
    at: String,
    who: Box<str>,
    what: Box<str>,
    detail: Box<str>,
}

#[derive(Serialize)]
struct Entries {
    entries: Vec<Entry>,
}

impl Audit {
    /// Notes that `who` has done `what`. Nothing of it may be a secret.
    pub(crate) fn note(&self, who: &str, what: &str, detail: &str) {
        let detail: String = detail.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect();
        tracing::info!(target: "audit", who, what, detail, "{what}: {detail}");
        let at = iso(SystemTime::now());
        let entry = Entry { at, who: who.into(), what: what.into(), detail: detail.into() };
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if KEPT <= entries.len() {
            entries.pop_back();
        }
        entries.push_front(entry);
    }
}

async fn list(state: Arc<State>, _: Ask) -> Answer {
    let entries = state.audit.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect();
    ok(&Entries { entries })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ones_are_kept_and_no_line_is_forged() {
        let audit = Audit::default();
        for n in 0..=KEPT {
            audit.note("admin", "call", &format!("{n}\nadmin: login"));
        }
        let entries = audit.0.lock().unwrap();
        assert_eq!((entries.len(), &*entries[0].detail), (KEPT, "200 admin: login"));
        assert_eq!(&*entries[KEPT - 1].detail, "1 admin: login");
    }
}
