//! What is set aside, found by its key. No clock: time is a parameter.

use std::{collections::HashMap, time::Instant};

use mcp_transport::Principal;

use super::{ParkError, ParkingLimits, Room};

/// Values that wait for their owners, each for a bounded time, to be taken at most once.
#[derive(Debug)]
pub(super) struct Table<T> {
    parked: HashMap<u64, Entry<T>>,
    last: u64,
    /// How many each named principal has. One without any takes no room.
    owned: HashMap<Principal, usize>,
    limits: ParkingLimits,
}

#[derive(Debug)]
struct Entry<T> {
    value: T,
    owner: Principal,
    since: Instant,
    room: Option<Room>,
}

/// Names a value of the table. No key is used twice, so an old one finds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key(pub(super) u64);

impl<T> Table<T> {
    pub(super) fn new(limits: ParkingLimits) -> Self {
        Self { parked: HashMap::new(), last: 0, owned: HashMap::new(), limits }
    }

    /// Sets `value` aside for `owner`, and takes out what has to give way to it: the oldest of those in the same room, if
    /// they are too many now. Without a place it comes back, to be dropped where no lock is held.
    pub(super) fn park(
        &mut self,
        value: T,
        owner: &Principal,
        room: Option<Room>,
        now: Instant,
    ) -> Result<(Key, Vec<T>), (T, ParkError)> {
        let ParkingLimits { total, per_principal, .. } = self.limits;
        if self.parked.len() >= total {
            return Err((value, ParkError::TooMany { limit: total }));
        }
        if matches!(owner, Principal::Named(_)) {
            let count = self.owned.get(owner).copied().unwrap_or_default();
            if count >= per_principal {
                return Err((value, ParkError::TooManyOfPrincipal { limit: per_principal }));
            }
            self.owned.insert(owner.clone(), count + 1);
        }
        self.last += 1;
        let over = room.as_ref().map(|room| self.over(room)).unwrap_or_default();
        self.parked.insert(self.last, Entry { value, owner: owner.clone(), since: now, room });
        Ok((Key(self.last), over))
    }

    /// Takes out the oldest of a room, so that there is a place for one more.
    fn over(&mut self, room: &Room) -> Vec<T> {
        let is_in_it = |entry: &Entry<T>| entry.room.as_ref().is_some_and(|other| other.server == room.server);
        let mut keys: Vec<_> = self.parked.iter().filter(|(_, entry)| is_in_it(entry)).map(|(key, _)| *key).collect();
        keys.sort_unstable();
        // Keys only grow.
        let over = (keys.len() + 1).saturating_sub(room.most.max(1));
        let over: Vec<_> = keys.into_iter().take(over).filter_map(|key| self.parked.remove(&key)).collect();
        for entry in &over {
            self.release(&entry.owner);
        }
        over.into_iter().map(|entry| entry.value).collect()
    }

    /// Takes what `owner` has under `key`, unless its time is over. Somebody else's key and no key are the same answer.
    pub(super) fn take(&mut self, key: Key, owner: &Principal, now: Instant) -> Option<T> {
        let entry = self.parked.get(&key.0)?;
        if entry.owner != *owner || entry.is_over(now, &self.limits) {
            return None;
        }
        let entry = self.parked.remove(&key.0)?;
        self.release(&entry.owner);
        Some(entry.value)
    }

    /// Takes everything whose time is over at `now`.
    pub(super) fn expire(&mut self, now: Instant) -> Vec<T> {
        let limits = &self.limits;
        let over: Vec<_> = self.parked.extract_if(|_, entry| entry.is_over(now, limits)).collect();
        for (_, entry) in &over {
            self.release(&entry.owner);
        }
        over.into_iter().map(|(_, entry)| entry.value).collect()
    }

    fn release(&mut self, owner: &Principal) {
        if let Some(count) = self.owned.get_mut(owner) {
            *count -= 1;
            if *count == 0 {
                self.owned.remove(owner);
            }
        }
    }
}

impl<T> Entry<T> {
    fn is_over(&self, now: Instant, limits: &ParkingLimits) -> bool {
        now.saturating_duration_since(self.since) >= limits.life
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const LIFE: Duration = Duration::from_mins(10);

    fn named(name: &str) -> Principal {
        Principal::Named(name.into())
    }

    fn table() -> Table<&'static str> {
        Table::new(ParkingLimits { total: 4, per_principal: 2, life: LIFE })
    }

    #[test]
    fn what_is_parked_is_taken_once_and_by_its_owner_alone() {
        let (mut table, now) = (table(), Instant::now());
        let key = table.park("a", &named("ann"), None, now).unwrap().0;
        assert_eq!(table.take(key, &named("bob"), now), None);
        assert_eq!(table.take(key, &Principal::Anonymous, now), None);
        assert_eq!(table.take(key, &named("ann"), now), Some("a"));
        assert_eq!(table.take(key, &named("ann"), now), None);
        assert!(table.owned.is_empty(), "nobody is remembered for nothing");
    }

    #[test]
    fn a_key_is_never_used_again() {
        let (mut table, now) = (table(), Instant::now());
        let old = table.park("a", &named("ann"), None, now).unwrap().0;
        table.take(old, &named("ann"), now).unwrap();
        let new = table.park("b", &named("ann"), None, now).unwrap().0;
        assert_eq!(table.take(old, &named("ann"), now), None);
        assert_eq!(table.take(new, &named("ann"), now), Some("b"));
    }

    #[test]
    fn each_limit_holds_to_the_last_one_and_no_further() {
        let (mut table, now) = (table(), Instant::now());
        let first = table.park("a", &named("ann"), None, now).unwrap().0;
        table.park("b", &named("ann"), None, now).unwrap();
        let full = table.park("c", &named("ann"), None, now);
        assert_eq!(full, Err(("c", ParkError::TooManyOfPrincipal { limit: 2 })));
        table.take(first, &named("ann"), now).unwrap();
        table.park("c", &named("ann"), None, now).unwrap();
        table.park("d", &named("bob"), None, now).unwrap();
        table.park("e", &named("bob"), None, now).unwrap();
        assert_eq!(table.park("f", &named("eve"), None, now), Err(("f", ParkError::TooMany { limit: 4 })));
    }

    #[test]
    fn nobodys_name_has_no_limit_of_its_own() {
        let (mut table, now) = (table(), Instant::now());
        for _ in 0..4 {
            table.park("a", &Principal::Anonymous, None, now).unwrap();
        }
        assert!(table.park("a", &Principal::Anonymous, None, now).is_err());
    }

    #[test]
    fn time_ends_at_its_limit_and_not_before_and_makes_room() {
        let (mut table, start) = (table(), Instant::now());
        let early = table.park("a", &named("ann"), None, start).unwrap().0;
        let late = table.park("b", &named("ann"), None, start + LIFE / 2).unwrap().0;
        assert!(table.expire(start + Duration::from_secs(599)).is_empty());
        assert_eq!(table.take(early, &named("ann"), start + LIFE), None, "over, swept or not");
        assert_eq!(table.expire(start + LIFE), ["a"]);
        table.park("c", &named("ann"), None, start + LIFE).unwrap();
        assert_eq!(table.take(late, &named("ann"), start + LIFE), Some("b"));
    }

    #[test]
    fn a_clock_that_goes_back_ends_nothing() {
        let (mut table, start) = (table(), Instant::now());
        let key = table.park("a", &named("ann"), None, start + LIFE).unwrap().0;
        assert!(table.expire(start).is_empty());
        assert_eq!(table.take(key, &named("ann"), start), Some("a"));
    }

    #[test]
    fn the_oldest_of_a_room_gives_way() {
        let (mut table, now) = (table(), Instant::now());
        let room = |server: &str| Some(Room { server: server.into(), most: 2 });
        let park = |table: &mut Table<&'static str>, value, server| {
            table.park(value, &Principal::Anonymous, room(server), now).unwrap()
        };
        let (first, over) = park(&mut table, "a", "s");
        assert_eq!(over, [""; 0]);
        assert_eq!(park(&mut table, "other", "t").1, [""; 0]);
        assert_eq!(park(&mut table, "b", "s").1, [""; 0]);
        let (last, over) = park(&mut table, "c", "s");
        assert_eq!(over, ["a"]);
        assert_eq!(table.take(first, &Principal::Anonymous, now), None);
        assert_eq!(table.take(last, &Principal::Anonymous, now), Some("c"));
    }
}
