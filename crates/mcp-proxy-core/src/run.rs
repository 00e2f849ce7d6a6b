//! Accepts connections, serves them, and ends in good order.

use std::{convert::Infallible, io, pin::pin, sync::Arc, time::Duration};

use http::{Request, Response};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use mcp_transport_http::server::StallGuard;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{MissedTickBehavior, interval, sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    Limits,
    connections::{BusyBody, Connections, Noted, SWEEP, Watched},
    front::Front,
};

/// What HTTP is spoken over.
pub(crate) trait Wire: Send + Sync + 'static {
    type Stream: AsyncRead + AsyncWrite + Unpin + Send;
    /// Of the URLs that lead here.
    const SCHEME: &'static str;

    /// Says whatever comes before HTTP.
    fn open(&self, socket: Socket) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

/// A client's connection. The guard stands below TLS, which takes more than it can pass on: above it, a client that reads slowly
/// would look like one that does not read.
pub(crate) type Socket = StallGuard<TcpStream>;

/// HTTP on the socket itself.
#[derive(Debug)]
pub(crate) struct Plain;

/// What every connection is served with.
#[derive(Debug)]
struct Serving<W> {
    wire: W,
    front: Arc<Front>,
    limits: Arc<Limits>,
    connections: Arc<Connections>,
    /// Lets a connection finish what it is at and no more.
    last_orders: CancellationToken,
    /// Closes a connection whatever it is at.
    cut_off: CancellationToken,
    tasks: TaskTracker,
}

/// As many headers as hyper takes by itself. Told so, it would clear the memory for them with every request, which costs 2,300
/// instructions.
const USUAL_HEADERS: usize = 100;

/// How long accepting pauses when the system has no more file descriptors.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

impl Wire for Plain {
    type Stream = Socket;
    const SCHEME: &'static str = "http";

    async fn open(&self, socket: Socket) -> io::Result<Socket> {
        Ok(socket)
    }
}

pub(crate) async fn run<W: Wire>(
    front: &Arc<Front>,
    limits: &Arc<Limits>,
    listener: TcpListener,
    wire: W,
    shutdown: impl Future<Output = ()>,
) {
    let serving = Arc::new(Serving {
        wire,
        front: Arc::clone(front),
        limits: Arc::clone(limits),
        connections: Arc::new(Connections::new(front.ticker(), limits, W::SCHEME)),
        last_orders: CancellationToken::new(),
        cut_off: CancellationToken::new(),
        tasks: TaskTracker::new(),
    });
    // Dropped with this future, at its end or before, and all connections that are left with it.
    let _cut_off = CutOff(&serving);
    {
        let mut shutdown = pin!(shutdown);
        let mut sweep = interval(SWEEP);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut accepting = pin!(accept(&listener, &serving));
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                () = &mut accepting => {}
                _ = sweep.tick() => serving.connections.sweep(),
            }
        }
    }
    drop(listener);
    stop(&serving).await;
}

/// Closes all connections when it is dropped.
struct CutOff<'a, W>(&'a Serving<W>);

impl<W> Drop for CutOff<'_, W> {
    fn drop(&mut self) {
        self.0.cut_off.cancel();
        self.0.connections.tell_all();
    }
}

/// Ends everything: first what waits, then what is at work, then what will not end.
async fn stop<W>(serving: &Serving<W>) {
    let Limits { drain, shutdown, .. } = *serving.limits;
    serving.front.stop();
    serving.last_orders.cancel();
    serving.connections.tell_all();
    serving.tasks.close();
    let whole = async {
        if timeout(drain, serving.tasks.wait()).await.is_err() {
            tracing::info!("calls are still in flight; they are ended now");
        }
        // Whatever is in flight now is answered with an error, which lets its connection finish.
        serving.front.close_all().await;
        serving.tasks.wait().await;
    };
    if timeout(shutdown, whole).await.is_err() {
        tracing::warn!("connections did not finish in time; they are cut off");
    }
}

async fn accept<W: Wire>(listener: &TcpListener, serving: &Arc<Serving<W>>) {
    let places = Arc::new(Semaphore::new(serving.limits.connections.min(Semaphore::MAX_PERMITS)));
    loop {
        // Without a place nothing is accepted, and whoever comes waits in the system's queue.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((socket, peer)) => {
                let Some(admitted) = serving.connections.admit(peer.ip()) else {
                    tracing::debug!(%peer, "an address has as many connections as `connections_per_address` allows");
                    continue;
                };
                let serving = Arc::clone(serving);
                let tasks = serving.tasks.clone();
                tasks.spawn(async move {
                    serve(socket, serving).await;
                    drop((place, admitted));
                });
            }
            Err(error) if is_of_one_client(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be accepted; is the limit on open files too low?");
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

async fn serve<W: Wire>(socket: TcpStream, serving: Arc<Serving<W>>) {
    // Small answers are to go out at once; a socket that cannot do that works all the same.
    let _ = socket.set_nodelay(true);
    let (key, watched) = serving.connections.enter();
    let _counted = serving.front.count_connection();
    if let Some(stream) = open(socket, &serving, &watched).await {
        converse(stream, &serving, &watched).await;
    }
    serving.connections.leave(key);
}

/// Until HTTP can begin, which has to be soon enough for the first head to come in time. Nobody has asked for anything yet, so
/// nobody is waited for at the end.
async fn open<W: Wire>(socket: TcpStream, serving: &Serving<W>, watched: &Watched) -> Option<W::Stream> {
    let socket = StallGuard::new(socket, serving.limits.write_stall);
    let error = tokio::select! {
        biased;
        opened = serving.wire.open(socket) => match opened {
            Ok(stream) => return Some(stream),
            Err(error) => error,
        },
        () = watched.over() => io::ErrorKind::TimedOut.into(),
        () = serving.last_orders.cancelled() => return None,
        () = serving.cut_off.cancelled() => return None,
    };
    tracing::debug!(%error, "a client's handshake has failed");
    None
}

async fn converse<W>(stream: impl AsyncRead + AsyncWrite + Unpin, serving: &Serving<W>, watched: &Arc<Watched>) {
    let service = service_fn(|request| answer(&serving.front, watched, request));
    let io = Noted { io: stream, watched: Arc::clone(watched) };
    let mut builder = http1::Builder::new();
    // Slow heads and idle connections are ended by the sweep, which also knows about sessions.
    builder.header_read_timeout(None).max_header_size(serving.limits.head_bytes);
    if serving.limits.headers != USUAL_HEADERS {
        builder.max_headers(serving.limits.headers);
    }
    let connection = builder.serve_connection(TokioIo::new(io), service);
    let mut connection = pin!(connection);
    let mut is_last = false;
    let outcome = loop {
        // Everything that can happen is told in one way: to wait for three costs 1,300 instructions for each request.
        if serving.cut_off.is_cancelled() {
            break Ok(());
        }
        if !is_last && serving.last_orders.is_cancelled() {
            is_last = true;
            connection.as_mut().graceful_shutdown();
        }
        tokio::select! {
            biased;
            outcome = connection.as_mut() => break outcome,
            // Asked for while nothing was under way; a request that has come since is served.
            () = watched.end.notified() => if watched.is_over() && !watched.is_busy() { break Ok(()) },
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "a client's connection has failed");
    }
}

async fn answer(
    front: &Arc<Front>,
    watched: &Arc<Watched>,
    request: Request<Incoming>,
) -> Result<Response<BusyBody<crate::ResponseBody>>, Infallible> {
    let busy = watched.busy();
    let response = front.serve(request, &watched.used).await;
    Ok(response.map(|body| BusyBody { body, _busy: busy }))
}
