//! Which sessions are open, for a person who looks at them and may end one.

use std::{
    sync::Arc,
    time::{Instant, SystemTime},
};

use mcp_auth::Denied;
use mcp_protocol::Revision;
use mcp_session::Listed;
use mcp_transport::{Client, Principal};

use super::{Front, Session, head::Head, live::Live, now};
use crate::{rescue, rescue::Told};

/// A session that is open. Its id is a credential, and is not here.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SessionInfo {
    /// What it is named by where it is to be ended: 16 hexadecimal digits.
    pub handle: String,
    /// Whose it is.
    pub principal: Principal,
    /// What the client said of itself; `None` before it has.
    pub client: Option<Arc<Client>>,
    /// The revision it speaks; before the handshake, the one that is assumed.
    pub revision: Revision,
    /// The path it is at, as in `/servers/lab/mcp`; of HTTP+SSE it ends in `/sse`.
    pub place: String,
    /// When it was opened.
    pub since: SystemTime,
    /// When its client last did something, to about a second.
    pub last_used: SystemTime,
    /// Calls that have begun.
    pub calls: u64,
    /// Calls in flight.
    pub pending: u32,
}

impl Front {
    /// Opens a session of whoever has sent `head`.
    pub(super) fn open_session(&self, head: &Head, revision: Revision, live: Live) -> Result<Session, Told> {
        let session = self.sessions.create(head.principal.clone(), revision, now(), |_| live);
        let session = session.map_err(|error| Told::from(&error))?;
        // Not before there is a session: one that comes about while its key is taken away would be overlooked.
        if head.door.is_closed() {
            self.end_session(&session);
            return Err(rescue::unauthorized(Denied::Wrong));
        }
        Ok(session)
    }

    /// The sessions that are open, oldest first.
    pub(crate) fn sessions(&self) -> Vec<SessionInfo> {
        let clock = Clock::read();
        self.sessions.list(clock.now).iter().map(|listed| info(listed, &clock)).collect()
    }

    /// Ends the session of that handle; says whether there was one.
    pub(crate) fn end_by_handle(&self, handle: &str) -> bool {
        let over = self.sessions.end_where(|open| open.id().handle() == handle);
        let was_there = !over.is_empty();
        self.close(over);
        was_there
    }
}

/// The same moment by two clocks: sessions go by the one, people by the other.
struct Clock {
    now: Instant,
    wall: SystemTime,
}

impl Clock {
    fn read() -> Self {
        Self { now: now(), wall: SystemTime::now() }
    }

    fn wall(&self, then: Instant) -> SystemTime {
        self.wall.checked_sub(self.now.saturating_duration_since(then)).unwrap_or(SystemTime::UNIX_EPOCH)
    }
}

fn info(listed: &Listed<Live>, clock: &Clock) -> SessionInfo {
    let open = &listed.open;
    let (client, revision) = open.update(|session| (session.client.clone(), session.revision));
    let live = open.live();
    let leaf = if live.is_pair() { "sse" } else { "mcp" };
    SessionInfo {
        handle: open.id().handle(),
        principal: open.owner().clone(),
        client,
        revision,
        place: live.target.path(leaf),
        since: clock.wall(listed.since),
        last_used: clock.wall(listed.last_used),
        calls: open.calls(),
        pending: open.pending(),
    }
}
