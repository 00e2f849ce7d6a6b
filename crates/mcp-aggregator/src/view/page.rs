//! The pages of a list.

use std::borrow::Cow;

use mcp_protocol::{CacheHints, CacheScope, Era, ListKind, ListPage};

use super::{Shown, View};
use crate::{cursor::Cursor, listing::place};

/// For how long a modern client may take a list to be the current one. It can also listen for changes.
const FRESH: CacheHints = CacheHints { ttl_ms: 10_000, scope: CacheScope::Private };

/// JSON text of all pages, of `size` items each; a list without items has one.
pub(super) fn all(kind: ListKind, items: &[Shown], era: Era, size: usize) -> Vec<Box<str>> {
    let starts = (0..items.len().max(1)).step_by(size);
    starts.map(|start| page(kind, items, start, era, size)).collect()
}

fn page(kind: ListKind, items: &[Shown], start: usize, era: Era, size: usize) -> Box<str> {
    let start = start.min(items.len());
    let end = start.saturating_add(size).min(items.len());
    let next = (end < items.len()).then(|| Cursor { kind, at: end, key: items[end - 1].key.clone() }.write());
    let texts = items[start..end].iter().map(|item| &*item.text).collect();
    let page = ListPage::new(texts, next.map(Cow::Owned));
    match era {
        Era::Legacy => page.write(kind).into(),
        Era::Modern => page.write_modern(kind, FRESH).into(),
    }
}

impl View {
    /// JSON text of a page of a list: the first one, or the one behind a cursor. `None` if the cursor is none of ours.
    pub(crate) fn page(&self, kind: ListKind, cursor: Option<&str>, size: usize) -> Option<Cow<'_, str>> {
        let list = &self.lists[place(kind)];
        let Some(cursor) = cursor else { return list.pages.first().map(|page| Cow::Borrowed(&**page)) };
        let start = Cursor::read(kind, cursor)?.resume(list.items.iter().map(|item| &*item.key));
        let size = size.max(1);
        if start.is_multiple_of(size)
            && let Some(page) = list.pages.get(start / size)
        {
            return Some(Cow::Borrowed(page));
        }
        Some(Cow::Owned(page(kind, &list.items, start, self.era, size).into()))
    }
}
