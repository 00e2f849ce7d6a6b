//! Being told to stop.

use tokio::signal;

/// Ready at the first Ctrl-C or SIGTERM. The second one ends the process at once; its children do not outlive it.
pub(crate) async fn told_to_stop() {
    stop_signal().await;
    tokio::spawn(async {
        stop_signal().await;
        #[expect(clippy::exit, reason = "whoever asks twice does not want to wait")]
        std::process::exit(130);
    });
}

async fn stop_signal() {
    #[cfg(unix)]
    {
        use signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => return,
                _ = signal::ctrl_c() => return,
            }
        }
    }
    // Without handlers there is nothing to wait for; the default action of the signal ends us.
    let _ = signal::ctrl_c().await;
}
