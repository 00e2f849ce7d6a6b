//! What there is to be seen, now or once servers that are starting are there.

use std::{collections::HashMap, sync::Arc};

use mcp_protocol::Era;
use tokio::{sync::watch, time::sleep_until};

use super::{Hub, lock};
use crate::{
    Scope,
    listing::Listing,
    scope::at,
    view::{Parts, View},
};

impl Hub {
    /// The servers as clients of `scope` see them now.
    pub(crate) fn view(&self, era: Era, scope: &Arc<Scope>) -> Arc<View> {
        let version = *self.version.borrow();
        let mut seen = lock(&scope.seen[at(era)]);
        if let Some(view) = seen.as_ref().filter(|view| view.version == version) {
            return Arc::clone(view);
        }
        let view = Arc::new(self.view_with(version, era, scope, &HashMap::new()));
        if seen.as_ref().is_none_or(|before| before.conflicts != view.conflicts) {
            for conflict in &view.conflicts {
                tracing::warn!("{conflict}; give one of them another `exposedName`");
            }
        }
        *seen = Some(Arc::clone(&view));
        view
    }

    /// The same, with what some servers offer to one client alone.
    pub(crate) fn view_with(
        &self,
        version: u64,
        era: Era,
        scope: &Scope,
        own: &HashMap<Arc<str>, Arc<Listing>>,
    ) -> View {
        let options = self.options();
        let entries = self.entries(era);
        let members = entries.iter().map(|entry| {
            let own = own.get(entry.member.name()).cloned();
            (Arc::clone(&entry.member), own.or_else(|| entry.known().listing))
        });
        View::new(Parts { version, era, options: &options, scope, members: members.collect() })
    }

    /// Changes with everything that could make a view another one.
    pub(crate) fn version_watch(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// Which state of things there is.
    pub(crate) fn version(&self) -> u64 {
        *self.version.borrow()
    }

    /// Waits for the servers of `scope` that are starting, each until its deadline.
    pub(crate) async fn awaited(&self, era: Era, scope: &Scope) {
        let mut version = self.version.subscribe();
        loop {
            version.mark_unchanged();
            let options = self.options();
            let until = {
                let filter = scope.filter(&options);
                let in_scope = self.entries(era);
                let in_scope = in_scope.iter().filter(|entry| filter.has_server(entry.member.name()));
                in_scope.filter_map(|entry| entry.is_awaited_until(options.deadline)).max()
            };
            let Some(until) = until else { return };
            tokio::select! {
                // The sender lives in the hub.
                _ = version.changed() => {}
                () = sleep_until(until) => {}
            }
        }
    }
}
