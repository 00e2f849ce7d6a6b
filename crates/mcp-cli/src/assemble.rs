//! Makes a proxy of what the sources say.

use std::{net::SocketAddr, sync::Arc};

use mcp_config::{Composer, FileStore, IdleTimeout, Live, Origin};
use mcp_proxy_core::{
    Builder, Limits, Proxy,
    transport::{Kinds, Store},
};

use crate::{
    CliError, Program,
    sources::{HubSources, Read, Sources},
};

/// A proxy that lacks only what has to do with how clients come in.
pub(crate) struct Assembled {
    pub(crate) builder: Builder,
    pub(crate) live: Option<Arc<Live>>,
    /// Where what outlives the process is kept.
    pub(crate) store: Option<Arc<dyn Store>>,
    pub(crate) what: Serving,
    pub(crate) limits: Limits,
}

/// What is served.
pub(crate) enum Serving {
    One(String),
    Several(usize, fn(&str) -> String),
}

impl Serving {
    pub(crate) fn at(&self, scheme: &str, address: SocketAddr) -> String {
        let base = format!("{scheme}://{address}");
        match self {
            Self::One(name) => {
                format!("{name} is at {base}/mcp (streamable HTTP) and {base}/sse (HTTP+SSE)")
            }
            Self::Several(count, places) => {
                let servers = if *count == 1 { "1 server is".to_owned() } else { format!("{count} servers are") };
                format!("{servers} {}; {base}/api/servers tells their names and states", places(&base))
            }
        }
    }
}

/// Puts the proxy together.
pub(crate) fn assemble(program: Program, sources: Sources) -> Result<Assembled, CliError> {
    let Sources { overrides, variables, mut settings, file, hub, .. } = sources;
    let mut limits = settings.bounds();
    limits.connections = limits.connections.min(open_files() / 10 * 8);
    let composer = Composer::new(limits.clone(), Kinds::default());
    let builder = (program.offer)(Proxy::builder().name(program.name).limits(limits.clone()));
    let Some(Read { path, text, file }) = file else {
        if settings.idle_timeout.source == Origin::Default {
            // Whoever starts one server by hand wants it to stay.
            settings.idle_timeout.value = IdleTimeout::Never;
        }
        let (server, name) = (program.own)(&settings, &composer)?;
        let builder = builder.server_with(server);
        return Ok(Assembled { builder, live: None, store: None, what: Serving::One(name), limits });
    };
    if hub.is_none() && !file.hub.grants.is_empty() {
        let limited: Vec<_> = file.hub.grants.keys().collect();
        tracing::warn!(keys = ?limited, "keys are limited to groups or tools, which only mcp-hub has; here they open everything");
    }
    let (mut builder, mut kept) = (builder, None::<Arc<dyn Store>>);
    let mut live = Live::new(path, text, file, overrides, variables, composer);
    if let Some(HubSources { flags, settled, tools }) = hub {
        if let Some(folder) = settled.state_folder(live.path()) {
            let store: Arc<dyn Store> = Arc::new(FileStore::new(folder));
            builder = builder.store(Arc::clone(&store));
            live = live.with_store(Arc::clone(&store));
            kept = Some(store);
        }
        live = live.with_hub(flags, tools);
    }
    if let Some(options) = live.hub()? {
        builder = builder.hub(options);
    }
    let servers = live.servers()?;
    let what = Serving::Several(servers.len(), program.places);
    let builder = servers.into_iter().fold(builder, Builder::server_with);
    Ok(Assembled { builder, live: Some(Arc::new(live)), store: kept, what, limits })
}

/// Follows the configuration until it is stopped.
pub(crate) async fn follow(live: Arc<Live>, proxy: Proxy) {
    if let Err(error) = live.follow(&proxy).await {
        tracing::warn!("changes of the configuration file will not be noticed: {error}");
    }
}

/// How many files this process may have open; a connection is one, and children need some too.
fn open_files() -> usize {
    #[cfg(unix)]
    if let Some(limit) = rustix::process::getrlimit(rustix::process::Resource::Nofile).current {
        return usize::try_from(limit).unwrap_or(Limits::default().connections * 2);
    }
    Limits::default().connections * 2
}
