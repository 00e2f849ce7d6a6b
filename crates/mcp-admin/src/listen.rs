//! Accepts connections and ends in good order.

use std::{io, pin::pin, sync::Arc, time::Duration};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use mcp_transport_http::server::StallGuard;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{serve::answer, state::State};

/// How long answers that are on their way may take at the end.
const DRAIN: Duration = Duration::from_secs(2);
/// How long accepting pauses when the system has no more file descriptors.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);
/// Bytes of a request's head.
const HEAD: usize = 32 << 10;
/// Headers of a request.
const HEADERS: usize = 100;

pub(crate) async fn run(state: &Arc<State>, listener: TcpListener, shutdown: impl Future<Output = ()>) {
    let tasks = TaskTracker::new();
    let cut_off = CancellationToken::new();
    // Dropped with this future, at its end or before, and all connections that are left with it.
    let _cut_off = cut_off.clone().drop_guard();
    tokio::select! {
        () = shutdown => {}
        () = accept(state, &listener, &tasks, &cut_off) => {}
    }
    drop(listener);
    state.stop.cancel();
    tasks.close();
    let drained = async {
        if timeout(DRAIN, tasks.wait()).await.is_err() {
            tracing::debug!("connections to the pages did not finish in time; they are cut off");
        }
    };
    // What they have started is given a few seconds to clean up, and killed then.
    tokio::join!(drained, state.installs.close(), state.terminals.close());
}

async fn accept(state: &Arc<State>, listener: &TcpListener, tasks: &TaskTracker, cut_off: &CancellationToken) {
    let places = Arc::new(Semaphore::new(state.options.connections.clamp(1, Semaphore::MAX_PERMITS)));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((socket, _)) => {
                let (state, cut_off) = (Arc::clone(state), cut_off.clone());
                tasks.spawn(async move {
                    tokio::select! {
                        () = converse(state, socket) => {}
                        () = cut_off.cancelled() => {}
                    }
                    drop(place);
                });
            }
            Err(error) if is_of_one_client(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection to the pages can be accepted; is the limit on open files too low?");
                sleep(EXHAUSTED_PAUSE).await;
            }
        }
    }
}

/// Whether the failure is that client's and says nothing about the next one.
fn is_of_one_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

async fn converse(state: Arc<State>, socket: TcpStream) {
    // Small answers are to go out at once; a socket that cannot do that works all the same.
    let _ = socket.set_nodelay(true);
    let Ok(peer) = socket.peer_addr() else { return };
    let serving = Arc::clone(&state);
    let service = service_fn(move |request| answer(Arc::clone(&serving), peer.ip(), request));
    let io = StallGuard::new(socket, StallGuard::<TcpStream>::DEFAULT);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(state.options.patience)
        .max_header_size(HEAD)
        .max_headers(HEADERS)
        .serve_connection(TokioIo::new(io), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        () = state.stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "a connection to the pages has failed");
    }
}
