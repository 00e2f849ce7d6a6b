//! A server as a person sees it.

use std::{collections::HashMap, sync::Arc, time::Duration};

use mcp_config::Live;
use mcp_proxy_core::{
    ServerCalls, ServerStatus,
    aggregator::{Freshness, Offered},
    iso,
};
use serde::Serialize;

use super::installs::states;
use crate::{installs::InstallState, state::State};

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
    /// Calls that have ended.
    calls: u64,
    errors: u64,
    /// Calls a second.
    rate: f64,
    /// Milliseconds.
    p50: Option<f64>,
    p95: Option<f64>,
    /// The same as `p50` for each five seconds of the last five minutes.
    sparkline: Vec<Option<f64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    install: Option<InstallState>,
}

/// All servers, in the order of their configuration.
pub(crate) fn all(state: &State) -> Vec<ServerView> {
    let State { proxy, live, .. } = state;
    let installs = states(live, &state.installs);
    let hub = proxy.hub_status();
    let offered: HashMap<&str, &Offered> =
        hub.iter().flat_map(|hub| &hub.servers).map(|offered| (&*offered.name, offered)).collect();
    let calls = proxy.calls();
    let view = |status: &ServerStatus| {
        let calls = calls.iter().find(|calls| calls.name == status.name);
        let install = installs.get(&*status.name).copied();
        ServerView { install, ..ServerView::new(status, offered.get(&*status.name).copied(), calls, live) }
    };
    proxy.status().iter().map(view).collect()
}

/// One server, if it is there.
pub(crate) fn one(state: &State, name: &str) -> Option<ServerView> {
    all(state).into_iter().find(|server| *server.name == *name)
}

impl ServerView {
    fn new(status: &ServerStatus, offered: Option<&Offered>, calls: Option<&ServerCalls>, live: &Live) -> Self {
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
            calls: calls.map_or(0, ServerCalls::total),
            errors: calls.map_or(0, ServerCalls::failed),
            rate: calls.map_or(0.0, |calls| rounded(calls.rate)),
            p50: calls.and_then(|calls| calls.p50).map(millis),
            p95: calls.and_then(|calls| calls.p95).map(millis),
            install: None,
            sparkline: calls.map(|calls| calls.medians.iter().map(|it| it.map(millis)).collect()).unwrap_or_default(),
        }
    }
}

/// What all servers do together.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Totals {
    sessions: usize,
    calls: u64,
    errors: u64,
    rate: f64,
}

impl Totals {
    pub(crate) fn of(servers: &[ServerView], sessions: usize) -> Self {
        Self {
            sessions,
            calls: servers.iter().map(|server| server.calls).sum(),
            errors: servers.iter().map(|server| server.errors).sum(),
            rate: rounded(servers.iter().map(|server| server.rate).sum()),
        }
    }
}

/// Milliseconds, to a hundredth.
pub(super) fn millis(time: Duration) -> f64 {
    rounded(time.as_secs_f64() * 1000.0)
}

fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}
