//! Which tools a server has, so that one it has not is told at once.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use mcp_jsonrpc::{Id, Message};
use mcp_openapi::{Along, request};
use mcp_protocol::{Envelope, Era, ListKind, ListPage, Revision};
use mcp_transport::{Partition, Request};
use tokio::time::{Instant, timeout};

use super::reach::{CAN, INFO, Reached};
use crate::server::Server;

/// The names of tools, by server and by who sees them.
#[derive(Debug, Default)]
pub(super) struct Catalogue(Mutex<HashMap<(usize, Partition), Names>>);

#[derive(Clone, Debug)]
struct Names {
    names: Arc<HashSet<Box<str>>>,
    until: Instant,
}

/// How long a list is taken to be the server's current one.
const FRESH: Duration = Duration::from_secs(30);
/// Lists that are kept. One more, and all are forgotten: they are quickly asked for again.
const KEPT: usize = 1024;
/// Pages of one list, and tools in all.
const MOST_PAGES: usize = 100;
const MOST_TOOLS: usize = 10_000;

impl Catalogue {
    /// Whether a tool is in the server's current list, which is asked for once more if it was not. Whoever cannot list its
    /// tools may have any.
    pub(super) async fn has(&self, server: &Arc<Server>, reached: &Reached, tool: &str) -> bool {
        // Another server of that name is another server.
        let key = (Arc::as_ptr(server) as usize, reached.caller.partition());
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if known.is_some_and(|known| Instant::now() < known.until && known.names.contains(tool)) {
            return true;
        }
        let patience = server.handshake_patience();
        let Ok(Some(items)) = timeout(patience, tools(reached)).await else { return true };
        let names: HashSet<Box<str>> =
            items.iter().filter_map(|item| ListKind::Tools.key_of(item)).map(|name| name.as_ref().into()).collect();
        let is_there = names.contains(tool);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if KEPT <= all.len() {
            all.clear();
        }
        all.insert(key, Names { names: Arc::new(names), until: Instant::now() + FRESH });
        is_there
    }
}

/// All tools of a server, JSON text each; `None` if it cannot list them.
pub(super) async fn tools(reached: &Reached) -> Option<Vec<String>> {
    let mut items = Vec::new();
    let mut cursor: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let envelope =
            Envelope { version: Revision::LATEST, capabilities: CAN, client_info: Some(INFO), log_level: None };
        let along = Along { envelope: (reached.era == Era::Modern).then_some(envelope), ..Along::default() };
        let params = request::page(cursor.as_deref(), &along);
        let message = Message::request(&Id::from(1), ListKind::Tools.method(), Some(&params));
        let asked = Request::new(message, Arc::clone(&reached.caller)).ok()?;
        let response = reached.connection.call(asked).await.ok()?.response().await.ok()?;
        let page = ListPage::read(ListKind::Tools, response.result()?).ok()?;
        items.extend(page.items.iter().map(|&item| item.to_owned()));
        cursor = page.next_cursor.map(std::borrow::Cow::into_owned);
        if cursor.is_none() || MOST_TOOLS <= items.len() {
            break;
        }
    }
    Some(items)
}
