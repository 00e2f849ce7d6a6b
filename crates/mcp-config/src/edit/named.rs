//! Changes groups, keys and names of servers.

use jsonc_parser::cst::{CstArray, CstLeafNode, CstNode, CstObject, CstObjectProp, ObjectPropName};

use super::{EditError, File, member, merge, name_of, object_of, only};
use crate::json::{self, Comments, Json};

/// A part of the file with things by their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Groups,
    Keys,
}

impl Section {
    fn as_str(self) -> &'static str {
        match self {
            Self::Groups => "groups",
            Self::Keys => "keys",
        }
    }
}

/// Makes what `change` gives of the value of `name` its value. It gets nothing if there is none; where it gives nothing, the
/// name is taken out.
pub(crate) fn set_named(
    text: &str,
    section: Section,
    name: &str,
    change: impl FnOnce(Option<Json>) -> Result<Option<Json>, EditError>,
) -> Result<String, EditError> {
    let file = File::parse(text)?;
    let found = match file.root()? {
        Some(root) => only(&root, |it| it == section.as_str())?,
        None => None,
    };
    let old = match &found {
        Some(found) => member(&object_of(found)?, name)?,
        None => None,
    };
    let value = old.as_ref().and_then(CstObjectProp::value);
    let value = value.map(|value| json::read(&value.to_string(), Comments::Allowed)).transpose();
    match (old, change(value.map_err(EditError::File)?)?) {
        (Some(old), Some(new)) => merge::member(&old, new),
        (Some(old), None) => old.remove(),
        (None, Some(new)) => {
            let root = file.root.object_value_or_set();
            root.object_value_or_set(section.as_str()).append(name, new);
        }
        (None, None) => return Err(EditError::Missing { section: section.as_str(), name: name.to_owned() }),
    }
    Ok(file.text())
}

/// Gives a server another name, also where groups name it without a wildcard.
pub(crate) fn rename_server(text: &str, old: &str, new: &str) -> Result<String, EditError> {
    let file = File::parse(text)?;
    let servers = match file.section()? {
        Some(section) => object_of(&section)?,
        None => return Err(EditError::NoServer(old.to_owned())),
    };
    let server = member(&servers, old)?.ok_or_else(|| EditError::NoServer(old.to_owned()))?;
    if old != new && member(&servers, new)?.is_some() {
        return Err(EditError::Taken(new.to_owned()));
    }
    let written = json::pretty(Json::String(new.to_owned()));
    if let Some(name) = server.name().as_ref().and_then(ObjectPropName::as_string_lit) {
        name.set_raw_value(written.clone());
    }
    let groups = file.root()?.and_then(|root| root.object_value(Section::Groups.as_str()));
    for group in groups.iter().flat_map(CstObject::properties) {
        let servers = group.object_value().and_then(|group| group.array_value("servers"));
        for element in servers.iter().flat_map(CstArray::elements) {
            if let CstNode::Leaf(CstLeafNode::StringLit(text)) = element
                && text.decoded_value().is_ok_and(|text| text == old)
            {
                text.set_raw_value(written.clone());
            }
        }
    }
    Ok(file.text())
}

impl File {
    /// The object that the file is, if there is anything in it.
    pub(super) fn root(&self) -> Result<Option<CstObject>, EditError> {
        let Some(root) = self.root.value() else { return Ok(None) };
        root.as_object().map(Some).ok_or_else(|| EditError::NotAnObject("the whole file".to_owned()))
    }

    /// The entry of a server.
    pub(super) fn server(&self, name: &str) -> Result<CstObject, EditError> {
        let server = match self.section()? {
            Some(section) => member(&object_of(&section)?, name)?,
            None => None,
        };
        object_of(&server.ok_or_else(|| EditError::NoServer(name.to_owned()))?)
    }

    /// The names of the servers.
    pub(super) fn names(&self) -> Result<Vec<String>, EditError> {
        let Some(section) = self.section()? else { return Ok(Vec::new()) };
        Ok(object_of(&section)?.properties().iter().map(name_of).filter(|name| !name.starts_with("//")).collect())
    }
}
