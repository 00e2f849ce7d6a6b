//! What all handlers share.

use std::sync::Arc;

use mcp_config::Live;
use mcp_proxy_core::Proxy;
use tokio_util::sync::CancellationToken;

use crate::{
    AdminOptions,
    api::{Board, Calls},
    assets::Assets,
    audit::Audit,
    installs::{InstallLimits, Installs},
    login::Login,
    site::Site,
    terminals::{Shell, TerminalLimits, Terminals},
};

/// What all handlers share.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) options: AdminOptions,
    pub(crate) site: Site,
    pub(crate) login: Login,
    pub(crate) proxy: Proxy,
    pub(crate) live: Arc<Live>,
    pub(crate) assets: Assets,
    pub(crate) audit: Audit,
    pub(crate) board: Arc<Board>,
    pub(crate) calls: Calls,
    pub(crate) installs: Installs,
    pub(crate) terminals: Terminals,
    /// Cancelled when everything is to end.
    pub(crate) stop: CancellationToken,
}

impl State {
    pub(crate) fn new(options: AdminOptions, site: Site, login: Login, proxy: Proxy, live: Arc<Live>) -> Arc<Self> {
        let stop = CancellationToken::new();
        let assets = Assets { folder: options.pages.clone() };
        Arc::new(Self {
            options,
            site,
            login,
            proxy,
            live,
            assets,
            audit: Audit::default(),
            board: Board::new(),
            calls: Calls::default(),
            installs: Installs::new(InstallLimits::default(), stop.child_token()),
            terminals: Terminals::new(TerminalLimits::default(), Shell::of_process(), stop.child_token()),
            stop,
        })
    }
}
