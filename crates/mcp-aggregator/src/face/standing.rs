//! What a client has asked for that outlives the request.

use std::{collections::BTreeSet, sync::Arc};

use mcp_protocol::LogLevel;

use crate::{Member, hub::Own, listing::Listing, view::View};

/// What a client has asked for that outlives the request, so that a server which has forgotten it can be told again.
#[derive(Debug, Default)]
pub(super) struct Standing {
    pub(super) level: Option<LogLevel>,
    /// Servers and URIs as these know them.
    subscriptions: BTreeSet<Subscription>,
    /// What the lists were like that the client was last told of.
    pub(super) prints: [u64; 4],
    /// What the client's own instances of servers offer, where they have said that it is something else.
    pub(super) own: Own,
    pub(super) own_view: Option<Arc<View>>,
}

/// A subscription: server, and URI as the server knows it.
pub(super) type Subscription = (Arc<str>, Box<str>);

/// Subscriptions that one client may have.
const SUBSCRIPTIONS: usize = 10_000;

impl Standing {
    /// The resources of a server that the client subscribes to.
    pub(super) fn subscribed(&self, server: &Arc<str>) -> Vec<Box<str>> {
        self.subscriptions.iter().filter(|(name, _)| name == server).map(|(_, uri)| uri.clone()).collect()
    }

    /// Whether there is room for one more subscription.
    pub(super) fn has_room_for(&self, subscription: &Subscription) -> bool {
        self.subscriptions.len() < SUBSCRIPTIONS || self.subscriptions.contains(subscription)
    }

    /// The server has agreed to a subscription.
    pub(super) fn subscribe(&mut self, subscription: Subscription) {
        if self.has_room_for(&subscription) {
            self.subscriptions.insert(subscription);
        }
    }

    pub(super) fn unsubscribe(&mut self, subscription: &Subscription) {
        self.subscriptions.remove(subscription);
    }

    /// Notes what the client's own instance of a server offers, if that is something else than what all instances do.
    pub(super) fn offers(&mut self, member: &Arc<dyn Member>, listing: Arc<Listing>, shared: Option<&Listing>) {
        if shared.is_some_and(|shared| shared.offers_the_same(&listing)) {
            self.own.remove(member.name());
        } else {
            self.own.insert(Arc::clone(member.name()), (Arc::clone(member), listing));
        }
        self.own_view = None;
    }

    /// The client's own instance of a server is gone, and so is what it offered.
    pub(super) fn forget(&mut self, member: &Arc<dyn Member>) {
        if self.own.get(member.name()).is_some_and(|(of, _)| Arc::ptr_eq(of, member)) {
            self.own.remove(member.name());
            self.own_view = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_subscriptions_have_room_and_no_more() {
        let subscription = |n: usize| (Arc::from("s"), n.to_string().into());
        let mut standing = Standing::default();
        (0..SUBSCRIPTIONS).for_each(|n| standing.subscribe(subscription(n)));
        assert!(standing.has_room_for(&subscription(0)) && !standing.has_room_for(&subscription(SUBSCRIPTIONS)));
        standing.subscribe(subscription(SUBSCRIPTIONS));
        assert_eq!(standing.subscribed(&Arc::from("s")).len(), SUBSCRIPTIONS);
        standing.unsubscribe(&subscription(0));
        assert!(standing.has_room_for(&subscription(SUBSCRIPTIONS)));
    }
}
