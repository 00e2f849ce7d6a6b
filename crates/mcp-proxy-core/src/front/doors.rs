//! Who may come in by now, and how those are shown out who may no longer.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use arc_swap::{ArcSwap, Guard};
use mcp_auth::{Gate, Keys};
use mcp_transport::Principal;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::Front;

/// The keys that open the proxy, which may change while it runs.
#[derive(Debug)]
pub(super) struct Doors {
    current: ArcSwap<Open>,
    /// Held during a change, so that there is one at a time.
    changing: Mutex<()>,
    stopping: CancellationToken,
}

/// The keys, and a door for each.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) gate: Gate,
    named: HashMap<Arc<str>, Arc<Door>>,
    /// There while no key is needed.
    anonymous: Option<Arc<Door>>,
}

/// What all that came in by one key have in common.
#[derive(Debug)]
pub(super) struct Door {
    /// Cancelled when the key opens nothing any more, or the proxy stops.
    ending: CancellationToken,
    is_closed: AtomicBool,
}

impl Doors {
    pub(super) fn new(keys: Keys, stopping: &CancellationToken) -> Self {
        let none = Open { gate: Gate::default(), named: HashMap::new(), anonymous: None };
        let open = none.followed_by(keys, stopping);
        Self { current: ArcSwap::from_pointee(open), changing: Mutex::default(), stopping: stopping.clone() }
    }

    /// The keys as they are now.
    pub(super) fn now(&self) -> Guard<Arc<Open>> {
        self.current.load()
    }

    /// Whether a key is needed.
    pub(super) fn is_closed(&self) -> bool {
        self.current.load().gate.is_closed()
    }

    /// Makes `keys` the ones that open it. What had come in by others is told to end. Gives what there was, and what there is.
    fn change(&self, keys: Keys) -> [Arc<Open>; 2] {
        let _turn = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let old = self.current.load_full();
        let new = Arc::new(old.followed_by(keys, &self.stopping));
        self.current.store(Arc::clone(&new));
        let kept: Vec<_> = new.doors().map(Arc::as_ptr).collect();
        old.doors().filter(|door| !kept.contains(&Arc::as_ptr(door))).for_each(|door| door.close());
        [old, new]
    }
}

impl Open {
    /// The door of whoever came in as `principal`; a closed one if nobody may any more.
    pub(super) fn door(&self, principal: &Principal) -> Arc<Door> {
        self.find(principal).cloned().unwrap_or_else(|| {
            let door = Door::new(CancellationToken::new());
            door.close();
            Arc::new(door)
        })
    }

    fn find(&self, principal: &Principal) -> Option<&Arc<Door>> {
        match principal {
            Principal::Named(name) => self.named.get(name),
            Principal::Anonymous => self.anonymous.as_ref(),
            Principal::Proxy => None,
        }
    }

    /// What comes after it with these keys. Doors of keys that are the same in both stay.
    fn followed_by(&self, keys: Keys, stopping: &CancellationToken) -> Self {
        let new = || Arc::new(Door::new(stopping.child_token()));
        let named = keys.names().map(|name| {
            let old = self.named.get(name).filter(|_| self.gate.keys().agree(&keys, name));
            (Arc::clone(name), old.cloned().unwrap_or_else(new))
        });
        let named = named.collect();
        let anonymous = keys.is_empty().then(|| self.anonymous.clone().unwrap_or_else(new));
        Self { gate: Gate::new(keys), named, anonymous }
    }

    fn doors(&self) -> impl Iterator<Item = &Arc<Door>> {
        self.named.values().chain(&self.anonymous)
    }
}

impl Door {
    fn new(ending: CancellationToken) -> Self {
        Self { ending, is_closed: AtomicBool::new(false) }
    }

    fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        self.ending.cancel();
    }

    /// Whether the key opens nothing any more.
    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    /// Cancelled when the key opens nothing any more, or the proxy stops.
    pub(super) fn ending(&self) -> &CancellationToken {
        &self.ending
    }

    /// Ready when the key opens nothing any more, or the proxy stops.
    pub(super) fn ended(&self) -> Pin<Box<WaitForCancellationFutureOwned>> {
        Box::pin(self.ending.clone().cancelled_owned())
    }
}

impl Front {
    /// Makes `keys` the ones that open the proxy, and ends what others have opened.
    pub(crate) fn set_keys(&self, keys: Keys) {
        let [old, new] = self.doors.change(keys);
        let may_stay = |owner: &Principal| match (old.find(owner), new.find(owner)) {
            (Some(old), Some(new)) => Arc::ptr_eq(old, new),
            _ => false,
        };
        self.close(self.sessions.end_where(|session| !may_stay(session.owner())));
    }
}

#[cfg(test)]
mod tests {
    use mcp_transport::Secret;

    use super::*;

    fn keys(pairs: &[(&str, &str)]) -> Keys {
        Keys::new(pairs.iter().map(|&(name, key)| (name.into(), Secret::new(key)))).unwrap()
    }

    fn named(name: &str) -> Principal {
        Principal::Named(name.into())
    }

    #[test]
    fn doors_of_keys_that_stay_stay_open_and_others_close() {
        let stopping = CancellationToken::new();
        let doors = Doors::new(keys(&[("alice", "1"), ("bob", "2"), ("carol", "3")]), &stopping);
        let before = ["alice", "bob", "carol"].map(|name| doors.now().door(&named(name)));
        doors.change(keys(&[("alice", "1"), ("bob", "another"), ("dave", "4")]));
        assert_eq!(before.each_ref().map(|door| door.is_closed()), [false, true, true]);
        let now = ["alice", "bob", "carol", "dave"].map(|name| doors.now().door(&named(name)).is_closed());
        assert_eq!(now, [false, false, true, false]);
        stopping.cancel();
        assert!(before[0].ending().is_cancelled() && !before[0].is_closed(), "the proxy stops, and that is all");
    }

    #[test]
    fn the_first_key_shows_out_whoever_came_without_one() {
        let doors = Doors::new(Keys::default(), &CancellationToken::new());
        let nobody = doors.now().door(&Principal::Anonymous);
        doors.change(Keys::default());
        assert!(!nobody.is_closed());
        doors.change(keys(&[("alice", "1")]));
        assert!(nobody.is_closed() && doors.now().door(&Principal::Anonymous).is_closed());
        doors.change(Keys::default());
        assert!(!doors.now().door(&Principal::Anonymous).is_closed());
    }
}
