//! Many servers as one.

mod announce;
mod items;
mod learned;
mod place;
mod plane;
mod sight;
mod status;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use mcp_protocol::{Era, Revision};
use mcp_transport::{Caller, Client, Principal, Store};
use tokio::{runtime::Handle, sync::watch, task::AbortHandle};

pub use self::items::{Hidden, HubItem, HubItems};
pub(crate) use self::sight::Own;
pub use self::status::{Freshness, HubStatus, Offered};
use self::{learned::Learned, plane::Plane};
use crate::{
    HubOptions, Member, Place, Scope,
    catalogue::{Entry, Ground},
    face::Face,
    pinning::Pinning,
    scope::at,
};

/// Many servers as one. Making one does no I/O; servers are asked for what they have once somebody comes, or after
/// [`start`](Self::start).
#[derive(Debug)]
pub struct Hub {
    me: Weak<Self>,
    options: Arc<Mutex<Arc<HubOptions>>>,
    members: Mutex<Vec<Arc<dyn Member>>>,
    planes: [Plane; 2],
    /// Grows with everything that could make a view another one.
    version: Arc<watch::Sender<u64>>,
    /// By the place, and by whose they are.
    scopes: Mutex<HashMap<ScopeKey, Arc<Scope>>>,
    /// Those who want to hear of changes.
    faces: Mutex<Vec<Weak<Face>>>,
    announcer: Mutex<Option<AbortHandle>>,
    learned: Mutex<Learned>,
}

type ScopeKey = (Place, Option<Arc<str>>);

/// How the clients of a modern era can use a hub whose servers may not all speak it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spoken {
    /// All servers that can be reached speak it.
    ByAll,
    /// Some do.
    BySome,
    /// None does.
    ByNone,
}

impl Hub {
    /// A hub of no servers yet; `proxy` is how it introduces itself to them, and `store` keeps what it learns of them.
    #[must_use]
    pub fn new(options: HubOptions, proxy: &Arc<Client>, store: Option<Arc<dyn Store>>) -> Arc<Self> {
        let options = Arc::new(Mutex::new(Arc::new(options)));
        let version = Arc::new(watch::Sender::new(1));
        let plane = |era, revision, store: Option<Arc<dyn Store>>| {
            let caller = Caller { client: Some(Arc::clone(proxy)), ..Caller::new(Principal::Proxy, revision) };
            let pinning = Pinning::new(store.clone(), &options, era);
            let version = Arc::clone(&version);
            Plane::new(Ground { era, caller: Arc::new(caller), store, version, pinning })
        };
        let planes =
            [plane(Era::Legacy, Revision::LATEST_LEGACY, store.clone()), plane(Era::Modern, Revision::LATEST, store)];
        Arc::new_cyclic(|me| Self {
            me: me.clone(),
            options,
            members: Mutex::default(),
            planes,
            version,
            scopes: Mutex::default(),
            faces: Mutex::default(),
            announcer: Mutex::default(),
            learned: Mutex::default(),
        })
    }

    /// Begins to ask servers what they have. Must be called inside a tokio runtime.
    pub fn start(&self) {
        self.entries(Era::Legacy);
    }

    /// Makes `members` the servers, in this order. Those that stay (the same `Arc`) are not asked anew. Must be called inside
    /// a tokio runtime, once anybody has come.
    pub fn set_members(&self, members: Vec<Arc<dyn Member>>) {
        *lock(&self.members) = members;
        for plane in &self.planes {
            plane.renew(&self.members);
        }
        self.tell();
        // Nobody may look for a long time, and a server that has gone is not to be held by what was seen.
        let scopes: Vec<_> = lock(&self.scopes).values().cloned().collect();
        for seen in scopes.iter().flat_map(|scope| &scope.sight.seen) {
            *lock(seen) = None;
        }
    }

    /// Makes these the options that hold. Clients are told of what is different.
    pub fn set_options(&self, options: HubOptions) {
        *lock(&self.options) = Arc::new(options);
        for plane in &self.planes {
            for entry in plane.followed().iter() {
                entry.repin(&plane.ground.pinning);
            }
            // What was pinned just now is kept; without a runtime, with the next news.
            if let Ok(runtime) = Handle::try_current() {
                let ground = Arc::clone(&plane.ground);
                runtime.spawn(async move { ground.pinning.save().await });
            }
        }
        self.tell();
    }

    /// The options that hold.
    #[must_use]
    pub fn options(&self) -> Arc<HubOptions> {
        Arc::clone(&lock(&self.options))
    }

    /// Has a new look at a server: somebody has started or stopped it.
    pub fn look(&self, name: &str) {
        for plane in &self.planes {
            plane.followed_as(name).iter().for_each(|entry| entry.look());
        }
        self.tell();
    }

    /// Takes a tool as its server has it now for the right one; says whether there is such a tool.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future may leave the approval unsaved, so that it holds until the process ends.
    pub async fn approve(&self, server: &str, tool: &str) -> bool {
        let mut found = false;
        for plane in &self.planes {
            let Some(entry) = plane.followed_as(server) else { continue };
            let pinning = &plane.ground.pinning;
            if entry.listing().is_some_and(|listing| pinning.approve(server, tool, &listing)) {
                found = true;
                entry.repin(pinning);
            }
        }
        self.tell();
        for plane in &self.planes {
            plane.ground.pinning.save().await;
        }
        found
    }

    /// The servers in an era, which are followed from now on.
    fn entries(&self, era: Era) -> Arc<Vec<Arc<Entry>>> {
        self.planes[at(era)].entries(&self.members)
    }

    /// Remembers whose a URI is that no list has.
    pub(crate) fn learn(&self, uri: &str, server: &Arc<str>) {
        lock(&self.learned).learn(uri, server);
    }

    /// Whose a URI is that no list has.
    pub(crate) fn learned(&self, uri: &str) -> Option<Arc<str>> {
        lock(&self.learned).owner(uri)
    }

    fn tell(&self) {
        self.version.send_modify(|version| *version += 1);
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        if let Some(announcer) = self.announcer.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            announcer.abort();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
