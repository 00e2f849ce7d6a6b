//! How the servers of the file are installed.

use std::sync::Arc;

use super::{ChangeError, Live};
use crate::{Install, InstallSettings};

impl Live {
    /// How each server that says something about it is installed, in the order of the file.
    ///
    /// # Errors
    ///
    /// Names every variable whose value cannot be used.
    pub fn installs(&self) -> Result<Vec<(Arc<str>, Install)>, ChangeError> {
        let current = self.current();
        let hub = self.settled(&current.file)?;
        let folder = hub.as_ref().and_then(|hub| hub.tools_folder.value.as_deref());
        let said = current.file.servers.iter().filter(|entry| entry.settings.install != InstallSettings::default());
        let install = |settings, name: &Arc<str>| (Arc::clone(name), Install::of(name, settings, folder, &self.path));
        Ok(said.map(|entry| install(&entry.settings.install, &entry.name)).collect())
    }
}
