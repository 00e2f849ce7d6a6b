//! One life of a supervised server: an attempt to connect, and the connection it leads to, until that is over.

use std::{convert::Infallible, future::pending, sync::Arc, time::Duration};

use mcp_transport::{Closed, ConnectError, Connection};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    idle::{self, Activity},
    lineage::Life,
    policy::{HEALTHY, Moment},
    relay,
    shared::Shared,
};

/// How long an attempt by hand waits for what is left of the lives before it. A process is gone by then; a session on a server that
/// does not answer need not be.
const LEFTOVERS: Duration = Duration::from_secs(10);

/// A connection of one life.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) number: u64,
    pub(crate) connection: Arc<dyn Connection>,
    pub(crate) since: Instant,
    /// Whether the server may send requests of its own.
    pub(crate) asks: bool,
    pub(crate) activity: Arc<Activity>,
}

impl Inner {
    fn new(number: u64, connection: Arc<dyn Connection>, activity: Arc<Activity>) -> Arc<Self> {
        let asks = connection.peer().revision.has_server_requests();
        Arc::new(Self { number, connection, since: Instant::now(), asks, activity })
    }
}

/// Lives a life: waits for its turn, connects, passes events on, and cleans up. Ends early when it is stopped.
pub(crate) async fn run(shared: Arc<Shared>, life: Life) {
    live(&shared, &life).await;
    // Whoever waits for the end of this life means all that came before, too.
    life.before.cancelled().await;
    drop(life.over);
}

async fn live(shared: &Arc<Shared>, life: &Life) {
    let connecting = async {
        sleep_until(life.turn).await;
        if life.is_alone {
            let _ = timeout(LEFTOVERS, life.before.cancelled()).await;
        }
        shared.transport.connect(&shared.caller).await
    };
    let birth = Birth { shared, number: life.number };
    let connected = tokio::select! {
        biased;
        () = life.stop.cancelled() => return,
        connected = connecting => connected,
    };
    let connection = match connected {
        Ok(connection) => connection,
        Err(error) => return shared.change(|course| course.failed(life.number, error, Moment::now())),
    };
    let inner = Inner::new(life.number, connection, Arc::clone(&shared.activity));
    // Taken before anyone can use the connection, so that nothing is missed.
    let mut events = inner.connection.events();
    let is_wanted = shared.course().up(&inner);
    drop(birth);
    if is_wanted {
        let ended = tokio::select! {
            biased;
            ended = until_over(shared, &inner, &life.stop) => ended,
            never = relay::pass_on(shared, &inner, events.as_mut()) => match never {},
        };
        if let Some(closed) = ended {
            shared.change(|course| course.ended(&inner, ConnectError::Ended(closed), Moment::now()));
        }
        relay::pass_last_words(shared, &inner, events.as_mut()).await;
    }
    // Also when the server has left by itself: what it started may still be there.
    inner.connection.close().await;
}

/// Waits until the connection is stopped, or for the reason why it has ended by itself.
async fn until_over(shared: &Shared, inner: &Inner, stop: &CancellationToken) -> Option<Arc<Closed>> {
    tokio::select! {
        biased;
        () = stop.cancelled() => None,
        closed = inner.connection.closed() => Some(closed),
        () = idle::rest(shared, inner) => None,
        never = grow_healthy(shared, inner) => match never {},
    }
}

/// Tells when the connection has been up for long enough.
async fn grow_healthy(shared: &Shared, inner: &Inner) -> Infallible {
    sleep_until(inner.since + HEALTHY).await;
    shared.course().healthy(inner.number);
    pending().await
}

/// An attempt that has to come to something, also if it panics.
struct Birth<'a> {
    shared: &'a Shared,
    number: u64,
}

impl Drop for Birth<'_> {
    fn drop(&mut self) {
        // Counts only if nothing else has become of it.
        self.shared.course().abandoned(self.number, Moment::now());
    }
}

#[cfg(test)]
mod tests;
