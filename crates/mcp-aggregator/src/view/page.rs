//! The pages of a list.

use std::borrow::Cow;

use mcp_jsonrpc::{Id, Message};
use mcp_protocol::{CacheHints, CacheScope, Era, ListKind, ListPage};

use super::{Shown, View};
use crate::{cursor::Cursor, listing::place};

/// For how long a modern client may take a list to be the current one. It can also listen for changes.
const FRESH: CacheHints = CacheHints { ttl_ms: 10_000, scope: CacheScope::Private };

/// The responses that hold all pages, of `size` items each; a list without items has one.
pub(super) fn all(kind: ListKind, items: &[Shown], era: Era, size: usize) -> Vec<Message> {
    let starts = (0..items.len().max(1)).step_by(size);
    starts.map(|start| page(kind, items, start, era, size)).collect()
}

/// A response that holds a page, to be given the id of whoever asks: that shares the text.
fn page(kind: ListKind, items: &[Shown], start: usize, era: Era, size: usize) -> Message {
    let start = start.min(items.len());
    let end = start.saturating_add(size).min(items.len());
    let next = (end < items.len()).then(|| Cursor { kind, at: end, key: items[end - 1].key.clone() }.write());
    let texts = items[start..end].iter().map(|item| &*item.text).collect();
    let page = ListPage::new(texts, next.map(Cow::Owned));
    let result = match era {
        Era::Legacy => page.write(kind),
        Era::Modern => page.write_modern(kind, FRESH),
    };
    Message::response(&Id::from(0), &result)
}

impl View {
    /// The response to a request of that id for a page of a list: the first one, or the one behind a cursor. `None` if the
    /// cursor is none of ours.
    pub(crate) fn page(&self, kind: ListKind, cursor: Option<&str>, size: usize, id: Id) -> Option<Message> {
        let list = &self.lists[place(kind)];
        let Some(cursor) = cursor else { return list.pages.first().map(|page| page.clone().with_id(id)) };
        let start = Cursor::read(kind, cursor)?.resume(list.items.iter().map(|item| &*item.key));
        let size = size.max(1);
        if start.is_multiple_of(size)
            && let Some(page) = list.pages.get(start / size)
        {
            return Some(page.clone().with_id(id));
        }
        Some(page(kind, &list.items, start, self.era, size).with_id(id))
    }
}
