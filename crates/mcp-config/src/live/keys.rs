//! The keys that clients present: who has one, and new ones.

use std::sync::Arc;

use mcp_proxy_core::{Proxy, aggregator::Grant, auth::Keys, transport::Secret};

use super::{
    Applied, By, ChangeError, Live,
    parts::{object, with_unknown},
};
use crate::{
    EditError, File, Settings,
    edit::{self, Section},
    json::{self, BYTE_ORDER_MARK, Comments, Json},
    mask::is_reference,
};

/// A key that is accepted, without its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyInfo {
    /// Whom it is for.
    pub name: Arc<str>,
    /// What it opens; everything if there is none.
    pub grant: Option<Grant>,
    /// Where it is from.
    pub source: KeySource,
    /// What is kept of it.
    pub stored: Stored,
}

/// Where a key is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// The section `keys` of the file, where it can be changed.
    File,
    /// Somewhere else: the environment, the command line, `authKey`.
    Environment,
}

/// What is kept of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// Its digest.
    Hash,
    /// The key itself.
    Plain,
    /// The name of a variable that has it.
    Variable,
}

/// Members of a key that say what it opens.
const LIMITS: [&str; 2] = ["groups", "tools"];

impl Live {
    /// The keys that are accepted, those of the file first.
    ///
    /// # Errors
    ///
    /// Names every variable whose value cannot be used.
    pub fn keys(&self) -> Result<Vec<KeyInfo>, ChangeError> {
        let current = self.current();
        let written = written(&current.text);
        let settings = Settings::settle(self.overrides.clone(), &self.variables, current.file.settings.clone());
        let settings = settings.map_err(ChangeError::Settings)?;
        let hub = self.settled(&current.file)?;
        let info = |(name, secret): (Arc<str>, Secret)| {
            let text = written.iter().find(|(known, _)| *known == *name).map(|(_, text)| text);
            let stored = match text {
                Some(text) if is_reference(text) => Stored::Variable,
                _ if Keys::is_digest(&secret) => Stored::Hash,
                Some(_) => Stored::Plain,
                None => Stored::Variable,
            };
            let source = if text.is_some() { KeySource::File } else { KeySource::Environment };
            KeyInfo { grant: current.file.hub.grants.get(&name).cloned(), name, source, stored }
        };
        let mut keys: Vec<_> = settings.accepted(hub.as_ref()).into_iter().map(info).collect();
        keys.sort_by_key(|key| key.source != KeySource::File);
        Ok(keys)
    }

    /// The keys that are accepted with `file`.
    pub(super) fn accepted_of(&self, file: &File) -> Result<Vec<(Arc<str>, Secret)>, ChangeError> {
        let settings = Settings::settle(self.overrides.clone(), &self.variables, file.settings.clone());
        let settings = settings.map_err(ChangeError::Settings)?;
        Ok(settings.accepted(self.settled(file)?.as_ref()))
    }

    /// Makes a key for somebody. `limits` is the JSON text of an object with `groups` and `tools`, as in the file. The key is
    /// given here and never again: the file has its digest only.
    ///
    /// # Errors
    ///
    /// As for [`replace_servers`](Self::replace_servers), and if there is a key of that name.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing or everything.
    pub async fn create_key(
        &self,
        proxy: &Proxy,
        name: &str,
        limits: &str,
        by: By<'_>,
    ) -> Result<(Secret, Applied), ChangeError> {
        if name.trim().is_empty() || self.keys()?.iter().any(|key| *key.name == *name) {
            return Err(ChangeError::KeyName(name.to_owned()));
        }
        let (key, digest) = Keys::generate().map_err(ChangeError::Random)?;
        let edit = |text: &str| {
            let limits = only_limits(limits, name)?;
            let change = |old: Option<Json>| {
                if old.is_some() {
                    return Err(EditError::Duplicate(name.to_owned()));
                }
                let digest = Json::String(digest.clone());
                if limits.is_empty() {
                    return Ok(Some(digest));
                }
                Ok(Some(Json::Object([("key".to_owned(), digest)].into_iter().chain(limits).collect())))
            };
            Ok(edit::set_named(text, Section::Keys, name, change)?)
        };
        let applied = self.edit(proxy, by, &format!("key of `{name}` made"), edit).await?;
        Ok((key, applied))
    }

    /// Changes what a key of the file opens; `limits` is as for [`create_key`](Self::create_key).
    ///
    /// # Errors
    ///
    /// As for [`replace_servers`](Self::replace_servers), and if the file has no key of that name.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing or everything.
    pub async fn set_key(&self, proxy: &Proxy, name: &str, limits: &str, by: By<'_>) -> Result<Applied, ChangeError> {
        let edit = |text: &str| {
            let limits = only_limits(limits, name)?;
            let change = |old: Option<Json>| {
                let old = match old {
                    None => return Err(EditError::Missing { section: "keys", name: name.to_owned() }),
                    Some(key @ Json::String(_)) if limits.is_empty() => return Ok(Some(key)),
                    Some(key @ Json::String(_)) => Json::Object(vec![("key".to_owned(), key)]),
                    Some(old) => old,
                };
                let mut members = with_unknown(Vec::new(), Some(old), &LIMITS);
                members.extend(limits);
                Ok(Some(Json::Object(members)))
            };
            Ok(edit::set_named(text, Section::Keys, name, change)?)
        };
        self.edit(proxy, by, &format!("key of `{name}`"), edit).await
    }

    /// Takes a key out of the file.
    ///
    /// # Errors
    ///
    /// As for [`replace_servers`](Self::replace_servers), and if the file has no key of that name.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing or everything.
    pub async fn remove_key(&self, proxy: &Proxy, name: &str, by: By<'_>) -> Result<Applied, ChangeError> {
        let edit = |text: &str| Ok(edit::set_named(text, Section::Keys, name, |_| Ok(None))?);
        self.edit(proxy, by, &format!("key of `{name}` removed"), edit).await
    }
}

fn only_limits(limits: &str, name: &str) -> Result<Vec<(String, Json)>, EditError> {
    let mut limits = object(limits, || format!("what the key of `{name}` opens"))?;
    limits.retain(|(name, _)| LIMITS.contains(&&**name));
    Ok(limits)
}

/// The keys of a file as they are written there.
fn written(text: &str) -> Vec<(String, String)> {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let Ok(Json::Object(root)) = json::read(text, Comments::Allowed) else { return Vec::new() };
    let Some((_, Json::Object(keys))) = root.into_iter().find(|(name, _)| name == "keys") else { return Vec::new() };
    let text = |key: Json| match key {
        Json::String(text) => Some(text),
        Json::Object(members) => members.into_iter().find_map(|(name, value)| match value {
            Json::String(text) if name == "key" => Some(text),
            _ => None,
        }),
        _ => None,
    };
    keys.into_iter().filter_map(|(name, key)| Some((name, text(key)?))).collect()
}
