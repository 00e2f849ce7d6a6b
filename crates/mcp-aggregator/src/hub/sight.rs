//! What there is to be seen, now or once servers that are starting are there.

use std::{collections::HashMap, sync::Arc};

use mcp_protocol::Era;
use tokio::{sync::watch, time::sleep_until};

use super::{Hub, lock};
use crate::{
    Member, Place,
    catalogue::Entry,
    listing::Listing,
    scope::{Sight, at},
    view::{Offer, Parts, View},
};

/// What a client's own instances of servers offer, by the servers' names; of a server that has been replaced nothing holds.
pub(crate) type Own = HashMap<Arc<str>, (Arc<dyn Member>, Arc<Listing>)>;

impl Hub {
    /// The servers as clients that look from there see them now.
    pub(crate) fn view(&self, era: Era, sight: &Sight) -> Arc<View> {
        let mut seen = lock(&sight.seen[at(era)]);
        // Read before anything else: what changes while the view is made makes the version another one.
        let version = self.version();
        if let Some(view) = seen.as_ref().filter(|view| view.is_of(version)) {
            return Arc::clone(view);
        }
        // Those whom no grant limits see the same.
        let is_as_others = sight.name.is_some() && sight.grant(&self.options()).is_none();
        let view = if is_as_others {
            self.view(era, &self.scope_of(sight.place.clone(), None).sight)
        } else {
            let parts = self.parts(version, era, sight, &HashMap::new());
            match seen.as_ref().filter(|view| view.holds(&parts)) {
                Some(view) => return Arc::clone(view),
                None => Arc::new(View::new(parts)),
            }
        };
        let is_first_to_see = sight.place == Place::All && !is_as_others;
        if is_first_to_see && seen.as_ref().is_none_or(|before| before.conflicts != view.conflicts) {
            for conflict in &view.conflicts {
                tracing::warn!("{conflict}; an `exposedName` for one of them would help");
            }
        }
        *seen = Some(Arc::clone(&view));
        view
    }

    /// The same, with what some servers offer to one client alone.
    pub(crate) fn view_with(&self, version: u64, era: Era, sight: &Sight, own: &Own) -> View {
        View::new(self.parts(version, era, sight, own))
    }

    /// What a view is made of now.
    fn parts<'a>(&self, version: u64, era: Era, sight: &'a Sight, own: &Own) -> Parts<'a> {
        let offer = |entry: &Arc<Entry>| {
            let member = Arc::clone(&entry.member);
            let own = own.get(member.name()).filter(|(of, _)| Arc::ptr_eq(of, &member));
            let own = own.map(|(_, listing)| Arc::new(self.pinned(era, member.name(), listing)));
            Offer { is_usable: member.is_usable(), listing: own.or_else(|| entry.listing()), member }
        };
        let options = self.options();
        let offers = self.entries(era).iter().map(offer).collect();
        Parts { version, era, options, sight, offers }
    }

    /// What a server offers to one client alone, with the tools marked that are others than the pinned ones.
    fn pinned(&self, era: Era, server: &str, listing: &Listing) -> Listing {
        self.planes[at(era)].ground.pinning.pinned(server, listing.clone())
    }

    /// What a server offers to all.
    pub(crate) fn shared_listing(&self, era: Era, member: &Arc<dyn Member>) -> Option<Arc<Listing>> {
        self.entries(era).iter().find(|entry| Arc::ptr_eq(&entry.member, member))?.listing()
    }

    /// Changes with everything that could make a view another one.
    pub(crate) fn version_watch(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// Which state of things there is.
    pub(crate) fn version(&self) -> u64 {
        *self.version.borrow()
    }

    /// Waits for the servers that are starting, each until its deadline.
    pub(crate) async fn awaited(&self, era: Era, sight: &Sight) {
        // Nearly always; the rest of this looks at every server.
        if self.planes[at(era)].is_settled(self.version()) {
            return;
        }
        let mut changes = self.version.subscribe();
        loop {
            let version = *changes.borrow_and_update();
            let options = self.options();
            let (mut mine, mut anybodys) = (None, None);
            {
                let filter = sight.filter(&options);
                for entry in self.entries(era).iter() {
                    let until = entry.is_awaited_until(options.deadline);
                    anybodys = anybodys.max(until);
                    if until.is_some() && filter.has_server(entry.member.name()) {
                        mine = mine.max(until);
                    }
                }
            }
            if anybodys.is_none() {
                self.planes[at(era)].settle(version);
            }
            let Some(until) = mine else { return };
            tokio::select! {
                // The sender lives in the hub.
                _ = changes.changed() => {}
                () = sleep_until(until) => {}
            }
        }
    }
}
