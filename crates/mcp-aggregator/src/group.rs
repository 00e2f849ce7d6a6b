//! Which servers and tools a client gets.

use std::sync::Arc;

use crate::Pattern;

/// A named choice of servers and tools, with an endpoint of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// What it is called in URLs and in grants.
    pub name: Arc<str>,
    /// The servers, by name; `None` takes all.
    pub servers: Option<Vec<Pattern>>,
    /// The tools, by the names that clients of the whole hub see; `None` takes all of the servers.
    pub tools: Option<Vec<Pattern>>,
    /// Tools to leave out, by the same names; wins over `tools`.
    pub deny: Vec<Pattern>,
}

/// What the holder of one key may reach; `None` means everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    /// The groups it may use, by name. At the endpoint for everything such a caller gets what its groups have together.
    pub groups: Option<Vec<Arc<str>>>,
    /// The tools it may use, by the names that clients of the whole hub see.
    pub tools: Option<Vec<Pattern>>,
}
