//! How long TCP connections may be slow or idle.

use std::{
    collections::HashMap,
    net::IpAddr,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use slab::Slab;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::Notify,
};

use crate::{
    Limits,
    front::Used,
    ticker::{Ticker, ticks},
};

/// All TCP connections of a listener. One look a second at each costs less than a timer for every request.
#[derive(Debug)]
pub(crate) struct Connections {
    open: Mutex<Slab<Arc<Watched>>>,
    /// How many each address has, loopback aside: whoever is on this machine has other ways to be a nuisance.
    by_address: Mutex<HashMap<IpAddr, usize>>,
    per_address: usize,
    ticker: Arc<Ticker>,
    head_time: u32,
    keep_alive: u32,
    /// Of the URLs that lead here.
    scheme: &'static str,
}

/// What is known of one connection.
#[derive(Debug)]
pub(crate) struct Watched {
    phase: AtomicU8,
    since: AtomicU32,
    ticker: Arc<Ticker>,
    pub(crate) used: Used,
    /// Whether it was slow or idle for too long.
    is_over: AtomicBool,
    /// Told when that is so, and when the listener stops.
    pub(crate) end: Notify,
}

/// Waiting for the first byte of a request's head.
const IDLE: u8 = 0;
/// Somewhere in a head, or before the first one.
const HEAD: u8 = 1;
/// A request is being answered.
const BUSY: u8 = 2;

impl Connections {
    pub(crate) fn new(ticker: &Arc<Ticker>, limits: &Limits, scheme: &'static str) -> Self {
        // Whoever never sends a whole head sets no alarm that would do it.
        ticker.start();
        Self {
            open: Mutex::default(),
            by_address: Mutex::default(),
            per_address: limits.connections_per_address,
            ticker: Arc::clone(ticker),
            head_time: ticks(limits.head_time),
            keep_alive: ticks(limits.keep_alive),
            scheme,
        }
    }

    /// Counts a connection of `address` for as long as the guard lives; `None` if that address has as many as it may.
    pub(crate) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Admitted> {
        let address = address.to_canonical();
        if !address.is_loopback() {
            let mut counts = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
            let count = counts.entry(address).or_default();
            if self.per_address <= *count {
                return None;
            }
            *count += 1;
        }
        Some(Admitted { connections: Arc::clone(self), address })
    }

    /// Watches a new connection until [`leave`](Self::leave).
    pub(crate) fn enter(&self) -> (usize, Arc<Watched>) {
        let watched = Arc::new(Watched {
            phase: AtomicU8::new(HEAD),
            since: AtomicU32::new(self.ticker.now()),
            ticker: Arc::clone(&self.ticker),
            used: Used::new(self.scheme),
            is_over: AtomicBool::new(false),
            end: Notify::new(),
        });
        (self.lock().insert(Arc::clone(&watched)), watched)
    }

    pub(crate) fn leave(&self, key: usize) {
        self.lock().try_remove(key);
    }

    /// Ends the connections that are slow or idle for too long.
    pub(crate) fn sweep(&self) {
        let now = self.ticker.now();
        for (_, watched) in self.lock().iter() {
            let age = now.saturating_sub(watched.since.load(Ordering::Relaxed));
            let is_over = match watched.phase.load(Ordering::Relaxed) {
                HEAD => self.head_time < age,
                IDLE => self.keep_alive < age && !watched.used.by_living_session(),
                _ => false,
            };
            if is_over {
                watched.is_over.store(true, Ordering::Relaxed);
                watched.end.notify_one();
            }
        }
    }

    /// Tells all connections that something has changed for them.
    pub(crate) fn tell_all(&self) {
        self.lock().iter().for_each(|(_, watched)| watched.end.notify_one());
    }

    fn lock(&self) -> MutexGuard<'_, Slab<Arc<Watched>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that counts towards those of its address.
#[derive(Debug)]
pub(crate) struct Admitted {
    connections: Arc<Connections>,
    address: IpAddr,
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut counts = self.connections.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}

impl Watched {
    /// A head is complete and its request is being answered, until what comes back is dropped.
    pub(crate) fn busy(self: &Arc<Self>) -> Busy {
        self.phase.store(BUSY, Ordering::Relaxed);
        Busy(Arc::clone(self))
    }

    /// Whether it was found to be slow or idle for too long since this was asked last.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over.swap(false, Ordering::Relaxed)
    }

    /// Waits until it is found to be slow or idle for too long.
    pub(crate) async fn over(&self) {
        while !self.is_over() {
            self.end.notified().await;
        }
    }

    pub(crate) fn is_busy(&self) -> bool {
        self.phase.load(Ordering::Relaxed) == BUSY
    }

    /// Bytes have come.
    fn read(&self) {
        if self.phase.load(Ordering::Relaxed) == IDLE {
            self.enter(HEAD);
        }
    }

    /// Bytes have gone. The last of an answer may go long after its body was handed over, and until then nothing is late.
    fn wrote(&self) {
        if self.phase.load(Ordering::Relaxed) != BUSY {
            self.since.store(self.ticker.now(), Ordering::Relaxed);
        }
    }

    fn enter(&self, phase: u8) {
        self.since.store(self.ticker.now(), Ordering::Relaxed);
        self.phase.store(phase, Ordering::Relaxed);
    }
}

/// Marks a connection busy.
#[derive(Debug)]
pub(crate) struct Busy(Arc<Watched>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.enter(IDLE);
    }
}

/// A body that keeps its connection busy until it has been handed over to be sent.
#[derive(Debug)]
pub(crate) struct BusyBody<B> {
    pub(crate) body: B,
    pub(crate) _busy: Busy,
}

impl<B: Body<Data = Bytes> + Unpin> Body for BusyBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A socket that notes when bytes come and go.
#[derive(Debug)]
pub(crate) struct Noted<I> {
    pub(crate) io: I,
    pub(crate) watched: Arc<Watched>,
}

impl<I: AsyncRead + Unpin> AsyncRead for Noted<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let outcome = Pin::new(&mut self.io).poll_read(context, buffer);
        if outcome.is_ready() {
            self.watched.read();
        }
        outcome
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Noted<I> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, data: &[u8]) -> Poll<std::io::Result<usize>> {
        let outcome = Pin::new(&mut self.io).poll_write(context, data);
        if outcome.is_ready() {
            self.watched.wrote();
        }
        outcome
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        let outcome = Pin::new(&mut self.io).poll_write_vectored(context, data);
        if outcome.is_ready() {
            self.watched.wrote();
        }
        outcome
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

/// How often connections are looked at.
pub(crate) const SWEEP: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt, duplex},
        time::sleep,
    };

    use super::*;

    fn connections() -> Connections {
        let limits =
            Limits { head_time: Duration::from_secs(10), keep_alive: Duration::from_secs(20), ..Limits::default() };
        Connections::new(&Arc::default(), &limits, "http")
    }

    /// Whether the connection is to end after `seconds` more.
    async fn ends_after(connections: &Connections, watched: &Watched, seconds: u64) -> bool {
        sleep(Duration::from_secs(seconds)).await;
        connections.sweep();
        watched.end.notified().now_or_never().is_some()
    }

    #[tokio::test(start_paused = true)]
    async fn each_phase_has_its_own_patience() {
        let connections = connections();
        let (key, watched) = connections.enter();
        assert!(!ends_after(&connections, &watched, 10).await);
        assert!(ends_after(&connections, &watched, 1).await, "no head has come");
        let busy = watched.busy();
        assert!(!ends_after(&connections, &watched, 1000).await, "being answered");
        drop(busy);
        assert!(!ends_after(&connections, &watched, 20).await);
        assert!(ends_after(&connections, &watched, 1).await, "idle");
        watched.read();
        assert!(!ends_after(&connections, &watched, 10).await);
        assert!(ends_after(&connections, &watched, 1).await, "the next head does not come to an end");
        connections.leave(key);
        assert!(!ends_after(&connections, &watched, 100).await);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_on_its_way_is_not_idle() {
        let connections = connections();
        let (_, watched) = connections.enter();
        drop(watched.busy());
        let (near, mut far) = duplex(1);
        let mut near = Noted { io: near, watched: Arc::clone(&watched) };
        for _ in 0..5 {
            near.write_all(b"x").await.unwrap();
            far.read_u8().await.unwrap();
            assert!(!ends_after(&connections, &watched, 15).await);
        }
        assert!(ends_after(&connections, &watched, 6).await);
    }

    #[tokio::test]
    async fn an_address_has_so_many_connections_and_loopback_as_many_as_it_likes() {
        let limits = Limits { connections_per_address: 2, ..Limits::default() };
        let connections = Arc::new(Connections::new(&Arc::default(), &limits, "http"));
        let admit = |address: &str| connections.admit(address.parse().unwrap());
        let held = (admit("192.0.2.1"), admit("::ffff:192.0.2.1"));
        assert!(held.0.is_some() && held.1.is_some());
        assert!(admit("192.0.2.1").is_none(), "one past the limit");
        let others: Vec<_> = ["192.0.2.2", "127.0.0.1", "127.0.0.1", "127.0.0.1", "::1"].map(admit).into();
        assert!(others.iter().all(Option::is_some));
        drop(held);
        assert!(admit("192.0.2.1").is_some(), "places come back");
        drop(others);
        assert!(connections.by_address.lock().unwrap().is_empty());
    }
}
