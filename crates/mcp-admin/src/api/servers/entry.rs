//! The entry of a server as it stands in the file, with secrets masked.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::state::State;

/// The entry of the server `name` as JSON text.
pub(super) fn entry(state: &State, name: &str) -> Option<Box<RawValue>> {
    let shown = state.live.shown();
    let mut entries: BTreeMap<String, &RawValue> = serde_json::from_str(&shown).ok()?;
    entries.remove(name).map(ToOwned::to_owned)
}
