//! Which client of a shared server hears of which resource.

use std::collections::{HashMap, HashSet};

use super::FaceKey;

/// Counts subscriptions, so that the server hears of the first one and of the last one's end.
#[derive(Debug, Default)]
pub(super) struct Subscriptions(HashMap<Box<str>, Subscribed>);

#[derive(Debug, Default)]
struct Subscribed {
    faces: HashSet<FaceKey>,
    /// Whether the server has agreed. Until it has, its answer to one client is none to another.
    stands: bool,
}

impl Subscriptions {
    /// Notes a subscription; says whether the server has to be asked for it.
    pub(super) fn add(&mut self, uri: &str, face: FaceKey) -> bool {
        let subscribed = self.0.entry(uri.into()).or_default();
        subscribed.faces.insert(face);
        !subscribed.stands
    }

    /// Notes that the server has agreed.
    pub(super) fn confirm(&mut self, uri: &str) {
        if let Some(subscribed) = self.0.get_mut(uri) {
            subscribed.stands = true;
        }
    }

    /// The server knows nothing any more; gives the URIs it has to be asked for.
    pub(super) fn renew(&mut self) -> Vec<Box<str>> {
        self.0.values_mut().for_each(|subscribed| subscribed.stands = false);
        self.0.keys().cloned().collect()
    }

    /// Notes the end of a subscription; says whether it was the last to `uri`.
    pub(super) fn remove(&mut self, uri: &str, face: FaceKey) -> bool {
        let Some(Subscribed { faces, .. }) = self.0.get_mut(uri) else { return false };
        let last = faces.remove(&face) && faces.is_empty();
        if last {
            self.0.remove(uri);
        }
        last
    }

    /// Ends all subscriptions of a client; gives the URIs nobody subscribes to any more.
    pub(super) fn leave(&mut self, face: FaceKey) -> Vec<Box<str>> {
        let mut unused = Vec::new();
        self.0.retain(|uri, Subscribed { faces, .. }| {
            let last = faces.remove(&face) && faces.is_empty();
            if last {
                unused.push(uri.clone());
            }
            !last
        });
        unused
    }

    /// Whether nobody subscribes to anything.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `face` hears of `uri`.
    pub(super) fn hears(&self, uri: &str, face: FaceKey) -> bool {
        self.0.get(uri).is_some_and(|subscribed| subscribed.faces.contains(&face))
    }

    /// Whether anybody hears of `uri`.
    pub(super) fn has(&self, uri: &str) -> bool {
        self.0.contains_key(uri)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_hears_of_the_first_and_of_the_last() {
        let mut subscriptions = Subscriptions::default();
        assert!(subscriptions.add("a", 1));
        assert!(subscriptions.add("a", 2), "as long as the server has not agreed");
        subscriptions.confirm("a");
        assert!(!subscriptions.add("a", 2), "twice is once");
        assert!(subscriptions.hears("a", 1) && !subscriptions.hears("b", 1));
        assert!(!subscriptions.remove("a", 1));
        assert!(!subscriptions.remove("a", 1), "twice is once");
        assert!(subscriptions.has("a"));
        assert!(subscriptions.remove("a", 2));
        assert!(!subscriptions.has("a"));
        assert!(subscriptions.add("a", 1), "and it begins anew");
    }

    #[test]
    fn whoever_leaves_takes_its_subscriptions_along() {
        let mut subscriptions = Subscriptions::default();
        subscriptions.add("a", 1);
        subscriptions.add("b", 1);
        subscriptions.add("b", 2);
        assert_eq!(subscriptions.leave(1), [Box::from("a")]);
        assert!(subscriptions.hears("b", 2));
    }
}
