//! The pages and their interface, ready to be served.

use std::{io, net::SocketAddr, sync::Arc};

use mcp_config::Live;
use mcp_proxy_core::{
    Proxy,
    transport::{Secret, Store},
};
use tokio::net::TcpListener;

use crate::{AdminOptions, listen, login::Login, site, site::Site, state::State};

/// The pages and their interface, ready to be served.
#[derive(Debug)]
pub struct Admin {
    state: Arc<State>,
    made: Option<Secret>,
}

/// Why there are no pages.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdminError {
    /// The password can be guessed.
    #[error("the admin password (ADMIN_PASSWORD) is too short, or everyone knows it; take 8 characters or more")]
    WeakPassword,
    /// The secret can be guessed.
    #[error("SESSION_SECRET is too short; take 32 random characters or more, or leave it away")]
    ShortSecret,
    /// The URL cannot be used.
    #[error("the admin URL (--admin-url, ADMIN_URL) must be `https://NAME` or `https://NAME:PORT`, without a path")]
    Url,
    /// What is kept of the password cannot be read.
    #[error(
        "admin-password.json in the state folder cannot be read; delete it to get a new password, or set ADMIN_PASSWORD"
    )]
    Kept,
    /// The state folder cannot be used.
    #[error("the admin password cannot be kept: {0}")]
    Store(#[source] io::Error),
    /// The password cannot be hashed.
    #[error("the admin password cannot be hashed; is there enough memory?")]
    Hash,
    /// The operating system gives no random numbers.
    #[error("the operating system gives no random numbers")]
    Random,
}

impl Admin {
    /// Gets everything ready for `proxy`, whose configuration is `live`; `store` keeps the password. Must be called inside a
    /// tokio runtime.
    ///
    /// # Errors
    ///
    /// Says which option cannot be used.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future may leave a password in the store that nobody was told.
    pub async fn open(
        options: AdminOptions,
        proxy: Proxy,
        live: Arc<Live>,
        store: Option<Arc<dyn Store>>,
    ) -> Result<Self, AdminError> {
        let site = Site::new(options.url.as_deref())?;
        let (login, made) = Login::open(&options, store.as_ref()).await?;
        Ok(Self { state: State::new(options, site, login, proxy, live), made })
    }

    /// The password that was made just now, to be shown once; `None` if there was one.
    #[must_use]
    pub fn new_password(&self) -> Option<&Secret> {
        self.made.as_ref()
    }

    /// The URL to tell a person, if the pages are served on `address`.
    #[must_use]
    pub fn url(&self, address: SocketAddr) -> String {
        self.state.options.url.clone().unwrap_or_else(|| site::local_url(address))
    }

    /// Serves on `listener` until `shutdown` is ready, then ends all streams, terminals and installs, and lets answers that
    /// are on their way finish for up to 2 s.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes all connections at once.
    pub async fn run(&self, listener: TcpListener, shutdown: impl Future<Output = ()>) {
        listen::run(&self.state, listener, shutdown).await;
    }
}

#[cfg(test)]
impl Admin {
    pub(crate) fn state(&self) -> &Arc<State> {
        &self.state
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        self.state.stop.cancel();
    }
}
