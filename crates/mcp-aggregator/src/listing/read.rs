//! Asks a server for all that it offers.

use std::{collections::HashSet, sync::Arc};

use mcp_jsonrpc::{Id, Message};
use mcp_protocol::{
    Envelope, Era, ListKind, ListPage, Revision, ServerCapabilities, ServerCapability, code, list_params,
};
use mcp_transport::{Caller, Connection, Lost, Request, SendError};

use super::{Item, Listing, place};

/// Why a server could not be asked for all that it offers.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unlisted {
    /// The request was not sent.
    #[error(transparent)]
    NotSent(#[from] SendError),
    /// It was sent, and there was no answer.
    #[error(transparent)]
    Lost(#[from] Lost),
}

/// Pages of one list, items of it, and bytes of them; what is beyond is left out and said in the log.
const PAGES: usize = 1000;
const ITEMS: usize = 10_000;
const BYTES: usize = 32 << 20;

impl Listing {
    /// Reads all lists of the server behind `connection`, and who it says it is. A list that it refuses is empty.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future cancels what it had asked.
    pub(crate) async fn read(
        server: &str,
        connection: &Arc<dyn Connection>,
        caller: &Arc<Caller>,
    ) -> Result<Self, Unlisted> {
        let peer = connection.peer();
        let capabilities = ServerCapabilities::read(peer.capabilities()).unwrap_or_default();
        let empty = || Arc::from(Vec::new());
        let mut listing = Self {
            handshake: Arc::from(&*peer.handshake),
            capabilities,
            lists: [empty(), empty(), empty(), empty()],
            changed: Arc::from(Vec::new()),
        };
        let asked = ListKind::ALL.into_iter().filter(|kind| capabilities.has(needed(*kind)));
        let read = asked.map(async |kind| Ok::<_, Unlisted>((kind, list(server, kind, connection, caller).await?)));
        for (kind, items) in futures::future::try_join_all(read).await? {
            listing.lists[place(kind)] = items.into();
        }
        Ok(listing)
    }

    /// The same with one kind of list read anew (templates along with resources, for one notice stands for both).
    pub(crate) async fn reread(
        &self,
        server: &str,
        kinds: &[ListKind],
        connection: &Arc<dyn Connection>,
        caller: &Arc<Caller>,
    ) -> Result<Self, Unlisted> {
        let mut listing = self.clone();
        for kind in kinds.iter().copied().filter(|kind| self.capabilities.has(needed(*kind))) {
            listing.lists[place(kind)] = list(server, kind, connection, caller).await?.into();
        }
        Ok(listing)
    }
}

fn needed(kind: ListKind) -> ServerCapability {
    match kind {
        ListKind::Tools => ServerCapability::Tools,
        ListKind::Prompts => ServerCapability::Prompts,
        ListKind::Resources | ListKind::ResourceTemplates => ServerCapability::Resources,
    }
}

async fn list(
    server: &str,
    kind: ListKind,
    connection: &Arc<dyn Connection>,
    caller: &Arc<Caller>,
) -> Result<Vec<Item>, Unlisted> {
    let (mut items, mut bytes) = (Vec::new(), 0);
    let (mut cursor, mut seen) = (None, HashSet::new());
    for _ in 0..PAGES {
        let params = params(caller, cursor.as_deref());
        let message = Message::request(&Id::from(1), kind.method(), Some(&params));
        let Ok(request) = Request::new(message, Arc::clone(caller)) else { break };
        let response = connection.call(request).await?.response().await?;
        let Some(result) = response.result() else {
            if code::of(&response) != Some(code::METHOD_NOT_FOUND) {
                tracing::warn!(server, list = kind.method(), "the server refuses to list: {:?}", response.error());
            }
            break;
        };
        let page = match ListPage::read(kind, result) {
            Ok(page) => page,
            Err(error) => {
                tracing::warn!(server, list = kind.method(), "a list of the server cannot be read: {error}");
                break;
            }
        };
        for text in page.items {
            let Some(key) = kind.key_of(text) else { continue };
            bytes += text.len();
            items.push(Item { key: key.as_ref().into(), text: text.into() });
        }
        if ITEMS < items.len() || BYTES < bytes {
            tracing::warn!(server, list = kind.method(), "the list is too long; its end is left out");
            items.truncate(ITEMS);
            break;
        }
        // Some servers give the cursor they were asked with back as the next one, for ever.
        match page.next_cursor {
            Some(next) if seen.insert(next.to_string()) => cursor = Some(next.into_owned()),
            _ => break,
        }
    }
    Ok(items)
}

fn params(caller: &Caller, cursor: Option<&str>) -> String {
    let params = list_params(cursor);
    if caller.era() == Era::Legacy {
        return params;
    }
    let client = caller.client.as_ref();
    let envelope = Envelope {
        version: Revision::LATEST,
        capabilities: caller.capabilities(),
        client_info: client.map(|client| &*client.info),
        log_level: None,
    };
    match cursor {
        None => envelope.params(),
        Some(_) => {
            let meta = envelope.params();
            // Two objects that have no key in common make one.
            format!("{},{}", &params[..params.len() - 1], &meta[1..])
        }
    }
}
