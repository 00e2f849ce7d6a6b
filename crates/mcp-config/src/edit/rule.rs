//! Changes what is different about a server's tools, prompts and resources.

use jsonc_parser::cst::{CstNode, CstObject, CstObjectProp, ObjectPropName};

use super::{EditError, File, member, merge, only};
use crate::{
    ItemKind,
    json::{self, Comments, Json},
    key::{PLAIN, TOOL},
};

/// Makes `rule` (members that are null left out) what the entry of `server` says of one item, and keeps members that nobody
/// knows. Without one, nothing is said of it any more.
pub(crate) fn set_rule(
    text: &str,
    server: &str,
    kind: ItemKind,
    item: &str,
    rule: Option<Vec<(String, Json)>>,
) -> Result<String, EditError> {
    let file = File::parse(text)?;
    let entry = file.server(server)?;
    let section = only(&entry, |name| name == kind.section())?;
    let Some(mut rule) = rule else {
        if let Some(items) = section.as_ref().and_then(CstObjectProp::object_value)
            && let Some(old) = member(&items, item)?
        {
            old.remove();
            remove_if_empty(&entry, kind)?;
        }
        return Ok(file.text());
    };
    rule.retain(|(_, value)| !matches!(value, Json::Null));
    let items = match section {
        None => entry.object_value_or_set(kind.section()),
        Some(section) => match section.value() {
            Some(CstNode::Container(list)) if list.is_array() && kind == ItemKind::Tool => move_list(&entry, &section)?,
            _ => super::object_of(&section)?,
        },
    };
    match member(&items, item)? {
        Some(old) => {
            let value = old.value().map(|value| json::read(&value.to_string(), Comments::Allowed));
            if let Some(Ok(Json::Object(before))) = value {
                let is_known =
                    |name: &str| if kind == ItemKind::Tool { TOOL.find(name) } else { PLAIN.find(name) }.is_some();
                rule.extend(before.into_iter().filter(|(name, _)| !is_known(name)));
            }
            merge::member(&old, Json::Object(rule));
        }
        None => drop(items.append(item, Json::Object(rule))),
    }
    Ok(file.text())
}

/// Takes out every rule of one server, or of all; which tools `allow` and `deny` name stays.
pub(crate) fn reset_rules(text: &str, server: Option<&str>) -> Result<String, EditError> {
    let file = File::parse(text)?;
    let names = match server {
        Some(server) => vec![server.to_owned()],
        None => file.names()?,
    };
    for name in names {
        let entry = file.server(&name)?;
        for kind in [ItemKind::Tool, ItemKind::Prompt, ItemKind::Resource] {
            if let Some(section) = only(&entry, |name| name == kind.section())?
                && section.object_value().is_some()
            {
                section.remove();
            }
        }
    }
    Ok(file.text())
}

fn remove_if_empty(entry: &CstObject, kind: ItemKind) -> Result<(), EditError> {
    if let Some(section) = only(entry, |name| name == kind.section())?
        && section.object_value().is_some_and(|items| items.properties().is_empty())
    {
        section.remove();
    }
    Ok(())
}

/// A list in `tools` is another way to write `allow`; there it can stand beside rules.
fn move_list(entry: &CstObject, section: &CstObjectProp) -> Result<CstObject, EditError> {
    if member(entry, "allow")?.is_some() {
        return Err(EditError::Duplicate("allow".to_owned()));
    }
    if let Some(name) = section.name().as_ref().and_then(ObjectPropName::as_string_lit) {
        name.set_raw_value("\"allow\"".to_owned());
    }
    Ok(entry.object_value_or_set(ItemKind::Tool.section()))
}
