//! The system's own watches, set anew wherever the path leads.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use notify::{ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher, event::ModifyKind};
use tokio::sync::Notify;

use super::place::places;

/// How often the path is followed again because it leads elsewhere by then; what moves more often is looked at later.
const TRIES: usize = 3;

#[derive(Debug)]
pub(super) struct Hooks {
    /// None if the system gives none, or has failed to tell something.
    watcher: Option<RecommendedWatcher>,
    set: BTreeSet<PathBuf>,
    pub(super) bell: Arc<Bell>,
    /// Whether the log says that the file is looked at instead.
    said: bool,
}

/// What the system's thread tells us.
#[derive(Debug, Default)]
pub(super) struct Bell {
    ring: Notify,
    /// Something was removed or renamed, perhaps a place that was watched: its hook is gone.
    moved: AtomicBool,
    /// Something was not told.
    lost: AtomicBool,
}

impl Hooks {
    pub(super) fn new() -> Self {
        let bell = Arc::<Bell>::default();
        let told = Arc::clone(&bell);
        let watcher = notify::recommended_watcher(move |event| told.hear(event));
        let mut hooks = Self { watcher: None, set: BTreeSet::new(), bell, said: false };
        match watcher {
            Ok(watcher) => hooks.watcher = Some(watcher),
            Err(error) => hooks.say(&error.to_string()),
        }
        hooks
    }

    /// Resolves when something has happened at one of the places, or did so since the last call.
    pub(super) async fn rung(&self) {
        self.bell.ring.notified().await;
    }

    /// Sets hooks at every place that matters to `path`, and takes others away. False if the system will not tell of every
    /// change, so that one has to look.
    pub(super) fn set_for(&mut self, path: &Path) -> bool {
        if self.bell.lost.load(Relaxed) {
            self.watcher = None;
            self.say("events were lost");
        }
        if self.watcher.is_none() {
            return false;
        }
        if self.bell.moved.swap(false, Relaxed) {
            // Taking hooks away does not fail.
            let _ = self.move_to(BTreeSet::new());
        }
        for _ in 0..TRIES {
            let places = places(path);
            if places == self.set {
                return true;
            }
            if let Err(error) = self.move_to(places) {
                // A place that is not there will be found by looking, which is nothing to worry about.
                if !matches!(error.kind, ErrorKind::PathNotFound) {
                    self.say(&error.to_string());
                }
                return false;
            }
        }
        false
    }

    fn move_to(&mut self, places: BTreeSet<PathBuf>) -> notify::Result<()> {
        let Some(watcher) = &mut self.watcher else { return Ok(()) };
        for gone in self.set.extract_if(.., |place| !places.contains(place)) {
            // If the place is no more, neither is its hook.
            let _ = watcher.unwatch(&gone);
        }
        for place in places {
            if !self.set.contains(&place) {
                watcher.watch(&place, RecursiveMode::NonRecursive)?;
                self.set.insert(place);
            }
        }
        Ok(())
    }

    fn say(&mut self, reason: &str) {
        if !self.said {
            self.said = true;
            tracing::warn!(%reason, "the configuration file cannot be watched; it is looked at once a second instead");
        }
    }
}

impl Bell {
    pub(super) fn hear(&self, event: notify::Result<Event>) {
        match event.map(|event| event.kind) {
            // Our own reading is one, too.
            Ok(EventKind::Access(_)) => return,
            Ok(EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_))) => self.moved.store(true, Relaxed),
            Ok(_) => {}
            Err(_) => self.lost.store(true, Relaxed),
        }
        self.ring.notify_one();
    }
}
