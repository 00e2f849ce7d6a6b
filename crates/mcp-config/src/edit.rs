//! Changes servers in the text of a configuration file and leaves the rest as it stands: comments, order, formatting,
//! unknown keys.

use jsonc_parser::cst::{CstNode, CstObject, CstObjectProp, CstRootNode};

use crate::{
    json::{self, BYTE_ORDER_MARK, Comments, Json, SyntaxError},
    jsonc,
};

mod merge;
mod named;
mod rule;

pub(crate) use named::{Section, rename_server, set_named};
pub(crate) use rule::{reset_rules, set_rule};

/// What the section of the servers may be called; a file that has none gets the first.
pub(crate) const SECTIONS: [&str; 3] = ["mcpServers", "servers", "context_servers"];

/// Why a text was not changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// The file cannot be parsed.
    #[error("the file cannot be read at {0}; put that right by hand first, until then it is not changed")]
    File(SyntaxError),
    /// What was to be written cannot be parsed. Comments and trailing commas are not allowed there.
    #[error("what was to be written is no JSON at {0}")]
    Wanted(SyntaxError),
    /// An object is needed where something else stands.
    #[error("{0} must be an object, {{…}}")]
    NotAnObject(String),
    /// What should be changed is there more than once, so it is not clear which one counts.
    #[error("`{0}` is there again under this or another of its names; remove all but one by hand first")]
    Duplicate(String),
    /// The server to remove is not in the file.
    #[error("the file has no server `{0}`")]
    NoServer(String),
    /// What should be removed or renamed is not in the file.
    #[error("the file has nothing called `{name}` in `{section}`")]
    Missing {
        /// Where it should be.
        section: &'static str,
        /// What it is called.
        name: String,
    },
    /// What should get a new name would have that of another one.
    #[error("there is a server `{0}` already; take another name")]
    Taken(String),
    /// Something is masked that the file has no value for.
    #[error("`***` at `{0}` stands for nothing that the file has there; write the value itself")]
    Masked(String),
}

/// Makes `entry` (the JSON text of an object) the configuration of the server `name`. Where the file has this server
/// already, only the members that differ are touched. An empty `text` becomes a whole file.
///
/// ```
/// let text = r#"{ "mcpServers": { "clock": { "command": "clock", /* UTC */ "args": ["-u"] } } }"#;
/// let changed = mcp_config::set_server(text, "clock", r#"{ "command": "/bin/clock", "args": ["-u"] }"#)?;
/// assert_eq!(changed, text.replace(r#""clock","#, r#""/bin/clock","#));
/// # Ok::<(), mcp_config::EditError>(())
/// ```
///
/// # Errors
///
/// Fails, and so changes nothing, if the file or the entry cannot be parsed, or if it is not clear what to change.
pub fn set_server(text: &str, name: &str, entry: &str) -> Result<String, EditError> {
    let entry = wanted(entry, || format!("the entry of the server `{name}`"))?;
    let file = File::parse(text)?;
    set(&file.servers()?, name, entry)?;
    Ok(file.text())
}

/// Removes the server `name`, with the comments on its own lines.
///
/// # Errors
///
/// Fails, and so changes nothing, if the file cannot be parsed or does not have this server exactly once.
pub fn remove_server(text: &str, name: &str) -> Result<String, EditError> {
    let file = File::parse(text)?;
    let server = match file.section()? {
        Some(section) => member(&object_of(&section)?, name)?,
        None => None,
    };
    server.ok_or_else(|| EditError::NoServer(name.to_owned()))?.remove();
    Ok(file.text())
}

/// Makes `servers` (the JSON text of an object: name → entry) the servers of the file: others are removed, equal ones
/// keep their text byte for byte, and the rest is set as by [`set_server`].
///
/// # Errors
///
/// Fails, and so changes nothing, if the file or `servers` cannot be parsed, or if it is not clear what to change.
pub fn replace_servers(text: &str, servers: &str) -> Result<String, EditError> {
    let wanted = wanted(servers, || "the map of servers".to_owned())?;
    let file = File::parse(text)?;
    let section = file.servers()?;
    merge::remove_others(&section, &wanted);
    for (name, entry) in wanted {
        let Json::Object(entry) = entry else {
            return Err(EditError::NotAnObject(format!("the entry of the server `{name}`")));
        };
        set(&section, &name, entry)?;
    }
    Ok(file.text())
}

/// A file under change.
struct File {
    root: CstRootNode,
    marked: bool,
}

impl File {
    fn parse(text: &str) -> Result<Self, EditError> {
        let unmarked = text.strip_prefix(BYTE_ORDER_MARK);
        let marked = unmarked.is_some();
        let text = unmarked.unwrap_or(text);
        match CstRootNode::parse(text, &jsonc::options()) {
            Ok(root) => Ok(Self { root, marked }),
            Err(error) => Err(EditError::File(SyntaxError::of(text, &error))),
        }
    }

    /// The section of the servers, under whichever of its names.
    fn section(&self) -> Result<Option<CstObjectProp>, EditError> {
        let Some(root) = self.root.value() else { return Ok(None) };
        let root = root.as_object().ok_or_else(|| EditError::NotAnObject("the whole file".to_owned()))?;
        only(&root, |name| SECTIONS.contains(&name))
    }

    /// The object that holds the servers, made if there is none.
    fn servers(&self) -> Result<CstObject, EditError> {
        match self.section()? {
            Some(section) => object_of(&section),
            None => Ok(self.root.object_value_or_set().object_value_or_set(SECTIONS[0])),
        }
    }

    fn text(&self) -> String {
        if self.marked { format!("{BYTE_ORDER_MARK}{}", self.root) } else { self.root.to_string() }
    }
}

fn wanted(text: &str, what: impl Fn() -> String) -> Result<Vec<(String, Json)>, EditError> {
    match json::read(text, Comments::Refused).map_err(EditError::Wanted)? {
        Json::Object(members) => Ok(members),
        _ => Err(EditError::NotAnObject(what())),
    }
}

fn set(servers: &CstObject, name: &str, entry: Vec<(String, Json)>) -> Result<(), EditError> {
    match member(servers, name)? {
        Some(server) => merge::member(&server, Json::Object(entry)),
        None => {
            servers.append(name, Json::Object(entry));
        }
    }
    Ok(())
}

/// The member of that name, if it is the only one.
fn member(object: &CstObject, name: &str) -> Result<Option<CstObjectProp>, EditError> {
    only(object, |it| it == name)
}

fn only(object: &CstObject, is_meant: impl Fn(&str) -> bool) -> Result<Option<CstObjectProp>, EditError> {
    let mut found = object.properties().into_iter().filter(|it| is_meant(&name_of(it)));
    match (found.next(), found.next()) {
        (_, Some(second)) => Err(EditError::Duplicate(name_of(&second))),
        (first, None) => Ok(first),
    }
}

fn name_of(member: &CstObjectProp) -> String {
    // Whatever the parser has let through has a name.
    member.decoded_name().unwrap_or_default()
}

fn object_of(member: &CstObjectProp) -> Result<CstObject, EditError> {
    let object = member.value().as_ref().and_then(CstNode::as_object);
    object.ok_or_else(|| EditError::NotAnObject(format!("`{}`", name_of(member))))
}

#[cfg(test)]
pub(crate) mod tests;
