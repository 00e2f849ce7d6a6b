//! The changes of the lists that one client sees.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use futures::{StreamExt, stream};
use mcp_jsonrpc::{Id, Message};
use mcp_protocol::{ListKind, SubscriptionFilter, change, listen_result};
use tokio::{sync::watch, time::sleep};

use super::Notes;
use crate::{
    face::{Face, others},
    view::View,
};

/// Changes that come this close together are one to clients.
const BUNCH: Duration = Duration::from_millis(20);

/// The changes of the lists that one client sees.
pub(super) struct Changes {
    face: Arc<Face>,
    listen: Id,
    prints: [u64; 4],
    version: watch::Receiver<u64>,
    waiting: VecDeque<Message>,
}

impl Changes {
    /// What is other than in `view`, from now on.
    pub(super) fn since(view: &View, mut version: watch::Receiver<u64>, face: Arc<Face>, listen: Id) -> Self {
        // It may have changed between the making of the view and here.
        version.mark_changed();
        Self { face, listen, prints: view.prints(), version, waiting: VecDeque::new() }
    }

    /// The notices that the client wants; ends with the end of the whole subscription once there is no hub any more.
    pub(super) fn stream(self, filter: SubscriptionFilter) -> Notes {
        let end = Message::response(&self.listen, &listen_result(&self.listen));
        let notes = stream::unfold((self, filter), |(mut changes, filter)| async move {
            loop {
                if let Some(note) = changes.waiting.pop_front() {
                    return Some((Ok(note), (changes, filter)));
                }
                changes.version.changed().await.ok()?;
                sleep(BUNCH).await;
                changes.version.mark_unchanged();
                changes.look(&filter);
            }
        });
        notes.chain(stream::iter([Ok(end)])).boxed()
    }

    fn look(&mut self, filter: &SubscriptionFilter) {
        let Some(view) = self.face.view() else { return };
        let prints = view.prints();
        let before = std::mem::replace(&mut self.prints, prints);
        let told = others(before, prints).map(ListKind::list_changed).filter(|method| filter.wants(method));
        self.waiting.extend(told.map(|method| change(&self.listen, method)));
    }
}
