//! What a file says about servers that are offered as one.

use std::{collections::BTreeMap, convert::Infallible, fmt, path::PathBuf, str::FromStr, sync::Arc, time::Duration};

use mcp_proxy_core::aggregator::{Grant, Group, Naming};

use crate::Retries;

/// How servers are offered as one, from one place; what is not mentioned there is `None` or empty. How the items of each
/// server are shown stands with the server.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HubSettings {
    /// Choices of servers and tools with endpoints of their own.
    pub groups: Vec<Group>,
    /// What the holders of keys may reach, by the name of the key.
    pub grants: BTreeMap<Arc<str>, Grant>,
    /// What stands between the name of a server and that of its tool.
    pub separator: Option<Naming>,
    /// How long clients wait for servers that are starting.
    pub deadline: Option<Duration>,
    /// Items on one page of a list.
    pub page: Option<usize>,
    /// JSON text of who the hub says it is.
    pub server_info: Option<Box<str>>,
    /// How often calls are sent again.
    pub retry: Retries,
    /// Where it is kept what outlives the process.
    pub state: Option<StateFolder>,
}

/// Where it is kept what outlives the process: the last good lists of servers, and pinned definitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateFolder {
    /// Nowhere.
    Off,
    /// In this folder.
    At(PathBuf),
}

/// A path, or `off`.
impl FromStr for StateFolder {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(if text == "off" { Self::Off } else { Self::At(text.into()) })
    }
}

impl fmt::Display for StateFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::At(path) => path.display().fmt(f),
        }
    }
}
