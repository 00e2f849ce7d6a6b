//! How servers are offered as one.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use crate::{Grant, Group, Naming, Rules};

/// How servers are offered as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubOptions {
    /// JSON text of who the hub says it is where it stands for several servers. Default: `mcp_hub` and our version.
    pub server_info: Option<Box<str>>,
    /// How names of tools and prompts are made. Default: server, `__`, name.
    pub naming: Naming,
    /// How long clients wait for a server that is starting before they are answered without it. Default: 3 s.
    pub deadline: Duration,
    /// Items on one page of a list, at least 1. Default: 1000.
    pub page: usize,
    /// How each server's items are shown, by server. Default: as they are.
    pub rules: BTreeMap<Arc<str>, Rules>,
    /// Choices of servers and tools with endpoints of their own. Default: none.
    pub groups: Vec<Group>,
    /// What the holders of keys may reach, by the name of the key; whoever is not named may reach everything.
    pub grants: BTreeMap<Arc<str>, Grant>,
}

impl Default for HubOptions {
    fn default() -> Self {
        Self {
            server_info: None,
            naming: Naming::default(),
            deadline: Duration::from_secs(3),
            page: 1000,
            rules: BTreeMap::new(),
            groups: Vec::new(),
            grants: BTreeMap::new(),
        }
    }
}
