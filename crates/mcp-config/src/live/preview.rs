//! What servers there are in a text that somebody has pasted.

use super::Live;
use crate::{
    ImportError,
    import::{Pasted, pasted},
    parse,
};

/// A server that could be taken over.
#[derive(Clone, PartialEq, Eq)]
pub struct Preview {
    /// What it is called.
    pub name: String,
    /// Its entry as JSON text, with its secrets as they were pasted.
    pub entry: String,
    /// Whether the file has a server of that name.
    pub exists: bool,
    /// What would be started, as it would be typed into a shell; `None` for a server behind a URL.
    pub command: Option<String>,
    /// What is not as it was, what is wrong, and what is left to do. They quote no values.
    pub warnings: Vec<String>,
}

impl Live {
    /// The servers in a pasted text: the file of any client, a map of entries, or a single entry. Nothing is changed.
    ///
    /// # Errors
    ///
    /// Fails if it cannot be parsed or there is no server in it.
    pub fn preview(&self, text: &str) -> Result<Vec<Preview>, ImportError> {
        let known: Vec<_> = self.current().file.servers.iter().map(|entry| entry.name.clone()).collect();
        let preview = |Pasted { name, entry, command, mut warnings }| {
            let whole = format!("{{\"mcpServers\": {{{}: {entry}}}}}", crate::json::text(&name));
            let told = parse(&self.path, &whole, &|name| self.variables.get(name)).diagnostics;
            warnings.extend(told.into_iter().map(|it| format!("`{}` {}", it.path, it.message)));
            Preview { exists: known.iter().any(|known| **known == *name), name, entry, command, warnings }
        };
        Ok(pasted(text)?.into_iter().map(preview).collect())
    }
}

impl std::fmt::Debug for Preview {
    /// The entry may hold secrets, so only the name is shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Preview").field("name", &self.name).field("warnings", &self.warnings).finish_non_exhaustive()
    }
}
