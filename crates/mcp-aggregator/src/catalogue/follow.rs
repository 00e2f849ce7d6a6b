//! Follows one server: asks it for all that it offers, and again whenever that may have changed.

use std::{future::pending, sync::Arc, time::Duration};

use futures::FutureExt;
use mcp_protocol::ListKind;
use sha2::{Digest, Sha256};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use super::{
    Ground, Standing, State,
    watch::{News, Notes},
};
use crate::{
    Member, Unavailable,
    listing::{Listing, Unlisted},
};

/// The wait before a server that could not be asked is asked again: at first, and after many times.
const WAIT: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// Changes often come in bunches; this long after the first one the lists are read.
const BUNCH: Duration = Duration::from_millis(30);
/// How long a server may take to give all its lists.
const PATIENCE: Duration = Duration::from_secs(120);

/// When a server is to be asked for everything again.
enum After {
    AtOnce,
    AWhile,
}

/// How often the connections to a server were replaced.
type Generation = Option<watch::Receiver<u64>>;

pub(super) async fn run(member: Arc<dyn Member>, state: Arc<State>, ground: Arc<Ground>) {
    let mut generation = member.generation(ground.era);
    if recall(&member, &state, &ground).await && member.is_on_demand() {
        // It is not started to learn what is known; once somebody uses it, it can as well be asked.
        state.away(Standing::Here);
        ground.tell();
        tokio::select! {
            () = renewed(&mut generation) => {}
            () = state.look.notified() => {}
        }
    }
    let mut wait = WAIT.0;
    loop {
        match follow(&member, &state, &ground, &mut generation).await {
            // Another process may be another version.
            Ok(After::AtOnce) => {
                wait = WAIT.0;
                continue;
            }
            Ok(After::AWhile) => wait = WAIT.0,
            Err(standing) => {
                if state.away(standing.clone()) {
                    ground.tell();
                    if let Standing::Away(reason) = &standing {
                        tracing::debug!(
                            server = &**member.name(),
                            "the server cannot be asked what it offers: {reason}"
                        );
                    }
                }
            }
        }
        tokio::select! {
            () = sleep(wait) => {}
            () = renewed(&mut generation) => {}
            () = state.look.notified() => wait = WAIT.0,
        }
        wait = (wait * 2).min(WAIT.1);
    }
}

/// Asks the server, and again whenever it says so or was started again; ends when nothing more is heard of it.
async fn follow(
    member: &Arc<dyn Member>,
    state: &State,
    ground: &Ground,
    generation: &mut Generation,
) -> Result<After, Standing> {
    let connection = member.open(&ground.caller).await.map_err(|error| match error {
        Unavailable::OtherEra => Standing::OtherEra,
        other => Standing::Away(other.to_string().into()),
    })?;
    // There before the first list is read, so that no change in between is missed.
    let mut notes = Notes::of(&connection, ground.era);
    seen(generation);
    let failed = |error: Unlisted| Standing::Away(error.to_string().into());
    let reading = Listing::read(member.name(), &connection, &ground.caller);
    let read = timeout(PATIENCE, reading).await;
    let mut listing = match read {
        Ok(read) => read.map_err(failed)?,
        Err(_) => return Err(Standing::Away(format!("it did not give its lists within {PATIENCE:?}").into())),
    };
    publish(member, state, ground, &mut listing).await;
    if member.is_dedicated() {
        // It was started to be asked and for nothing else.
        connection.close().await;
        notes = Notes::none();
    } else {
        notes.listen(&connection, &ground.caller, listing.capabilities).await;
    }
    loop {
        let kinds = tokio::select! {
            news = notes.next() => match news {
                News::Changed(kind) => {
                    sleep(BUNCH).await;
                    let mut kinds = of_one_notice(kind);
                    while let Some(News::Changed(more)) = notes.next().now_or_never() {
                        kinds.extend(of_one_notice(more).into_iter().filter(|kind| !kinds.contains(kind)).collect::<Vec<_>>());
                    }
                    kinds
                }
                News::Over => return Ok(After::AWhile),
            },
            () = renewed(generation) => return Ok(After::AtOnce),
            () = state.look.notified() => return Ok(After::AtOnce),
        };
        let rereading = listing.reread(member.name(), &kinds, &connection, &ground.caller);
        match timeout(PATIENCE, rereading).await {
            Ok(Ok(newer)) => listing = newer,
            Ok(Err(error)) => return Err(failed(error)),
            Err(_) => return Err(Standing::Away(format!("it did not give its lists within {PATIENCE:?}").into())),
        }
        publish(member, state, ground, &mut listing).await;
    }
}

fn of_one_notice(kind: ListKind) -> Vec<ListKind> {
    match kind {
        ListKind::Resources | ListKind::ResourceTemplates => vec![ListKind::Resources, ListKind::ResourceTemplates],
        other => vec![other],
    }
}

/// Tells everybody what the server offers, and keeps it for the time when it is not there.
async fn publish(member: &Arc<dyn Member>, state: &State, ground: &Ground, listing: &mut Listing) {
    let name = member.name();
    ground.pinning.ready().await;
    *listing = ground.pinning.pinned(name, listing.clone());
    ground.pinning.save().await;
    if !state.publish(listing.clone()) {
        return;
    }
    ground.tell();
    if let (Some(store), Some(text)) = (&ground.store, listing.to_text())
        && let Err(error) = store.save(&key(ground, name), &text).await
    {
        tracing::warn!(server = &**name, "what the server offers cannot be kept: {error}");
    }
}

/// Takes what the server offered when it was last there, until it has been asked; says whether there was anything.
async fn recall(member: &Arc<dyn Member>, state: &State, ground: &Ground) -> bool {
    let Some(store) = &ground.store else { return false };
    let name = member.name();
    let text = match store.load(&key(ground, name)).await {
        Ok(text) => text,
        Err(error) => {
            tracing::warn!(server = &**name, "what the server last offered cannot be read: {error}");
            None
        }
    };
    let Some(listing) = text.as_deref().and_then(Listing::from_text) else { return false };
    ground.pinning.ready().await;
    let listing = ground.pinning.pinned(name, listing);
    state.known().listing = Some(Arc::new(listing));
    ground.tell();
    true
}

/// Under what the lists of a server are kept; its name may have characters that keys have not.
fn key(ground: &Ground, name: &str) -> String {
    let digest = Sha256::digest(name);
    let hex: String = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    let era = match ground.era {
        mcp_protocol::Era::Legacy => "legacy",
        mcp_protocol::Era::Modern => "modern",
    };
    format!("catalogue-{era}-{hex}")
}

/// Resolves when there is another connection than the one that was seen last.
async fn renewed(generation: &mut Generation) {
    let is_counted = match generation {
        Some(generation) => generation.changed().await.is_ok(),
        None => false,
    };
    if !is_counted {
        pending().await
    }
}

fn seen(generation: &mut Generation) {
    if let Some(generation) = generation {
        generation.mark_unchanged();
    }
}
