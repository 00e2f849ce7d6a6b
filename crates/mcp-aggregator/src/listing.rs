//! All that one server offers.

mod kept;
mod read;

use std::sync::Arc;

use mcp_protocol::{ListKind, ServerCapabilities};

pub(crate) use self::read::{Source, Unlisted};

/// All that one server offers, as it said it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Listing {
    /// JSON text of its `initialize` or `server/discover` result.
    pub(crate) handshake: Arc<str>,
    pub(crate) capabilities: ServerCapabilities,
    lists: [Arc<[Item]>; 4],
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

/// Where the list of a kind stands among the four.
pub(crate) fn place(kind: ListKind) -> usize {
    match kind {
        ListKind::Tools => 0,
        ListKind::Prompts => 1,
        ListKind::Resources => 2,
        ListKind::ResourceTemplates => 3,
    }
}
