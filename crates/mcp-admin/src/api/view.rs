//! A server as a person sees it.

use std::{collections::HashMap, sync::Arc};

use mcp_config::Live;
use mcp_proxy_core::{
    Proxy, ServerStatus,
    aggregator::{Freshness, Offered},
    iso,
};
use serde::Serialize;

/// A server as a person sees it.
#[derive(Clone, Debug, Serialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServerView {
    pub(crate) name: Arc<str>,
    kind: &'static str,
    pub(crate) state: &'static str,
    health: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_at: Option<String>,
    disabled: bool,
    last_used: String,
    pending: usize,
    restarts: u32,
    instances: usize,
    interactive: bool,
    tools: usize,
    shown_tools: usize,
    prompts: usize,
    resources: usize,
    lists: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    lists_reason: Option<Arc<str>>,
    changed_tools: Vec<Box<str>>,
}

/// All servers, in the order of their configuration.
pub(crate) fn all(proxy: &Proxy, live: &Live) -> Vec<ServerView> {
    let hub = proxy.hub_status();
    let offered: HashMap<&str, &Offered> =
        hub.iter().flat_map(|hub| &hub.servers).map(|offered| (&*offered.name, offered)).collect();
    proxy.status().iter().map(|status| ServerView::new(status, offered.get(&*status.name).copied(), live)).collect()
}

/// One server, if it is there.
pub(crate) fn one(proxy: &Proxy, live: &Live, name: &str) -> Option<ServerView> {
    all(proxy, live).into_iter().find(|server| *server.name == *name)
}

impl ServerView {
    fn new(status: &ServerStatus, offered: Option<&Offered>, live: &Live) -> Self {
        let [tools, prompts, resources, templates] = offered.map(|offered| offered.counts).unwrap_or_default();
        let (lists, lists_reason) = match offered.map(|offered| &offered.freshness) {
            Some(Freshness::Current) => ("current", None),
            Some(Freshness::Stale { reason }) => ("stale", Some(Arc::clone(reason))),
            _ => ("asking", None),
        };
        Self {
            name: Arc::clone(&status.name),
            kind: live.kind_of(&status.name).unwrap_or("custom"),
            state: status.state.as_str(),
            health: status.health.as_str(),
            error: status.error.as_ref().map(|failure| Arc::clone(&failure.reason)),
            error_at: status.error.as_ref().map(|failure| iso(failure.at)),
            disabled: status.is_disabled,
            last_used: iso(status.last_used),
            pending: status.pending,
            restarts: status.restarts,
            instances: status.instances,
            interactive: status.is_interactive,
            tools,
            shown_tools: offered.map_or(0, |offered| offered.shown_tools),
            prompts,
            resources: resources + templates,
            lists,
            lists_reason,
            changed_tools: offered.map(|offered| offered.changed_tools.clone()).unwrap_or_default(),
        }
    }
}
