//! URIs that no list has and results have shown.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

/// URIs that no list has and results have shown: whose they are.
#[derive(Debug, Default)]
pub(super) struct Learned {
    owners: HashMap<Arc<str>, Arc<str>>,
    order: VecDeque<Arc<str>>,
}

/// URIs that are remembered. For one more the oldest is forgotten.
const COUNT: usize = 10_000;
/// Bytes of one; a longer one is not remembered.
const LENGTH: usize = 2048;

impl Learned {
    /// Notes whose a URI is; of two servers that have shown it, the one that did so last.
    pub(super) fn learn(&mut self, uri: &str, server: &Arc<str>) {
        if LENGTH < uri.len() {
            return;
        }
        if let Some(owner) = self.owners.get_mut(uri) {
            if owner != server {
                *owner = Arc::clone(server);
            }
            return;
        }
        if self.order.len() == COUNT
            && let Some(oldest) = self.order.pop_front()
        {
            self.owners.remove(&oldest);
        }
        let uri: Arc<str> = uri.into();
        self.owners.insert(Arc::clone(&uri), Arc::clone(server));
        self.order.push_back(uri);
    }

    /// Whose a URI is.
    pub(super) fn owner(&self, uri: &str) -> Option<Arc<str>> {
        self.owners.get(uri).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_are_remembered_and_for_one_more_the_oldest_is_forgotten() {
        let (mut learned, server) = (Learned::default(), Arc::from("s"));
        for uri in 0..COUNT {
            learned.learn(&uri.to_string(), &server);
        }
        assert!(learned.owner("0").is_some());
        learned.learn("1", &server);
        learned.learn("one more", &server);
        assert_eq!((learned.owner("0"), learned.owner("1")), (None, Some(Arc::clone(&server))));
        assert_eq!((learned.owners.len(), learned.order.len()), (COUNT, COUNT));
    }

    #[test]
    fn what_is_too_long_is_not_remembered() {
        let (mut learned, server) = (Learned::default(), Arc::from("s"));
        let uri = "u".repeat(LENGTH);
        learned.learn(&uri, &server);
        learned.learn(&format!("{uri}u"), &server);
        assert_eq!((learned.owner(&uri), learned.owner(&format!("{uri}u"))), (Some(server), None));
    }

    #[test]
    fn whoever_has_shown_it_last_has_it() {
        let mut learned = Learned::default();
        learned.learn("u", &Arc::from("a"));
        learned.learn("u", &Arc::from("b"));
        assert_eq!(learned.owner("u").as_deref(), Some("b"));
    }
}
