//! A server that speaks exactly one revision over one wire, and refuses what its revision does not have.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::json;

use crate::Json;
use crate::record::Record;
use crate::revision::{Revision, Wire};

mod answer;
mod call;
mod http;
mod items;
mod lines;
mod pair;
mod post;
mod tasks;
mod tools;

pub(crate) use items::{PROMPTS, RESOURCES};
pub(crate) use tasks::EXTENSION;
pub(crate) use tools::NAMES;

/// Where messages of the server go; false where nobody reads them any more.
type Out = Arc<dyn Fn(&Json) -> bool + Send + Sync>;

/// The server.
struct Server {
    revision: Revision,
    record: Record,
    /// Whether the lists have one item more.
    changed: AtomicBool,
    peers: Mutex<HashMap<String, Arc<Peer>>>,
    /// Subscriptions of the modern era.
    listens: Mutex<Vec<Listen>>,
    tasks: Mutex<Vec<tasks::Task>>,
    next: AtomicU64,
    /// Ends every connection, where it has connections.
    cut: Mutex<Option<Box<dyn Fn() + Send>>>,
}

/// Whoever is at the other end: of the pipes, of a session, or of one request.
struct Peer {
    out: Mutex<Option<Out>>,
    waiting: Mutex<Vec<Json>>,
    capabilities: Mutex<Json>,
    ready: AtomicBool,
    asked: Mutex<HashMap<String, Sender<Json>>>,
    level: Mutex<String>,
    subscribed: Mutex<HashSet<String>>,
    calls: Mutex<HashMap<String, Arc<AtomicBool>>>,
}

/// One `subscriptions/listen`.
struct Listen {
    peer: Arc<Peer>,
    id: Json,
    filter: Json,
    out: Out,
}

/// Serves until nobody asks any more.
pub(crate) fn run(revision: Revision, wire: Wire, record: Record) -> std::io::Result<()> {
    let server = Arc::new(Server {
        revision,
        record,
        changed: AtomicBool::new(false),
        peers: Mutex::default(),
        listens: Mutex::default(),
        tasks: Mutex::default(),
        next: AtomicU64::new(1),
        cut: Mutex::default(),
    });
    match wire {
        Wire::Lines => lines::serve(&server),
        Wire::Pair | Wire::Http => http::serve(&server, wire),
    }
}

impl Server {
    fn is_modern(&self) -> bool {
        self.revision.is_modern()
    }

    /// A number that it has not used before.
    fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Tells everybody who wants to know; `wanted` is the member of a subscription's filter.
    fn announce(&self, method: &str, wanted: &str) {
        let message = json!({"jsonrpc": "2.0", "method": method});
        for peer in lock(&self.peers).values().filter(|peer| peer.ready.load(Ordering::Acquire)) {
            peer.tell(&message);
        }
        self.tell_listens(method, json!({}), |filter| filter[wanted] == true);
    }

    /// Tells those who have subscribed to a resource.
    fn update(&self, uri: &str) {
        let method = "notifications/resources/updated";
        for peer in lock(&self.peers).values().filter(|peer| lock(&peer.subscribed).contains(uri)) {
            peer.tell(&json!({"jsonrpc": "2.0", "method": method, "params": {"uri": uri}}));
        }
        let has =
            |filter: &Json| filter["resourceSubscriptions"].as_array().is_some_and(|uris| uris.contains(&json!(uri)));
        self.tell_listens(method, json!({"uri": uri}), has);
    }

    /// Ends a subscription of somebody, whose ids are nobody else's.
    fn unlisten(&self, peer: &Arc<Peer>, id: &Json) {
        lock(&self.listens).retain(|listen| !Arc::ptr_eq(&listen.peer, peer) || listen.id != *id);
    }

    fn tell_listens(&self, method: &str, params: Json, wants: impl Fn(&Json) -> bool) {
        lock(&self.listens).retain(|listen| {
            let mut params = params.clone();
            params["_meta"] = json!({"io.modelcontextprotocol/subscriptionId": listen.id});
            !wants(&listen.filter) || (listen.out)(&json!({"jsonrpc": "2.0", "method": method, "params": params}))
        });
    }
}

impl Peer {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            out: Mutex::default(),
            waiting: Mutex::default(),
            capabilities: Mutex::new(json!({})),
            ready: AtomicBool::new(false),
            asked: Mutex::default(),
            level: Mutex::new("info".into()),
            subscribed: Mutex::default(),
            calls: Mutex::default(),
        })
    }

    /// Says something that belongs to no request, now or once there is a stream for it.
    fn tell(&self, message: &Json) {
        let out = lock(&self.out).clone();
        if !out.is_some_and(|out| out(message)) {
            lock(&self.waiting).push(message.clone());
        }
    }

    /// From now on there is a stream for what belongs to no request.
    fn listen(&self, out: Out) {
        for message in lock(&self.waiting).drain(..) {
            out(&message);
        }
        *lock(&self.out) = Some(out);
    }

    fn cancel_all(&self) {
        lock(&self.calls).values().for_each(|call| call.store(true, Ordering::Release));
    }

    fn cancel(&self, id: &Json) {
        if let Some(call) = lock(&self.calls).get(&id.to_string()) {
            call.store(true, Ordering::Release);
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("revision", &self.revision).finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
