//! Many servers as one.

mod announce;
mod sight;
mod status;

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use mcp_protocol::{Era, Revision};
use mcp_transport::{Caller, Client, Connection, Principal, Store};
use tokio::{sync::watch, task::AbortHandle};

pub use self::status::{Freshness, HubStatus, Offered};
use crate::{
    HubOptions, Member, NoScope, Place, Scope,
    catalogue::{Entry, Ground, Standing},
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
    scopes: Mutex<HashMap<(Place, Option<Arc<str>>), Arc<Scope>>>,
    /// Those who want to hear of changes.
    faces: Mutex<Vec<Weak<Face>>>,
    announcer: Mutex<Option<AbortHandle>>,
    learned: Mutex<Learned>,
    pinning: Arc<Pinning>,
}

/// The servers as they are in one era.
#[derive(Debug)]
struct Plane {
    ground: Arc<Ground>,
    /// None before somebody of that era comes.
    entries: Mutex<Option<Arc<Vec<Arc<Entry>>>>>,
}

/// URIs that no list has and results have shown: whose they are.
#[derive(Debug, Default)]
struct Learned {
    owners: HashMap<Box<str>, Arc<str>>,
    order: VecDeque<Box<str>>,
}

/// URIs that are remembered. For one more the oldest is forgotten.
const LEARNED: usize = 10_000;

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
        let pinning = Arc::new(Pinning::new(store.clone(), Arc::clone(&options)));
        let plane = |era, revision| {
            let caller = Caller { client: Some(Arc::clone(proxy)), ..Caller::new(Principal::Proxy, revision) };
            let ground = Ground {
                era,
                caller: Arc::new(caller),
                store: store.clone(),
                version: Arc::clone(&version),
                pinning: Arc::clone(&pinning),
            };
            Plane { ground: Arc::new(ground), entries: Mutex::default() }
        };
        let planes = [plane(Era::Legacy, Revision::LATEST_LEGACY), plane(Era::Modern, Revision::LATEST)];
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
            pinning,
        })
    }

    /// Begins to ask servers what they have. Must be called inside a tokio runtime.
    pub fn start(&self) {
        self.entries(Era::Legacy);
    }

    /// Makes `members` the servers, in this order. Those that stay (the same `Arc`) are not asked anew.
    pub fn set_members(&self, members: Vec<Arc<dyn Member>>) {
        *lock(&self.members) = members.clone();
        for plane in &self.planes {
            let mut entries = lock(&plane.entries);
            let Some(old) = entries.take() else { continue };
            let entry = |member: &Arc<dyn Member>| {
                let stays = old.iter().find(|entry| Arc::ptr_eq(&entry.member, member));
                stays.map_or_else(|| Arc::new(Entry::new(Arc::clone(member), &plane.ground)), Arc::clone)
            };
            *entries = Some(Arc::new(members.iter().map(entry).collect()));
        }
        self.tell();
    }

    /// Makes these the options that hold. Clients are told of what is different.
    pub fn set_options(&self, options: HubOptions) {
        *lock(&self.options) = Arc::new(options);
        for plane in &self.planes {
            for entry in lock(&plane.entries).iter().flat_map(|entries| entries.iter()) {
                entry.repin(&self.pinning);
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
            let entries = lock(&plane.entries).clone();
            for entry in entries.iter().flat_map(|entries| entries.iter()).filter(|it| **it.member.name() == *name) {
                entry.look();
            }
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
            let entries = lock(&plane.entries).clone();
            for entry in entries.iter().flat_map(|entries| entries.iter()).filter(|it| **it.member.name() == *server) {
                let listing = entry.known().listing;
                if listing.is_some_and(|listing| self.pinning.approve(server, tool, &listing)) {
                    found = true;
                    entry.repin(&self.pinning);
                }
            }
        }
        self.pinning.save().await;
        self.tell();
        found
    }

    /// The part of the servers that a client at `place` sees.
    ///
    /// # Errors
    ///
    /// Fails if there is no such place, or if the caller's key does not open it.
    pub fn scope(&self, place: Place, principal: &Principal) -> Result<Arc<Scope>, NoScope> {
        let options = self.options();
        let grant = match principal {
            Principal::Named(name) => options.grants.get_key_value(name),
            _ => None,
        };
        match &place {
            Place::All => {}
            Place::Group(name) => {
                if !options.groups.iter().any(|group| group.name == *name) {
                    return Err(NoScope::UnknownGroup(Arc::clone(name)));
                }
                let allowed = grant.and_then(|(_, grant)| grant.groups.as_ref());
                if allowed.is_some_and(|groups| !groups.contains(name)) {
                    return Err(NoScope::Forbidden(format!("the group `{name}`")));
                }
            }
            Place::Server(name) => {
                if !lock(&self.members).iter().any(|member| member.name() == name) {
                    return Err(NoScope::UnknownServer(Arc::clone(name)));
                }
            }
        }
        let grant = grant.map(|(name, _)| Arc::clone(name));
        let key = (place.clone(), grant.clone());
        let scope = {
            let mut scopes = lock(&self.scopes);
            Arc::clone(scopes.entry(key).or_insert_with(|| Arc::new(Scope::new(place, grant))))
        };
        if let Place::Server(name) = &scope.place
            && !scope.filter(&options).has_server(name)
        {
            return Err(NoScope::Forbidden(format!("the server `{name}`")));
        }
        Ok(scope)
    }

    /// A session's own view of the servers, ready to be called; waits for servers that are starting, until the deadline.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future opens nothing.
    pub async fn session(&self, scope: &Arc<Scope>) -> Arc<dyn Connection> {
        self.awaited(Era::Legacy, scope).await;
        let face = Face::new(&self.me, scope, Era::Legacy, true);
        self.follow(&face);
        face
    }

    /// What callers without a session use, in one era.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future opens nothing.
    pub async fn sessionless(&self, scope: &Arc<Scope>, era: Era) -> Arc<dyn Connection> {
        self.awaited(era, scope).await;
        let face = scope.sessionless[at(era)].get_or_init(|| Face::new(&self.me, scope, era, false));
        Arc::<Face>::clone(face)
    }

    /// Which servers of a scope speak the modern era, as far as is known.
    #[must_use]
    pub fn spoken(&self, scope: &Scope) -> Spoken {
        let options = self.options();
        let filter = scope.filter(&options);
        let (mut yes, mut no) = (0, 0);
        for entry in self.entries(Era::Modern).iter() {
            if !filter.has_server(entry.member.name()) || !entry.member.is_usable() {
                continue;
            }
            match entry.known().standing {
                Standing::OtherEra => no += 1,
                Standing::Here => yes += 1,
                Standing::Coming(_) | Standing::Away(_) => {}
            }
        }
        match (yes, no) {
            (_, 0) => Spoken::ByAll,
            (0, _) => Spoken::ByNone,
            _ => Spoken::BySome,
        }
    }

    /// The servers in an era, which are followed from now on.
    fn entries(&self, era: Era) -> Arc<Vec<Arc<Entry>>> {
        let plane = &self.planes[at(era)];
        let mut entries = lock(&plane.entries);
        let made = entries.get_or_insert_with(|| {
            let members = lock(&self.members).clone();
            Arc::new(members.into_iter().map(|member| Arc::new(Entry::new(member, &plane.ground))).collect())
        });
        Arc::clone(made)
    }

    /// Remembers whose a URI is that no list has.
    pub(crate) fn learn(&self, uri: &str, member: &Arc<str>) {
        let mut learned = lock(&self.learned);
        if learned.owners.insert(uri.into(), Arc::clone(member)).is_some() {
            return;
        }
        learned.order.push_back(uri.into());
        if LEARNED < learned.order.len()
            && let Some(oldest) = learned.order.pop_front()
        {
            learned.owners.remove(&oldest);
        }
    }

    /// Whose a URI is that no list has.
    pub(crate) fn learned(&self, uri: &str) -> Option<Arc<str>> {
        lock(&self.learned).owners.get(uri).cloned()
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
