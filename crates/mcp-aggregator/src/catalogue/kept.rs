//! What a server offered, kept for the time when it is not there.

use mcp_protocol::Era;

use super::Ground;
use crate::{digest, listing::Listing};

/// Keeps what a server offers. One that cannot be kept is said in the log, and nothing else comes of it.
pub(super) async fn keep(ground: &Ground, server: &str, listing: &Listing) {
    let Some(store) = &ground.store else { return };
    let Some(text) = listing.to_text() else { return };
    if let Err(error) = store.save(&key(ground.era, server), &text).await {
        tracing::warn!(server, "what the server offers cannot be kept: {error}");
    }
}

/// What the server offered when it was last there, if that was kept.
pub(super) async fn recall(ground: &Ground, server: &str) -> Option<Listing> {
    let text = match ground.store.as_ref()?.load(&key(ground.era, server)).await {
        Ok(text) => text?,
        Err(error) => {
            tracing::warn!(server, "what the server last offered cannot be read: {error}");
            return None;
        }
    };
    Listing::from_text(&text)
}

/// Under what the lists of a server are kept; its name may have characters that keys have not.
fn key(era: Era, server: &str) -> String {
    let era = match era {
        Era::Legacy => "legacy",
        Era::Modern => "modern",
    };
    format!("catalogue-{era}-{}", &digest::hex([server])[..16])
}
