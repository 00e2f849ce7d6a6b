//! What those who show a configuration want to know of it.

use mcp_proxy_core::{ServerOptions, transport::Secret};

use super::{ChangeError, Live};
use crate::{ServerEntry, Target, Wire, edit::set_server, mask, parse};

/// A value of fewer bytes is no secret worth the name, and stands in too many texts.
const SHORTEST: usize = 6;

impl Live {
    /// How a server is reached, in one word: `stdio`, `http`, `sse` or `custom`; `None` if there is none of that name.
    #[must_use]
    pub fn kind_of(&self, name: &str) -> Option<&'static str> {
        let current = self.current();
        let entry = current.file.servers.iter().find(|entry| *entry.name == *name)?;
        Some(match &entry.target {
            Target::Stdio { .. } => "stdio",
            Target::Remote { wire: Wire::Sse, .. } => "sse",
            Target::Remote { .. } => "http",
            Target::Custom { .. } => "custom",
        })
    }

    /// The server that `entry` would make, with the rest of the file as it is; what is masked in it is that of the server
    /// `name`. Nothing is changed.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the entry.
    pub fn trial(&self, name: &str, entry: &str) -> Result<ServerOptions, ChangeError> {
        let text = self.current().text.clone();
        let text = set_server(&text, name, &mask::unmasked_entry(name, entry, &text)?)?;
        let parsed = parse(self.path(), &text, &|name| self.variables.get(name));
        let Some(file) = parsed.file else { return Err(ChangeError::Wrong(parsed.diagnostics)) };
        let defaults = self.defaults(&file)?;
        let is_it = |found: &&ServerEntry| *found.name == *name;
        match file.servers.iter().find(is_it) {
            Some(entry) => Ok(self.composer.server(entry, &defaults)?),
            None => Err(ChangeError::Wrong(parsed.diagnostics)),
        }
    }

    /// Values that must not be shown, wherever they turn up: those of headers and of keys, and of variables that are given to
    /// servers under a name that tells.
    #[must_use]
    pub fn secrets(&self) -> Vec<Secret> {
        let current = self.current();
        let mut found: Vec<Secret> = Vec::new();
        for entry in &current.file.servers {
            match &entry.target {
                Target::Stdio { env, .. } => {
                    found.extend(env.iter().filter(|(name, _)| mask::tells(name)).map(|(_, value)| value.clone()));
                }
                Target::Remote { headers, .. } => {
                    let values = headers.values().filter_map(|value| value.to_str().ok());
                    // What follows a scheme is the secret.
                    found.extend(values.map(|value| Secret::new(value.rsplit(' ').next().unwrap_or(value))));
                }
                Target::Custom { .. } => {}
            }
        }
        let settings = &current.file.settings;
        found.extend(settings.auth_key.iter().cloned());
        found.extend(settings.keys.iter().flatten().map(|(_, key)| key.clone()));
        found.retain(|secret| SHORTEST <= secret.expose().len());
        found
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use mcp_proxy_core::{Limits, transport::Kinds};
    use tempfile::TempDir;

    use crate::{Composer, Live, Overrides, Variables, parse};

    const FILE: &str = r#"{
        "keys": {"ci": "a-key-of-ci"},
        "mcpServers": {
            "a": {"command": "x", "env": {"API_TOKEN": "t0ken-of-a", "MODE": "a-plain-value", "KEY": "1"}},
            "b": {"url": "https://x/mcp", "headers": {"Authorization": "Bearer t0ken-of-b"}},
            "c": {"url": "https://x/sse", "type": "sse"}
        }
    }"#;

    fn live(directory: &TempDir) -> Live {
        let path = directory.path().join("mcp.json");
        let file = parse(&path, FILE, &|_| None).file.unwrap();
        let variables = Variables::new(BTreeMap::new(), BTreeMap::new());
        let composer = Composer::new(Limits::default(), Kinds::default());
        Live::new(path, FILE.to_owned(), file, Overrides::default(), variables, composer)
    }

    #[test]
    fn secrets_are_what_nobody_may_see() {
        let live = live(&TempDir::new().unwrap());
        let secrets = live.secrets();
        let shown: Vec<_> = secrets.iter().map(mcp_proxy_core::transport::Secret::expose).collect();
        assert_eq!(shown, ["t0ken-of-a", "t0ken-of-b", "a-key-of-ci"]);
        let kinds = ["a", "b", "c", "d"].map(|name| live.kind_of(name));
        assert_eq!(kinds, [Some("stdio"), Some("http"), Some("sse"), None]);
    }

    #[test]
    fn a_trial_changes_nothing_and_says_what_is_wrong() {
        let directory = TempDir::new().unwrap();
        let live = live(&directory);
        assert!(live.trial("new", r#"{"command": "y"}"#).is_ok());
        assert!(live.trial("a", r#"{"command": "x", "env": {"API_TOKEN": "***"}}"#).is_ok());
        let error = live.trial("new", r#"{"command": 1}"#).unwrap_err();
        assert!(error.to_string().contains("command"), "{error}");
        assert_eq!((live.kind_of("new"), directory.path().join("mcp.json").exists()), (None, false));
    }
}
