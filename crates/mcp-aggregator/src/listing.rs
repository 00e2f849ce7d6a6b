//! All that one server offers.

mod kept;
mod read;

use std::{sync::Arc, time::Duration};

use mcp_protocol::{ListKind, ServerCapabilities, ServerCapability};

pub(crate) use self::read::{Source, Unlisted};

/// All that one server offers, as it said it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Listing {
    /// JSON text of its `initialize` or `server/discover` result.
    pub(crate) handshake: Arc<str>,
    pub(crate) capabilities: ServerCapabilities,
    lists: [Arc<[Item]>; 4],
    /// How long each of them may be taken for what the server offers, where it says so.
    fresh_for: [Option<Duration>; 4],
    /// Tools whose definitions are others than those that were approved.
    pub(crate) changed: Arc<[Box<str>]>,
}

/// One tool, prompt, resource or template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    /// What it is named by in requests.
    pub(crate) key: Box<str>,
    /// JSON text.
    pub(crate) text: Arc<str>,
}

impl Listing {
    pub(crate) fn list(&self, kind: ListKind) -> &[Item] {
        &self.lists[place(kind)]
    }

    /// The same with these tools marked as changed.
    pub(crate) fn marked(self, changed: Vec<Box<str>>) -> Self {
        Self { changed: changed.into(), ..self }
    }

    /// Whether another instance offers the same, whatever is thought of its tools.
    pub(crate) fn offers_the_same(&self, other: &Self) -> bool {
        self.handshake == other.handshake && self.lists == other.lists
    }

    /// The lists to be read again though the server never says that they have changed, and when, seen from the reading.
    pub(crate) fn stale(&self) -> Option<(Vec<ListKind>, Duration)> {
        let announces = |kind| self.capabilities.has(announcement(kind));
        let due = |kind: &ListKind| self.fresh_for[place(*kind)].filter(|_| !announces(*kind));
        let soonest = ListKind::ALL.iter().filter_map(due).min()?;
        let kinds = ListKind::ALL.into_iter().filter(|kind| due(kind).is_some_and(|due| due <= soonest.max(SOON)));
        Some((kinds.collect(), soonest.clamp(SOON, LATE)))
    }

    /// JSON text of its capabilities.
    pub(crate) fn capabilities_text(&self) -> &str {
        match mcp_jsonrpc::field::find(&self.handshake, &["capabilities"]) {
            Ok(Some(place)) => &self.handshake[place],
            _ => "{}",
        }
    }

    /// JSON text (a string) of what it wants the model to know.
    pub(crate) fn instructions(&self) -> Option<&str> {
        let place = mcp_jsonrpc::field::find(&self.handshake, &["instructions"]).ok()??;
        Some(&self.handshake[place]).filter(|text| text.starts_with('"'))
    }
}

/// The soonest and the latest that a list is read again: a server may say that its list is never fresh, and a day is too long
/// to go on with a mistake.
const SOON: Duration = Duration::from_secs(10);
const LATE: Duration = Duration::from_hours(1);

fn announcement(kind: ListKind) -> ServerCapability {
    match kind {
        ListKind::Tools => ServerCapability::ToolsListChanged,
        ListKind::Prompts => ServerCapability::PromptsListChanged,
        ListKind::Resources | ListKind::ResourceTemplates => ServerCapability::ResourcesListChanged,
    }
}

/// Where the list of a kind stands among the four.
pub(crate) fn place(kind: ListKind) -> usize {
    match kind {
        ListKind::Tools => 0,
        ListKind::Prompts => 1,
        ListKind::Resources => 2,
        ListKind::ResourceTemplates => 3,
    }
}
