//! Reads an object by its table.

use std::collections::HashSet;

use jsonc_parser::{
    ast::{Object, ObjectProp},
    common::Ranged,
};

use super::Reader;
use crate::{
    jsonc::is_empty,
    key::{Part, Table},
    suggest::suggest,
};

/// Which keys of a table an object may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// All of them.
    Every,
    /// Those of a server with a command.
    Stdio,
    /// Those of a server with a URL.
    Remote,
    /// Those that have nothing to do with how a server is reached; the others are somebody else's to read.
    Custom,
}

impl Reader<'_> {
    /// Reads what the table knows of `object` into `into`, and tells about the rest.
    pub(super) fn object<T>(&mut self, object: &Object<'_>, path: &str, table: &Table<T>, side: Side, into: &mut T) {
        let mut seen: Vec<&str> = Vec::new();
        for property in &object.properties {
            let name = property.name.as_str();
            let path = join(path, name);
            let Some(key) = table.find(name) else {
                if side != Side::Custom && !table.ignores(name) {
                    self.unknown(property, &path, table.names());
                }
                continue;
            };
            if seen.contains(&key.name) {
                self.error(property.start(), &path, format_args!("is there twice (as `{}`); keep one", key.name));
                continue;
            }
            seen.push(key.name);
            let belongs_to = match (key.part, side) {
                (Part::Stdio | Part::Remote, Side::Custom) => continue,
                (Part::Stdio, Side::Remote) => "command",
                (Part::Remote, Side::Stdio) => "url",
                _ => {
                    self.value(&property.value, &path, &key.kind, into);
                    continue;
                }
            };
            // An empty value says nothing; forms tend to write some.
            if !is_empty(&property.value) {
                let why = format_args!("is only for servers with a `{belongs_to}`; remove it");
                self.error(property.start(), &path, why);
            }
        }
    }

    /// The properties of an object whose keys are names; of two with one name the second is an error.
    pub(super) fn named<'o, 'a>(&mut self, object: &'o Object<'a>, path: &str) -> Vec<(&'o ObjectProp<'a>, String)> {
        let mut names = HashSet::new();
        let paths = object.properties.iter().map(|property| (property, join(path, property.name.as_str())));
        let (first, again): (Vec<_>, Vec<_>) = paths.partition(|(property, _)| names.insert(property.name.as_str()));
        for (property, path) in again {
            self.error(property.start(), &path, "is there twice; keep one");
        }
        first
    }

    pub(super) fn unknown<'k>(
        &mut self,
        property: &ObjectProp<'_>,
        path: &str,
        known: impl Iterator<Item = &'k str> + Clone,
    ) {
        let meant = suggest(property.name.as_str(), known);
        let meant = meant.map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
        self.warn(property.start(), path, format_args!("is not known and has no effect{meant}"));
    }
}

/// The path of a key below `path`; names that would be misread there are quoted.
pub(super) fn join(path: &str, key: &str) -> String {
    let plain = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    match (plain, path) {
        (true, "") => key.to_owned(),
        (true, _) => format!("{path}.{key}"),
        (false, _) => format!("{path}[{key:?}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_can_be_read_whatever_the_names_are() {
        let path = join(&join(&join("", "mcpServers"), "My \"Server\"\n"), "url");
        assert_eq!(path, r#"mcpServers["My \"Server\"\n"].url"#);
        assert_eq!(join("", "a.b"), r#"["a.b"]"#);
    }
}
