//! Asks a server for all that it offers.

use std::{collections::HashSet, sync::Arc, time::Duration};

use futures::{StreamExt, stream::FuturesUnordered};
use mcp_jsonrpc::{Id, Message};
use mcp_protocol::{
    CacheHints, Envelope, Era, ListKind, ListPage, Revision, ServerCapabilities, ServerCapability, code, list_params,
    modern_list_params,
};
use mcp_transport::{Caller, Connection, Lost, Request, SendError};
use tokio::time::sleep;

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
    /// It gave none of its lists in time.
    #[error("it gave none of its lists within {PATIENCE:?}")]
    Hung,
}

/// Whom to ask, and on whose behalf.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) server: &'a str,
    pub(crate) connection: &'a Arc<dyn Connection>,
    pub(crate) caller: &'a Arc<Caller>,
}

/// Pages of one list, items of it, and bytes of them; what is beyond is left out and said in the log.
const PAGES: usize = 1000;
const ITEMS: usize = 10_000;
const BYTES: usize = 32 << 20;

/// How long a server may take to give a list. Without it the others stand.
const PATIENCE: Duration = Duration::from_mins(1);
/// From when on each list is told of by itself, because the others take long.
const LATE: Duration = Duration::from_secs(1);

impl Listing {
    /// Reads all lists of a server, and who it says it is. A list that it does not give is as it was `before`; `partly`
    /// hears of what there is while the rest takes long.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future cancels what it had asked.
    pub(crate) async fn read(
        source: &Source<'_>,
        before: Option<&Self>,
        mut partly: impl FnMut(&Self),
    ) -> Result<Self, Unlisted> {
        let peer = source.connection.peer();
        let capabilities = ServerCapabilities::read(peer.capabilities()).unwrap_or_default();
        let mut listing = Self {
            handshake: Arc::from(&*peer.handshake),
            capabilities,
            lists: [const { None }; 4].map(Option::unwrap_or_default),
            fresh_for: [None; 4],
            changed: Arc::from(Vec::new()),
        };
        let kinds: Vec<_> = ListKind::ALL.into_iter().filter(|kind| capabilities.has(needed(*kind))).collect();
        for kind in &kinds {
            listing.lists[place(*kind)] =
                before.map(|before| Arc::clone(&before.lists[place(*kind)])).unwrap_or_default();
        }
        listing.fill(source, &kinds, &mut partly).await?;
        Ok(listing)
    }

    /// The same with some of the lists read anew.
    pub(crate) async fn reread(&self, source: &Source<'_>, kinds: &[ListKind]) -> Result<Self, Unlisted> {
        let mut listing = self.clone();
        let able = |kind: &ListKind| self.capabilities.has(needed(*kind));
        let kinds: Vec<_> = kinds.iter().copied().filter(able).collect();
        listing.fill(source, &kinds, &mut |_| {}).await?;
        Ok(listing)
    }

    /// Reads these lists, all at once.
    async fn fill(
        &mut self,
        source: &Source<'_>,
        kinds: &[ListKind],
        partly: &mut impl FnMut(&Self),
    ) -> Result<(), Unlisted> {
        let asked = kinds.iter().map(async |kind| (*kind, list(*kind, source).await));
        let mut asked: FuturesUnordered<_> = asked.collect();
        let (late, patience) = (sleep(LATE), sleep(PATIENCE));
        tokio::pin!(late, patience);
        let (mut is_late, mut given) = (false, 0);
        loop {
            tokio::select! {
                next = asked.next() => {
                    let Some((kind, items)) = next else { return Ok(()) };
                    if let Some((items, fresh_for)) = items? {
                        self.lists[place(kind)] = items.into();
                        self.fresh_for[place(kind)] = fresh_for;
                    }
                    given += 1;
                }
                () = &mut late, if !is_late => is_late = true,
                () = &mut patience => {
                    tracing::warn!(server = source.server, "the server does not give all of its lists");
                    return if given == 0 { Err(Unlisted::Hung) } else { Ok(()) };
                }
            }
            if is_late && 0 < given {
                partly(self);
            }
        }
    }
}

fn needed(kind: ListKind) -> ServerCapability {
    match kind {
        ListKind::Tools => ServerCapability::Tools,
        ListKind::Prompts => ServerCapability::Prompts,
        ListKind::Resources | ListKind::ResourceTemplates => ServerCapability::Resources,
    }
}

/// The items of a list, and how long they may be taken for what the server offers, if it says so.
type Read = (Vec<Item>, Option<Duration>);

/// Reads one list; `None` if the server refuses to give it now.
async fn list(kind: ListKind, source: &Source<'_>) -> Result<Option<Read>, Unlisted> {
    let Source { server, connection, caller } = source;
    let (mut items, mut bytes) = (Vec::new(), 0);
    let mut fresh_for: Option<Duration> = None;
    let (mut cursor, mut seen) = (None, HashSet::new());
    for _ in 0..PAGES {
        let params = params(caller, cursor.as_deref());
        let message = Message::request(&Id::from(1), kind.method(), Some(&params));
        let Ok(request) = Request::new(message, Arc::clone(caller)) else { break };
        let response = connection.call(request).await?.response().await?;
        let Some(result) = response.result() else {
            if code::of(&response) == Some(code::METHOD_NOT_FOUND) {
                break;
            }
            tracing::warn!(server, list = kind.method(), "the server refuses to list: {:?}", response.error());
            return Ok(Some((items, fresh_for)).filter(|(items, _)| !items.is_empty()));
        };
        let page = match ListPage::read(kind, result) {
            Ok(page) => page,
            Err(error) => {
                tracing::warn!(server, list = kind.method(), "a list of the server cannot be read: {error}");
                break;
            }
        };
        if let Ok(Some(hints)) = CacheHints::read(result) {
            let page = Duration::from_millis(hints.ttl_ms);
            fresh_for = Some(fresh_for.map_or(page, |earlier| earlier.min(page)));
        }
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
    Ok(Some((items, fresh_for)))
}

fn params(caller: &Caller, cursor: Option<&str>) -> String {
    if caller.era() == Era::Legacy {
        return list_params(cursor);
    }
    let client = caller.client.as_ref();
    let envelope = Envelope {
        version: Revision::LATEST,
        capabilities: caller.capabilities(),
        client_info: client.map(|client| &*client.info),
        log_level: None,
    };
    modern_list_params(cursor, &envelope)
}
