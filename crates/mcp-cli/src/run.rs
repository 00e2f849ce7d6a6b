//! From the command line to the end of the process.

use std::{
    fmt,
    io::{self, Write},
    net::SocketAddr,
    process::ExitCode,
    sync::Arc,
};

use mcp_config::{Composer, IdleTimeout, Live, Origin, Settings, Severity, show};
use mcp_control::{Control, Metrics, Writes};
use mcp_proxy_core::{
    Allowed, Builder, Limits, Proxy, Tls,
    auth::Keys,
    transport::{Kinds, Secret},
};
use tokio::{net::TcpListener, runtime};

use crate::{
    CliError, Program, import, log, signal,
    sources::{Read, Sources, read},
};

/// Does what the command line says, and says how to exit.
#[must_use]
pub fn run(program: Program) -> ExitCode {
    let name = program.name;
    match go(program) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(format_args!("{name}: {error}"));
            error.exit_code()
        }
    }
}

/// Writes a line to stderr. Without a reader there is nobody to tell.
pub(crate) fn say(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{line}");
}

fn go(program: Program) -> Result<(), CliError> {
    if let Some(from) = &program.common.import {
        return import::run(from, program.common.config.as_deref());
    }
    let sources = Sources::read(&program)?;
    if program.common.check {
        check(&sources);
        return Ok(());
    }
    let settings = &sources.settings;
    log::begin(&settings.log_level.value, settings.log_format.value)?;
    sources.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    let threads = settings.threads.value;
    let mut builder =
        if threads == 1 { runtime::Builder::new_current_thread() } else { runtime::Builder::new_multi_thread() };
    let runtime = builder.worker_threads(threads.into()).enable_all().build().map_err(CliError::Runtime)?;
    let outcome = runtime.block_on(serve(program, sources));
    // A stdin that nobody closes must not keep us.
    runtime.shutdown_background();
    outcome
}

/// Prints what holds and where it comes from.
fn check(sources: &Sources) {
    let warnings = sources.warnings.iter().filter(|it| it.severity == Severity::Warning);
    warnings.for_each(|warning| say(format_args!("{warning}")));
    let servers = sources.file.as_ref().map(|read| &read.file.servers[..]).unwrap_or_default();
    // Nobody reads what cannot be written.
    let _ = io::stdout().write_all(show(&sources.settings, servers).as_bytes());
}

/// Serves until it is told to stop.
async fn serve(program: Program, sources: Sources) -> Result<(), CliError> {
    let Sources { overrides, variables, mut settings, file, .. } = sources;
    let keys = keys(&settings)?;
    let (host, port) = (settings.host.value, settings.port.value);
    if !host.is_loopback() && keys.is_empty() && !settings.allow_unauthenticated.value {
        return Err(CliError::Exposed(host));
    }
    let tls = tls(&settings)?;
    let mut limits = settings.bounds();
    limits.connections = limits.connections.min(open_files() / 10 * 8);
    let composer = Composer::new(limits.clone(), Kinds::default());
    let mut control = Control::new().keep_alive(limits.stream_comment);
    let builder = Proxy::builder().name(program.name).limits(limits).allowed(allowed(&settings));
    let mut builder = (program.offer)(builder);
    let writes = writes(&settings, &keys);
    let (live, what) = if let Some(Read { path, text, file }) = file {
        let live = Arc::new(Live::new(path, text, file, overrides, variables, composer));
        let servers = live.servers()?;
        let what = Serving::Several(servers.len(), program.places);
        builder = servers.into_iter().fold(builder, Builder::server_with);
        control = control.with_config(Arc::clone(&live), writes);
        (Some(live), what)
    } else {
        if settings.idle_timeout.source == Origin::Default {
            // Whoever starts one server by hand wants it to stay.
            settings.idle_timeout.value = IdleTimeout::Never;
        }
        let (server, name) = (program.own)(&settings, &composer)?;
        builder = builder.server_with(server);
        (None, Serving::One(name))
    };
    let proxy = builder.keys(keys).mount("api", control).mount("metrics", Metrics).build()?;
    let address = SocketAddr::new(host, port);
    let listen = |source| CliError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let scheme = if tls.is_some() { "https" } else { "http" };

    let mut shutdown = std::pin::pin!(signal::told_to_stop());
    if let Serving::One(server) = &what {
        tracing::info!(server, "starting the server");
        tokio::select! {
            started = proxy.start() => started?,
            () = &mut shutdown => {
                proxy.close().await;
                return Ok(());
            }
        }
    } else {
        let proxy = proxy.clone();
        // What cannot be had is in the log, and shows at /api/servers.
        tokio::spawn(async move { drop(proxy.start().await) });
    }
    let following = live.map(|live| tokio::spawn(follow(live, proxy.clone())));
    // The words are whole, so that a program that waits for them finds them too.
    say(format_args!("{} is ready: {}", program.name, what.at(scheme, address)));
    match tls {
        Some(tls) => proxy.run_tls(listener, tls, shutdown).await,
        None => proxy.run(listener, shutdown).await,
    }
    if let Some(following) = following {
        following.abort();
    }
    Ok(())
}

async fn follow(live: Arc<Live>, proxy: Proxy) {
    if let Err(error) = live.follow(&proxy).await {
        tracing::warn!("changes of the configuration file will not be noticed: {error}");
    }
}

/// What is served.
enum Serving {
    One(String),
    Several(usize, fn(&str) -> String),
}

impl Serving {
    fn at(&self, scheme: &str, address: SocketAddr) -> String {
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

fn keys(settings: &Settings) -> Result<Keys, CliError> {
    let single = settings.auth_key.value.iter().map(|key| ("auth-key", key));
    let all: Vec<(&str, &Secret)> =
        single.chain(settings.keys.value.iter().map(|(name, key)| (name.as_str(), key))).collect();
    for (name, _) in all.iter().filter(|(_, key)| Keys::is_weak(key)) {
        tracing::warn!("the key `{name}` is short and may be guessed; take 32 random characters");
    }
    Ok(Keys::new(all.into_iter().map(|(name, key)| (name.into(), key.clone())))?)
}

/// Whether the configuration may be changed over HTTP, which is as much as starting programs.
fn writes(settings: &Settings, keys: &Keys) -> Writes {
    if !keys.is_empty() {
        return Writes::Allowed;
    }
    match (settings.config_api.value, settings.host.value.is_loopback()) {
        (true, true) => Writes::Allowed,
        (true, false) => Writes::Refused("without a key the configuration can be changed on loopback only; set a key"),
        (false, _) => Writes::Refused("set a key, or start with `--config-api` to allow it on loopback without one"),
    }
}

fn tls(settings: &Settings) -> Result<Option<Tls>, CliError> {
    let (Some(chain), Some(key)) = (&settings.tls_cert.value, &settings.tls_key.value) else { return Ok(None) };
    Ok(Some(Tls::from_pem(read(chain)?.as_bytes(), read(key)?.as_bytes())?))
}

fn allowed(settings: &Settings) -> Allowed {
    Allowed {
        hosts: settings.allowed_hosts.value.clone(),
        origins: settings.allowed_origins.value.clone(),
        public_url: settings.public_url.value.clone(),
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
