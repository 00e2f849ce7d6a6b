//! Changes that are made through us.

use std::{fs, io};

use mcp_proxy_core::Proxy;
use tokio::task::spawn_blocking;

use super::{Applied, ChangeError, Live, applied::report, etag, plan::Plan};
use crate::{edit, mask, parse, write_atomically};

/// How often a change is tried that was made for no text in particular, where others write the file too.
const TURNS: u32 = 5;

/// On whose behalf a change is made, and what they have seen of the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct By<'a> {
    /// Who it is, for the history.
    pub who: &'a str,
    /// The etag of the text that the change was made for. Default: whatever the text is.
    pub if_match: Option<&'a str>,
}

impl<'a> By<'a> {
    /// Somebody, whatever the text is.
    #[must_use]
    pub fn of(who: &'a str) -> Self {
        Self { who, if_match: None }
    }

    /// The same, if the text has this etag still.
    #[must_use]
    pub fn at(self, etag: Option<&'a str>) -> Self {
        Self { if_match: etag, ..self }
    }
}

impl Live {
    /// Makes `servers`, the JSON text of an object, the servers of the file and of `proxy`.
    ///
    /// # Errors
    ///
    /// Fails, with nothing changed, if the result would be no sound configuration, if the file is another one than was seen,
    /// or if it cannot be written.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing or everything.
    pub async fn replace_servers(&self, proxy: &Proxy, servers: &str, by: By<'_>) -> Result<Applied, ChangeError> {
        let edit = |text: &str| Ok(edit::replace_servers(text, &mask::unmasked(servers, text)?)?);
        self.edit(proxy, by, "all servers", edit).await
    }

    /// Adds a server to the file and to `proxy`, or changes it; `entry` is the JSON text of its entry.
    ///
    /// # Errors
    ///
    /// As for [`replace_servers`](Self::replace_servers).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing or everything.
    pub async fn set_server(&self, proxy: &Proxy, name: &str, entry: &str, by: By<'_>) -> Result<Applied, ChangeError> {
        let edit = |text: &str| Ok(edit::set_server(text, name, &mask::unmasked_entry(name, entry, text)?)?);
        self.edit(proxy, by, &format!("server `{name}`"), edit).await
    }

    /// Takes a server out of the file and of `proxy`.
    ///
    /// # Errors
    ///
    /// As for [`replace_servers`](Self::replace_servers).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing or everything.
    pub async fn remove_server(&self, proxy: &Proxy, name: &str, by: By<'_>) -> Result<Applied, ChangeError> {
        let edit = |text: &str| Ok(edit::remove_server(text, name)?);
        self.edit(proxy, by, &format!("server `{name}` removed"), edit).await
    }

    /// Makes `text` the whole file; what is masked in it stays as it is.
    ///
    /// # Errors
    ///
    /// As for [`replace_servers`](Self::replace_servers).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing or everything.
    pub async fn replace_text(&self, proxy: &Proxy, text: &str, by: By<'_>) -> Result<Applied, ChangeError> {
        let edit = |old: &str| {
            // Places are told as they are in the text that was sent.
            let parsed = parse(&self.path, text, &|name| self.variables.get(name));
            if parsed.file.is_none() {
                return Err(ChangeError::Wrong(parsed.diagnostics));
            }
            Ok(mask::unmasked_text(text, old)?)
        };
        self.edit(proxy, by, "the whole text", edit).await
    }

    /// Changes the file as it is on disk now, and applies what it says then, once.
    pub(super) async fn edit(
        &self,
        proxy: &Proxy,
        by: By<'_>,
        what: &str,
        edit: impl Fn(&str) -> Result<String, ChangeError>,
    ) -> Result<Applied, ChangeError> {
        let _one_at_a_time = self.changing.lock().await;
        let mut turn = 1;
        loop {
            let before = self.read().await?;
            if by.if_match.is_some_and(|seen| seen != etag(&before)) {
                return Err(self.stale(by.if_match, &before).await);
            }
            let after = edit(&before)?;
            // First the check, then the file, then the proxy: what is on disk is always sound.
            let planned = self.plan(&after, self.tools())?;
            if self.write(&before, &after).await? {
                return self.finish(proxy, planned, (&before, &after), by.who, what).await;
            }
            // Somebody else was faster by a moment.
            if by.if_match.is_some() || turn == TURNS {
                return Err(self.stale(Some(&etag(&before)), &self.read().await?).await);
            }
            turn += 1;
        }
    }

    /// Applies what has been written.
    async fn finish(
        &self,
        proxy: &Proxy,
        planned: Plan,
        (before, after): (&str, &str),
        who: &str,
        what: &str,
    ) -> Result<Applied, ChangeError> {
        let applied = match self.carry_out(proxy, planned) {
            Ok(applied) => applied,
            Err(error) => {
                self.write(after, before).await?;
                return Err(error);
            }
        };
        self.current().problem = None;
        self.history.record(before, after, who, what).await;
        report(&applied);
        Ok(Applied { etag: etag(after), ..applied })
    }

    /// The file as it is on disk; empty if there is none.
    pub(super) async fn read(&self) -> Result<String, ChangeError> {
        match tokio::fs::read_to_string(&self.path).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
            read => read.map_err(|source| self.failed("read", source)),
        }
    }

    /// Writes the file, if it still is what it was; tells whether it has.
    async fn write(&self, before: &str, after: &str) -> Result<bool, ChangeError> {
        let (path, before, after) = (self.path.clone(), before.to_owned(), after.to_owned());
        let writing = spawn_blocking(move || {
            let now = match fs::read_to_string(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
                read => read?,
            };
            if now != before {
                return Ok(false);
            }
            write_atomically(&path, &after).map(|()| true)
        });
        writing.await.map_err(io::Error::other).flatten().map_err(|source| self.failed("written", source))
    }

    fn failed(&self, verb: &'static str, source: io::Error) -> ChangeError {
        ChangeError::File { path: self.path.clone(), verb, source }
    }

    /// The file is not what was seen: tells what has become of it since.
    async fn stale(&self, seen: Option<&str>, now: &str) -> ChangeError {
        let known = {
            let current = self.current();
            (seen == Some(&etag(&current.text))).then(|| current.text.clone())
        };
        let known = match known {
            Some(text) => Some(text),
            None => self.history.with_etag(seen.unwrap_or_default()).await,
        };
        let diff = super::document::difference(&known.unwrap_or_default(), now);
        ChangeError::Stale { etag: etag(now), diff }
    }
}
