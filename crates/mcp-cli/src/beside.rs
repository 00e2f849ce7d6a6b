//! What a program runs beside the proxy, in the same process.

use std::{fmt, pin::Pin, sync::Arc};

use mcp_config::{Live, Variables};
use mcp_proxy_core::{Builder, Proxy, transport::Store};

use crate::CliError;

/// What a program runs beside the proxy, in the same process: it begins once the proxy is there, and ends with it.
pub struct Beside {
    /// What the proxy has for it.
    pub offer: fn(Builder) -> Builder,
    /// Gets it ready, and gives what is to run until its [`shutdown`](Running::shutdown). It may say on stderr where it is.
    pub begin: Begin,
}

/// Gets ready what runs beside the proxy.
pub type Begin = Box<dyn FnOnce(Running) -> Later<Result<Later<()>, CliError>>>;

/// Says whether there is something beside the proxy, once it is known what the environment says.
pub type SettleBeside = Box<dyn FnOnce(&Variables) -> Result<Option<Beside>, CliError>>;

/// Something that is done by and by.
pub type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The proxy that is running.
pub struct Running {
    /// The proxy.
    pub proxy: Proxy,
    /// Its configuration.
    pub live: Arc<Live>,
    /// Where what outlives the process is kept, if anything is.
    pub store: Option<Arc<dyn Store>>,
    /// Where clients on this machine reach it.
    pub url: String,
    /// Resolves when it stops.
    pub shutdown: Later<()>,
}

impl fmt::Debug for Beside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Beside").finish_non_exhaustive()
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("url", &self.url).finish_non_exhaustive()
    }
}
