//! Where a call runs that its server may ask something during.

use std::{collections::BTreeMap, sync::Arc};

use mcp_supervisor::Lease;
use mcp_transport::GHOST_LIFE;
use tokio::{runtime::Handle, time::sleep};

use super::{FaceKey, Share};

/// The calls on the main instance during which the server may ask, by client. Clients are numbered, and a number is found
/// faster than hashed.
#[derive(Debug, Default)]
pub(super) struct Occupants(BTreeMap<FaceKey, Occupant>);

#[derive(Debug)]
struct Occupant {
    calls: usize,
    can_interact: bool,
}

impl Occupants {
    /// Whether a call beside those that are there could leave it open whom a question is for: one of them is another
    /// client's, and either can be asked.
    fn would_confuse(&self, face: FaceKey, can_interact: bool) -> bool {
        self.0.iter().any(|(other, occupant)| *other != face && (can_interact || occupant.can_interact))
    }

    /// The only client that has any, if there is just one.
    pub(super) fn only(&self) -> Option<FaceKey> {
        let mut keys = self.0.keys();
        let only = keys.next()?;
        keys.next().is_none().then_some(*only)
    }

    fn enter(&mut self, face: FaceKey, can_interact: bool) {
        self.0.entry(face).or_insert(Occupant { calls: 0, can_interact }).calls += 1;
    }

    fn leave(&mut self, face: FaceKey) {
        if let Some(occupant) = self.0.get_mut(&face) {
            occupant.calls -= 1;
            if occupant.calls == 0 {
                self.0.remove(&face);
            }
        }
    }
}

/// What a call holds until it is over.
#[derive(Debug)]
pub(super) enum Held {
    Nothing,
    /// A place on the main instance.
    Main(Occupied),
    /// An instance to itself.
    #[expect(dead_code, reason = "held for its drop")]
    Spare(Lease),
}

/// A call on the main instance.
#[derive(Debug)]
pub(super) struct Occupied {
    share: Arc<Share>,
    face: FaceKey,
    /// Whether the server has answered, and so asks nothing more.
    is_answered: bool,
}

impl Held {
    /// Whether the call is one of the main instance's, during which it may ask.
    pub(super) fn is_main(&self) -> bool {
        matches!(self, Self::Main(_))
    }

    /// Notes that the server has answered the call.
    pub(super) fn answered(&mut self) {
        if let Self::Main(place) = self {
            place.is_answered = true;
        }
    }
}

impl Share {
    /// A place for a call on the main instance; `None` if the call must run alone. As long as the server has never asked
    /// in vain, everybody has a place there.
    pub(super) fn occupy(self: &Arc<Self>, face: FaceKey, can_interact: bool) -> Option<Occupied> {
        let mut state = self.state();
        if self.is_interactive() && state.occupants.would_confuse(face, can_interact) {
            return None;
        }
        state.occupants.enter(face, can_interact);
        Some(Occupied { share: Arc::clone(self), face, is_answered: false })
    }
}

impl Drop for Occupied {
    fn drop(&mut self) {
        match Handle::try_current() {
            // A question of a cancelled call may be on its way, and must not meet another call alone.
            Ok(runtime) if !self.is_answered => {
                let (share, face) = (Arc::clone(&self.share), self.face);
                drop(runtime.spawn(async move {
                    sleep(GHOST_LIFE).await;
                    share.state().occupants.leave(face);
                }));
            }
            _ => self.share.state().occupants.leave(self.face),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_that_can_be_asked_do_not_share_an_instance_with_others() {
        let mut occupants = Occupants::default();
        assert!(!occupants.would_confuse(1, true), "nobody is there");
        occupants.enter(1, false);
        occupants.enter(1, false);
        assert!(!occupants.would_confuse(2, false), "neither can be asked");
        assert!(occupants.would_confuse(2, true) && !occupants.would_confuse(1, true));
        occupants.leave(1);
        assert!(occupants.would_confuse(2, true));
        occupants.leave(1);
        occupants.enter(2, true);
        assert!(occupants.would_confuse(1, false));
    }
}
