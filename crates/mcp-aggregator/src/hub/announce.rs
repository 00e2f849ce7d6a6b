//! Tells clients that the lists they see have changed.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::{sync::watch, time::sleep};

use super::{Hub, lock};
use crate::face::Face;

/// Changes that come this close together are one to clients.
const BUNCH: Duration = Duration::from_millis(20);

impl Hub {
    /// Tells `face` of changes for as long as it lives. Must be called inside a tokio runtime.
    pub(super) fn follow(&self, face: &Arc<Face>) {
        let mut faces = lock(&self.faces);
        // Those who have left are forgotten from time to time, and not with each who comes.
        if faces.len() == faces.capacity() {
            faces.retain(|face| 0 < face.strong_count());
        }
        faces.push(Arc::downgrade(face));
        drop(faces);
        let mut announcer = lock(&self.announcer);
        if announcer.is_none() {
            *announcer = Some(tokio::spawn(announce(self.me.clone(), self.version.subscribe())).abort_handle());
        }
    }
}

async fn announce(hub: Weak<Hub>, mut version: watch::Receiver<u64>) {
    while version.changed().await.is_ok() {
        sleep(BUNCH).await;
        version.mark_unchanged();
        let Some(hub) = hub.upgrade() else { return };
        let faces: Vec<_> = lock(&hub.faces).iter().filter_map(Weak::upgrade).collect();
        let members = lock(&hub.members).clone();
        for face in faces {
            face.leave_all_but(&members);
            face.announce();
        }
    }
}
