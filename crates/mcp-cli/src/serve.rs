//! Serves over HTTP.

use std::{net::SocketAddr, sync::Arc};

use mcp_config::Settings;
use mcp_control::{Control, Metrics, Writes};
use mcp_proxy_core::{Allowed, Tls, auth::Keys};
use tokio::{net::TcpListener, sync::watch};

use crate::{
    CliError, Program, Running,
    assemble::{Assembled, Serving, assemble, follow},
    run::say,
    signal,
    sources::{HubSources, Sources, read},
};

/// Serves until it is told to stop.
pub(crate) async fn serve(mut program: Program, sources: Sources) -> Result<(), CliError> {
    let settings = sources.settings.clone();
    let keys = keys(&settings, sources.hub.as_ref())?;
    let (host, port) = (settings.host.value, settings.port.value);
    if !host.is_loopback() && keys.is_empty() && !settings.allow_unauthenticated.value {
        return Err(CliError::Exposed(host));
    }
    let tls = tls(&settings)?;
    let name = program.name;
    let beside = program.beside.take().map(|settle| settle(&sources.variables)).transpose()?.flatten();
    let Assembled { mut builder, live, store, what, limits } = assemble(program, sources)?;
    if let Some(beside) = &beside {
        builder = (beside.offer)(builder);
    }
    let mut control = Control::new().keep_alive(limits.stream_comment);
    if let Some(live) = &live {
        live.guard();
        control = control.with_config(Arc::clone(live), writes(&settings, &keys));
    }
    let proxy =
        builder.allowed(allowed(&settings)).keys(keys).mount("api", control).mount("metrics", Metrics).build()?;
    let address = SocketAddr::new(host, port);
    let listen = |source| CliError::Listen { address, option: "--port 0", source };
    let listener = TcpListener::bind(address).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let scheme = if tls.is_some() { "https" } else { "http" };

    // First what may fail, so that no server is started for nothing.
    let (stop, mut stopped) = watch::channel(());
    let beside = match (beside, &live) {
        (Some(beside), Some(live)) => {
            let shutdown = Box::pin(async move { drop(stopped.changed().await) });
            let (proxy, live) = (proxy.clone(), Arc::clone(live));
            let url = settings.public_url.value.clone().unwrap_or_else(|| local_url(scheme, address));
            let running = Running { proxy, live, store, url, shutdown };
            Some(tokio::spawn((beside.begin)(running).await?))
        }
        _ => None,
    };
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
    say(format_args!("{name} is ready: {}", what.at(scheme, address)));
    // What runs beside the proxy ends with it, and not after it.
    let shutdown = async {
        shutdown.await;
        drop(stop);
    };
    match tls {
        Some(tls) => proxy.run_tls(listener, tls, shutdown).await,
        None => proxy.run(listener, shutdown).await,
    }
    if let Some(following) = following {
        following.abort();
    }
    if let Some(beside) = beside {
        // It has panicked, or is done.
        let _ = beside.await;
    }
    Ok(())
}

/// Where a client on this machine finds the address.
fn local_url(scheme: &str, address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        return format!("{scheme}://127.0.0.1:{}", address.port());
    }
    format!("{scheme}://{address}")
}

fn keys(settings: &Settings, hub: Option<&HubSources>) -> Result<Keys, CliError> {
    let all = settings.accepted(hub.map(|hub| &hub.settled));
    for (name, _) in all.iter().filter(|(_, key)| Keys::is_weak(key)) {
        tracing::warn!("the key `{name}` is short and may be guessed; take 32 random characters");
    }
    Ok(Keys::new(all)?)
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
