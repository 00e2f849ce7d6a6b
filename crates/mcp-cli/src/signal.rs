//! Being told to stop.

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Ready at the first Ctrl-C or SIGTERM; both are caught from now on, before anybody waits. The second one ends the process
/// at once; its children do not outlive it. Must be called inside a tokio runtime.
pub(crate) fn told_to_stop() -> impl Future<Output = ()> {
    let mut signals = Signals::caught();
    async move {
        signals.next().await;
        tokio::spawn(async move {
            signals.next().await;
            #[expect(clippy::exit, reason = "whoever asks twice does not want to wait")]
            std::process::exit(130);
        });
    }
}

/// The signals that say so. What cannot be caught there is nothing to wait for; its default action ends us.
#[cfg(unix)]
struct Signals {
    interrupt: Option<Signal>,
    terminate: Option<Signal>,
}

#[cfg(unix)]
impl Signals {
    fn caught() -> Self {
        let catch = |kind| signal(kind).ok();
        Self { interrupt: catch(SignalKind::interrupt()), terminate: catch(SignalKind::terminate()) }
    }

    async fn next(&mut self) {
        tokio::select! {
            () = next(&mut self.interrupt) => {}
            () = next(&mut self.terminate) => {}
        }
    }
}

#[cfg(unix)]
async fn next(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn caught() -> Self {
        Self
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}
