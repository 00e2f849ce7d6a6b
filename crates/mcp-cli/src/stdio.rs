//! Serves one client on stdin and stdout.

use mcp_proxy_core::stdio::own;

use crate::{
    CliError, Program,
    assemble::{Assembled, assemble, follow},
    signal,
    sources::Sources,
};

/// Serves all servers as one until the client hangs up, or until it is told to stop. Whoever has started us may use what
/// we may, so nobody is asked for a key.
pub(crate) async fn serve(program: Program, sources: Sources) -> Result<(), CliError> {
    let Assembled { builder, live, .. } = assemble(program, sources)?;
    let proxy = builder.build()?;
    let (input, output) = own().map_err(CliError::Streams)?;
    let shutdown = signal::told_to_stop();
    let starting = proxy.clone();
    // The client is answered at once; what cannot be had is in the log.
    tokio::spawn(async move { drop(starting.start().await) });
    let following = live.map(|live| tokio::spawn(follow(live, proxy.clone())));
    tracing::info!("serving on stdin and stdout");
    let served = proxy.serve_hub_bytes(input, output, shutdown).await;
    if let Some(following) = following {
        following.abort();
    }
    proxy.close().await;
    served.map_err(CliError::Streams)
}
