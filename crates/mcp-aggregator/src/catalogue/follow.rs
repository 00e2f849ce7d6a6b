//! Follows one server: asks it for all that it offers, and again whenever that may have changed.

use std::{future::pending, sync::Arc, time::Duration};

use futures::FutureExt;
use mcp_protocol::ListKind;
use mcp_transport::Connection;
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

use super::{
    Ground, Standing, State, kept,
    watch::{News, Notes},
};
use crate::{
    Member, Unavailable,
    listing::{Listing, Source, Unlisted},
};

/// The wait before a server that could not be asked is asked again: at first, and after many times. What was followed for
/// as long as the latter begins at the former again.
const WAIT: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(1));
/// Changes often come in bunches; this long after the first one the lists are read.
const BUNCH: Duration = Duration::from_millis(30);
/// The same where changes do not stop coming.
const STORM: Duration = Duration::from_secs(2);

/// How the following of a server ended.
enum End {
    /// There is another connection, or somebody wants a new look.
    Renewed,
    /// Nothing more is heard of it.
    Silent,
    /// It cannot be asked.
    Failed(Standing),
}

/// How often the connections to a server were replaced.
type Generation = Option<watch::Receiver<u64>>;

pub(super) async fn run(member: Arc<dyn Member>, state: Arc<State>, ground: Arc<Ground>) {
    let mut generation = member.generation(ground.era);
    ground.pinning.ready().await;
    if recall(&member, &state, &ground).await && member.is_on_demand() {
        // It is not started to learn what is known; once somebody uses it, it can as well be asked.
        if state.stand(Standing::Here) {
            ground.tell();
        }
        tokio::select! {
            () = renewed(&mut generation) => {}
            () = state.look.notified() => {}
        }
    }
    let mut wait = WAIT.0;
    loop {
        // One that could not be used has none, and may have one by now.
        generation = generation.or_else(|| member.generation(ground.era));
        let begun = Instant::now();
        let mut rests = false;
        match follow(&member, &state, &ground, &mut generation).await {
            // Another process may be another version.
            End::Renewed => {
                wait = WAIT.0;
                continue;
            }
            // One that is started by its first use is not started to be heard.
            End::Silent => rests = member.is_on_demand() && generation.is_some(),
            End::Failed(standing) => {
                if state.stand(standing.clone()) {
                    ground.tell();
                    tracing::debug!(server = &**member.name(), "what the server offers is not known: {standing}");
                }
            }
        }
        if WAIT.1 <= begun.elapsed() {
            wait = WAIT.0;
        }
        tokio::select! {
            () = sleep(wait), if !rests => wait = (wait * 2).min(WAIT.1),
            () = renewed(&mut generation) => wait = WAIT.0,
            () = state.look.notified() => wait = WAIT.0,
        }
    }
}

/// Asks the server, and again whenever it says so; ends when there is another connection, or none.
async fn follow(member: &Arc<dyn Member>, state: &State, ground: &Ground, generation: &mut Generation) -> End {
    let connection = match member.open(&ground.caller).await {
        Ok(connection) => connection,
        Err(Unavailable::OtherEra) => return End::Failed(Standing::OtherEra),
        Err(other) => return End::Failed(Standing::Away(other.to_string().into())),
    };
    seen(generation);
    let end = if member.is_dedicated() {
        let read = read(member, state, ground, &connection).await;
        // It was started to be asked and for nothing else.
        connection.close().await;
        drop(connection);
        match read {
            Ok(_) => {
                tokio::select! {
                    () = renewed(generation) => {}
                    () = state.look.notified() => {}
                }
                Ok(End::Renewed)
            }
            Err(error) => Err(error),
        }
    } else {
        hear(member, state, ground, &connection, generation).await
    };
    end.unwrap_or_else(|error| End::Failed(Standing::Away(error.to_string().into())))
}

/// Reads the lists, and those again of which the server says that they have changed.
async fn hear(
    member: &Arc<dyn Member>,
    state: &State,
    ground: &Ground,
    connection: &Arc<dyn Connection>,
    generation: &mut Generation,
) -> Result<End, Unlisted> {
    // There before the first list is read, so that no change in between is missed.
    let mut notes = Notes::of(connection, &ground.caller).await;
    let mut listing = read(member, state, ground, connection).await?;
    let (mut last, mut pause) = (Instant::now(), BUNCH);
    let source = Source { server: member.name(), connection, caller: &ground.caller };
    loop {
        // One that is started by its first use is not kept awake.
        let due = listing.stale().filter(|_| !member.is_on_demand());
        let first = tokio::select! {
            news = notes.next() => match news {
                News::Changed(kind) => kind,
                News::Over => return Ok(End::Silent),
            },
            () = renewed(generation) => return Ok(End::Renewed),
            () = state.look.notified() => return Ok(End::Renewed),
            kinds = outdated(due) => {
                listing = listing.reread(&source, &kinds).await?;
                publish(member, state, ground, &listing).await;
                continue;
            }
        };
        // A server that announces changes whenever it is asked is asked ever less often.
        pause = if last.elapsed() < STORM { (pause * 2).min(STORM) } else { BUNCH };
        sleep(pause).await;
        let mut kinds = of_one_notice(first).to_vec();
        while let Some(News::Changed(more)) = notes.next().now_or_never() {
            let more = of_one_notice(more).iter().copied().filter(|kind| !kinds.contains(kind));
            kinds.extend(more.collect::<Vec<_>>());
        }
        listing = listing.reread(&source, &kinds).await?;
        publish(member, state, ground, &listing).await;
        last = Instant::now();
    }
}

/// Resolves when lists are no longer to be taken for what the server offers; never if there are none.
async fn outdated(lists: Option<(Vec<ListKind>, Duration)>) -> Vec<ListKind> {
    let Some((kinds, due)) = lists else { return pending().await };
    sleep(due).await;
    kinds
}

/// The lists that one notice is about.
fn of_one_notice(kind: ListKind) -> &'static [ListKind] {
    match kind {
        ListKind::Tools => &[ListKind::Tools],
        ListKind::Prompts => &[ListKind::Prompts],
        ListKind::Resources | ListKind::ResourceTemplates => &[ListKind::Resources, ListKind::ResourceTemplates],
    }
}

/// Reads all lists, and tells of the first ones early if the others take long.
async fn read(
    member: &Arc<dyn Member>,
    state: &State,
    ground: &Ground,
    connection: &Arc<dyn Connection>,
) -> Result<Listing, Unlisted> {
    let before = state.known().listing.clone();
    let source = Source { server: member.name(), connection, caller: &ground.caller };
    let partly = |part: &Listing| {
        if state.publish(member.name(), part, &ground.pinning, false) {
            ground.tell();
        }
    };
    let listing = Listing::read(&source, before.as_deref(), partly).await?;
    publish(member, state, ground, &listing).await;
    Ok(listing)
}

/// Tells everybody what the server offers, and keeps it for the time when it is not there.
async fn publish(member: &Arc<dyn Member>, state: &State, ground: &Ground, listing: &Listing) {
    let is_news = state.publish(member.name(), listing, &ground.pinning, true);
    if is_news {
        ground.tell();
    }
    ground.pinning.save().await;
    if is_news {
        kept::keep(ground, member.name(), listing).await;
    }
}

/// Takes what the server offered when it was last there, until it has been asked; says whether there was anything.
async fn recall(member: &Arc<dyn Member>, state: &State, ground: &Ground) -> bool {
    // It has taken the place of another one, and what that one offered, kept or not, may not be what it offers.
    if state.known().listing.is_some() {
        return false;
    }
    let Some(listing) = kept::recall(ground, member.name()).await else { return false };
    if state.publish(member.name(), &listing, &ground.pinning, false) {
        ground.tell();
    }
    true
}

/// Resolves when there is another connection than the one that was seen last.
async fn renewed(generation: &mut Generation) {
    if let Some(counted) = generation {
        if counted.changed().await.is_ok() {
            return;
        }
        // There are no such connections any more; others may be counted elsewhere.
        *generation = None;
    }
    pending::<()>().await;
}

fn seen(generation: &mut Generation) {
    if let Some(generation) = generation {
        generation.mark_unchanged();
    }
}
