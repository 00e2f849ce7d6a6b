//! Serves a server until it is told to stop.

use std::{
    env,
    future::Future,
    io::{self, Write},
    net::SocketAddr,
    path::Path,
    process::ExitCode,
    sync::Arc,
};

use mcp_proxy_core::{
    Allowed, BuildError, Limits, Proxy, ReachError, ServerOptions,
    stdio::{ChildLimit, StdioServer},
    transport::{Budget, Secret},
};
use tokio::net::TcpListener;

use crate::cli::Serve;

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    #[error(
        "`{0}` can be reached from other machines, and nobody is asked who they are; listen on 127.0.0.1, or start with `--allow-unauthenticated` if everyone there may use the server"
    )]
    Exposed(std::net::IpAddr),
    #[error("cannot listen on {address}: {source}; is another program using the port? `--port 0` picks a free one")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("the path of this program is not known, so it cannot start its demo server; name a server to start: {0}")]
    OwnPath(io::Error),
    // What was written is not quoted, for it may be a secret.
    #[error("`--env` has no name before its `=`; write NAME=VALUE, or NAME to hand on our own")]
    NamelessVariable,
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error("{}", whole(.0))]
    Server(#[from] ReachError),
}

impl ServeError {
    /// 78 for what has to be set differently, 69 for what is not to be had.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Exposed(_) | Self::NamelessVariable | Self::Build(_) => 78,
            _ => 69,
        })
    }
}

/// An error and what is behind it, in one line; what one level quotes of the next is not said twice.
fn whole(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(error.source(), |error| error.source());
    sources
        .map(ToString::to_string)
        .fold(error.to_string(), |said, source| if said.contains(&source) { said } else { format!("{said}: {source}") })
}

/// Serves until `shutdown` is ready.
pub(crate) async fn serve(options: Serve, shutdown: impl Future<Output = ()>) -> Result<(), ServeError> {
    if !options.host.is_loopback() && !options.allow_unauthenticated {
        return Err(ServeError::Exposed(options.host));
    }
    let address = SocketAddr::new(options.host, options.port);
    let listen = |source| ServeError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let (proxy, name) = proxy(options)?;
    let mut shutdown = std::pin::pin!(shutdown);
    tracing::info!(server = &*name, "starting the server");
    tokio::select! {
        started = proxy.start() => started?,
        () = &mut shutdown => {
            proxy.close().await;
            return Ok(());
        }
    }
    // The words are whole, so that a program that waits for them finds them too. Without a reader there is nobody to tell.
    let _ = writeln!(
        io::stderr(),
        "mcp-stdio is ready: {name} is at http://{address}/mcp (streamable HTTP) and http://{address}/sse (HTTP+SSE)"
    );
    proxy.run(listener, shutdown).await;
    Ok(())
}

/// How many files this process may have open; a connection is one, and children need some too.
fn open_files() -> usize {
    #[cfg(unix)]
    if let Some(limit) = rustix::process::getrlimit(rustix::process::Resource::Nofile).current {
        return usize::try_from(limit).unwrap_or(usize::MAX / 8);
    }
    usize::MAX / 8
}

/// The proxy for the server that was named, or for the demo server, and what it is called.
fn proxy(options: Serve) -> Result<(Proxy, Arc<str>), ServeError> {
    let mut limits = Limits::default();
    options.limit.iter().for_each(|setting| setting.apply(&mut limits));
    limits.connections = limits.connections.min(open_files() * 8 / 10);
    let mut command = options.server.into_iter();
    let (program, name, arguments) = if let Some(program) = command.next() {
        let name = Path::new(&program).file_name().unwrap_or(&program).to_string_lossy().into_owned();
        (program, name, command.collect())
    } else {
        let own = env::current_exe().map_err(ServeError::OwnPath)?;
        (own.into(), "demo-server".to_owned(), vec!["demo-server".into()])
    };
    let name: Arc<str> = name.into();
    let mut child = StdioServer::new(program)
        .args(arguments)
        .named(Arc::clone(&name))
        .limits(limits.duplex(&Budget::new(limits.budget)))
        .children(ChildLimit::new(limits.children));
    if let Some(cwd) = options.cwd {
        child = child.cwd(cwd);
    }
    for variable in options.env {
        child = match variable.split_once('=') {
            Some(("", _)) => return Err(ServeError::NamelessVariable),
            Some((name, value)) => child.env(name, Secret::new(value)),
            None => child.inherit(variable),
        };
    }
    let mut server = ServerOptions::new("server", child).sharing(options.session.into());
    if let Some(era) = options.era {
        server = server.era(era.into());
    }
    let allowed = Allowed { hosts: options.allow_host, origins: options.allow_origin, public_url: options.public_url };
    let builder = Proxy::builder().name("mcp-stdio").server_with(server).limits(limits).allowed(allowed);
    let builder = if options.no_client_capabilities { builder.without_client_capabilities() } else { builder };
    Ok((builder.build()?, name))
}
