//! Takes servers over from the configuration files of MCP clients.

use std::{collections::HashSet, fmt};

use crate::{
    check_name,
    edit::SECTIONS,
    json::{self, BYTE_ORDER_MARK, Comments, Json, SyntaxError},
};

mod client;
mod entry;
mod input;
mod pasted;
mod reference;

pub use client::{ClientKind, UnknownClient};
use entry::Entry;
use input::Inputs;
pub(crate) use pasted::{Pasted, pasted};

/// Members of an object, in their order.
type Members = Vec<(String, Json)>;

/// Bytes of a name that is made to fit, which leaves room for a number.
const LONGEST_NAME: usize = 100;

/// What was found in a client's file.
#[derive(Clone, PartialEq, Eq)]
pub struct Imported {
    /// Whose file it is. Several clients write the same shape; then this is the likeliest.
    pub client: ClientKind,
    /// The servers in their order: name, and entry of our `mcpServers` as indented JSON text. Secrets are in it as they were.
    pub servers: Vec<(String, String)>,
    /// What is not as it was, and what is left for the user to do. They quote no values.
    pub notes: Vec<String>,
}

/// Why nothing was taken over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The file cannot be parsed.
    #[error("the file cannot be read at {0}")]
    Syntax(#[from] SyntaxError),
    /// It has no section of servers that we know.
    #[error(
        "the file has none of `mcpServers`, `servers` and `context_servers` with an object in it; is it a client's?"
    )]
    NoServers,
}

/// Reads a client's file. What `client` it belongs to is told by its shape if it is not given.
///
/// # Errors
///
/// Fails if the file cannot be parsed or has no section of servers. A single server that cannot be taken over is no error:
/// a note tells.
pub fn import(text: &str, client: Option<ClientKind>) -> Result<Imported, ImportError> {
    let Json::Object(root) = json::read(text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text), Comments::Allowed)? else {
        return Err(ImportError::NoServers);
    };
    // VS Code's older files have it all in a section of the settings.
    let root = object(&root, "mcp").unwrap_or(&root);
    let (section, servers) = SECTIONS
        .into_iter()
        .find_map(|section| Some((section, object(root, section)?)))
        .ok_or(ImportError::NoServers)?;
    let client = client.unwrap_or_else(|| ClientKind::guess(root, section, servers));

    let mut notes = Vec::new();
    if has_project_servers(root) {
        notes.push("the servers of single projects (below `projects`) are not carried over".to_owned());
    }
    let mut inputs = Inputs::new(root);
    let mut taken: HashSet<String> =
        servers.iter().map(|(name, _)| name).filter(|name| check_name(name).is_ok()).cloned().collect();
    let mut imported = Vec::new();
    for (old, entry) in servers {
        let mut note = |text: String| notes.push(format!("`{}`: {text}", old.escape_debug()));
        let Some(entry) = Entry::new(client, &mut inputs, &mut note).translate(entry) else { continue };
        let name = fitting(old, &taken);
        if name != *old {
            note(format!("is called `{name}` here, since its name is part of a path"));
            taken.insert(name.clone());
        }
        imported.push((name, json::pretty(Json::Object(entry))));
    }
    notes.extend(inputs.notes());
    Ok(Imported { client, servers: imported, notes })
}

/// The name, or one like it that a server may have and no other one has.
fn fitting(name: &str, taken: &HashSet<String>) -> String {
    if check_name(name).is_ok() {
        return name.to_owned();
    }
    let mut fit: String = name.chars().map(|c| if check_name(&format!("a{c}")).is_ok() { c } else { '-' }).collect();
    fit.truncate(fit.floor_char_boundary(LONGEST_NAME));
    if check_name(&fit).is_err() {
        fit = if fit.trim_matches('.').is_empty() { "server".to_owned() } else { format!("{fit}-server") };
    }
    let numbered = (2..).map(|number| format!("{fit}-{number}"));
    let found = [fit.clone()].into_iter().chain(numbered).find(|name| !taken.contains(name));
    found.unwrap_or(fit)
}

fn member<'a>(members: &'a [(String, Json)], name: &str) -> Option<&'a Json> {
    members.iter().find(|(it, _)| it == name).map(|(_, value)| value)
}

fn object<'a>(members: &'a [(String, Json)], name: &str) -> Option<&'a Members> {
    match member(members, name) {
        Some(Json::Object(members)) => Some(members),
        _ => None,
    }
}

/// Claude Code keeps servers of single projects in the same file.
fn has_project_servers(root: &[(String, Json)]) -> bool {
    object(root, "projects").into_iter().flatten().any(|(_, project)| match project {
        Json::Object(project) => object(project, "mcpServers").is_some_and(|servers| !servers.is_empty()),
        _ => false,
    })
}

impl fmt::Debug for Imported {
    /// The entries may hold secrets, so only the names are shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.servers.iter().map(|(name, _)| name).collect();
        f.debug_struct("Imported")
            .field("client", &self.client)
            .field("servers", &names)
            .field("notes", &self.notes)
            .finish()
    }
}

#[cfg(test)]
mod tests;
